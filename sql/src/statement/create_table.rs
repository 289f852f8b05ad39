//! `CREATE [EXTERNAL] TABLE … [AS SELECT]` and `DROP TABLE`.

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::Field;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::sql::sqlparser::ast::{
    ColumnDef, ColumnOption, CommentDef, CreateTable, CreateTableOptions, Expr, FileFormat,
    HiveDistributionStyle, HiveFormat, HiveIOFormat, SqlOption, Statement, Value,
};
use spotql_catalog::{Column, Format, HiveType, TableDefinition};

use super::insert;
use crate::error::{Error, Result};
use crate::parse::TableName;
use crate::session::{Done, Session};

pub(super) async fn create(session: &Session, create: CreateTable) -> Result<Done> {
    refuse_what_is_not_meant(&create)?;
    let name = TableName::try_from(&create.name)?;
    let database = session.database_of(&name);
    let table_name = name.clone();
    let full_name = format!("{database}.{}", name.name);

    let formats = create.hive_formats.as_ref();
    check_format(&create, formats)?;
    let partition_columns = match &create.hive_distribution {
        // AS SELECT brings the types along.
        HiveDistributionStyle::PARTITIONED { columns } if create.query.is_some() => columns
            .iter()
            .map(|column| Column::new(&column.name.value, HiveType::String))
            .collect(),
        HiveDistributionStyle::PARTITIONED { columns } => columns_of(columns)?,
        HiveDistributionStyle::NONE => Vec::new(),
        HiveDistributionStyle::SKEWED { .. } => {
            return Err(unsupported("SKEWED BY", "leave the clause out"));
        }
    };
    let mut definition = TableDefinition {
        database,
        name: name.name,
        columns: columns_of(&create.columns)?,
        partition_columns,
        external: create.external,
        format: Format::Parquet,
        location: create
            .location
            .clone()
            .or_else(|| formats.and_then(|formats| formats.location.clone())),
        properties: properties(&create.table_options)?,
        comment: create.comment.as_ref().map(|comment| match comment {
            CommentDef::WithEq(text) | CommentDef::WithoutEq(text) => text.clone(),
        }),
    };

    let Some(query) = create.query else {
        let created = session
            .warehouse()
            .create_table(definition, create.if_not_exists)
            .await?;
        let mut message = created_message(&full_name, created);
        if created && create.external {
            message.push_str(&without_files(session, &table_name).await?);
        }
        return Ok(Done::new(message));
    };
    if !definition.columns.is_empty() {
        return Err(unsupported(
            "a column list together with AS SELECT",
            "name them in the SELECT",
        ));
    }
    if create.if_not_exists
        && session
            .warehouse()
            .table(&definition.database, &definition.name)
            .await?
            .is_some()
    {
        return Ok(Done::new(created_message(&full_name, false)));
    }
    let plan = session.typed_plan(Statement::Query(query)).await?;
    // Partition columns come last in the query, as for INSERT; their types are the query's.
    let mut fields: Vec<Column> = Vec::new();
    for field in plan.schema().fields() {
        let name = field.name().to_ascii_lowercase();
        let data_type =
            HiveType::from_arrow(field.data_type()).map_err(|error| of_column(&name, &error))?;
        refuse_nested(&name, &data_type)?;
        fields.push(Column {
            name,
            data_type,
            comment: None,
        });
    }
    let data_columns = fields
        .len()
        .saturating_sub(definition.partition_columns.len());
    let partition_fields = fields.split_off(data_columns);
    for (column, field) in definition
        .partition_columns
        .iter_mut()
        .zip(&partition_fields)
    {
        column.data_type = field.data_type.clone();
        if column.name != field.name {
            return Err(Error::Unsupported {
                what: format!(
                    "PARTITIONED BY ({}) with '{}' in its place in the SELECT",
                    column.name, field.name
                ),
                instead: "let the SELECT end with the partition columns, in their order".to_owned(),
            });
        }
    }
    let casts: Vec<_> = plan
        .schema()
        .columns()
        .into_iter()
        .zip(plan.schema().fields())
        .zip(
            fields.iter().map(|column| &column.data_type).chain(
                definition
                    .partition_columns
                    .iter()
                    .map(|column| &column.data_type),
            ),
        )
        .map(|((column, field), data_type)| {
            let name = field.name().to_ascii_lowercase();
            let wanted = Field::new(&name, data_type.to_arrow(), true);
            Ok(insert::cast(column, field.data_type(), &wanted)?.alias(name))
        })
        .collect::<Result<_>>()?;
    definition.columns = fields;
    let plan = LogicalPlanBuilder::from(plan).project(casts)?.build()?;
    let plan = session.physical_plan(&plan).await?;
    let task = session.task_context();
    let report = session
        .warehouse()
        .create_table_as(definition, plan, task)
        .await?;
    Ok(Done {
        message: format!(
            "{} with {} rows",
            created_message(&full_name, true),
            report.rows
        ),
        rows: Some(report.rows),
    })
}

pub(super) async fn drop(session: &Session, name: &TableName, if_exists: bool) -> Result<Done> {
    let database = session.database_of(name);
    let dropped = session
        .warehouse()
        .drop_table(&database, &name.name, if_exists)
        .await?;
    Ok(Done::new(if dropped {
        format!("table {database}.{} dropped", name.name)
    } else {
        format!("table {database}.{} does not exist", name.name)
    }))
}

/// Says so if an external table that has no partitions holds no files: its LOCATION may be a slip of the pen.
async fn without_files(session: &Session, name: &TableName) -> Result<String> {
    let table = session.table(name).await?;
    if table.is_partitioned() || session.warehouse().partitions(&table).await?.file_count() > 0 {
        return Ok(String::new());
    }
    Ok(format!(
        "; there are no files at {} now (REFRESH sees those that come)",
        table.location
    ))
}

fn created_message(table: &str, created: bool) -> String {
    if created {
        format!("table {table} created")
    } else {
        format!("table {table} exists already")
    }
}

fn columns_of(columns: &[ColumnDef]) -> Result<Vec<Column>> {
    columns
        .iter()
        .map(|column| {
            let mut comment = None;
            for option in &column.options {
                match &option.option {
                    ColumnOption::Comment(text) => comment = Some(text.clone()),
                    ColumnOption::Null => {}
                    other => {
                        return Err(unsupported(
                            &format!("column option '{other}'"),
                            "columns have a name, a type and a COMMENT",
                        ));
                    }
                }
            }
            let name = column.name.value.to_ascii_lowercase();
            let data_type = column
                .data_type
                .to_string()
                .to_ascii_lowercase()
                .parse::<HiveType>()
                .map_err(|error| of_column(&name, &error))?;
            refuse_nested(&name, &data_type)?;
            Ok(Column {
                name,
                data_type,
                comment,
            })
        })
        .collect()
}

pub(super) fn of_column(name: &str, error: &spotql_catalog::Error) -> Error {
    Error::ColumnType {
        column: name.to_owned(),
        reason: error.to_string(),
    }
}

/// The catalog knows these types, and nothing above it does.
pub(super) fn refuse_nested(name: &str, data_type: &HiveType) -> Result<()> {
    match data_type {
        HiveType::Map(..) | HiveType::Struct(_) => Err(Error::nested_type(
            &format!("column '{name}'"),
            &data_type.to_string(),
        )),
        HiveType::Array(element) => refuse_nested(name, element),
        _ => Ok(()),
    }
}

fn check_format(create: &CreateTable, formats: Option<&HiveFormat>) -> Result<()> {
    let storage = formats.and_then(|formats| formats.storage.as_ref());
    let format = match (storage, &create.file_format) {
        (Some(HiveIOFormat::FileFormat { format }), _) | (None, Some(format)) => format,
        (None, None) => &FileFormat::PARQUET,
        (Some(other), _) => {
            return Err(unsupported(
                &format!("the storage clause {other:?}"),
                "write STORED AS PARQUET",
            ));
        }
    };
    if *format != FileFormat::PARQUET {
        return Err(unsupported(
            &format!("STORED AS {format}"),
            "write STORED AS PARQUET",
        ));
    }
    if formats.is_some_and(|formats| formats.row_format.is_some()) {
        return Err(unsupported(
            "ROW FORMAT",
            "tables are STORED AS PARQUET, leave it out",
        ));
    }
    Ok(())
}

fn properties(options: &CreateTableOptions) -> Result<BTreeMap<String, String>> {
    let options = match options {
        CreateTableOptions::None => return Ok(BTreeMap::new()),
        CreateTableOptions::TableProperties(options)
        | CreateTableOptions::With(options)
        | CreateTableOptions::Options(options)
        | CreateTableOptions::Plain(options) => options,
    };
    options
        .iter()
        .map(|option| match option {
            SqlOption::KeyValue { key, value } => {
                let text = match value {
                    Expr::Value(value) => match &value.value {
                        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                            text.clone()
                        }
                        other => other.to_string(),
                    },
                    other => other.to_string(),
                };
                Ok((key.value.clone(), text))
            }
            other => Err(unsupported(
                &format!("table option '{other}'"),
                "write TBLPROPERTIES ('name'='value')",
            )),
        })
        .collect()
}

fn refuse_what_is_not_meant(create: &CreateTable) -> Result<()> {
    for (present, what, instead) in [
        (
            create.or_replace,
            "CREATE OR REPLACE TABLE",
            "DROP TABLE IF EXISTS first",
        ),
        (
            create.temporary,
            "CREATE TEMPORARY TABLE",
            "use WITH, or a table that you drop",
        ),
        (
            create.like.is_some(),
            "CREATE TABLE … LIKE",
            "use the text of SHOW CREATE TABLE",
        ),
        (
            !create.constraints.is_empty(),
            "a table constraint",
            "leave it out",
        ),
        (
            create.clustered_by.is_some(),
            "CLUSTERED BY",
            "leave it out",
        ),
    ] {
        if present {
            return Err(unsupported(what, instead));
        }
    }
    Ok(())
}

fn unsupported(what: &str, instead: &str) -> Error {
    Error::Unsupported {
        what: what.to_owned(),
        instead: instead.to_owned(),
    }
}
