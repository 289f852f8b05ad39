//! The query of LOAD FILES: from rows of files to rows of the table, by name.
//!
//! The relation `files` takes the place of a WITH. The query's columns go to the table's columns of their names, an expression with
//! AS before a column that `*` brings along. Beside them go the columns of the files, for what is to be told of rows that
//! get no partition. So the query must keep the rows apart: it may choose and compute, but not join, group, sort or cut.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::compute::can_cast_types;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider,
};
use datafusion::common::{Column, DFSchema, ExprSchema, ScalarValue};
use datafusion::execution::SessionStateBuilder;
use datafusion::functions::expr_fn::{concat, concat_ws, left};
use datafusion::logical_expr::{
    Expr, Filter, LogicalPlan, LogicalPlanBuilder, Projection, SubqueryAlias, lit, when,
};
use datafusion::sql::sqlparser::ast;
use spotql_catalog::{FILE_NUMBER, FILE_PATH, FileSet, Table};

use super::super::insert::cast;
use crate::engine::CATALOG;
use crate::error::{Error, Result};
use crate::parse::{Statement, parse};
use crate::session::Session;

/// The name that the query calls the rows of the files by.
const FILES: &str = "files";
/// Where the relation is found, in a catalog that only this statement sees.
const HIDDEN: &str = "_load";
/// What the names of columns begin with that the query names itself.
const NAMED: &str = "__as_";
/// What the names of columns begin with that pass the query by.
const CARRIED: &str = "__src_";
/// Letters of a value that the reason of a rejected row shows.
const SHOWN: i64 = 200;

/// A planned load.
pub(super) struct Planned {
    /// The table's columns, those of the partition that differ from row to row, the file's number, the columns of the files.
    pub(super) rows: LogicalPlan,
    /// The columns of a row that is rejected, made of those of `rows`.
    pub(super) rejected: Vec<(String, Expr)>,
    /// Columns that no file has and partition values are made of.
    pub(super) missing: Vec<String>,
}

pub(super) async fn plan(
    session: &Session,
    table: &Table,
    files: &Arc<FileSet>,
    partition: &[(String, Option<Option<String>>)],
    mut query: ast::Query,
) -> Result<Planned> {
    let named = name_columns(&mut query)?;
    add_files(&mut query, files)?;
    let plan = query_plan(session, files, query).await?;
    let output = Output::of(&plan, table, &named)?;

    let dynamic = dynamic_columns(table, partition)?;
    let mut rows = Vec::new();
    for field in table.file_schema().fields() {
        rows.push(match output.column(&plan, field) {
            Some(value) => value,
            None => {
                Expr::Literal(ScalarValue::try_from(field.data_type())?, None).alias(field.name())
            }
        });
    }
    let mut values = Vec::new();
    let mut made_of: Vec<String> = Vec::new();
    for field in &dynamic {
        let Some(value) = output.column(&plan, field) else {
            return Err(Error::Load {
                table: table.full_name(),
                reason: format!(
                    "the query gives no column '{0}', which is a partition column; write … AS {0}, or PARTITION ({0} = …)",
                    field.name()
                ),
            });
        };
        if let Some(index) = output.index(field.name()) {
            for origin in origins(&plan, index) {
                if !made_of.contains(&origin) {
                    made_of.push(origin);
                }
            }
        }
        values.push(value);
    }
    rows.extend(values.iter().cloned());

    // What is told of a rejected row comes along: the files' columns, which mostly are the table's.
    let absent = files.absent_columns();
    let mut kept = files.column_names();
    kept.retain(|name| !dynamic.is_empty() && !absent.contains(name));
    let hidden = [FILE_NUMBER, FILE_PATH].map(str::to_owned);
    let wanted: Vec<String> = hidden.into_iter().chain(kept.iter().cloned()).collect();
    let (all, carried) = carry(&plan, &wanted)?;
    for (number, column) in carried.into_iter().enumerate() {
        rows.push(match number {
            0 => column.alias(FILE_NUMBER),
            1 => column.alias(FILE_PATH),
            _ => column.alias(format!("{CARRIED}{}", number - 2)),
        });
    }
    let rows = LogicalPlanBuilder::from(all).project(rows)?.build()?;
    let missing: Vec<String> = made_of
        .iter()
        .filter(|column| absent.contains(column))
        .cloned()
        .collect();
    Ok(Planned {
        rejected: rejected(rows.schema(), &kept, &dynamic, &made_of, &missing)?,
        rows,
        missing,
    })
}

/// Gives the expressions of the query's list names that say that they are its own; returns the names.
fn name_columns(query: &mut ast::Query) -> Result<Vec<String>> {
    let ast::SetExpr::Select(select) = query.body.as_mut() else {
        return Err(unsupported("UNION, VALUES and the like"));
    };
    let mut names = Vec::new();
    for item in &mut select.projection {
        let (expr, name) = match item {
            ast::SelectItem::ExprWithAlias { expr, alias } => (expr.clone(), alias.value.clone()),
            ast::SelectItem::UnnamedExpr(expr) => {
                let name = name_of(expr).ok_or_else(|| {
                    Error::Syntax(format!(
                        "LOAD FILES: '{expr}' needs a name; write {expr} AS column"
                    ))
                })?;
                (expr.clone(), name)
            }
            _ => continue,
        };
        let name = name.to_ascii_lowercase();
        if names.contains(&name) {
            return Err(Error::Syntax(format!(
                "LOAD FILES: the query names '{name}' twice"
            )));
        }
        let alias = ast::Ident::with_quote('`', format!("{NAMED}{name}"));
        names.push(name);
        *item = ast::SelectItem::ExprWithAlias { expr, alias };
    }
    Ok(names)
}

/// The column that an expression names by itself.
fn name_of(expr: &ast::Expr) -> Option<String> {
    match expr {
        ast::Expr::Identifier(name) => Some(name.value.clone()),
        ast::Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()),
        _ => None,
    }
}

/// Puts `files AS (SELECT … FROM the hidden relation)` in front of the query's WITH.
fn add_files(query: &mut ast::Query, files: &FileSet) -> Result<()> {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let columns: Vec<String> = files.column_names().iter().map(|it| quoted(it)).collect();
    let sql = format!(
        "WITH {FILES} AS (SELECT {} FROM {HIDDEN}.{HIDDEN}.{FILES}) SELECT 1",
        columns.join(", ")
    );
    let Statement::Query(statement) = parse(&sql)? else {
        return Err(Error::Empty);
    };
    let ast::Statement::Query(outer) = *statement else {
        return Err(Error::Empty);
    };
    match (outer.with, &mut query.with) {
        (Some(ours), Some(with)) => {
            let theirs = std::mem::take(&mut with.cte_tables);
            with.cte_tables = ours.cte_tables.into_iter().chain(theirs).collect();
        }
        (ours, none) => *none = ours,
    }
    Ok(())
}

/// Plans the query where it finds the files.
async fn query_plan(
    session: &Session,
    files: &Arc<FileSet>,
    query: ast::Query,
) -> Result<LogicalPlan> {
    let state = session.context().state();
    let schema = MemorySchemaProvider::new();
    let provider: Arc<FileSet> = Arc::clone(files);
    schema.register_table(FILES.to_owned(), provider)?;
    let hidden = MemoryCatalogProvider::new();
    hidden.register_schema(HIDDEN, Arc::new(schema))?;
    let catalogs = MemoryCatalogProviderList::new();
    if let Some(catalog) = state.catalog_list().catalog(CATALOG) {
        catalogs.register_catalog(CATALOG.to_owned(), catalog);
    }
    catalogs.register_catalog(HIDDEN.to_owned(), Arc::new(hidden));
    let state = SessionStateBuilder::new_from_existing(state)
        .with_catalog_list(Arc::new(catalogs))
        .build();
    crate::session::plan_in(&state, ast::Statement::Query(Box::new(query))).await
}

/// The query's columns, by the names of the table's.
struct Output {
    by_name: HashMap<String, usize>,
}

impl Output {
    fn of(plan: &LogicalPlan, table: &Table, named: &[String]) -> Result<Self> {
        let mut by_name = HashMap::new();
        for (index, field) in plan.schema().fields().iter().enumerate() {
            if field.name().strip_prefix(NAMED).is_none() {
                by_name.insert(field.name().clone(), index);
            }
        }
        for (index, field) in plan.schema().fields().iter().enumerate() {
            if let Some(name) = field.name().strip_prefix(NAMED) {
                by_name.insert(name.to_owned(), index);
            }
        }
        let fields = table.schema().fields();
        let unknown = named
            .iter()
            .find(|name| !fields.iter().any(|field| field.name() == *name));
        if let Some(column) = unknown {
            let present: Vec<&str> = fields.iter().map(|it| it.name().as_str()).collect();
            return Err(Error::ColumnNotFound {
                table: table.full_name(),
                what: "column",
                column: column.clone(),
                present: present.join(", "),
            });
        }
        Ok(Self { by_name })
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The value of a column of the table, in its type.
    fn column(&self, plan: &LogicalPlan, field: &Field) -> Option<Expr> {
        let index = self.index(field.name())?;
        let column = plan.schema().columns().into_iter().nth(index)?;
        let found = plan.schema().field(index).data_type();
        Some(cast(column, found, field.data_type()).alias(field.name()))
    }
}

/// The partition columns that the query has to give.
fn dynamic_columns(
    table: &Table,
    partition: &[(String, Option<Option<String>>)],
) -> Result<Vec<Arc<Field>>> {
    let fields = table.partition_fields();
    if let Some((column, _)) = partition
        .iter()
        .find(|(column, _)| !fields.iter().any(|field| field.name() == column))
    {
        let present: Vec<&str> = fields.iter().map(|it| it.name().as_str()).collect();
        return Err(Error::ColumnNotFound {
            table: table.full_name(),
            what: "partition column",
            column: column.clone(),
            present: present.join(", "),
        });
    }
    let is_fixed = |name: &str| {
        partition
            .iter()
            .any(|(known, value)| known == name && value.is_some())
    };
    Ok(fields
        .iter()
        .filter(|field| !is_fixed(field.name()))
        .cloned()
        .collect())
}

/// What is told of a row without a partition: what its file holds as text, the file, and why. `kept`: the columns of the
/// files, as they come along.
fn rejected(
    rows: &DFSchema,
    kept: &[String],
    dynamic: &[Arc<Field>],
    made_of: &[String],
    missing: &[String],
) -> Result<Vec<(String, Expr)>> {
    let column = |name: &str| Expr::Column(Column::new_unqualified(name));
    let mut columns = Vec::new();
    let mut shown = Vec::new();
    for (number, name) in kept.iter().enumerate() {
        let carried = Column::new_unqualified(format!("{CARRIED}{number}"));
        let data_type = rows.field_from_column(&carried)?.data_type().clone();
        let value = as_text(Expr::Column(carried), &data_type);
        if made_of.contains(name) {
            let quoted = concat(vec![
                lit(format!("{name} = '")),
                left(value.clone(), lit(SHOWN)),
                lit("'"),
            ]);
            let is_null = lit(format!("{name} is NULL"));
            shown.push(when(value.clone().is_null(), is_null).otherwise(quoted)?);
        }
        columns.push((rejected_name(name), value));
    }
    for name in missing {
        shown.push(lit(format!("no file has a column {name}")));
    }
    let mut without = Vec::new();
    for field in dynamic {
        let value = column(field.name());
        let is_missing = match field.data_type() {
            DataType::Utf8View => value.clone().is_null().or(value.eq(lit(""))),
            _ => value.is_null(),
        };
        without.push(when(is_missing, lit(field.name().as_str())).end()?);
    }
    if without.is_empty() {
        return Ok(Vec::new());
    }
    let mut reason = vec![lit("no "), concat_ws(lit(", "), without)];
    if !shown.is_empty() {
        reason.push(lit(": "));
        reason.push(concat_ws(lit(", "), shown));
    }
    columns.push(("file".to_owned(), column(FILE_PATH)));
    let reason = datafusion::logical_expr::cast(concat(reason), DataType::Utf8View);
    columns.push(("reason".to_owned(), reason));
    Ok(columns)
}

fn as_text(value: Expr, data_type: &DataType) -> Expr {
    if data_type == &DataType::Utf8View {
        value
    } else if can_cast_types(data_type, &DataType::Utf8View) {
        datafusion::logical_expr::try_cast(value, DataType::Utf8View)
    } else {
        // Nested values have no text; the file still has them.
        Expr::Literal(ScalarValue::Utf8View(None), None)
    }
}

/// What a column of the files is called among the rejected rows.
fn rejected_name(name: &str) -> String {
    match name {
        "file" | "reason" => format!("{name}_"),
        _ => name.to_owned(),
    }
}

/// The query with columns of the files added to its own, and the expressions that give them.
fn carry(plan: &LogicalPlan, wanted: &[String]) -> Result<(LogicalPlan, Vec<Expr>)> {
    Ok(match plan {
        LogicalPlan::TableScan(scan) if scan.table_name.catalog() == Some(HIDDEN) => {
            let columns = wanted.iter().map(|name| {
                Expr::Column(Column::new(Some(scan.table_name.clone()), name.as_str()))
            });
            (plan.clone(), columns.collect())
        }
        LogicalPlan::Projection(projection) => {
            let (input, columns) = carry(&projection.input, wanted)?;
            let names: Vec<String> = (0..columns.len())
                .map(|i| format!("{CARRIED}{i}"))
                .collect();
            let carried = columns.into_iter().zip(&names);
            let carried = carried.map(|(column, name)| column.alias(name));
            let exprs = projection.expr.iter().cloned().chain(carried).collect();
            let plan = LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(input))?);
            let columns = names.into_iter().map(Column::new_unqualified);
            (plan, columns.map(Expr::Column).collect())
        }
        LogicalPlan::Filter(filter) => {
            let (input, columns) = carry(&filter.input, wanted)?;
            let filter = Filter::try_new(filter.predicate.clone(), Arc::new(input))?;
            (LogicalPlan::Filter(filter), columns)
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let (input, columns) = carry(&alias.input, wanted)?;
            let name = alias.alias.clone();
            let columns = columns.into_iter().map(|column| match column {
                Expr::Column(column) => Expr::Column(Column::new(Some(name.clone()), column.name)),
                other => other,
            });
            let columns = columns.collect();
            let alias = SubqueryAlias::try_new(Arc::new(input), alias.alias.clone())?;
            (LogicalPlan::SubqueryAlias(alias), columns)
        }
        LogicalPlan::TableScan(_) => return Err(unsupported("a query that does not read 'files'")),
        other => {
            let text = other.display().to_string();
            let word = text.split([':', ' ']).next().unwrap_or_default();
            return Err(unsupported(&format!("a query with {word}")));
        }
    })
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported {
        what: format!("LOAD FILES with {what}"),
        instead: "write AS SELECT … FROM files [WHERE …]; for more, load into a table first, then INSERT … SELECT from that"
            .to_owned(),
    }
}

/// The columns of the files that an output column is made of.
fn origins(plan: &LogicalPlan, index: usize) -> Vec<String> {
    let mut found = Vec::new();
    match plan {
        LogicalPlan::TableScan(_) => {
            found.push(plan.schema().field(index).name().clone());
        }
        LogicalPlan::Projection(projection) => {
            let Some(expr) = projection.expr.get(index) else {
                return found;
            };
            let mut indices: Vec<usize> = expr
                .column_refs()
                .into_iter()
                .filter_map(|column| projection.input.schema().maybe_index_of_column(column))
                .collect();
            indices.sort_unstable();
            for index in indices {
                found.extend(origins(&projection.input, index));
            }
        }
        LogicalPlan::Filter(filter) => return origins(&filter.input, index),
        LogicalPlan::SubqueryAlias(alias) => return origins(&alias.input, index),
        _ => {}
    }
    found
}
