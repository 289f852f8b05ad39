//! Statements on data files.

use rusqlite::{Row, Transaction, params};

use super::Outcome;

/// One row of `files`. `path` is relative to the partition's location; `staged` is the stored location of the file as
/// long as it awaits its move to `path`.
#[derive(Debug, Clone)]
pub(crate) struct FileRow {
    pub(crate) partition_id: i64,
    pub(crate) path: String,
    pub(crate) size: u64,
    /// Last change in microseconds since 1970, as the store said when the file was recorded.
    pub(crate) modified: i64,
    pub(crate) row_count: Option<u64>,
    pub(crate) statistics: Option<String>,
    pub(crate) write_id: Option<String>,
    pub(crate) staged: Option<String>,
}

impl FileRow {
    /// Whether it may be deleted with the rows: this crate wrote it, or has read it as Parquet. Whatever else lay at a
    /// LOCATION (notes, a program's configuration) is not the table's to delete.
    pub(crate) fn is_data(&self) -> bool {
        self.write_id.is_some() || self.row_count.is_some()
    }
}

const COLUMNS: &str = "partition_id, path, size, modified, row_count, statistics, write_id, staged";

fn read(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    let size: i64 = row.get(2)?;
    let rows: Option<i64> = row.get(4)?;
    Ok(FileRow {
        partition_id: row.get(0)?,
        path: row.get(1)?,
        size: size.max(0) as u64,
        modified: row.get(3)?,
        row_count: rows.and_then(|rows| u64::try_from(rows).ok()),
        statistics: row.get(5)?,
        write_id: row.get(6)?,
        staged: row.get(7)?,
    })
}

/// All files of a table, by partition, in the order in which they were added.
pub(crate) fn of_table(tx: &Transaction<'_>, table: i64) -> Outcome<Vec<FileRow>> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM files WHERE table_id = ?1 ORDER BY partition_id, id"
    ))?;
    let rows = statement
        .query_map([table], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

pub(crate) fn of_partition(tx: &Transaction<'_>, partition: i64) -> Outcome<Vec<FileRow>> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM files WHERE partition_id = ?1 ORDER BY id"
    ))?;
    let rows = statement
        .query_map([partition], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// Adds a file, or replaces what is known of it.
pub(crate) fn put(tx: &Transaction<'_>, table: i64, file: &FileRow) -> Outcome<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO files \
         (table_id, partition_id, path, size, modified, row_count, statistics, write_id, staged) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        table,
        file.partition_id,
        file.path,
        file.size as i64,
        file.modified,
        file.row_count.map(|rows| rows as i64),
        file.statistics,
        file.write_id,
        file.staged,
    ])?;
    Ok(())
}

pub(crate) fn delete(tx: &Transaction<'_>, partition: i64, path: &str) -> Outcome<()> {
    tx.prepare_cached("DELETE FROM files WHERE partition_id = ?1 AND path = ?2")?
        .execute(params![partition, path])?;
    Ok(())
}

pub(crate) fn delete_all(tx: &Transaction<'_>, partition: i64) -> Outcome<()> {
    tx.prepare_cached("DELETE FROM files WHERE partition_id = ?1")?
        .execute([partition])?;
    Ok(())
}
