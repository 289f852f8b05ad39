//! The query of LOAD FILES: from rows of files to rows of the table, by name.
//!
//! The relation `files` takes the place of a WITH. The query's columns go to the table's columns of their names, an expression with
//! AS before a column that `*` brings along. Beside them go the columns of the files, for what is to be told of rows that
//! get no partition. So the query must keep the rows apart: it may choose and compute, but not join, group, sort or cut.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider,
};
use datafusion::common::ScalarValue;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast;
use spotql_catalog::{FILE_NUMBER, FILE_PATH, FileSet, Table};

use super::super::insert::cast;
use super::carry::{CARRIED, carry, origins};
use super::rejected;
use crate::engine::CATALOG;
use crate::error::{Error, Result};
use crate::parse::{Limits, Statement, parse};
use crate::session::Session;

/// The name that the query calls the rows of the files by.
const FILES: &str = "files";
/// Where the relation is found, in a catalog that only this statement sees.
pub(super) const HIDDEN: &str = "_load";
/// What the names of columns begin with that the query names itself.
const NAMED: &str = "__as_";

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
        rows.push(match output.column(&plan, field)? {
            Some(value) => value,
            None => {
                Expr::Literal(ScalarValue::try_from(field.data_type())?, None).alias(field.name())
            }
        });
    }
    let mut values = Vec::new();
    let mut made_of: Vec<String> = Vec::new();
    for field in &dynamic {
        let Some(value) = output.column(&plan, field)? else {
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
        rejected: rejected::columns(rows.schema(), &kept, &dynamic, &made_of, &missing)?,
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
    let Statement::Query(statement) = parse(&sql, &Limits::default())? else {
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
    let state = session.state();
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
    fn column(&self, plan: &LogicalPlan, field: &Field) -> Result<Option<Expr>> {
        let index = self.index(field.name());
        let column = index.and_then(|index| plan.schema().columns().into_iter().nth(index));
        let (Some(index), Some(column)) = (index, column) else {
            return Ok(None);
        };
        let found = plan.schema().field(index).data_type();
        Ok(Some(cast(column, found, field)?.alias(field.name())))
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

pub(super) fn unsupported(what: &str) -> Error {
    Error::Unsupported {
        what: format!("LOAD FILES with {what}"),
        instead: "write AS SELECT … FROM files [WHERE …]; for more, load into a table first, then INSERT … SELECT from that"
            .to_owned(),
    }
}
