//! Statements on databases.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::Outcome;

/// One row of `databases`; `location` is a stored location.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) comment: Option<String>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<DatabaseRow> {
    Ok(DatabaseRow {
        id: row.get(0)?,
        name: row.get(1)?,
        location: row.get(2)?,
        comment: row.get(3)?,
    })
}

pub(crate) fn find(tx: &Transaction<'_>, name: &str) -> Outcome<Option<DatabaseRow>> {
    Ok(tx
        .prepare_cached("SELECT id, name, location, comment FROM databases WHERE name = ?1")?
        .query_row([name], read)
        .optional()?)
}

pub(crate) fn all(tx: &Transaction<'_>) -> Outcome<Vec<DatabaseRow>> {
    let mut statement =
        tx.prepare_cached("SELECT id, name, location, comment FROM databases ORDER BY name")?;
    let rows = statement
        .query_map([], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// Adds a database; `false` if the name is taken.
pub(crate) fn insert(
    tx: &Transaction<'_>,
    name: &str,
    location: &str,
    comment: Option<&str>,
) -> Outcome<bool> {
    let added = tx.execute(
        "INSERT INTO databases (name, location, comment) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING",
        params![name, location, comment],
    )?;
    Ok(added == 1)
}

/// Removes an empty database.
pub(crate) fn delete(tx: &Transaction<'_>, id: i64) -> Outcome<()> {
    tx.execute("DELETE FROM databases WHERE id = ?1", [id])?;
    Ok(())
}
