//! Functions that Hive and Impala have and DataFusion lacks, with Hive's names and null behaviour.

mod date_field;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

/// All functions of this module.
#[must_use]
pub(crate) fn functions() -> Vec<Arc<ScalarUDF>> {
    date_field::functions()
}
