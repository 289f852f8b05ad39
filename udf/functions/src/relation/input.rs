//! The input of a table function as a plan, and expressions over it.

use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNode, Volatility};
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, Query, TableFactor, Value};

use super::{Error, QueryFunction};

/// The plan of a query that stands in a FROM clause.
pub(crate) fn plan_query(
    subquery: Box<Query>,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    context.plan(TableFactor::Derived {
        lateral: false,
        subquery,
        alias: None,
        sample: None,
    })
}

/// Several of [`expression`].
pub(crate) fn expressions(
    list: &[&SqlExpr],
    schema: &DFSchema,
    context: &mut dyn RelationPlannerContext,
) -> Result<Vec<Expr>> {
    list.iter()
        .map(|sql| expression(sql, schema, context))
        .collect()
}

/// A document, word or the like: an expression over the input's columns. A text literal names a
/// column, since one and the same document for all records would be of no use.
pub(crate) fn expression(
    sql: &SqlExpr,
    schema: &DFSchema,
    context: &mut dyn RelationPlannerContext,
) -> Result<Expr> {
    if let SqlExpr::Value(value) = sql
        && let Value::SingleQuotedString(name) = &value.value
    {
        let (qualifier, field) = schema.qualified_field_with_unqualified_name(name)?;
        return Ok(Expr::from(Column::new(qualifier.cloned(), field.name())));
    }
    let planned = context.sql_to_expr(sql.clone(), schema)?;
    // They are worked out record by record, and twice: in training and in scoring.
    let refused = planned.exists(|part| {
        Ok(matches!(
            part,
            Expr::AggregateFunction(_) | Expr::WindowFunction(_)
        ))
    })? || planned.is_volatile();
    if refused {
        return Err(Error::NotOfOneRecord {
            expression: sql.to_string(),
        }
        .into());
    }
    Ok(planned)
}

/// Refuses an input that is not the same when it is read a second time.
pub(crate) fn repeatable(function: &QueryFunction, input: &LogicalPlan) -> Result<()> {
    let mut why = None;
    input.apply_with_subqueries(|node| {
        if let LogicalPlan::Limit(_) = node {
            why = Some("a LIMIT keeps any of the rows".to_owned());
        }
        for expression in node.expressions() {
            expression.apply(|expression| {
                if let Expr::ScalarFunction(call) = expression
                    && call.func.signature().volatility == Volatility::Volatile
                {
                    why = Some(format!(
                        "{}() gives another value each time",
                        call.func.name()
                    ));
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        Ok(if why.is_some() {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    })?;
    match why {
        Some(why) => Err(Error::UnrepeatableInput {
            function: function.name().to_owned(),
            why,
        }
        .into()),
        None => Ok(()),
    }
}

/// A node of ours as a plan.
pub(crate) fn extension(node: impl UserDefinedLogicalNode + 'static) -> LogicalPlan {
    LogicalPlan::Extension(Extension {
        node: Arc::new(node),
    })
}
