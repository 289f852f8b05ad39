//! How large plans are.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_plan::ExecutionPlan;

/// The steps of a plan, those that several others share once for each of them, as the optimizer will see it. Saturates.
pub(crate) fn nodes(plan: &LogicalPlan) -> Result<usize> {
    nodes_known(plan, &mut HashMap::new())
}

/// Plans share their parts, so that a part is looked at once and counted often.
fn nodes_known(
    plan: &LogicalPlan,
    known: &mut HashMap<*const LogicalPlan, usize>,
) -> Result<usize> {
    if let Some(nodes) = known.get(&std::ptr::from_ref(plan)) {
        return Ok(*nodes);
    }
    let mut nodes = 1_usize;
    for input in plan.inputs() {
        nodes = nodes.saturating_add(nodes_known(input, known)?);
    }
    plan.apply_subqueries(|subquery| {
        for input in subquery.inputs() {
            nodes = nodes.saturating_add(nodes_known(input, known)?);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    known.insert(plan, nodes);
    Ok(nodes)
}

/// Bytes of a step of a plan that can run, roughly.
const STEP: usize = 2 << 10;

/// Bytes of an expression without its constants, roughly.
const EXPRESSION: usize = 64;

/// Bytes that a plan takes while it waits, roughly: its steps and its constants, which may be large.
pub(crate) fn bytes(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let mut bytes = STEP;
    // Expressions that cannot be looked at weigh nothing.
    let _ = plan.apply_expressions(&mut |expr| {
        bytes += constants(expr);
        Ok(TreeNodeRecursion::Continue)
    });
    let below = plan.children().into_iter().map(self::bytes);
    bytes + below.sum::<usize>()
}

/// Bytes of the largest constant among a step's own expressions.
pub(crate) fn largest_constant(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let mut largest = 0;
    let _ = plan.apply_expressions(&mut |expr| {
        largest = largest.max(largest_in(expr));
        Ok(TreeNodeRecursion::Continue)
    });
    largest
}

fn largest_in(expr: &Arc<dyn PhysicalExpr>) -> usize {
    let own = expr.downcast_ref::<Literal>();
    let own = own.map_or(0, |literal| literal.value().size());
    let below = expr.children().into_iter().map(largest_in);
    below.fold(own, usize::max)
}

fn constants(expr: &Arc<dyn PhysicalExpr>) -> usize {
    let own = match expr.downcast_ref::<Literal>() {
        Some(literal) => literal.value().size(),
        None => EXPRESSION,
    };
    own + expr.children().into_iter().map(constants).sum::<usize>()
}
