//! A source in memory.

use std::sync::Arc;

use spotql_context::geo::Database;
use spotql_context::indicator::IndicatorList;
use spotql_context::network::NetworkList;
use spotql_functions::context::Purpose;

use crate::parse::SourceKind;
use crate::service::Service;

/// A source in memory.
#[derive(Debug, Clone)]
pub(crate) enum Loaded {
    Geo(Arc<Database>),
    Indicators(Purpose, Arc<IndicatorList>),
    Networks(bool, Arc<NetworkList>),
    Service(Arc<Service>),
    /// It has never been read well.
    Nothing,
}

impl Loaded {
    /// What it holds, for a listing.
    pub(crate) fn contents(&self) -> String {
        match self {
            Self::Geo(database) => database.description(),
            Self::Indicators(_, list) => {
                let mut text = format!("{} indicators", list.len());
                for (count, what) in [(list.unusable(), "unusable"), (list.defanged(), "defanged")]
                {
                    if count > 0 {
                        text.push_str(&format!(", {count} {what}"));
                    }
                }
                text
            }
            Self::Networks(_, list) => format!("{} networks", list.len()),
            Self::Service(_) => "not asked yet".to_owned(),
            Self::Nothing => "nothing".to_owned(),
        }
    }

    /// What a list could not use, or not as it is: the first few lines, for the message of a statement.
    pub(crate) fn remarks(&self, kind: SourceKind, name: &str) -> String {
        const SHOWN: usize = 3;
        let Self::Indicators(_, list) = self else {
            return String::new();
        };
        let all = &list.rejected().first;
        let mut text = String::new();
        for line in all.iter().take(SHOWN) {
            text.push_str(&format!(
                "\n  line {}: '{}': {}",
                line.line, line.text, line.reason
            ));
        }
        if all.len() > SHOWN {
            let kind = kind.name().to_uppercase();
            text.push_str(&format!(
                "\n  and {} more: SHOW {kind} {name} REJECTED",
                all.len() - SHOWN
            ));
        }
        text
    }

    /// Whether it says nothing at a time, though it holds something.
    pub(crate) fn is_idle(&self) -> bool {
        match self {
            Self::Indicators(_, list) => list.active(now()) == 0,
            _ => false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Indicators(_, list) => list.is_empty(),
            Self::Networks(_, list) => list.is_empty(),
            Self::Nothing => true,
            Self::Geo(_) | Self::Service(_) => false,
        }
    }
}

/// A source as this process uses it.
#[derive(Debug, Clone)]
pub(super) struct Cached {
    pub(super) version: i64,
    pub(super) loaded: Loaded,
    /// What users of it should know.
    pub(super) warning: Option<String>,
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    chrono::Utc::now().timestamp()
}
