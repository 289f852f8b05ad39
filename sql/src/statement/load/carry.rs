//! Columns of the files past the query of a load, to where its rows end; and back from a column of the query to those that it
//! is made of.

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, Projection, SubqueryAlias};

use super::plan::{HIDDEN, unsupported};
use crate::error::Result;

/// What the names of columns begin with that pass the query by.
pub(super) const CARRIED: &str = "__src_";

/// The query with columns of the files added to its own, and the expressions that give them.
pub(super) fn carry(plan: &LogicalPlan, wanted: &[String]) -> Result<(LogicalPlan, Vec<Expr>)> {
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

/// The columns of the files that an output column is made of.
pub(super) fn origins(plan: &LogicalPlan, index: usize) -> Vec<String> {
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
