//! The columns of the relation `files`: those of the table, and what else the files have.
//!
//! Types are the files' own, so that a query sees what was written: a day may be text in one feed and a TIMESTAMP in
//! another. Files that differ are brought to a type that holds all their values.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use super::Candidate;
use crate::table::Table;
use crate::types::HiveType;

/// The columns of some files, seen as one relation.
#[derive(Debug)]
pub(super) struct Columns {
    /// The table's columns in its order, then the others; names in lower case.
    pub(super) file_schema: SchemaRef,
    /// Columns that directories give (`site=a`) and no file has; text.
    pub(super) from_paths: Fields,
    /// Columns of the table that neither a file nor a directory has.
    pub(super) absent: Vec<String>,
}

impl Columns {
    pub(super) fn of(table: &Table, sources: &[Candidate]) -> Self {
        let mut found: HashMap<String, DataType> = HashMap::new();
        let mut order = Vec::new();
        for field in sources.iter().flat_map(|source| source.schema.fields()) {
            let name = field.name().to_lowercase();
            let own = plain(field.data_type());
            match found.get_mut(&name) {
                Some(known) => *known = common(known, &own),
                None => {
                    order.push(name.clone());
                    found.insert(name, own);
                }
            }
        }
        let mut path_names: Vec<String> = Vec::new();
        for (name, _) in sources.iter().flat_map(|source| &source.directories) {
            if !found.contains_key(name) && !path_names.contains(name) {
                path_names.push(name.clone());
            }
        }
        let mut absent = Vec::new();
        let mut fields = Vec::new();
        for (column, field) in table
            .definition
            .columns
            .iter()
            .zip(table.file_schema().fields())
        {
            if path_names.contains(field.name()) {
                continue;
            }
            let data_type = match found.remove(field.name()) {
                // What is bytes in the table must not be taken for text.
                Some(own) if column.data_type == HiveType::Binary || own.is_nested() => {
                    field.data_type().clone()
                }
                Some(own) => own,
                None => {
                    absent.push(field.name().clone());
                    field.data_type().clone()
                }
            };
            fields.push(Field::new(field.name(), data_type, true));
        }
        for name in order {
            if let Some(data_type) = found.remove(&name) {
                fields.push(Field::new(name, data_type, true));
            }
        }
        let from_paths = path_names
            .into_iter()
            .map(|name| Field::new(name, DataType::Utf8View, true))
            .collect();
        Self {
            file_schema: Arc::new(Schema::new(fields)),
            from_paths,
            absent,
        }
    }
}

/// One type for the ways in which a file may hold the same.
fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, value) => plain(value),
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => DataType::Utf8View,
        DataType::Timestamp(_, _) => DataType::Timestamp(TimeUnit::Microsecond, None),
        other => other.clone(),
    }
}

/// A type that holds the values of both.
fn common(a: &DataType, b: &DataType) -> DataType {
    let is_date = |it: &DataType| matches!(it, DataType::Date32 | DataType::Date64);
    let is_time = |it: &DataType| matches!(it, DataType::Timestamp(_, _));
    if a == b {
        a.clone()
    } else if a.is_integer() && b.is_integer() {
        // Values of UINT64 beyond those of INT64 are not to be lost.
        if a == &DataType::UInt64 || b == &DataType::UInt64 {
            DataType::Decimal128(20, 0)
        } else {
            DataType::Int64
        }
    } else if a.is_numeric() && b.is_numeric() && (a.is_floating() || b.is_floating()) {
        DataType::Float64
    } else if (is_date(a) || is_time(a)) && (is_date(b) || is_time(b)) {
        DataType::Timestamp(TimeUnit::Microsecond, None)
    } else {
        DataType::Utf8View
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_differ_get_a_type_that_holds_both() {
        let time = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (a, b, expected) in [
            (DataType::Int32, DataType::Int64, DataType::Int64),
            (
                DataType::Int32,
                DataType::UInt64,
                DataType::Decimal128(20, 0),
            ),
            (DataType::Int32, DataType::Float32, DataType::Float64),
            (DataType::Date32, time.clone(), time.clone()),
            (DataType::Utf8View, time, DataType::Utf8View),
            (DataType::Utf8View, DataType::Int32, DataType::Utf8View),
        ] {
            assert_eq!(common(&a, &b), expected, "{a} and {b}");
            assert_eq!(common(&b, &a), expected, "{b} and {a}");
        }
    }
}
