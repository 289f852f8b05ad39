//! What a table is: its columns, its partition columns, where it lies. No rows and no files; see
//! [`crate::TableSnapshot`] for those.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Fields, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::location::Location;
use crate::types::HiveType;

/// A column. Names are compared without regard to case and kept in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The type.
    pub data_type: HiveType,
    /// The COMMENT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Column {
    /// A column without a comment.
    pub fn new(name: impl AsRef<str>, data_type: HiveType) -> Self {
        Self {
            name: name.as_ref().to_lowercase(),
            data_type,
            comment: None,
        }
    }
}

/// How a table's files are written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// Apache Parquet.
    #[default]
    Parquet,
}

/// What CREATE TABLE says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDefinition {
    /// The database.
    pub database: String,
    /// The name.
    pub name: String,
    /// The columns that the files hold, in order.
    pub columns: Vec<Column>,
    /// The columns that the directories hold, outermost first. Empty: not partitioned.
    #[serde(default)]
    pub partition_columns: Vec<Column>,
    /// EXTERNAL: DROP TABLE leaves the data.
    #[serde(default)]
    pub external: bool,
    /// The format of the files.
    #[serde(default)]
    pub format: Format,
    /// LOCATION as it was given; `None` for the warehouse's own place.
    #[serde(default)]
    pub location: Option<String>,
    /// TBLPROPERTIES.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// COMMENT.
    #[serde(default)]
    pub comment: Option<String>,
}

impl TableDefinition {
    /// A managed, unpartitioned Parquet table at its default place.
    pub fn new(database: impl AsRef<str>, name: impl AsRef<str>, columns: Vec<Column>) -> Self {
        Self {
            database: database.as_ref().to_lowercase(),
            name: name.as_ref().to_lowercase(),
            columns,
            partition_columns: vec![],
            external: false,
            format: Format::Parquet,
            location: None,
            properties: BTreeMap::new(),
            comment: None,
        }
    }

    /// `database.name`, as messages show it.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.database, self.name)
    }

    /// Brings names to lower case and checks that the definition makes sense.
    pub(crate) fn normalised(mut self) -> Result<Self> {
        self.database = self.database.to_lowercase();
        self.name = self.name.to_lowercase();
        check_name("table", &self.name)?;
        let invalid = |reason: String| Error::InvalidDefinition {
            table: self.full_name(),
            reason,
        };
        if self.columns.is_empty() {
            return Err(invalid(
                "it has no columns besides those of its partitions".into(),
            ));
        }
        let mut seen = BTreeSet::new();
        for column in self.columns.iter().chain(&self.partition_columns) {
            let name = column.name.to_lowercase();
            if name.is_empty() || name.chars().any(char::is_control) {
                return Err(Error::InvalidName {
                    kind: "column",
                    name: column.name.clone(),
                    reason: "it is empty or holds control characters",
                });
            }
            if !seen.insert(name) {
                return Err(invalid(format!(
                    "column '{}' occurs twice",
                    column.name.to_lowercase()
                )));
            }
        }
        if let Some(column) = self
            .partition_columns
            .iter()
            .find(|column| !column.data_type.is_partitionable())
        {
            return Err(invalid(format!(
                "partition column '{}' has type {}, which cannot name a directory",
                column.name, column.data_type
            )));
        }
        for column in self.columns.iter_mut().chain(&mut self.partition_columns) {
            column.name = column.name.to_lowercase();
        }
        Ok(self)
    }
}

/// Refuses names that could not be directories, or that would collide with the warehouse's own.
pub(crate) fn check_name(kind: &'static str, name: &str) -> Result<()> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        "only letters, digits and '_' are allowed"
    } else if name.starts_with("_spotql") {
        "names that start with _spotql belong to the warehouse"
    } else if name.len() > 128 {
        "it is longer than 128 bytes"
    } else {
        return Ok(());
    };
    Err(Error::InvalidName {
        kind,
        name: name.to_string(),
        reason,
    })
}

/// A table of the metastore, as it was when it was looked up.
#[derive(Debug, Clone)]
pub struct Table {
    /// The definition, names in lower case.
    pub definition: TableDefinition,
    /// The metastore's number of it; never used again for another table.
    pub id: i64,
    /// Where it lies.
    pub location: Location,
    file_schema: SchemaRef,
    partition_fields: Fields,
    schema: SchemaRef,
}

impl Table {
    pub(crate) fn new(definition: TableDefinition, id: i64, location: Location) -> Self {
        let fields = |columns: &[Column]| -> Fields {
            columns
                .iter()
                .map(|column| Field::new(&column.name, column.data_type.to_arrow(), true))
                .collect()
        };
        let data = fields(&definition.columns);
        let partition_fields = fields(&definition.partition_columns);
        let all: Vec<FieldRef> = data.iter().chain(&partition_fields).cloned().collect();
        Self {
            definition,
            id,
            location,
            file_schema: Arc::new(Schema::new(data)),
            partition_fields,
            schema: Arc::new(Schema::new(all)),
        }
    }

    /// `database.name`, as messages show it.
    pub fn full_name(&self) -> String {
        self.definition.full_name()
    }

    /// The columns that the files hold. All are nullable.
    pub fn file_schema(&self) -> &SchemaRef {
        &self.file_schema
    }

    /// The columns that the directories hold.
    pub fn partition_fields(&self) -> &Fields {
        &self.partition_fields
    }

    /// Data columns, then partition columns: what `SELECT *` gives.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether the table has partition columns.
    pub fn is_partitioned(&self) -> bool {
        !self.partition_fields.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(columns: &[(&str, &str)]) -> TableDefinition {
        let columns = columns
            .iter()
            .map(|(name, data_type)| Column {
                name: name.to_string(),
                data_type: data_type.parse().unwrap(),
                comment: None,
            })
            .collect();
        TableDefinition::new("default", "T", columns)
    }

    #[test]
    fn names_are_kept_in_lower_case() {
        let normalised = definition(&[("A", "int")]).normalised().unwrap();
        assert_eq!(
            (
                normalised.name.as_str(),
                normalised.columns[0].name.as_str()
            ),
            ("t", "a")
        );
    }

    #[test]
    fn a_column_that_occurs_twice_is_rejected_whatever_its_case() {
        let mut twice = definition(&[("a", "int")]);
        twice.partition_columns = vec![Column {
            name: "A".into(),
            ..Column::new("a", HiveType::Int)
        }];
        assert!(
            twice
                .normalised()
                .unwrap_err()
                .to_string()
                .contains("'a' occurs twice")
        );
    }

    #[test]
    fn a_nested_partition_column_is_rejected() {
        let mut nested = definition(&[("a", "int")]);
        nested.partition_columns = vec![Column::new("p", "array<int>".parse().unwrap())];
        assert!(
            nested
                .normalised()
                .unwrap_err()
                .to_string()
                .contains("array<int>")
        );
    }

    #[test]
    fn names_that_could_not_be_directories_are_rejected() {
        for name in ["", "a/b", "..", "a b", "_spotql_x"] {
            assert!(check_name("table", name).is_err(), "{name}");
        }
        check_name("table", "_x1").unwrap();
    }
}
