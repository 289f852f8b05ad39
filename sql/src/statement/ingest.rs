//! Bulk ingestion: rows of a client become a table, or are added to one.
//!
//! The rows are written as they arrive and become visible all at once, at their end: a client that goes away before leaves
//! nothing behind. Added rows go to columns of their names, in any order and case, cast as INSERT casts; a column that the
//! client does not send is NULL. Columns of the partition come with the rows. A new table has the client's columns, in the
//! narrowest type that holds all values of theirs.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::compute::can_cast_types;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{Column as PlanColumn, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use spotql_catalog::{Column, Format, HiveType, Table, TableDefinition};

use super::create_table::{of_column, refuse_nested};
use super::insert;
use crate::engine::CATALOG;
use crate::error::{Error, Result};
use crate::sent::{IfExists, Ingest, SentRows};
use crate::session::{Done, Session};

/// The relation of the rows, in plans and errors.
const RELATION: &str = "ingested";

pub(super) async fn run(session: &Session, ingest: Ingest) -> Result<Done> {
    if let Some(catalog) = ingest.catalog.as_deref().filter(|it| !it.is_empty())
        && !catalog.eq_ignore_ascii_case(CATALOG)
    {
        return Err(Error::Unsupported {
            what: format!("the catalog '{catalog}'"),
            instead: format!("name none, or '{CATALOG}'; databases are its schemas"),
        });
    }
    let database = ingest.database.clone().filter(|it| !it.is_empty());
    let database = database
        .unwrap_or_else(|| session.database())
        .to_ascii_lowercase();
    let name = ingest.table.to_ascii_lowercase();
    let schema = ingest.rows.schema();
    check_names(&format!("{database}.{name}"), schema)?;
    let table = session.warehouse().table(&database, &name).await?;
    match (table, ingest.if_exists) {
        (None, _) if !ingest.create => Err(Error::TableNotFound {
            database,
            table: name,
        }),
        (Some(table), IfExists::Append) => append(session, &table, &ingest.rows).await,
        (Some(_), IfExists::Fail) => {
            let exists = spotql_catalog::Error::TableExists {
                database,
                table: name,
            };
            Err(exists.into())
        }
        (old, _) => create(session, old, database, name, &ingest.rows).await,
    }
}

fn check_names(table: &str, schema: &Schema) -> Result<()> {
    let mut names = HashSet::new();
    let mut fields = schema.fields().iter();
    if let Some(twice) = fields.find(|it| !names.insert(it.name().to_ascii_lowercase())) {
        return Err(Error::ColumnType {
            column: twice.name().clone(),
            reason: format!(
                "the rows for {table} have two columns of this name, whose case does not count; rename one"
            ),
        });
    }
    match names.is_empty() {
        true => Err(Error::Unsupported {
            what: format!("rows without columns for {table}"),
            instead: "send at least one column".to_owned(),
        }),
        false => Ok(()),
    }
}

/// The rows as a plan.
fn scan(rows: &SentRows) -> Result<LogicalPlan> {
    let source = provider_as_source(rows.table()?);
    Ok(LogicalPlanBuilder::scan(RELATION, source, None)?.build()?)
}

fn column(field: &Field) -> PlanColumn {
    PlanColumn::new(Some(RELATION), field.name())
}

async fn create(
    session: &Session,
    old: Option<Arc<Table>>,
    database: String,
    name: String,
    rows: &SentRows,
) -> Result<Done> {
    let mut columns = Vec::new();
    let mut exprs = Vec::new();
    for field in rows.schema().fields() {
        let name = field.name().to_ascii_lowercase();
        let data_type = stored(field.data_type()).map_err(|error| of_column(&name, &error))?;
        refuse_nested(&name, &data_type)?;
        let wanted = Field::new(&name, data_type.to_arrow(), true);
        castable(field, &wanted)?;
        exprs.push(insert::cast(column(field), field.data_type(), &wanted)?.alias(&name));
        columns.push(Column {
            name,
            data_type,
            comment: None,
        });
    }
    let plan = LogicalPlanBuilder::from(scan(rows)?).project(exprs)?;
    let plan = session.physical_plan(&plan.build()?).await?;
    let full_name = format!("{database}.{name}");
    let definition = TableDefinition {
        database,
        name,
        columns,
        partition_columns: Vec::new(),
        external: false,
        format: Format::Parquet,
        location: None,
        properties: BTreeMap::new(),
        comment: None,
    };
    let (warehouse, task) = (session.warehouse(), session.task_context());
    let (report, made) = match old {
        Some(old) => {
            let replaced = warehouse.replace_table_as(old, definition, plan, task);
            (replaced.await?, "replaced")
        }
        None => {
            let created = warehouse.create_table_as(definition, plan, task);
            (created.await?, "created")
        }
    };
    Ok(Done {
        message: format!("table {full_name} {made} with {} rows", report.rows),
        rows: Some(report.rows),
    })
}

/// The type of a new table's column that holds all values of a client's column.
fn stored(data_type: &DataType) -> spotql_catalog::Result<HiveType> {
    match data_type {
        DataType::Decimal256(precision, scale) if *precision <= 38 => {
            HiveType::from_arrow(&DataType::Decimal128(*precision, *scale))
        }
        DataType::RunEndEncoded(_, values) => stored(values.data_type()),
        DataType::Dictionary(_, values) => stored(values),
        other => HiveType::from_arrow(other),
    }
}

async fn append(session: &Session, table: &Arc<Table>, rows: &SentRows) -> Result<Done> {
    let fields = rows.schema().fields();
    let sent = |name: &str| {
        fields
            .iter()
            .find(|field| field.name().eq_ignore_ascii_case(name))
    };
    let expected: Vec<&Arc<Field>> = table
        .file_schema()
        .fields()
        .iter()
        .chain(table.partition_fields())
        .collect();
    let unknown = fields.iter().find(|field| {
        !expected
            .iter()
            .any(|it| it.name().eq_ignore_ascii_case(field.name()))
    });
    if let Some(unknown) = unknown {
        let present: Vec<&str> = expected.iter().map(|it| it.name().as_str()).collect();
        return Err(Error::ColumnNotFound {
            table: table.full_name(),
            what: "column",
            column: unknown.name().clone(),
            present: present.join(", "),
        });
    }
    let mut partition = table.partition_fields().iter();
    if let Some(missing) = partition.find(|field| sent(field.name()).is_none()) {
        return Err(Error::ColumnType {
            column: missing.name().clone(),
            reason: format!(
                "the rows for {} do not have it, and it names the partition that each of them goes to; send it",
                table.full_name()
            ),
        });
    }
    let exprs = expected.iter().map(|field| {
        let value = match sent(field.name()) {
            Some(from) => {
                castable(from, field)?;
                insert::cast(column(from), from.data_type(), field)?
            }
            None => Expr::Literal(ScalarValue::try_from(field.data_type())?, None),
        };
        Ok(value.alias(field.name()))
    });
    let exprs = exprs.collect::<Result<Vec<_>>>()?;
    let input = LogicalPlanBuilder::from(scan(rows)?).project(exprs)?;
    let plan = insert::write_plan(session, table, Vec::new(), false, input.build()?);
    insert::write(session, table, &plan).await
}

/// Whether there is a way from one type to another at all.
fn castable(from: &Field, to: &Field) -> Result<()> {
    match can_cast_types(from.data_type(), to.data_type()) {
        true => Ok(()),
        false => Err(Error::ColumnType {
            column: to.name().clone(),
            reason: format!(
                "{} does not become {}; cast it before you send it",
                from.data_type(),
                to.data_type()
            ),
        }),
    }
}
