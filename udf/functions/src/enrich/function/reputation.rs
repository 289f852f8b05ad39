//! `reputation`, and the same in columns.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use datafusion::error::Result;

use crate::context::{Context, Reputation, Worst};
use crate::scalar::distinct::{by_distinct, texts_by_distinct};
use crate::scalar::{Call, Declaration, Needs, Takes, parameter};

/// All of this file.
pub(super) const PARTS: [&Declaration; 5] = [&REPUTATION, &SEVERITY, &LIST, &TEXT, &INDICATOR];

const REPUTATION: Declaration = Declaration {
    name: "reputation",
    parameters: &[parameter(
        "value",
        Takes::Text,
        "an address, a name or a URL, by its form; what is none of them is on no list",
    )],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::REPUTATION,
    about: "The verdicts of indicator lists (CREATE INDICATOR LIST) and reputation services (CREATE REPUTATION SERVICE) \
            on an address, a name or a URL. Each of them gives NAME:TEXT:VALUE, and '::' joins them. VALUE is 0 none, 1 \
            low, 2 medium, 3 high, or -1 for a service that could not be asked. A value on an allow list has the entry \
            of that list alone. NULL if there are neither lists nor services. Colons within TEXT are written as blanks",
    example: ("reputation('192.0.2.7')", "feed:emotet:3"),
    kernel: |call| {
        let context = Context::of(call.config());
        texts_by_distinct(call.text(0), |value| {
            Some(text(&context.reputation(value)?))
        })
    },
};

const SEVERITY: Declaration = Declaration {
    name: "reputation_severity",
    returns: DataType::Int64,
    about: "The worst that the indicator lists and reputation services say of an address, a name or a URL: 3 high, 2 \
            medium, 1 low, 0 nothing or allowed. It is -1 if nothing is said and a service could not be asked. NULL if \
            there are neither",
    example: ("reputation_severity('192.0.2.7')", "3"),
    kernel: |call| {
        let context = Context::of(call.config());
        let severity = |value: &str| Some(context.reputation(value)?.severity());
        by_distinct(call.text(0), severity, |severities| {
            Arc::new(Int64Array::from(severities))
        })
    },
    ..REPUTATION
};

const LIST: Declaration = Declaration {
    name: "reputation_list",
    about: "The indicator list or reputation service that says the worst of an address, a name or a URL; of several, the \
            list that was made first. NULL if none says anything",
    example: ("reputation_list('192.0.2.7')", "feed"),
    kernel: |call| worst(call, |worst| Some(worst.by)),
    ..REPUTATION
};

const TEXT: Declaration = Declaration {
    name: "reputation_text",
    about: "That list's or service's text, such as the malware's family. NULL if none says anything",
    example: ("reputation_text('192.0.2.7')", "emotet"),
    kernel: |call| worst(call, |worst| Some(worst.text)),
    ..REPUTATION
};

const INDICATOR: Declaration = Declaration {
    name: "reputation_indicator",
    about: "The indicator of that list which fits: the network of an address, the parent domain of a name, the beginning \
            of a URL. NULL if none does, or a service says the worst",
    example: ("reputation_indicator('192.0.2.7')", "192.0.2.0/24"),
    kernel: |call| worst(call, |worst| worst.indicator),
    ..REPUTATION
};

fn worst(call: &Call, part: for<'a> fn(&Worst<'a>) -> Option<&'a str>) -> Result<ArrayRef> {
    let context = Context::of(call.config());
    texts_by_distinct(call.text(0), |value| {
        part(&context.reputation(value)?.worst()?).map(str::to_owned)
    })
}

/// `NAME:TEXT:VALUE`, joined by `::`.
fn text(reputation: &Reputation<'_>) -> String {
    let mut text = String::new();
    let mut entry = |name: &str, about: &str, value: i8| {
        if !text.is_empty() {
            text.push_str("::");
        }
        let about = about.replace(':', " ");
        // Writing to a text cannot fail.
        let _ = write!(text, "{name}:{about}:{value}");
    };
    if let Some((list, _)) = &reputation.allowed {
        entry(list, "allowed", 0);
    }
    for (list, found) in &reputation.lists {
        match found {
            Some(found) => entry(list, found.text, found.severity as i8),
            None => entry(list, "", 0),
        }
    }
    for (service, verdict) in &reputation.services {
        match verdict {
            Some(verdict) => entry(service, &verdict.text, verdict.severity as i8),
            None => entry(service, "", -1),
        }
    }
    text
}
