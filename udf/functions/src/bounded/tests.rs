//! Calls within their bounds give what DataFusion gives, and others an error.

use datafusion::arrow::array::AsArray;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::control::{Control, ControlOption, Stop};
use crate::settings::SpotqlOptions;
use std::sync::Arc;

fn context(options: SpotqlOptions) -> SessionContext {
    let config = SessionConfig::new().with_option_extension(options);
    let builder = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features();
    SessionContext::new_with_state(crate::register(builder).build())
}

async fn number(context: &SessionContext, sql: &str) -> Result<i64, String> {
    let frame = context.sql(sql).await.map_err(|error| error.to_string())?;
    let rows = frame.collect().await.map_err(|error| error.to_string())?;
    let column = datafusion::arrow::compute::cast(
        rows[0].column(0),
        &datafusion::arrow::datatypes::DataType::Int64,
    );
    let column = column.unwrap();
    Ok(column
        .as_primitive::<datafusion::arrow::datatypes::Int64Type>()
        .value(0))
}

#[tokio::test]
async fn calls_within_the_bounds_give_what_they_always_gave() {
    let context = context(SpotqlOptions::default());
    for (sql, expected) in [
        ("SELECT length(repeat('ab', 1000))", 2000),
        ("SELECT length(lpad('x', 5000, 'yz'))", 5000),
        ("SELECT levenshtein('kitten', 'sitting')", 3),
        ("SELECT cardinality(range(0, 100000))", 100_000),
        ("SELECT length(concat('a', 'b', NULL, 'c'))", 3),
        ("SELECT length(concat_ws('--', 'a', 'b', 'c'))", 7),
        ("SELECT length(regexp_replace('aaaa', 'a', 'bb', 'g'))", 8),
        ("SELECT length(replace('aaaa', 'a', 'bb'))", 8),
        (
            "SELECT sum(length(repeat(s, value))) FROM \
             (SELECT value, 'xy' AS s FROM generate_series(1, 1000))",
            1_001_000,
        ),
        (
            "SELECT sum(length(rpad(CAST(value AS VARCHAR), value))) FROM generate_series(1, 100)",
            5050,
        ),
        (
            "SELECT sum(cardinality(range(0, value))) FROM generate_series(1, 100)",
            5050,
        ),
        (
            "SELECT cardinality(generate_series(DATE '2020-01-01', DATE '2020-01-31', INTERVAL '1 day'))",
            31,
        ),
        (
            "SELECT count(repeat(CAST(NULL AS VARCHAR), 1000000000000))",
            0,
        ),
    ] {
        assert_eq!(number(&context, sql).await, Ok(expected), "{sql}");
    }
}

#[tokio::test]
async fn a_call_that_makes_much_of_little_is_refused_before_it_does() {
    let context = context(SpotqlOptions::default());
    for sql in [
        "SELECT length(lpad('x', 2000000000, 'y'))",
        "SELECT length(repeat('x', 2000000000))",
        "SELECT cardinality(range(0, 2000000000))",
        "SELECT cardinality(array_repeat('x', 1000000000))",
        "SELECT cardinality(array_resize([1], 1000000000, 1))",
        "SELECT cardinality(generate_series(TIMESTAMP '2020-01-01', TIMESTAMP '2020-02-01', INTERVAL '1 millisecond'))",
        "SELECT length(regexp_replace(repeat('x', 10000000), 'x', 'yyyyyyyyyyyyyyyy', 'g'))",
        "SELECT length(replace(repeat('x', 10000000), 'x', 'yyyyyyyyyyyyyyyy'))",
        "SELECT max(length(repeat('x', value * 1000000000))) FROM generate_series(1, 3)",
    ] {
        let error = number(&context, sql).await.unwrap_err();
        assert!(error.contains("bytes, and at most"), "{sql}: {error}");
        assert!(error.contains("spotql.max_"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn rows_that_are_too_much_together_are_worked_out_in_parts() {
    let options = SpotqlOptions {
        max_function_bytes: 100_000,
        ..SpotqlOptions::default()
    };
    let context = context(options);
    // The measure of each batch is far beyond the limit, its results are not.
    let sql = "SELECT sum(length(replace(repeat('x', 20), 'no' || value, repeat('y', 20)))) \
               FROM generate_series(1, 1000)";
    assert_eq!(number(&context, sql).await, Ok(20_000));
    let sql = "SELECT sum(length(repeat('x', value))) FROM generate_series(1, 8000)";
    assert!(number(&context, sql).await.is_err());
}

#[tokio::test]
async fn texts_too_long_to_compare_are_refused() {
    let context = context(SpotqlOptions::default());
    let long = "SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))";
    let error = number(&context, long).await.unwrap_err();
    assert!(error.contains("40000000000 pairs of letters"), "{error}");
}

#[tokio::test]
async fn a_stopped_statement_compares_no_further() {
    let control = Arc::new(Control::default());
    let context = context(SpotqlOptions::default());
    {
        let state = context.state_ref();
        let mut state = state.write();
        let options = state.config_mut().options_mut();
        options
            .extensions
            .insert(ControlOption(Arc::clone(&control)));
        state.mark_start_execution();
    }
    let sql = "SELECT sum(levenshtein(repeat('a', 300 + value % 7), repeat('b', 300))) \
               FROM generate_series(1, 100000)";
    // A thread of its own: those of the runtime compute, and look at no clock.
    let stopping = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        control.stop(Stop::Cancelled);
    });
    let error = number(&context, sql).await.unwrap_err();
    stopping.join().unwrap();
    assert!(error.contains("was cancelled"), "{error}");
}
