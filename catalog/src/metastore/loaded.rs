//! Statements on the files that LOAD FILES has read.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::Outcome;

/// One row of `loaded_files`: a file that one load has read into one table.
#[derive(Debug, Clone)]
pub(crate) struct LoadedRow {
    /// Absolute, with links resolved.
    pub(crate) path: String,
    pub(crate) size: u64,
    /// BLAKE3 of the contents, in hexadecimal.
    pub(crate) hash: String,
    /// What the file system says of a file and changes with its contents; empty where it says nothing.
    pub(crate) stamp: String,
    /// Rows that went to the table, and rows that went to the table of rejected rows.
    pub(crate) row_count: u64,
    pub(crate) rejected: u64,
    /// Microseconds since 1970.
    pub(crate) loaded_at: i64,
}

/// A row of `loaded_files`, with the names of its table.
#[derive(Debug, Clone)]
pub(crate) struct NamedRow {
    pub(crate) database: String,
    pub(crate) table: String,
    pub(crate) row: LoadedRow,
}

const COLUMNS: &str = "l.path, l.size, l.hash, l.stamp, l.row_count, l.rejected, l.loaded_at";

fn read(row: &Row<'_>) -> rusqlite::Result<LoadedRow> {
    let count = |value: i64| value.max(0) as u64;
    Ok(LoadedRow {
        path: row.get(0)?,
        size: count(row.get(1)?),
        hash: row.get(2)?,
        stamp: row.get(3)?,
        row_count: count(row.get(4)?),
        rejected: count(row.get(5)?),
        loaded_at: row.get(6)?,
    })
}

/// The last load into a table of a file at a path.
pub(crate) fn by_path(tx: &Transaction<'_>, table: i64, path: &str) -> Outcome<Option<LoadedRow>> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM loaded_files l WHERE l.table_id = ?1 AND l.path = ?2 ORDER BY l.id DESC LIMIT 1"
    ))?;
    Ok(statement.query_row(params![table, path], read).optional()?)
}

/// The first load into a table of a file with these contents.
pub(crate) fn by_hash(tx: &Transaction<'_>, table: i64, hash: &str) -> Outcome<Option<LoadedRow>> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM loaded_files l WHERE l.table_id = ?1 AND l.hash = ?2 ORDER BY l.id LIMIT 1"
    ))?;
    Ok(statement.query_row(params![table, hash], read).optional()?)
}

/// Enters a file. `false`: its contents have been loaded already, and this is not to be done `again`.
pub(crate) fn insert(
    tx: &Transaction<'_>,
    table: i64,
    file: &LoadedRow,
    again: bool,
) -> Outcome<bool> {
    // The first load of some contents is number 1, so that a second first one meets the unique key.
    let number = "CASE WHEN ?9 THEN \
                  (SELECT coalesce(max(number), 0) + 1 FROM loaded_files WHERE table_id = ?1 AND hash = ?4) \
                  ELSE 1 END";
    let added = tx
        .prepare_cached(&format!(
            "INSERT INTO loaded_files \
             (table_id, path, size, hash, stamp, row_count, rejected, loaded_at, number) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, {number}) \
             ON CONFLICT (table_id, hash, number) DO NOTHING"
        ))?
        .execute(params![
            table,
            file.path,
            file.size as i64,
            file.hash,
            file.stamp,
            file.row_count as i64,
            file.rejected as i64,
            file.loaded_at,
            again,
        ])?;
    Ok(added == 1)
}

/// All of them, in the order in which they were loaded.
pub(crate) fn all(tx: &Transaction<'_>) -> Outcome<Vec<NamedRow>> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS}, d.name, t.name FROM loaded_files l \
         JOIN tables t ON t.id = l.table_id JOIN databases d ON d.id = t.database_id ORDER BY l.id"
    ))?;
    let rows = statement
        .query_map([], |row| {
            Ok(NamedRow {
                row: read(row)?,
                database: row.get(7)?,
                table: row.get(8)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}
