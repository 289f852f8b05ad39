//! A detection in a plain DataFusion session: the ten least probable flows of a Parquet file, and why.
//!
//! `cargo run -p spotql-functions --example embed -- flows.parquet`, a file with the columns of the `flow` table.

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionContext};

/// The least probable flows of a file.
pub(crate) async fn suspects(path: &str) -> Result<DataFrame> {
    let builder = SessionStateBuilder::new().with_default_features();
    let context = SessionContext::new_with_state(spotql_functions::register(builder).build());
    let options = ParquetReadOptions::default();
    context.register_parquet("flow", path, options).await?;
    let sql = "SELECT treceived, sip, dip, dport, score, meaning
        FROM lda_score((SELECT * FROM flow), source => 'flow', explain => true)
        ORDER BY score, treceived LIMIT 10";
    context.sql(sql).await
}

#[tokio::main]
async fn main() -> Result<()> {
    let usage = || DataFusionError::Configuration("give the path of a Parquet file".to_owned());
    let path = std::env::args().nth(1).ok_or_else(usage)?;
    suspects(&path).await?.show().await
}
