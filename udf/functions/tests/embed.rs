//! The example of an embedder, on a synthetic day.

#![allow(clippy::unwrap_used, missing_docs, dead_code, unreachable_pub)]

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Float64Type;
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::SessionContext;

#[path = "../examples/embed.rs"]
mod embed;

#[tokio::test]
async fn a_plain_session_finds_the_least_probable_flows_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.parquet").display().to_string();
    let builder = SessionStateBuilder::new().with_default_features();
    let context = SessionContext::new_with_state(spotql_functions::register(builder).build());
    let day = context
        .sql("SELECT * FROM synthetic_flow(5000, 1, '2024-05-14')")
        .await
        .unwrap();
    day.write_parquet(&path, DataFrameWriteOptions::new(), None)
        .await
        .unwrap();

    let found = embed::suspects(&path)
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    let rows: usize = found.iter().map(|batch| batch.num_rows()).sum();
    assert_eq!(rows, 10);
    let scores = found.iter().flat_map(|batch| {
        let scores = batch.column_by_name("score").unwrap();
        scores.as_primitive::<Float64Type>().values().to_vec()
    });
    let scores: Vec<f64> = scores.collect();
    assert!(scores.is_sorted() && scores[0] > 0.0, "{scores:?}");
}
