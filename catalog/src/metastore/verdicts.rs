//! Statements on what services have answered.

use rusqlite::{OptionalExtension, Transaction, params};

use super::Outcome;

/// A verdict as it is kept: value, severity, text.
pub(crate) type VerdictRow = (String, u8, String);

/// Those of the values that a service has judged, and whose verdicts hold at a time (seconds since 1970).
pub(crate) fn find(
    tx: &Transaction<'_>,
    service: &str,
    version: i64,
    values: &[String],
    now: i64,
) -> Outcome<Vec<VerdictRow>> {
    let mut statement = tx.prepare_cached(
        "SELECT severity, text FROM verdicts
         WHERE service = ?1 AND version = ?2 AND value = ?3 AND expires > ?4",
    )?;
    let mut found = Vec::new();
    for value in values {
        let row = statement
            .query_row(params![service, version, value, now], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        if let Some((severity, text)) = row {
            found.push((value.clone(), severity, text));
        }
    }
    Ok(found)
}

/// Keeps verdicts until they expire, and removes those that have.
pub(crate) fn put(
    tx: &Transaction<'_>,
    service: &str,
    version: i64,
    verdicts: &[VerdictRow],
    now: i64,
    expires: i64,
) -> Outcome<()> {
    tx.execute("DELETE FROM verdicts WHERE expires <= ?1", [now])?;
    let mut statement = tx.prepare_cached(
        "INSERT OR REPLACE INTO verdicts (service, version, value, severity, text, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (value, severity, text) in verdicts {
        statement.execute(params![service, version, value, severity, text, expires])?;
    }
    Ok(())
}

/// Notes that a service did not answer; the last time counts.
pub(crate) fn fail(
    tx: &Transaction<'_>,
    service: &str,
    version: i64,
    now: i64,
    reason: &str,
) -> Outcome<()> {
    tx.execute(
        "INSERT OR REPLACE INTO service_failures (service, version, failed_at, reason)
         VALUES (?1, ?2, ?3, ?4)",
        params![service, version, now, reason],
    )?;
    Ok(())
}

/// How many verdicts of a service hold at a time, and when and why it last did not answer.
pub(crate) fn state(
    tx: &Transaction<'_>,
    service: &str,
    version: i64,
    now: i64,
) -> Outcome<(i64, Option<(i64, String)>)> {
    let kept = tx
        .prepare_cached(
            "SELECT count(*) FROM verdicts WHERE service = ?1 AND version = ?2 AND expires > ?3",
        )?
        .query_row(params![service, version, now], |row| row.get(0))?;
    let failure = tx
        .prepare_cached(
            "SELECT failed_at, reason FROM service_failures WHERE service = ?1 AND version = ?2",
        )?
        .query_row(params![service, version], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok((kept, failure))
}

/// Forgets what services have said in versions that are no more.
pub(crate) fn retain_current(tx: &Transaction<'_>) -> Outcome<()> {
    for table in ["verdicts", "service_failures"] {
        tx.execute(
            &format!(
                "DELETE FROM {table} WHERE NOT EXISTS (
                   SELECT 1 FROM sources s WHERE s.name = {table}.service AND s.version = {table}.version)"
            ),
            [],
        )?;
    }
    Ok(())
}
