//! Statements on sources of context.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::Outcome;

/// One row of `sources`.
#[derive(Debug, Clone)]
pub(crate) struct SourceRow {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) definition: String,
    pub(crate) version: i64,
}

fn read(row: &Row<'_>) -> rusqlite::Result<SourceRow> {
    Ok(SourceRow {
        kind: row.get(0)?,
        name: row.get(1)?,
        definition: row.get(2)?,
        version: row.get(3)?,
    })
}

/// All of them, in the order in which they were made.
pub(crate) fn all(tx: &Transaction<'_>) -> Outcome<Vec<SourceRow>> {
    let mut statement =
        tx.prepare_cached("SELECT kind, name, definition, version FROM sources ORDER BY id")?;
    let rows = statement
        .query_map([], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

pub(crate) fn find(tx: &Transaction<'_>, kind: &str, name: &str) -> Outcome<Option<SourceRow>> {
    Ok(tx
        .prepare_cached(
            "SELECT kind, name, definition, version FROM sources WHERE kind = ?1 AND name = ?2",
        )?
        .query_row([kind, name], read)
        .optional()?)
}

/// Makes a source, or replaces it where it stands with a version that no source of this name had before; returns that.
pub(crate) fn put(tx: &Transaction<'_>, kind: &str, name: &str, definition: &str) -> Outcome<i64> {
    tx.execute("UPDATE source_versions SET last = last + 1", [])?;
    tx.execute(
        "INSERT INTO sources (kind, name, definition, version)
         VALUES (?1, ?2, ?3, (SELECT last FROM source_versions))
         ON CONFLICT (kind, name) DO UPDATE SET definition = excluded.definition, version = excluded.version",
        params![kind, name, definition],
    )?;
    let version = tx.query_row("SELECT last FROM source_versions", [], |row| row.get(0))?;
    Ok(version)
}

/// Removes a source; `false` if there was none.
pub(crate) fn delete(tx: &Transaction<'_>, kind: &str, name: &str) -> Outcome<bool> {
    let removed = tx.execute(
        "DELETE FROM sources WHERE kind = ?1 AND name = ?2",
        [kind, name],
    )?;
    Ok(removed == 1)
}
