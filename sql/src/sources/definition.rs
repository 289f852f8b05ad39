//! How a source is written down: its origin, its options, the copy of its last good contents and what is wrong since.

use serde::{Deserialize, Serialize};
use spotql_catalog::Source;

use super::copies::Version;
use super::memory::Loaded;
use crate::error::{Error, Result};
use crate::parse::SourceKind;

/// What the metastore keeps of a source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// An absolute path, or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    /// A query, and the database in which its tables are looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<(String, String)>,
    /// In the order given.
    pub(crate) options: Vec<(String, String)>,
    /// What it held when it was last read: for listings.
    #[serde(default)]
    pub(crate) contents: String,
    /// When that was, UTC.
    #[serde(default)]
    pub(crate) read_at: String,
    /// The copy of what was read then; none in a metastore of an older program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<String>,
    /// The state of the file that was read then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<Version>,
    /// What is wrong with the original since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<Problem>,
}

/// Why a source's original is not in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// When it was first met, UTC.
    pub(crate) since: String,
    pub(crate) reason: String,
}

impl Definition {
    /// Reads what [`Self::text`] wrote.
    ///
    /// # Errors
    /// [`Error::Source`] for what another program wrote.
    pub(crate) fn of(source: &Source) -> Result<Self> {
        serde_json::from_str(&source.definition).map_err(|error| Error::Source {
            kind: source.kind.clone(),
            name: source.name.clone(),
            reason: format!(
                "what the metastore holds of it cannot be read: {error}; make it anew with CREATE OR REPLACE"
            ),
        })
    }

    /// As the metastore keeps it.
    ///
    /// # Errors
    /// [`Error::Source`] if it cannot be written down.
    pub(crate) fn text(&self, kind: SourceKind, name: &str) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Source {
            kind: kind.name().to_owned(),
            name: name.to_owned(),
            reason: format!("it cannot be written down: {error}"),
        })
    }

    /// It was read well just now.
    pub(super) fn read_well(&mut self, loaded: &Loaded) {
        self.contents = loaded.contents();
        self.read_at = now_text();
        self.problem = None;
    }

    /// Its original is of no use. Returns whether that is news.
    pub(super) fn note(&mut self, reason: &str) -> bool {
        let known = self.problem.take();
        let is_new = known.as_ref().is_none_or(|known| known.reason != reason);
        self.problem = Some(Problem {
            since: known.map_or_else(now_text, |known| known.since),
            reason: reason.to_owned(),
        });
        is_new
    }

    /// What is said while what was kept is used in place of the original.
    pub(super) fn in_place_of_original(&self, reason: &str) -> String {
        format!("{reason}; its contents of {} UTC stay in use", self.read_at)
    }
}

/// UTC, to the second.
fn now_text() -> String {
    chrono::Utc::now().format("%Y-%m-%d %H:%M:%S").to_string()
}
