//! Statements on the runs of schedules.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::Outcome;

/// One row of `runs`. Times are seconds since 1970, but milliseconds for its beginning and end.
#[derive(Debug, Clone)]
pub(crate) struct RunRow {
    pub(crate) schedule: String,
    pub(crate) due: i64,
    pub(crate) period_start: i64,
    pub(crate) period_end: i64,
    /// A JSON list.
    pub(crate) tables: String,
    pub(crate) owner: String,
    pub(crate) started: i64,
    pub(crate) ended: Option<i64>,
    pub(crate) state: String,
    pub(crate) rows: Option<i64>,
    pub(crate) error: Option<String>,
}

const COLUMNS: &str = "schedule, due, period_start, period_end, tables, owner, started, ended, state, row_count, error";

fn read(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        schedule: row.get(0)?,
        due: row.get(1)?,
        period_start: row.get(2)?,
        period_end: row.get(3)?,
        tables: row.get(4)?,
        owner: row.get(5)?,
        started: row.get(6)?,
        ended: row.get(7)?,
        state: row.get(8)?,
        rows: row.get(9)?,
        error: row.get(10)?,
    })
}

/// All of them, or those that go on, in the order in which they began.
pub(crate) fn all(tx: &Transaction<'_>, running: bool) -> Outcome<Vec<RunRow>> {
    let which = if running {
        "WHERE state = 'running'"
    } else {
        ""
    };
    let mut statement =
        tx.prepare_cached(&format!("SELECT {COLUMNS} FROM runs {which} ORDER BY id"))?;
    let rows = statement
        .query_map([], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// Whether a run for this part of a period has begun, however it ended.
pub(crate) fn exists(tx: &Transaction<'_>, schedule: &str, due: i64, start: i64) -> Outcome<bool> {
    let found = tx
        .prepare_cached(
            "SELECT 1 FROM runs WHERE schedule = ?1 AND due = ?2 AND period_start = ?3",
        )?
        .query_row(params![schedule, due, start], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Enters a run that begins, without its end.
pub(crate) fn insert(tx: &Transaction<'_>, run: &RunRow) -> Outcome<i64> {
    tx.execute(
        "INSERT INTO runs (schedule, due, period_start, period_end, tables, owner, started, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'running')",
        params![
            run.schedule,
            run.due,
            run.period_start,
            run.period_end,
            run.tables,
            run.owner,
            run.started
        ],
    )?;
    Ok(tx.last_insert_rowid())
}

/// Notes how a run has ended; one that somebody else has ended already stays so.
pub(crate) fn end(
    tx: &Transaction<'_>,
    id: i64,
    ended: i64,
    state: &str,
    rows: Option<i64>,
    error: Option<&str>,
) -> Outcome<()> {
    tx.execute(
        "UPDATE runs SET ended = ?2, state = ?3, row_count = ?4, error = ?5
         WHERE id = ?1 AND state = 'running'",
        params![id, ended, state, rows, error],
    )?;
    Ok(())
}

/// Ends all runs of an owner that is gone.
pub(crate) fn abandon(tx: &Transaction<'_>, owner: &str, now: i64, error: &str) -> Outcome<()> {
    tx.execute(
        "UPDATE runs SET ended = ?2, state = 'failed', error = ?3
         WHERE owner = ?1 AND state = 'running'",
        params![owner, now, error],
    )?;
    Ok(())
}

/// When the last run of a schedule was due that is not due after a time, and until when its periods have been done.
pub(crate) fn last(
    tx: &Transaction<'_>,
    schedule: &str,
    now: i64,
) -> Outcome<(Option<i64>, Option<i64>)> {
    Ok(tx
        .prepare_cached(
            "SELECT max(due), max(period_end) FILTER (WHERE state IN ('done', 'no data'))
             FROM runs WHERE schedule = ?1 AND due <= ?2",
        )?
        .query_row(params![schedule, now], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Forgets runs that ended before a time, but for the last ones of their schedule.
pub(crate) fn forget(tx: &Transaction<'_>, before: i64) -> Outcome<()> {
    tx.execute(
        "DELETE FROM runs WHERE ended < ?1 AND period_end < (
           SELECT max(period_end) FROM runs r WHERE r.schedule = runs.schedule AND r.state IN ('done', 'no data'))",
        [before],
    )?;
    Ok(())
}
