//! Statements on partitions. An unpartitioned table has one partition, whose name and key are empty.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::Outcome;
use crate::error::Error;
use crate::partition_name::RawValues;

/// One row of `partitions`; `location` is a stored location, `None` for the directory of the partition's name below
/// the table's location.
#[derive(Debug, Clone)]
pub(crate) struct PartitionRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) key: String,
    raw_values: String,
    pub(crate) location: Option<String>,
    pub(crate) version: i64,
}

impl PartitionRow {
    pub(crate) fn raw_values(&self) -> Outcome<RawValues> {
        Ok(
            serde_json::from_str(&self.raw_values).map_err(|error| Error::Corrupt {
                what: format!("the values of partition '{}': {error}", self.name),
            })?,
        )
    }
}

const COLUMNS: &str = "id, name, key, raw_values, location, version";

fn read(row: &Row<'_>) -> rusqlite::Result<PartitionRow> {
    Ok(PartitionRow {
        id: row.get(0)?,
        name: row.get(1)?,
        key: row.get(2)?,
        raw_values: row.get(3)?,
        location: row.get(4)?,
        version: row.get(5)?,
    })
}

/// All partitions of a table in the order in which they were added.
pub(crate) fn all(tx: &Transaction<'_>, table: i64) -> Outcome<Vec<PartitionRow>> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM partitions WHERE table_id = ?1 ORDER BY id"
    ))?;
    let rows = statement
        .query_map([table], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// The partitions of one key: usually one, more if directories spell a value differently.
pub(crate) fn by_key(tx: &Transaction<'_>, table: i64, key: &str) -> Outcome<Vec<PartitionRow>> {
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM partitions WHERE table_id = ?1 AND key = ?2 ORDER BY id"
    ))?;
    let rows = statement
        .query_map(params![table, key], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// A partition to add.
#[derive(Debug, Clone)]
pub(crate) struct NewPartition {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) raw: RawValues,
    pub(crate) location: Option<String>,
}

/// Adds a partition and returns its id; `None` if the name is taken.
pub(crate) fn insert(
    tx: &Transaction<'_>,
    table: i64,
    partition: &NewPartition,
) -> Outcome<Option<i64>> {
    let raw = serde_json::to_string(&partition.raw).map_err(|error| Error::Corrupt {
        what: error.to_string(),
    })?;
    Ok(tx
        .prepare_cached(
            "INSERT INTO partitions (table_id, name, key, raw_values, location) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (table_id, name) DO NOTHING RETURNING id",
        )?
        .query_row(
            params![
                table,
                partition.name,
                partition.key,
                raw,
                partition.location
            ],
            |row| row.get(0),
        )
        .optional()?)
}

/// Counts a change of the partition's files.
pub(crate) fn bump(tx: &Transaction<'_>, id: i64) -> Outcome<()> {
    tx.prepare_cached("UPDATE partitions SET version = version + 1 WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Removes a partition with its files.
pub(crate) fn delete(tx: &Transaction<'_>, id: i64) -> Outcome<()> {
    tx.prepare_cached("DELETE FROM partitions WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}
