//! Rules of ours beside DataFusion's: what expressions and joins mean where DataFusion means something else.

mod equal_floats;
mod floats;
mod literals;
mod microseconds;
mod outer_joins;
mod rewrite;
mod texts;
mod types;

use std::sync::Arc;

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
