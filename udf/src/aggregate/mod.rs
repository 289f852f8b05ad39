//! Aggregate functions of ours, in place of DataFusion's of the same name.

mod sum;
mod wide;

use datafusion::logical_expr::AggregateUDF;

/// All of them, ready to be registered with a session.
#[must_use]
pub fn functions() -> Vec<AggregateUDF> {
    vec![AggregateUDF::new_from_impl(sum::Sum::default())]
}
