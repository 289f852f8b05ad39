//! Asks as late as possible: after the other conditions of a filter, and after the rows of an ORDER BY … LIMIT have been chosen.
//!
//! Both would otherwise be asked about every row that comes in, which for a function that is worked out in memory does not matter.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::{collect_columns, conjunction, split_conjunction};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use super::asks;

/// The same plan with its calls where few rows are left.
pub(super) fn postponed(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let postponed = plan.transform_down(|node| {
        if let Some(filter) = node.downcast_ref::<FilterExec>()
            && let Some(parted) = parted(filter)?
        {
            return Ok(Transformed::yes(parted));
        }
        if let Some(merge) = node.downcast_ref::<SortPreservingMergeExec>()
            && let Some(sort) = merge.input().downcast_ref::<SortExec>()
            && let Some(later) = chosen_first(sort, Some(merge))?
        {
            return Ok(Transformed::yes(later));
        }
        if let Some(sort) = node.downcast_ref::<SortExec>()
            && let Some(later) = chosen_first(sort, None)?
        {
            return Ok(Transformed::yes(later));
        }
        Ok(Transformed::no(node))
    });
    postponed.data()
}

/// A filter that asks, over one of all conditions that do not.
fn parted(filter: &FilterExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let conditions = split_conjunction(filter.predicate()).into_iter().cloned();
    let mut asking = Vec::new();
    let mut others = Vec::new();
    for condition in conditions {
        match asks(&condition)? {
            true => asking.push(condition),
            false => others.push(condition),
        }
    }
    if asking.is_empty() || others.is_empty() {
        return Ok(None);
    }
    let first = FilterExecBuilder::new(conjunction(others), Arc::clone(filter.input()))
        .with_default_selectivity(filter.default_selectivity())
        .build()?;
    let then = FilterExecBuilder::from(filter)
        .with_predicate(conjunction(asking))
        .with_input(Arc::new(first))
        .build()?;
    Ok(Some(Arc::new(then)))
}

/// A projection that asks, over the choice of rows that was above it, if the choice does not depend on the answers.
fn chosen_first(
    sort: &SortExec,
    merge: Option<&SortPreservingMergeExec>,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(projection) = sort.input().downcast_ref::<ProjectionExec>() else {
        return Ok(None);
    };
    let limited = sort.fetch().is_some()
        && merge.is_none_or(|merge| merge.fetch().is_some() && merge.expr() == sort.expr());
    if !limited {
        return Ok(None);
    }
    // Below: what does not ask, and the columns of which the rest is made.
    let mut below: Vec<ProjectionExpr> = Vec::new();
    let mut places: Vec<Option<usize>> = Vec::new();
    for column in projection.expr() {
        let asking = asks(&column.expr)?;
        places.push((!asking).then_some(below.len()));
        if !asking {
            below.push(column.clone());
        }
    }
    let sorted_by: Option<Vec<PhysicalSortExpr>> = sort
        .expr()
        .iter()
        .map(|key| {
            Some(PhysicalSortExpr {
                expr: moved(&key.expr, |column| *places.get(column.index())?)?,
                options: key.options,
            })
        })
        .collect();
    let (Some(sorted_by), true) = (sorted_by, below.len() < places.len()) else {
        return Ok(None);
    };
    let Some(ordering) = LexOrdering::new(sorted_by) else {
        return Ok(None);
    };
    let mut above: Vec<ProjectionExpr> = Vec::new();
    for (column, place) in projection.expr().iter().zip(&places) {
        let expr = match place {
            Some(place) => Arc::new(Column::new(&column.alias, *place)) as Arc<dyn PhysicalExpr>,
            None => {
                let needed = collect_columns(&column.expr);
                let mut at: Vec<(usize, usize)> = Vec::new();
                for input in needed {
                    at.push((input.index(), below.len()));
                    below.push(ProjectionExpr {
                        alias: input.name().to_owned(),
                        expr: Arc::new(input),
                    });
                }
                let place = |column: &Column| {
                    let found = at.iter().find(|(input, _)| *input == column.index());
                    found.map(|(_, place)| *place)
                };
                match moved(&column.expr, place) {
                    Some(expr) => expr,
                    None => return Ok(None),
                }
            }
        };
        above.push(ProjectionExpr {
            expr,
            alias: column.alias.clone(),
        });
    }
    let input = ProjectionExec::try_new(below, Arc::clone(projection.input()))?;
    let sort = SortExec::new(ordering.clone(), Arc::new(input))
        .with_preserve_partitioning(sort.preserve_partitioning())
        .with_fetch(sort.fetch());
    let chosen: Arc<dyn ExecutionPlan> = match merge {
        Some(merge) => Arc::new(
            SortPreservingMergeExec::new(ordering, Arc::new(sort)).with_fetch(merge.fetch()),
        ),
        None => Arc::new(sort),
    };
    Ok(Some(Arc::new(ProjectionExec::try_new(above, chosen)?)))
}

/// The expression with its columns at other places; `None` if one of them has none.
fn moved(
    expression: &Arc<dyn PhysicalExpr>,
    place: impl Fn(&Column) -> Option<usize>,
) -> Option<Arc<dyn PhysicalExpr>> {
    let mut everywhere = true;
    let moved = Arc::clone(expression).transform_up(|part| {
        let Some(column) = part.downcast_ref::<Column>() else {
            return Ok(Transformed::no(part));
        };
        Ok(match place(column) {
            Some(place) => Transformed::yes(
                Arc::new(Column::new(column.name(), place)) as Arc<dyn PhysicalExpr>
            ),
            None => {
                everywhere = false;
                Transformed::no(part)
            }
        })
    });
    moved.ok().map(|it| it.data).filter(|_| everywhere)
}
