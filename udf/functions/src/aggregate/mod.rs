//! Aggregate functions of ours, in place of DataFusion's of the same name.

mod extreme;
mod reference;
mod sum;
mod wide;

pub(crate) use reference::REPLACEMENTS;

use datafusion::functions_aggregate::min_max::{Max, Min};
use datafusion::logical_expr::AggregateUDF;

/// All of them, ready to be registered with a session.
#[must_use]
pub(crate) fn functions() -> Vec<AggregateUDF> {
    vec![
        AggregateUDF::new_from_impl(sum::Sum::default()),
        AggregateUDF::new_from_impl(extreme::Extreme::<Max>::default()),
        AggregateUDF::new_from_impl(extreme::Extreme::<Min>::default()),
    ]
}
