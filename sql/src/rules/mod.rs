//! Rules of ours beside DataFusion's: what expressions and joins mean where DataFusion means something else.

mod equal_floats;
mod floats;
mod literals;
mod microseconds;
mod outer_joins;
mod rewrite;
mod small_batches;
mod stoppable;
mod texts;
mod types;
mod windows;
mod yielding;

use std::sync::Arc;

use datafusion::optimizer::{Analyzer, AnalyzerRule, Optimizer, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;

pub(crate) use literals::exact_numbers;
use stoppable::Stoppable;
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
    let stoppable = rules.into_iter().map(Stoppable);
    stoppable.map(|rule| Arc::new(rule) as _).collect()
}

/// DataFusion's rules for logical plans.
pub(crate) fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let rules = Optimizer::new().rules.into_iter().map(Stoppable);
    rules.map(|rule| Arc::new(rule) as _).collect()
}

/// DataFusion's rules for physical plans with ours around them.
pub(crate) fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> =
        vec![Arc::new(outer_joins::NullsOfOuterJoins)];
    rules.extend(PhysicalOptimizer::new().rules);
    rules.push(Arc::new(small_batches::SmallBatches));
    rules.push(Arc::new(windows::AccountedWindows));
    rules.push(Arc::new(yielding::YieldingJoins));
    rules
}
