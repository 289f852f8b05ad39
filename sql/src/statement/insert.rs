//! `[EXPLAIN] INSERT INTO|OVERWRITE [TABLE] t [PARTITION (…)] [(columns)] SELECT|VALUES`.
//!
//! Columns are matched by position, as in Hive: the table's columns, then the dynamic partition
//! columns in the order of the PARTITION clause. With a column list, the columns left out are NULL. Values are cast to the column's
//! type; a value that cannot be cast becomes NULL. A number is no time, for want of a unit.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DataFusionError, ScalarValue, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{
    DmlStatement, Explain, Expr, LogicalPlan, LogicalPlanBuilder, PlanType, ToStringifiedPlan,
    TryCast, WriteOp,
};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::sql::sqlparser::ast;
use spotql_catalog::{HiveTable, InsertExec, InsertReport, Table, lacks_unit};

use super::values::{PartitionValue, partition_values};
use crate::error::{Error, Result};
use crate::parameters::rows_plan;
use crate::parse::{TableName, partition_entries};
use crate::sent::SentRows;
use crate::session::{Done, Session};

/// Runs an INSERT; `rows` are those that its query reads as bound rows.
pub(super) async fn run(
    session: &Session,
    insert: ast::Insert,
    rows: Option<&SentRows>,
) -> Result<Done> {
    let (table, plan) = plan(session, insert, rows).await?;
    write(session, &table, &plan).await
}

/// Runs a plan that writes into a table.
pub(super) async fn write(session: &Session, table: &Table, plan: &LogicalPlan) -> Result<Done> {
    let plan = session.physical_plan(plan).await?;
    collect(Arc::clone(&plan), session.task_context())
        .await
        .map_err(of_write)?;
    Ok(told(table, reported(&plan)?))
}

/// What a plan that has run wrote. Its INSERT need not be the root: DataFusion puts the scalar subqueries of the query
/// above it.
fn reported(plan: &Arc<dyn ExecutionPlan>) -> Result<InsertReport> {
    let mut report = None;
    plan.apply(|node| {
        report = node
            .downcast_ref::<InsertExec>()
            .and_then(InsertExec::report);
        Ok(match report {
            Some(_) => TreeNodeRecursion::Stop,
            None => TreeNodeRecursion::Continue,
        })
    })?;
    let lost = || DataFusionError::Internal("an INSERT ran and wrote no report".to_owned());
    report.ok_or_else(|| lost().into())
}

/// The plan of `EXPLAIN INSERT …`.
pub(super) async fn explain(
    session: &Session,
    mut statement: ast::Statement,
) -> Result<LogicalPlan> {
    let ast::Statement::Explain {
        statement: inner,
        analyze,
        ..
    } = &mut statement
    else {
        return Err(unsupported("this EXPLAIN"));
    };
    if *analyze {
        return Err(Error::Unsupported {
            what: "EXPLAIN ANALYZE INSERT, which would write the rows,".to_owned(),
            instead: "write EXPLAIN INSERT …, or EXPLAIN ANALYZE with the query alone".to_owned(),
        });
    }
    // DataFusion knows what an EXPLAIN takes: it plans one of the source, which gives way to the INSERT.
    let source = match inner.as_ref() {
        ast::Statement::Insert(insert) => insert.source.clone(),
        _ => None,
    };
    let source = source.ok_or_else(|| unsupported("INSERT without SELECT or VALUES"))?;
    let explained = std::mem::replace(inner.as_mut(), ast::Statement::Query(source));
    let ast::Statement::Insert(insert) = explained else {
        return Err(unsupported("this EXPLAIN"));
    };
    let (_, plan) = plan(session, insert, None).await?;
    match session.logical_plan(statement).await? {
        LogicalPlan::Explain(explain) => Ok(LogicalPlan::Explain(Explain {
            stringified_plans: vec![plan.to_stringified(PlanType::InitialLogicalPlan)],
            plan: Arc::new(plan),
            ..explain
        })),
        _ => Err(unsupported("this EXPLAIN")),
    }
}

/// The table, and the plan that writes into it.
async fn plan(
    session: &Session,
    insert: ast::Insert,
    rows: Option<&SentRows>,
) -> Result<(Arc<Table>, LogicalPlan)> {
    let ast::TableObject::TableName(name) = &insert.table else {
        return Err(unsupported("INSERT into a function or query"));
    };
    for (present, what) in [
        (insert.on.is_some(), "INSERT … ON CONFLICT"),
        (insert.returning.is_some(), "INSERT … RETURNING"),
        (!insert.assignments.is_empty(), "INSERT … SET"),
        (
            insert.replace_into || insert.or.is_some() || insert.ignore,
            "INSERT OR REPLACE",
        ),
    ] {
        if present {
            return Err(unsupported(what));
        }
    }
    let source = insert
        .source
        .ok_or_else(|| unsupported("INSERT without SELECT or VALUES"))?;
    let table = session.table(&TableName::try_from(name)?).await?;
    let spec = partition_entries(insert.partitioned.unwrap_or_default())?;
    let partition = partition_values(session, spec).await?;
    let columns: Vec<String> = insert
        .columns
        .iter()
        .map(|column| Ok(TableName::try_from(column)?.name))
        .chain(
            insert
                .after_columns
                .iter()
                .map(|column| Ok(column.value.to_ascii_lowercase())),
        )
        .collect::<Result<_>>()?;

    let mut source = source;
    name_expressions(&mut source.body);
    let target = Target::new(&table, partition, columns)?;
    let source = ast::Statement::Query(source);
    let query = match rows {
        Some(rows) => rows_plan(session, rows, source).await?,
        None => session.typed_plan(source).await?,
    };
    let input = target.cast(query)?;
    let plan = write_plan(session, &table, target.fixed, insert.overwrite, input);
    Ok((table, plan))
}

/// The plan that writes rows into a table: `input` has its columns in their order and types, `fixed` are the values of
/// partition columns that all rows have.
pub(super) fn write_plan(
    session: &Session,
    table: &Arc<Table>,
    fixed: Vec<(String, PartitionValue)>,
    overwrite: bool,
    input: LogicalPlan,
) -> LogicalPlan {
    let operation = match overwrite {
        true => InsertOp::Overwrite,
        false => InsertOp::Append,
    };
    let provider =
        HiveTable::new(Arc::clone(session.warehouse()), Arc::clone(table)).with_partition(fixed);
    let definition = &table.definition;
    LogicalPlan::Dml(DmlStatement::new(
        TableReference::partial(definition.database.as_str(), definition.name.as_str()),
        provider_as_source(Arc::new(provider)),
        WriteOp::Insert(operation),
        Arc::new(input),
    ))
}

/// Names the expressions of the query by their place. The columns of an INSERT have no names, and
/// `SELECT 0, 0` must not be refused for having two of the same.
fn name_expressions(body: &mut ast::SetExpr) {
    match body {
        ast::SetExpr::Select(select) => {
            for (i, item) in select.projection.iter_mut().enumerate() {
                if let ast::SelectItem::UnnamedExpr(expr) = item {
                    *item = ast::SelectItem::ExprWithAlias {
                        expr: expr.clone(),
                        alias: ast::Ident::new(format!("_c{i}")),
                    };
                }
            }
        }
        ast::SetExpr::SetOperation { left, right, .. } => {
            name_expressions(left);
            name_expressions(right);
        }
        ast::SetExpr::Query(query) => name_expressions(&mut query.body),
        _ => {}
    }
}

/// An error of the catalog's comes through the plan, and is the catalog's again.
fn of_write(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(error) => match error.downcast::<spotql_catalog::Error>() {
            Ok(error) => Error::from(*error),
            Err(error) => DataFusionError::External(error).into(),
        },
        error => error.into(),
    }
}

fn told(table: &Table, report: InsertReport) -> Done {
    let definition = &table.definition;
    let mut message = format!(
        "{} row{} written to {}.{}",
        report.rows,
        if report.rows == 1 { "" } else { "s" },
        definition.database,
        definition.name
    );
    if !definition.partition_columns.is_empty() {
        let partitions = report.partitions;
        let plural = if partitions == 1 { "" } else { "s" };
        message.push_str(&format!(", {partitions} partition{plural}"));
    }
    Done {
        message,
        rows: Some(report.rows),
    }
}

/// Where the query's columns go.
struct Target {
    name: String,
    /// The columns that the write expects, in its order.
    expected: Vec<Arc<Field>>,
    /// For each of them, the place of its value among the query's columns; none for NULL.
    sources: Vec<Option<usize>>,
    /// How many columns the query must have, and their names for an error.
    given: Vec<String>,
    /// Static partition values.
    fixed: Vec<(String, PartitionValue)>,
}

impl Target {
    fn new(
        table: &Table,
        partition: Vec<(String, Option<PartitionValue>)>,
        columns: Vec<String>,
    ) -> Result<Self> {
        let definition = &table.definition;
        let name = format!("{}.{}", definition.database, definition.name);
        let partition_columns = &definition.partition_columns;
        for (column, _) in &partition {
            if !partition_columns.iter().any(|known| known.name == *column) {
                return Err(Error::ColumnNotFound {
                    table: name,
                    what: "partition column",
                    column: column.clone(),
                    present: names(partition_columns.iter().map(|column| &column.name)),
                });
            }
        }
        let mut named = std::collections::HashSet::new();
        if let Some((twice, _)) = partition.iter().find(|(column, _)| !named.insert(column)) {
            return Err(Error::Syntax(format!(
                "PARTITION: '{twice}' is given twice"
            )));
        }
        let mut named = std::collections::HashSet::new();
        if let Some(twice) = columns.iter().find(|column| !named.insert(*column)) {
            return Err(Error::Syntax(format!(
                "INSERT into {name}: column '{twice}' is given twice"
            )));
        }
        let is_fixed = |column: &str| {
            partition
                .iter()
                .any(|(known, value)| known == column && value.is_some())
        };
        // Columns the PARTITION clause does not name are dynamic.
        let expected: Vec<Arc<Field>> = table
            .file_schema()
            .fields()
            .iter()
            .cloned()
            .chain(
                table
                    .partition_fields()
                    .iter()
                    .filter(|field| !is_fixed(field.name()))
                    .cloned(),
            )
            .collect();
        let given = if columns.is_empty() {
            // Dynamic partition columns come in the order of the PARTITION clause, those it does not name after them.
            let data = table.file_schema().fields().iter().map(|it| it.name());
            let named = partition.iter().map(|(column, _)| column);
            let named = named.filter(|column| !is_fixed(column));
            let unnamed = partition_columns.iter().map(|column| &column.name);
            let unnamed =
                unnamed.filter(|column| !partition.iter().any(|(named, _)| named == *column));
            data.chain(named).chain(unnamed).cloned().collect()
        } else {
            columns
        };
        for column in &given {
            if !expected.iter().any(|field| field.name() == column) {
                return Err(Error::ColumnNotFound {
                    table: name,
                    what: "column",
                    column: column.clone(),
                    present: names(expected.iter().map(|field| field.name())),
                });
            }
        }
        let sources = expected
            .iter()
            .map(|field| given.iter().position(|column| column == field.name()))
            .collect();
        let fixed = partition
            .into_iter()
            .filter_map(|(column, value)| value.map(|value| (column, value)))
            .collect();
        Ok(Self {
            name,
            expected,
            sources,
            given,
            fixed,
        })
    }

    /// The query with its columns in the write's order and types.
    fn cast(&self, query: LogicalPlan) -> Result<LogicalPlan> {
        let columns = query.schema().columns();
        if columns.len() != self.given.len() {
            return Err(Error::InsertColumns {
                table: self.name.clone(),
                found: columns.len(),
                expected: self.given.len(),
                columns: names(self.given.iter()),
            });
        }
        let expressions = self
            .expected
            .iter()
            .zip(&self.sources)
            .map(|(field, source)| {
                let expression = match source {
                    Some(index) => {
                        let found = query.schema().field(*index).data_type();
                        cast(columns[*index].clone(), found, field)?
                    }
                    None => Expr::Literal(ScalarValue::try_from(field.data_type())?, None),
                };
                Ok(expression.alias(field.name()))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(LogicalPlanBuilder::from(query)
            .project(expressions)?
            .build()?)
    }
}

/// A column for another one, cast as Hive casts on writing: what cannot be cast is NULL.
///
/// # Errors
/// For a number where a time is wanted, or the reverse.
pub(super) fn cast(column: Column, from: &DataType, to: &Field) -> Result<Expr> {
    let data_type = to.data_type();
    if lacks_unit(from, data_type) {
        return Err(Error::ColumnType {
            column: to.name().clone(),
            reason: format!(
                "{from} does not become {data_type}, as nothing tells the number's unit; write \
                 to_timestamp_seconds(…), to_unixtime(…) or event_time(…)"
            ),
        });
    }
    let column = Expr::Column(column);
    Ok(match from == data_type {
        true => column,
        false => Expr::TryCast(TryCast::new(Box::new(column), data_type.clone())),
    })
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported {
        what: what.to_owned(),
        instead: "write INSERT INTO t [PARTITION (…)] SELECT … or VALUES …".to_owned(),
    }
}
