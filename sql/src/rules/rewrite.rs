//! Replacing expressions all over a plan.

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, LogicalPlan};

/// A plan with every part of every expression replaced, from the leaves up. Columns keep their names; their types may
/// change.
pub(super) fn rewritten(
    plan: LogicalPlan,
    mut replace: impl FnMut(Expr, &DFSchema) -> Result<Transformed<Expr>>,
) -> Result<LogicalPlan> {
    let mut changed = false;
    let plan = plan.transform_up_with_subqueries(|plan| {
        let mut schema = merge_schema(&plan.inputs());
        if let LogicalPlan::TableScan(scan) = &plan {
            schema.merge(&DFSchema::try_from_qualified_schema(
                scan.table_name.clone(),
                &scan.source.schema(),
            )?);
        }
        let names = NamePreserver::new(&plan);
        let plan = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| replace(expr, &schema))?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?;
        // A schema is worked out from all expressions; below the first change it is what it was.
        changed |= plan.transformed;
        match changed {
            true => plan.map_data(LogicalPlan::recompute_schema),
            false => Ok(plan),
        }
    })?;
    Ok(plan.data)
}
