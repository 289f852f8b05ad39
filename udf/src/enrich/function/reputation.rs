//! `reputation`, and the same in columns.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use datafusion::error::Result;

use super::distinct::{by_distinct, texts_by_distinct};
use crate::enrich::indicator::Found;
use crate::enrich::sources::Reputation;
use crate::scalar::{Call, Declaration, Takes, parameter};

pub(super) const REPUTATION: Declaration = Declaration {
    name: "reputation",
    parameters: &[parameter(
        "value",
        Takes::Text,
        "an address, a name or a URL, by its form; what is none of them is on no list",
    )],
    returns: DataType::Utf8View,
    reads_settings: true,
    about: "What the indicator lists (CREATE INDICATOR LIST) say of an address, a name or a URL: LIST:TEXT:VALUE for \
            each of them, joined by '::', VALUE being 0 none, 1 low, 2 medium, 3 high. What is on an allow list has the \
            entry of that list alone. NULL if there are no lists. Colons within TEXT are written as blanks",
    example: ("reputation('192.0.2.7')", "ipsum::0"),
    kernel: |call| {
        let sources = call.sources();
        texts_by_distinct(call.text(0), |value| {
            Some(text(&sources.reputation(value)?))
        })
    },
};

pub(super) const SEVERITY: Declaration = Declaration {
    name: "reputation_severity",
    returns: DataType::Int64,
    about: "The worst that the indicator lists say of an address, a name or a URL: 3 high, 2 medium, 1 low, 0 nothing, or \
            that it is allowed. NULL if there are no lists",
    example: ("reputation_severity('192.0.2.7')", "0"),
    kernel: |call| {
        let sources = call.sources();
        let severity = |value: &str| {
            let reputation = sources.reputation(value)?;
            Some(
                reputation
                    .worst()
                    .map_or(0, |(_, found)| i64::from(found.severity)),
            )
        };
        by_distinct(call.text(0), severity, |severities| {
            Arc::new(Int64Array::from(severities))
        })
    },
    ..REPUTATION
};

pub(super) const LIST: Declaration = Declaration {
    name: "reputation_list",
    about: "The indicator list that says the worst of an address, a name or a URL; of several, the one that was made \
            first. NULL if none says anything",
    example: ("reputation_list('192.0.2.7')", "ipsum"),
    kernel: |call| worst(call, |list, _| list.to_owned()),
    ..REPUTATION
};

pub(super) const TEXT: Declaration = Declaration {
    name: "reputation_text",
    about: "What that list says the indicator is about, such as the malware's family. NULL if none says anything",
    example: ("reputation_text('192.0.2.7')", "emotet"),
    kernel: |call| worst(call, |_, found| found.text.to_owned()),
    ..REPUTATION
};

pub(super) const INDICATOR: Declaration = Declaration {
    name: "reputation_indicator",
    about: "The indicator of that list which fits: the network of an address, the parent domain of a name, the beginning \
            of a URL. NULL if none does",
    example: ("reputation_indicator('192.0.2.7')", "192.0.2.0/24"),
    kernel: |call| worst(call, |_, found| found.indicator.clone().into_owned()),
    ..REPUTATION
};

fn worst(call: &Call, part: fn(&str, &Found<'_>) -> String) -> Result<ArrayRef> {
    let sources = call.sources();
    texts_by_distinct(call.text(0), |value| {
        let reputation = sources.reputation(value)?;
        let (list, found) = reputation.worst()?;
        Some(part(list, found))
    })
}

/// `LIST:TEXT:VALUE`, joined by `::`.
fn text(reputation: &Reputation<'_>) -> String {
    let mut text = String::new();
    let mut entry = |list: &str, about: &str, value: u8| {
        if !text.is_empty() {
            text.push_str("::");
        }
        let about = about.replace(':', " ");
        // Writing to a text cannot fail.
        let _ = write!(text, "{list}:{about}:{value}");
    };
    if let Some((list, _)) = &reputation.allowed {
        entry(list, "allowed", 0);
    }
    for (list, found) in &reputation.lists {
        match found {
            Some(found) => entry(list, found.text, found.severity),
            None => entry(list, "", 0),
        }
    }
    text
}
