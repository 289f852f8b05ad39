//! Statements on tables.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Outcome, databases};
use crate::error::Error;
use crate::location::Location;
use crate::table::{Table, TableDefinition};

/// One row of `tables`.
#[derive(Debug, Clone)]
pub(crate) struct TableRow {
    pub(crate) id: i64,
    pub(crate) location: String,
    pub(crate) definition: String,
}

impl TableRow {
    pub(crate) fn into_table(self, root: &Location) -> Outcome<Table> {
        let definition: TableDefinition =
            serde_json::from_str(&self.definition).map_err(|error| Error::Corrupt {
                what: format!("the definition of table number {}: {error}", self.id),
            })?;
        let location = Location::from_stored(&self.location, root)?;
        Ok(Table::new(definition, self.id, location))
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<TableRow> {
    Ok(TableRow {
        id: row.get(0)?,
        location: row.get(1)?,
        definition: row.get(2)?,
    })
}

pub(crate) fn find(tx: &Transaction<'_>, database: &str, name: &str) -> Outcome<Option<TableRow>> {
    Ok(tx
        .prepare_cached(
            "SELECT t.id, t.location, t.definition FROM tables t \
             JOIN databases d ON d.id = t.database_id WHERE d.name = ?1 AND t.name = ?2",
        )?
        .query_row([database, name], read)
        .optional()?)
}

/// The table's version, `None` if it is gone.
pub(crate) fn version(tx: &Transaction<'_>, id: i64) -> Outcome<Option<i64>> {
    Ok(tx
        .prepare_cached("SELECT version FROM tables WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?)
}

/// Counts a change of the table; the new version.
pub(crate) fn bump(tx: &Transaction<'_>, id: i64) -> Outcome<i64> {
    Ok(tx
        .prepare_cached("UPDATE tables SET version = version + 1 WHERE id = ?1 RETURNING version")?
        .query_row([id], |row| row.get(0))?)
}

pub(crate) fn names(tx: &Transaction<'_>, database: &str) -> Outcome<Vec<String>> {
    let mut statement = tx.prepare_cached(
        "SELECT t.name FROM tables t JOIN databases d ON d.id = t.database_id \
         WHERE d.name = ?1 ORDER BY t.name",
    )?;
    let rows = statement
        .query_map([database], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// `(database, table)` of all tables.
pub(crate) fn all_names(tx: &Transaction<'_>) -> Outcome<Vec<(String, String)>> {
    let mut statement = tx.prepare_cached(
        "SELECT d.name, t.name FROM tables t JOIN databases d ON d.id = t.database_id \
         ORDER BY d.name, t.name",
    )?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// The stored locations of all tables but one.
pub(crate) fn other_locations(tx: &Transaction<'_>, id: Option<i64>) -> Outcome<Vec<String>> {
    let mut statement = tx.prepare_cached("SELECT location FROM tables WHERE id IS NOT ?1")?;
    let rows = statement
        .query_map([id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// Adds a table and returns its id; `None` if the name is taken.
///
/// # Errors
/// [`Error::DatabaseNotFound`].
pub(crate) fn insert(
    tx: &Transaction<'_>,
    definition: &TableDefinition,
    location: &str,
) -> Outcome<Option<i64>> {
    let database =
        databases::find(tx, &definition.database)?.ok_or_else(|| Error::DatabaseNotFound {
            database: definition.database.clone(),
        })?;
    let text = serde_json::to_string(definition).map_err(|error| Error::InvalidDefinition {
        table: definition.full_name(),
        reason: error.to_string(),
    })?;
    Ok(tx
        .prepare_cached(
            "INSERT INTO tables (database_id, name, location, definition) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (database_id, name) DO NOTHING RETURNING id",
        )?
        .query_row(
            params![database.id, definition.name, location, text],
            |row| row.get(0),
        )
        .optional()?)
}

/// Changes the definition of a table.
pub(crate) fn redefine(tx: &Transaction<'_>, id: i64, definition: &TableDefinition) -> Outcome<()> {
    let text = serde_json::to_string(definition).map_err(|error| Error::InvalidDefinition {
        table: definition.full_name(),
        reason: error.to_string(),
    })?;
    tx.prepare_cached("UPDATE tables SET definition = ?2 WHERE id = ?1")?
        .execute(params![id, text])?;
    Ok(())
}

/// Removes a table with its partitions and files.
pub(crate) fn delete(tx: &Transaction<'_>, id: i64) -> Outcome<()> {
    tx.execute("DELETE FROM tables WHERE id = ?1", [id])?;
    Ok(())
}
