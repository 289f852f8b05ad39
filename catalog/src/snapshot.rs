//! One state of one table: its partitions and files, read in one metastore transaction.
//!
//! Snapshots are immutable and shared; the warehouse keeps the latest of each table and reads it again only when the
//! table's version has changed. Statistics are parsed when a query first asks for them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use datafusion::common::ScalarValue;
use object_store::path::Path;
use rusqlite::Transaction;

use crate::error::{Error, Result};
use crate::location::Location;
use crate::metastore::files::FileRow;
use crate::metastore::{Outcome, files, partitions, tables};
use crate::partition_name::{RawValues, typed_column};
use crate::statistics::FileStatistics;
use crate::table::Table;

/// A data file.
#[derive(Debug)]
pub struct DataFile {
    /// Its path, relative to its partition's location.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its last change in microseconds since 1970, when it was recorded.
    pub modified: i64,
    /// How many rows it holds; `None` if its footer could not be read when it was recorded.
    pub row_count: Option<u64>,
    /// Whether this crate wrote it: such a file never changes and its name is never used again.
    pub immutable: bool,
    statistics: Option<Box<str>>,
    parsed: OnceLock<Arc<FileStatistics>>,
}

impl DataFile {
    fn new(row: FileRow) -> Self {
        Self {
            path: row.path,
            size: row.size,
            modified: row.modified,
            row_count: row.row_count,
            immutable: row.write_id.is_some(),
            statistics: row.statistics.map(String::into_boxed_str),
            parsed: OnceLock::new(),
        }
    }

    /// Bounds of its columns; `schema` is the table's [`Table::file_schema`].
    pub fn statistics(&self, schema: &Schema) -> &Arc<FileStatistics> {
        self.parsed.get_or_init(|| {
            let text = self.statistics.as_deref();
            Arc::new(
                text.map(|text| FileStatistics::from_text(text, schema))
                    .unwrap_or_default(),
            )
        })
    }
}

/// A partition. An unpartitioned table has one, without values and with an empty name.
#[derive(Debug)]
pub struct Partition {
    /// The metastore's number of it.
    pub id: i64,
    /// Counts the changes of its files.
    pub version: i64,
    /// `y=2016/m=7`, as its directory spells it.
    pub name: String,
    /// The name that its typed values have. Directories `m=7` and `m=07` of a TINYINT share one.
    pub key: String,
    /// The values as the directory spells them; `None` is NULL.
    pub raw_values: RawValues,
    /// The values in the partition columns' Arrow types.
    pub values: Vec<ScalarValue>,
    /// Where it lies.
    pub location: Location,
    /// Its files.
    pub files: Vec<Arc<DataFile>>,
}

impl Partition {
    /// Rows in all files; `None` if one's footer could not be read.
    pub fn row_count(&self) -> Option<u64> {
        self.files.iter().map(|file| file.row_count).sum()
    }

    /// Bytes of all files.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// One state of a table.
#[derive(Debug)]
pub struct TableSnapshot {
    /// The table.
    pub table_id: i64,
    /// The table's version in this state.
    pub version: i64,
    /// Its partitions, in the order in which they were added.
    pub partitions: Vec<Partition>,
    /// The partition columns, one row a partition.
    pub(crate) values: RecordBatch,
    /// Files that were committed but not yet in place: where they are staged, by the place they will have.
    pub(crate) staged: Arc<HashMap<Path, Path>>,
}

impl TableSnapshot {
    /// How many files all partitions hold.
    pub fn file_count(&self) -> usize {
        self.partitions
            .iter()
            .map(|partition| partition.files.len())
            .sum()
    }
}

/// Where a partition lies, from what the metastore keeps of it.
pub(crate) fn partition_location(
    root: &Location,
    table: &Location,
    name: &str,
    stored: Option<&str>,
) -> Result<Location> {
    match stored {
        Some(stored) => Location::from_stored(stored, root),
        None => table.join(name).map_err(|error| Error::Corrupt {
            what: format!("partition '{name}': {error}"),
        }),
    }
}

/// Reads a table's state; `None` if the table is gone.
pub(crate) fn load(
    tx: &Transaction<'_>,
    table: &Table,
    root: &Location,
) -> Outcome<Option<TableSnapshot>> {
    let Some(version) = tables::version(tx, table.id)? else {
        return Ok(None);
    };
    let rows = partitions::all(tx, table.id)?;
    let raw_values: Vec<RawValues> = rows
        .iter()
        .map(|row| row.raw_values())
        .collect::<Outcome<_>>()?;
    let columns = &table.definition.partition_columns;
    let arrays: Vec<ArrayRef> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let raw = raw_values
                .iter()
                .map(|raw| raw.get(index).and_then(|value| value.as_deref()));
            typed_column(column, raw)
        })
        .collect::<Result<_>>()?;

    let mut snapshots = Vec::with_capacity(rows.len());
    let mut by_id = HashMap::with_capacity(rows.len());
    for (index, (row, raw_values)) in rows.into_iter().zip(raw_values).enumerate() {
        by_id.insert(row.id, index);
        let values = arrays
            .iter()
            .map(|array| ScalarValue::try_from_array(array, index).map_err(Error::Query))
            .collect::<Result<_>>()?;
        let location =
            partition_location(root, &table.location, &row.name, row.location.as_deref())?;
        snapshots.push(Partition {
            id: row.id,
            version: row.version,
            name: row.name,
            key: row.key,
            raw_values,
            values,
            location,
            files: Vec::new(),
        });
    }
    let mut staged = HashMap::new();
    for row in files::of_table(tx, table.id)? {
        let Some(partition) = by_id
            .get(&row.partition_id)
            .and_then(|index| snapshots.get_mut(*index))
        else {
            continue;
        };
        if let Some(from) = &row.staged {
            let place = partition
                .location
                .join(&row.path)
                .map_err(|error| Error::Corrupt {
                    what: format!("file '{}': {error}", row.path),
                })?;
            staged.insert(
                place.path().clone(),
                Location::from_stored(from, root)?.path().clone(),
            );
        }
        partition.files.push(Arc::new(DataFile::new(row)));
    }
    let schema = Arc::new(Schema::new(table.partition_fields().clone()));
    let options = RecordBatchOptions::new().with_row_count(Some(snapshots.len()));
    let values =
        RecordBatch::try_new_with_options(schema, arrays, &options).map_err(Error::from)?;
    Ok(Some(TableSnapshot {
        table_id: table.id,
        version,
        partitions: snapshots,
        values,
        staged: Arc::new(staged),
    }))
}
