//! `lda_train` and `lda_score` on a plain DataFusion session, over a synthetic morning.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Float64Type, Int64Type};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::dialect::HiveDialect;
use futures::StreamExt;
use spotql_functions::settings::SpotqlOptions;
use spotql_functions::{register, relations_as_queries};

fn session(threads: usize, batch_size: usize, memory: usize) -> SessionContext {
    let config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_batch_size(batch_size)
        .with_option_extension(SpotqlOptions::default());
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory)))
        .build_arc()
        .unwrap();
    let builder = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features();
    SessionContext::new_with_state(register(builder).build())
}

async fn plan(context: &SessionContext, sql: &str) -> Result<Arc<dyn ExecutionPlan>> {
    let dialect = HiveDialect {};
    let mut parser = DFParserBuilder::new(sql).with_dialect(&dialect).build()?;
    let Statement::Statement(mut statement) = parser.parse_statement()? else {
        unreachable!()
    };
    relations_as_queries(&mut statement);
    let state = context.state();
    let plan = state
        .statement_to_plan(Statement::Statement(statement))
        .await?;
    state.create_physical_plan(&plan).await
}

async fn rows(context: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>> {
    datafusion::physical_plan::collect(plan(context, sql).await?, context.task_ctx()).await
}

const PLENTY: usize = 4 << 30;
const MORNING: &str = "(SELECT * FROM synthetic_flow(20000, 5, '2024-05-14') WHERE h < 12)";

#[tokio::test(flavor = "multi_thread")]
async fn scores_have_the_same_bits_on_any_number_of_threads_and_in_any_batches() {
    for precision in ["double", "single"] {
        let sql = format!(
            "SELECT treceived, sip, dip, sport, dport, ipkt, ibyt, score FROM \
             lda_score({MORNING}, source => 'flow', words => 'spot', scoring => 'spot', iterations => 10, precision => '{precision}') \
             ORDER BY score, treceived, sip, dip, sport, dport, ipkt, ibyt LIMIT 500"
        );
        let mut results = Vec::new();
        for (threads, batch_size) in [(1, 8192), (2, 8192), (7, 100)] {
            let batches = rows(&session(threads, batch_size, PLENTY), &sql)
                .await
                .unwrap();
            results.push(pretty_format_batches(&batches).unwrap().to_string());
        }
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0], results[2]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_valid_flow_gets_a_probability() {
    let sql = format!(
        "SELECT count(*), count(score), sum(CASE WHEN score > 0 AND score <= 1 THEN 1 ELSE 0 END) \
         FROM lda_score({MORNING}, source => 'flow', words => 'spot', scoring => 'spot', topics => 5, iterations => 5)"
    );
    let batches = rows(&session(2, 8192, PLENTY), &sql).await.unwrap();
    let number = |column: usize| {
        batches[0]
            .column(column)
            .as_primitive::<Int64Type>()
            .value(0)
    };
    assert!(number(0) > 1000);
    assert_eq!((number(1), number(2)), (number(0), number(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_record_keeps_its_row_with_a_null_score() {
    let sql = "SELECT ipkt, score FROM lda_score((SELECT \
         treceived, CASE WHEN ipkt > 20 THEN 25 ELSE trhour END AS trhour, trminute, trsec, sip, \
         dip, sport, dport, proto, ibyt, ipkt FROM synthetic_flow(500, 5, '2024-05-14')), \
         source => 'flow', words => 'spot', scoring => 'spot', topics => 2, iterations => 2)";
    let batches = rows(&session(2, 8192, PLENTY), sql).await.unwrap();
    let mut seen = [0, 0];
    for batch in &batches {
        let packets = batch.column(0).as_primitive::<Int64Type>();
        let scores = batch.column(1).as_primitive::<Float64Type>();
        for (packets, score) in packets.iter().zip(scores) {
            assert_eq!(packets.unwrap() > 20, score.is_none());
            seen[usize::from(score.is_none())] += 1;
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scans_read_only_the_columns_that_are_needed() {
    let sql = format!(
        "SELECT opkt, score FROM lda_score({MORNING}, source => 'flow', words => 'spot', scoring => 'spot')"
    );
    let plan = plan(&session(2, 8192, PLENTY), &sql).await.unwrap();
    let text = datafusion::physical_plan::displayable(plan.as_ref())
        .indent(false)
        .to_string();
    let scans: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("StreamingTableExec"))
        .collect();
    assert_eq!(scans.len(), 2, "{text}");
    assert!(
        !scans[0].contains("opkt") && scans[1].contains("opkt"),
        "{text}"
    );
    assert!(scans.iter().all(|scan| !scan.contains("rip")), "{text}");
    assert!(
        text.contains("LdaScoreExec: smallest of 2 words a record, model trained on this input")
    );
    assert!(
        text.contains(
            "LdaTrainExec: recipe=flow, scoring=spot, optimizer=em, topics=20, iterations=20"
        ),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_memory_is_an_error_that_says_what_to_do() {
    let context = session(2, 8192, 1 << 20);
    let sql = format!(
        "SELECT count(score) FROM lda_score({MORNING}, source => 'flow', words => 'spot', scoring => 'spot')"
    );
    let error = rows(&context, &sql).await.unwrap_err().to_string();
    assert!(
        error.contains("does not fit the memory limit; raise the limit"),
        "{error}"
    );
    assert_eq!(context.runtime_env().memory_pool.reserved(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_result_stops_the_training_and_gives_the_memory_back() {
    let context = session(2, 8192, PLENTY);
    let sql = format!(
        "SELECT score FROM lda_score({MORNING}, source => 'flow', words => 'spot', scoring => 'spot', topics => 100, \
         iterations => 100000)"
    );
    let plan = plan(&context, &sql).await.unwrap();
    let mut stream = datafusion::physical_plan::execute_stream(plan, context.task_ctx()).unwrap();
    let waited = tokio::time::timeout(std::time::Duration::from_millis(1500), stream.next()).await;
    assert!(waited.is_err(), "the training should still be running");
    drop(stream);
    for _ in 0..200 {
        if context.runtime_env().memory_pool.reserved() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!(
        "{} bytes are still reserved",
        context.runtime_env().memory_pool.reserved()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_input_reaches_the_user() {
    let sql = "SELECT * FROM lda_train((SELECT sip, CAST(1 / (sport - sport) AS STRING) AS w FROM \
               synthetic_flow(50, 5, '2024-05-14')), scoring => 'spot', documents => sip, words => w)";
    let error: DataFusionError = rows(&session(2, 8192, PLENTY), sql).await.unwrap_err();
    assert!(error.to_string().contains("Divide by zero"), "{error}");
}
