//! Subqueries that DataFusion gives wrong rows for: mended where that is simple, refused elsewhere.
//!
//! It turns them into joins. A join has no row for a group that does not exist, and knows nothing of NULL, so that
//!
//! - `EXISTS (SELECT count(*) … WHERE y.a = x.a)` was false where nothing matches; an aggregate without GROUP BY has
//!   always one row, so it is true;
//! - the same below HAVING, or after IN, depends on that row: refused;
//! - `x NOT IN (SELECT y …)` must not be true if a `y` is NULL. Only joins on the compared columns alone see to that:
//!   a correlated one, or one without columns on the left, is refused.
//!
//! A join knows no first row either: `(SELECT y.b … WHERE y.a = x.a ORDER BY y.c LIMIT 1)` is `first_value` of what is
//! grouped.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::first_last::first_value;
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{
    Expr, FetchType, LogicalPlan, LogicalPlanBuilder, SkipType, Subquery,
};

use crate::error::{Error, Result};

/// The plan with such subqueries replaced.
pub(crate) fn mend(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut refused = None;
    let mended = plan.transform_down_with_subqueries(|plan| {
        plan.map_expressions(|expr| expr.transform_down(|expr| replace(expr, &mut refused)))
    });
    match refused {
        Some(error) => Err(error),
        None => Ok(mended?.data),
    }
}

fn replace(expr: Expr, refused: &mut Option<Error>) -> Result<Transformed<Expr>, DataFusionError> {
    match &expr {
        Expr::ScalarSubquery(subquery) if is_correlated(subquery) => {
            if let Some(first) = first_row(&subquery.subquery)? {
                let subquery = subquery.with_plan(Arc::new(first));
                return Ok(Transformed::yes(Expr::ScalarSubquery(subquery)));
            }
        }
        Expr::Exists(Exists { subquery, negated }) if is_correlated(subquery) => {
            match one_row(&subquery.subquery) {
                Some(Rows::Always) => {
                    let exists = ScalarValue::Boolean(Some(!negated));
                    return Ok(Transformed::yes(Expr::Literal(exists, None)));
                }
                Some(Rows::Perhaps) => {
                    refused.get_or_insert(Error::Unsupported {
                        what: "EXISTS over HAVING without GROUP BY, in a subquery that names columns from outside"
                            .to_owned(),
                        instead: "compare the aggregate itself: (SELECT count(*) FROM … WHERE …) > 0".to_owned(),
                    });
                }
                None => {}
            }
        }
        Expr::InSubquery(InSubquery {
            expr: left,
            subquery,
            negated,
        }) => {
            let correlated = is_correlated(subquery);
            if correlated && one_row(&subquery.subquery).is_some() {
                refused.get_or_insert(Error::Unsupported {
                    what: "IN over an aggregate without GROUP BY, in a subquery that names columns from outside"
                        .to_owned(),
                    instead: "write x = (SELECT count(*) FROM … WHERE …)".to_owned(),
                });
            } else if *negated && (correlated || left.column_refs().is_empty()) {
                refused.get_or_insert(Error::Unsupported {
                    what: "NOT IN over a subquery that names columns from outside, or of a constant".to_owned(),
                    instead: "write NOT EXISTS (SELECT 1 FROM … WHERE y = x), which NULL does not matter to"
                        .to_owned(),
                });
            }
        }
        _ => {}
    }
    Ok(Transformed::no(expr))
}

/// A plan with LIMIT 1 of one column as an aggregate; none for any other.
fn first_row(plan: &LogicalPlan) -> Result<Option<LogicalPlan>, DataFusionError> {
    let LogicalPlan::Limit(limit) = plan else {
        return Ok(None);
    };
    let one = matches!(limit.get_fetch_type()?, FetchType::Literal(Some(1)));
    if !one || !matches!(limit.get_skip_type()?, SkipType::Literal(0)) {
        return Ok(None);
    }
    if one_row(&limit.input).is_some() {
        return Ok(Some(LogicalPlan::clone(&limit.input)));
    }
    // What is sorted by and not selected is taken away above the sort.
    let (selected, sorted) = match limit.input.as_ref() {
        LogicalPlan::Projection(it) if matches!(*it.input, LogicalPlan::Sort(_)) => {
            (it.expr.clone(), &it.input)
        }
        plan => {
            let columns = plan.schema().columns().into_iter().map(Expr::Column);
            (columns.collect(), &limit.input)
        }
    };
    let (order, input) = match sorted.as_ref() {
        LogicalPlan::Sort(sort) => (sort.expr.clone(), &sort.input),
        _ => (Vec::new(), sorted),
    };
    let [value] = selected.as_slice() else {
        return Ok(None);
    };
    let first = first_value(value.clone().unalias(), order).alias("first_row");
    let builder = LogicalPlanBuilder::new(LogicalPlan::clone(input));
    let grouped = builder.aggregate(Vec::<Expr>::new(), vec![first])?;
    Ok(Some(grouped.build()?))
}

fn is_correlated(subquery: &Subquery) -> bool {
    !subquery.outer_ref_columns.is_empty()
}

/// How many rows come of an aggregate without GROUP BY.
enum Rows {
    /// One.
    Always,
    /// One or none.
    Perhaps,
}

/// Whether a plan gives at most one row because of an aggregate without GROUP BY.
fn one_row(plan: &LogicalPlan) -> Option<Rows> {
    match plan {
        LogicalPlan::Aggregate(aggregate) => {
            aggregate.group_expr.is_empty().then_some(Rows::Always)
        }
        LogicalPlan::Projection(it) => one_row(&it.input),
        LogicalPlan::SubqueryAlias(it) => one_row(&it.input),
        LogicalPlan::Sort(it) => one_row(&it.input),
        LogicalPlan::Distinct(it) => one_row(it.input()),
        LogicalPlan::Filter(it) => one_row(&it.input).map(|_| Rows::Perhaps),
        LogicalPlan::Limit(it) => one_row(&it.input).map(|_| Rows::Perhaps),
        _ => None,
    }
}
