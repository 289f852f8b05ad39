//! `DESCRIBE [FORMATTED] t` and `SHOW CREATE TABLE t`.

use std::fmt::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Schema};
use spotql_catalog::{Column, HiveType, TableDefinition};

use crate::error::Result;
use crate::parse::TableName;
use crate::session::{Session, text_rows};

pub(super) async fn describe(
    session: &Session,
    name: &TableName,
    formatted: bool,
) -> Result<RecordBatch> {
    if let Some(system) = session.system_schema(&session.database_of(name)).await?
        && let Some(table) = system.table(&name.name).await?
    {
        return columns_of(&table.schema());
    }
    let table = session.table(name).await?;
    let definition = &table.definition;
    let row = |name: &str, data_type: &str, comment: Option<&str>| {
        vec![
            Some(name.to_owned()),
            Some(data_type.to_owned()),
            comment.map(str::to_owned),
        ]
    };
    let column = |column: &Column| {
        row(
            &column.name,
            &column.data_type.to_string(),
            column.comment.as_deref(),
        )
    };
    let mut rows: Vec<_> = definition.columns.iter().map(column).collect();
    rows.extend(definition.partition_columns.iter().map(|partition| {
        let comment = partition.comment.as_deref().unwrap_or_default();
        let comment = format!("partition column {comment}");
        row(
            &partition.name,
            &partition.data_type.to_string(),
            Some(comment.trim_end()),
        )
    }));
    if formatted {
        let partitions = &session.warehouse().partitions(&table).await?.partitions;
        let files = partitions.iter().flat_map(|partition| &partition.files);
        let (count, records, bytes) = files
            .fold((0_u64, 0_u64, 0_u64), |(n, rows, bytes), file| {
                (n + 1, rows + file.row_count.unwrap_or(0), bytes + file.size)
            });
        rows.push(row("", "", None));
        for (fact, value) in [
            ("database", definition.database.clone()),
            (
                "table type",
                if definition.external {
                    "EXTERNAL"
                } else {
                    "MANAGED"
                }
                .to_owned(),
            ),
            ("format", "PARQUET".to_owned()),
            ("location", table.location.to_string()),
            ("comment", definition.comment.clone().unwrap_or_default()),
            ("partitions", partitions.len().to_string()),
            ("files", count.to_string()),
            ("rows", records.to_string()),
            ("bytes", bytes.to_string()),
        ] {
            rows.push(row(fact, &value, None));
        }
        rows.extend(
            definition
                .properties
                .iter()
                .map(|(name, value)| row(name, value, None)),
        );
    }
    text_rows(&["col_name", "data_type", "comment"], rows)
}

/// A table of the database `system`.
fn columns_of(schema: &Schema) -> Result<RecordBatch> {
    let rows = schema
        .fields()
        .iter()
        .map(|field| {
            let data_type = match field.data_type() {
                DataType::Timestamp(_, _) => HiveType::Timestamp,
                other => HiveType::from_arrow(other)?,
            };
            Ok(vec![
                Some(field.name().clone()),
                Some(data_type.to_string()),
                None,
            ])
        })
        .collect::<Result<_>>()?;
    text_rows(&["col_name", "data_type", "comment"], rows)
}

pub(super) async fn create_statement(session: &Session, name: &TableName) -> Result<RecordBatch> {
    let table = session.table(name).await?;
    text_rows(
        &["createtab_stmt"],
        vec![vec![Some(create_table(&table.definition))]],
    )
}

/// The statement that makes this table, in a form that can be run as it is.
fn create_table(definition: &TableDefinition) -> String {
    let mut sql = format!(
        "CREATE {}TABLE `{}`.`{}` (\n{}\n)",
        if definition.external { "EXTERNAL " } else { "" },
        definition.database,
        definition.name,
        columns(&definition.columns)
    );
    let mut clause = |text: std::fmt::Arguments<'_>| {
        let _ = write!(sql, "\n{text}");
    };
    if let Some(comment) = &definition.comment {
        clause(format_args!("COMMENT {}", quoted(comment)));
    }
    if !definition.partition_columns.is_empty() {
        clause(format_args!(
            "PARTITIONED BY (\n{}\n)",
            columns(&definition.partition_columns)
        ));
    }
    clause(format_args!("STORED AS PARQUET"));
    if let Some(location) = &definition.location {
        clause(format_args!("LOCATION {}", quoted(location)));
    }
    if !definition.properties.is_empty() {
        let list: Vec<String> = definition
            .properties
            .iter()
            .map(|(name, value)| format!("{} = {}", quoted(name), quoted(value)))
            .collect();
        clause(format_args!("TBLPROPERTIES ({})", list.join(", ")));
    }
    sql
}

fn columns(columns: &[Column]) -> String {
    let lines: Vec<String> = columns
        .iter()
        .map(|column| {
            let comment = column
                .comment
                .as_deref()
                .map(|text| format!(" COMMENT {}", quoted(text)));
            format!(
                "  `{}` {}{}",
                column.name,
                column.data_type,
                comment.unwrap_or_default()
            )
        })
        .collect();
    lines.join(",\n")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
