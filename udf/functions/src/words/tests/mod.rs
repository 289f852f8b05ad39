//! The SQL functions, called through SQL.

mod arguments;
mod golden;
#[path = "../../../../words/src/golden/vectors.rs"]
mod vectors;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::functions;
use crate::settings::SpotqlOptions;

/// A session with the functions, and with these settings.
fn session(options: SpotqlOptions) -> SessionContext {
    let config = SessionConfig::new()
        .with_information_schema(true)
        .with_option_extension(options);
    let session = SessionContext::new_with_config(config);
    for function in functions() {
        session.register_udf(function.as_ref().clone());
    }
    session
}

async fn evaluate(session: &SessionContext, sql: &str) -> Result<RecordBatch, DataFusionError> {
    let result = session.sql(sql).await?;
    let schema = Arc::clone(result.schema().inner());
    Ok(concat_batches(&schema, &result.collect().await?)?)
}

/// The only value of a query, as text.
async fn value(sql: &str) -> Result<String, DataFusionError> {
    let batch = evaluate(&session(SpotqlOptions::default()), sql).await?;
    assert_eq!((batch.num_rows(), batch.num_columns()), (1, 1), "{sql}");
    let options = FormatOptions::default().with_null("NULL");
    Ok(ArrayFormatter::try_new(batch.column(0), &options)?
        .value(0)
        .to_string())
}

async fn error(sql: &str) -> String {
    value(sql).await.expect_err(sql).strip_backtrace()
}
