//! Rules of ours beside DataFusion's: what expressions and joins mean where DataFusion means something else.

mod equal_floats;
mod floats;
mod literals;
mod microseconds;
mod outer_joins;
mod texts;
mod types;

use std::sync::Arc;

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::{Analyzer, AnalyzerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;

pub(crate) use literals::exact_numbers;
pub(crate) use types::MicrosecondTypes;

/// DataFusion's rules with ours around them.
pub(crate) fn analyzer_rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>> = vec![
        Arc::new(texts::TextsWithNumbers),
        Arc::new(floats::FloatsWithDecimals),
    ];
    rules.extend(Analyzer::new().rules);
    rules.push(Arc::new(microseconds::Microseconds));
    rules.push(Arc::new(equal_floats::EqualFloats));
    rules
}

/// DataFusion's rules for physical plans, after ours.
pub(crate) fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> =
        vec![Arc::new(outer_joins::NullsOfOuterJoins)];
    rules.extend(PhysicalOptimizer::new().rules);
    rules
}

/// A plan with every part of every expression replaced, from the leaves up. Columns keep their names; their types may
/// change.
fn rewritten(
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
