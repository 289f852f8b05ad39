//! What a write is aimed at: the partitions it has seen when it began, the values its PARTITION clause gives, and the
//! columns its query must have. Nothing here writes.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::Schema;

use crate::convert::is_lossless;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::partition_name::{RawValues, canonical_text, partition_name, typed_value};
use crate::snapshot::{Partition, TableSnapshot};
use crate::table::Table;

/// The longest name of a directory, in bytes (NAME_MAX).
const LONGEST_NAME: usize = 255;

/// Where a partition column's value comes from.
pub(crate) enum PartitionValue {
    /// From the PARTITION clause, canonical.
    Static(Option<String>),
    /// From the input's n-th dynamic partition column.
    Dynamic(usize),
}

/// Where the rows of one partition go.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    pub(super) raw: RawValues,
    /// The name of canonical values, which is also their key.
    pub(super) name: String,
    /// Where the files will lie.
    pub(super) location: Location,
    /// Where they are staged: the table's location, or the partition's own if that lies elsewhere.
    pub(super) root: Location,
}

/// The partitions that a write has seen when it began.
pub(crate) struct Destinations {
    pub(super) table: Arc<Table>,
    pub(super) snapshot: Option<Arc<TableSnapshot>>,
    by_key: HashMap<String, Vec<usize>>,
}

impl Destinations {
    pub(crate) fn new(table: Arc<Table>, snapshot: Option<Arc<TableSnapshot>>) -> Self {
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, partition) in snapshot
            .iter()
            .flat_map(|snapshot| &snapshot.partitions)
            .enumerate()
        {
            by_key.entry(partition.key.clone()).or_default().push(index);
        }
        Self {
            table,
            snapshot,
            by_key,
        }
    }

    /// The partitions of a key.
    pub(super) fn seen(&self, key: &str) -> impl Iterator<Item = &Partition> {
        let indices = self.by_key.get(key).map_or(&[][..], Vec::as_slice);
        let partitions = self
            .snapshot
            .as_ref()
            .map_or(&[][..], |snapshot| &snapshot.partitions);
        indices.iter().filter_map(|index| partitions.get(*index))
    }

    /// The destination of canonical raw values.
    pub(super) fn resolve(&self, raw: RawValues) -> Result<Destination> {
        let name = partition_name(&self.table.definition.partition_columns, &raw);
        let existing = self
            .seen(&name)
            .find(|seen| seen.name == name)
            .or_else(|| self.seen(&name).next());
        // Known to all file systems in use; a longer name could not be made after the commit.
        let longest = name.split('/').max_by_key(|segment| segment.len());
        if let Some(segment) = longest.filter(|it| existing.is_none() && it.len() > LONGEST_NAME) {
            let shown: String = segment.chars().take(40).collect();
            return Err(Error::InvalidPartitionSpec {
                table: self.table.full_name(),
                reason: format!(
                    "the directory '{shown}…' would have a name of {} bytes, and {LONGEST_NAME} is the most; this value \
                     cannot be one of a partition column",
                    segment.len()
                ),
            });
        }
        let location = match existing {
            Some(partition) => partition.location.clone(),
            None => self
                .table
                .location
                .join(&name)
                .map_err(|error| Error::Corrupt {
                    what: error.to_string(),
                })?,
        };
        let inside = location == self.table.location || location.is_below(&self.table.location);
        let root = if inside {
            self.table.location.clone()
        } else {
            location.clone()
        };
        Ok(Destination {
            raw,
            name,
            location,
            root,
        })
    }
}

/// Where each partition column's value comes from, with static values brought to their canonical text.
pub(crate) fn partition_values(
    table: &Table,
    given: &[(String, Option<String>)],
) -> Result<Vec<PartitionValue>> {
    let columns = &table.definition.partition_columns;
    let invalid = |reason: String| Error::InvalidPartitionSpec {
        table: table.full_name(),
        reason,
    };
    let mut fixed: HashMap<String, Option<&str>> = HashMap::new();
    for (name, value) in given {
        let name = name.to_lowercase();
        if !columns.iter().any(|column| column.name == name) {
            let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            return Err(invalid(if known.is_empty() {
                "the table is not partitioned".into()
            } else {
                format!(
                    "'{name}' is no partition column; these are: {}",
                    known.join(", ")
                )
            }));
        }
        if fixed.insert(name.clone(), value.as_deref()).is_some() {
            return Err(invalid(format!("'{name}' is given twice")));
        }
    }
    let mut dynamic = 0;
    columns
        .iter()
        .map(|column| match fixed.get(&column.name) {
            Some(text) => {
                let value = typed_value(&table.definition, column, *text)?;
                Ok(PartitionValue::Static(canonical_text(&value)))
            }
            None => {
                dynamic += 1;
                Ok(PartitionValue::Dynamic(dynamic - 1))
            }
        })
        .collect()
}

/// Checks that a query's columns are those a write needs: number, names without regard to case, types.
pub(crate) fn check_schema(
    table: &Table,
    values: &[PartitionValue],
    schema: &Schema,
) -> Result<()> {
    let dynamic = values
        .iter()
        .zip(table.partition_fields())
        .filter(|(value, _)| matches!(value, PartitionValue::Dynamic(_)))
        .map(|(_, field)| field);
    let expected: Vec<_> = table.file_schema().fields().iter().chain(dynamic).collect();
    let mismatch = |reason: String| Error::SchemaMismatch {
        table: table.full_name(),
        reason,
    };
    if schema.fields().len() != expected.len() {
        let names: Vec<&str> = expected.iter().map(|field| field.name().as_str()).collect();
        return Err(mismatch(format!(
            "the query gives {} columns, {} are expected: {}",
            schema.fields().len(),
            expected.len(),
            names.join(", ")
        )));
    }
    for (index, (field, expected)) in schema.fields().iter().zip(expected).enumerate() {
        if !field.name().eq_ignore_ascii_case(expected.name()) {
            return Err(mismatch(format!(
                "column {} of the query is '{}', '{}' is expected",
                index + 1,
                field.name(),
                expected.name()
            )));
        }
        let same = field.data_type().equals_datatype(expected.data_type())
            || is_lossless(field.data_type(), expected.data_type());
        if !same {
            return Err(mismatch(format!(
                "column '{}' of the query is {}, {} is expected; cast it",
                expected.name(),
                field.data_type(),
                expected.data_type()
            )));
        }
    }
    Ok(())
}
