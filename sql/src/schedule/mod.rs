//! Schedules: scripts that run by themselves, each for the time since it last ran.
//!
//! A schedule is due at times in UTC. A run is for a *period*: from the end of the last run that did not fail to the
//! time at which it is due. The first period begins at the time before the schedule's creation at which it would have
//! been due. So the next run makes up for what was missed while no server ran, or a script failed, up to
//! [`LONGEST_PERIOD`]. The script runs once for every day (UTC) of the period, with these variables, unless the
//! schedule gives them itself:
//!
//! * `date`: the day, `YYYY-MM-DD`;
//! * `hours`: the whole hours of the period on that day, `8,9,10,11`; not set if they are all 24;
//! * `period_start`, `period_end`: `YYYY-MM-DD HH:MM:SS`; the end does not belong to it.

mod tables;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use spotql_catalog::Source;

use crate::error::{Error, Result};
use crate::script::{Run, Script};
use crate::session::Session;
use crate::timing::{self, Timing};

pub use crate::timing::{DayPart, LONGEST_PERIOD};

/// How the metastore calls a schedule.
pub(crate) const KIND: &str = "schedule";

/// What the metastore keeps of a schedule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Definition {
    pub(crate) timing: Timing,
    /// A file's absolute path, or the name of a shipped script.
    pub(crate) script: String,
    /// In the order given.
    pub(crate) variables: Vec<(String, String)>,
    /// The database in which its tables are looked up.
    pub(crate) database: String,
    /// Seconds since 1970.
    pub(crate) created: i64,
}

/// A schedule of the warehouse.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    pub(crate) definition: Definition,
}

/// A run that is due.
#[derive(Debug, Clone)]
pub struct Due {
    /// When it is, or was, in seconds since 1970.
    pub at: i64,
    /// The days that it is for, in order.
    pub parts: Vec<DayPart>,
}

impl Schedule {
    /// All schedules, in the order in which they were made; of one that cannot be understood, why, with its name.
    ///
    /// # Errors
    /// When the metastore cannot be read.
    pub async fn all(
        session: &Session,
    ) -> Result<Vec<std::result::Result<Self, (String, Box<Error>)>>> {
        let sources = session.warehouse().sources().await?;
        let schedules = sources.iter().filter(|source| source.kind == KIND);
        let read =
            |source: &Source| Self::read(source).map_err(|it| (source.name.clone(), Box::new(it)));
        Ok(schedules.map(read).collect())
    }

    fn read(source: &Source) -> Result<Self> {
        let definition = serde_json::from_str(&source.definition).map_err(|error| Error::Source {
            kind: KIND.to_owned(),
            name: source.name.clone(),
            reason: format!(
                "what the metastore holds of it cannot be read: {error}; make it anew with CREATE OR REPLACE"
            ),
        })?;
        Ok(Self {
            name: source.name.clone(),
            definition,
        })
    }

    /// The run that is due at a time, if one is; `last` is what [`spotql_catalog::Warehouse::last_run`] says.
    #[must_use]
    pub fn due(&self, now: DateTime<Utc>, last: (Option<i64>, Option<i64>)) -> Option<Due> {
        let (last_due, done_until) = last;
        let at = self.definition.timing.at_or_before(now)?;
        // A clock that was wrong when it was made must not keep it from running.
        let created = match self.definition.created {
            created if created > now.timestamp() => at - 1,
            created => created,
        };
        if at <= created || last_due.is_some_and(|last| at <= last) {
            return None;
        }
        let first = DateTime::from_timestamp(created, 0)
            .and_then(|created| self.definition.timing.at_or_before(created));
        let start = done_until.max(first).unwrap_or(created);
        let mut parts = timing::parts(start, at);
        if self
            .definition
            .variables
            .iter()
            .any(|(name, _)| name == "date")
        {
            // The day is not the period's.
            parts = vec![DayPart {
                hours: None,
                start,
                end: at,
                ..parts.pop()?
            }];
        }
        Some(Due { at, parts })
    }

    /// When it is due next.
    #[must_use]
    pub fn next(&self, now: DateTime<Utc>) -> Option<i64> {
        self.definition.timing.after(now)
    }

    /// The script's variables for a part of a period.
    #[must_use]
    pub fn variables(&self, part: &DayPart) -> BTreeMap<String, String> {
        let mut variables = part.variables();
        variables.extend(self.definition.variables.iter().cloned());
        variables
    }

    /// The script, ready to run for a part of a period.
    ///
    /// # Errors
    /// When it is not there any more or may not be read, or a quote does not close.
    pub fn script(&self, session: &Session, part: &DayPart) -> Result<Run> {
        let paths = session.warehouse().paths();
        let script = Script::named(self.definition.script.as_ref(), paths)?;
        Run::new(&script, self.variables(part)).map_err(|failure| *failure.source)
    }

    /// The database in which its tables are looked up.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.definition.database
    }
}
