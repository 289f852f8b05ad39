//! The runs of schedules: who runs what, and how it ended. When something is due is the caller's business.
//!
//! Several processes may serve one warehouse. A run begins in one transaction of the metastore, which refuses it while another
//! one writes a table that it writes too, and when somebody else has it already. A run whose process is gone counts as failed.

use super::Warehouse;
use crate::error::{Error, Result};
use crate::lock::OwnerLock;
use crate::metastore::runs::{self, RunRow};

/// How long the history goes back, in milliseconds: 90 days.
const HISTORY: i64 = 90 * 86_400_000;

/// A process that runs schedules. Its runs are taken for failed once it is dropped.
#[derive(Debug)]
pub struct RunOwner {
    id: String,
    // Held for its lock.
    _lock: OwnerLock,
}

/// A run to begin. Times are seconds since 1970.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The schedule's name.
    pub schedule: String,
    /// When it was due.
    pub due: i64,
    /// The beginning of the period that it is for.
    pub period_start: i64,
    /// The end of that period; the last moment before belongs to it.
    pub period_end: i64,
    /// The tables that it writes, as `database.table`.
    pub tables: Vec<String>,
}

/// What became of a run that was to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunStart {
    /// It has begun; its number.
    Begun(i64),
    /// It is not to begin: it has begun before, here or elsewhere.
    Taken,
    /// It has to wait: this schedule's run writes one of its tables.
    Busy(String),
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It goes on.
    Running,
    /// All its statements are done.
    Done,
    /// There were no records to work on; nothing was changed.
    NoData,
    /// A statement failed, or the process ended.
    Failed,
}

impl RunState {
    /// As it is kept.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::NoData => "no data",
            Self::Failed => "failed",
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct RunEnd {
    /// Not [`RunState::Running`].
    pub state: RunState,
    /// Rows written.
    pub rows: Option<i64>,
    /// Why it failed, or had no data.
    pub error: Option<String>,
}

/// A run, as the history has it.
#[derive(Debug, Clone)]
pub struct Run {
    /// What was begun.
    pub run: NewRun,
    /// When it began, in milliseconds since 1970.
    pub started: i64,
    /// When it ended, likewise.
    pub ended: Option<i64>,
    /// As [`RunState::name`].
    pub state: String,
    /// Rows written.
    pub rows: Option<i64>,
    /// Why it failed, or had no data.
    pub error: Option<String>,
}

fn tables_of(row: &RunRow) -> Vec<String> {
    // Only this module writes them.
    serde_json::from_str(&row.tables).unwrap_or_default()
}

fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

const GONE: &str = "the server that ran it has stopped";

impl Warehouse {
    /// Makes this process one that runs schedules.
    ///
    /// # Errors
    /// When its lock file cannot be made.
    pub async fn run_owner(&self) -> Result<RunOwner> {
        let id = uuid::Uuid::now_v7().simple().to_string();
        let lock = OwnerLock::create(&self.backend.locks, &id).await?;
        let owner = RunOwner { id, _lock: lock };
        self.bury_owners(&owner).await?;
        Ok(owner)
    }

    /// Begins a run, or says why not.
    ///
    /// # Errors
    /// When the metastore cannot be used; likewise below.
    pub async fn begin_run(&self, owner: &RunOwner, new: NewRun) -> Result<RunStart> {
        let metastore = &self.backend.metastore;
        self.bury_owners(owner).await?;
        let tables = serde_json::to_string(&new.tables).map_err(|error| Error::Corrupt {
            what: format!("the tables of a run: {error}"),
        })?;
        let row = RunRow {
            schedule: new.schedule,
            due: new.due,
            period_start: new.period_start,
            period_end: new.period_end,
            tables,
            owner: owner.id.clone(),
            started: now(),
            ended: None,
            state: String::new(),
            rows: None,
            error: None,
        };
        metastore
            .write(move |tx| {
                if runs::exists(tx, &row.schedule, row.due, row.period_start)? {
                    return Ok(RunStart::Taken);
                }
                let busy = runs::all(tx, true)?.into_iter().find(|other| {
                    let theirs = tables_of(other);
                    other.schedule == row.schedule
                        || new.tables.iter().any(|it| theirs.contains(it))
                });
                if let Some(other) = busy {
                    return Ok(RunStart::Busy(other.schedule));
                }
                runs::forget(tx, now() - HISTORY)?;
                runs::insert(tx, &row).map(RunStart::Begun)
            })
            .await
    }

    /// Notes that the runs of processes that are gone have failed.
    async fn bury_owners(&self, living: &RunOwner) -> Result<()> {
        let metastore = &self.backend.metastore;
        let running = metastore.read(|tx| runs::all(tx, true)).await?;
        let mut gone: Vec<String> = Vec::new();
        for row in running {
            if row.owner == living.id || gone.contains(&row.owner) {
                continue;
            }
            if let Some(lock) = OwnerLock::take_over(&self.backend.locks, &row.owner).await? {
                lock.remove();
                gone.push(row.owner);
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let abandon = move |tx: &rusqlite::Transaction<'_>| {
            for owner in &gone {
                runs::abandon(tx, owner, now(), GONE)?;
            }
            Ok(())
        };
        metastore.write(abandon).await
    }

    /// Notes how a run has ended.
    ///
    /// # Errors
    /// As [`Warehouse::begin_run`].
    pub async fn end_run(&self, id: i64, end: RunEnd) -> Result<()> {
        self.backend
            .metastore
            .write(move |tx| {
                let error = end.error.as_deref();
                runs::end(tx, id, now(), end.state.name(), end.rows, error)
            })
            .await
    }

    /// Notes that the runs of a process that is about to stop have failed.
    ///
    /// # Errors
    /// As [`Warehouse::begin_run`].
    pub async fn abandon_runs(&self, owner: &RunOwner) -> Result<()> {
        let owner = owner.id.clone();
        self.backend
            .metastore
            .write(move |tx| runs::abandon(tx, &owner, now(), GONE))
            .await
    }

    /// When the last run of a schedule was due, and until when its periods have been done (by runs that did not fail), as
    /// far as that is not after a time: a clock that was once wrong must not stop a schedule.
    ///
    /// # Errors
    /// As [`Warehouse::begin_run`].
    pub async fn last_run(&self, schedule: &str, now: i64) -> Result<(Option<i64>, Option<i64>)> {
        let schedule = schedule.to_owned();
        self.backend
            .metastore
            .read(move |tx| runs::last(tx, &schedule, now))
            .await
    }

    /// The history of runs, in the order in which they began: 90 days, and the last good run of each schedule.
    ///
    /// # Errors
    /// As [`Warehouse::begin_run`].
    pub async fn runs(&self) -> Result<Vec<Run>> {
        let rows = self
            .backend
            .metastore
            .read(|tx| runs::all(tx, false))
            .await?;
        let run = |row: RunRow| Run {
            run: NewRun {
                tables: tables_of(&row),
                schedule: row.schedule,
                due: row.due,
                period_start: row.period_start,
                period_end: row.period_end,
            },
            started: row.started,
            ended: row.ended,
            state: row.state,
            rows: row.rows,
            error: row.error,
        };
        Ok(rows.into_iter().map(run).collect())
    }
}
