//! The main road on real labelled traffic: Parquet files in, SQL scripts, the day's list out.
//!
//! Prints for each set what the list is worth; `cargo test --release -p spotql-tests --test
//! real_flows -- --nocapture` shows it. Needs `../shared`, and is skipped without it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures for the reader"
)]

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use spotql_sql::script::{self, Script};
use spotql_sql::{Engine, EngineOptions, Outcome, Session};

const SETS: &[&str] = &[
    "CTU-IoT-Malware-Capture-42-1",
    "CTU-IoT-Malware-Capture-34-1",
    "CTU-Honeypot-Capture-4-1",
    "apt29_day1",
    "apt29_day2",
    "luflow_2020.12.21",
];

/// What tells a flow from others, as it stands in both the file and the result.
const KEY: [&str; 8] = [
    "treceived",
    "sip",
    "dip",
    "sport",
    "dport",
    "proto",
    "ipkt",
    "ibyt",
];

async fn rows(session: &Session, sql: &str) -> RecordBatch {
    let Outcome::Rows(rows) = session.execute(sql).await.unwrap() else {
        panic!("no rows: {sql}")
    };
    let schema = rows.schema();
    let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
    concat_batches(&schema, &batches).unwrap()
}

fn number(batch: &RecordBatch, column: usize, row: usize) -> i64 {
    batch.column(column).as_primitive::<Int64Type>().value(row)
}

async fn run(session: &Session, name: &str, variables: &[(&str, &str)]) {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let script = Script::shipped(name).unwrap();
    for piece in script.statements().unwrap() {
        match script::execute(session, &piece, &variables).await {
            Ok(Outcome::Rows(rows)) => {
                let _: Vec<_> = rows.try_collect().await.unwrap();
            }
            Ok(Outcome::Done(_)) => {}
            Err(error) => panic!("{name}:{}: {error}", piece.line),
        }
    }
}

fn read(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

/// The rows' keys, as one text each.
fn keys(batch: &RecordBatch, columns: &[&str]) -> Vec<String> {
    let columns: Vec<ArrayRef> = columns
        .iter()
        .map(|name| cast(batch.column_by_name(name).unwrap(), &DataType::Utf8).unwrap())
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            let cells: Vec<&str> = columns
                .iter()
                .map(|column| column.as_string::<i32>().value(row))
                .collect();
            cells.join("|")
        })
        .collect()
}

async fn check(set: &str, flows: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let incoming = folder.path().join("incoming");
    std::fs::create_dir(&incoming).unwrap();
    let file = flows.join(format!("{set}.flows.parquet"));
    std::fs::copy(&file, incoming.join("flows.parquet")).unwrap();
    let engine = Engine::open(EngineOptions::new(folder.path().join("warehouse")))
        .await
        .unwrap();
    let session = engine.session();
    run(&session, "schema/flow.sql", &[]).await;
    run(
        &session,
        "examples/load_flows.sql",
        &[("files", &incoming.display().to_string())],
    )
    .await;

    let truth = read(&file);
    let labels = read(&flows.join(format!("{set}.labels.parquet")));
    let labels = cast(labels.column_by_name("label").unwrap(), &DataType::Utf8).unwrap();
    let labels = labels.as_string::<i32>();
    assert_eq!(
        number(&rows(&session, "SELECT count(*) FROM flow").await, 0, 0),
        truth.num_rows() as i64
    );
    let mut attacks: HashMap<String, bool> = HashMap::new();
    for (row, key) in keys(&truth, &KEY).into_iter().enumerate() {
        *attacks.entry(key).or_default() |= labels.value(row) == "attack";
    }

    let days = rows(
        &session,
        "SELECT concat(tryear, '-', lpad(trmonth, 2, '0'), '-', lpad(trday, 2, '0')) AS date, \
         count(*) AS n FROM flow GROUP BY date ORDER BY date",
    )
    .await;
    let dates = cast(days.column(0), &DataType::Utf8).unwrap();
    for day in 0..days.num_rows() {
        let date = dates.as_string::<i32>().value(day);
        let started = Instant::now();
        run(&session, "detect/flow.sql", &[("date", date)]).await;
        let seconds = started.elapsed().as_secs_f64();
        let of_day = format!("y = year('{date}') AND m = month('{date}') AND d = day('{date}')");
        let listed = format!(
            "SELECT tstart AS treceived, srcip AS sip, dstip AS dip, sport, dport, proto, ipkt, \
             ibyt, ml_score, rank FROM flow_scores WHERE {of_day} ORDER BY rank"
        );
        let list = rows(&session, &listed).await;
        let expected = number(&days, 1, day).min(300);
        assert_eq!(list.num_rows() as i64, expected, "{set} {date}");
        let scores = list.column_by_name("ml_score").unwrap();
        let scores = scores.as_primitive::<datafusion::arrow::datatypes::Float64Type>();
        assert_eq!(scores.null_count(), 0);
        assert!(scores.values().is_sorted(), "{set} {date}");
        assert!(
            scores
                .values()
                .iter()
                .all(|&score| score > 0.0 && score <= 1.0),
            "{set} {date}"
        );

        // Run twice, same table.
        run(&session, "detect/flow.sql", &[("date", date)]).await;
        assert_eq!(rows(&session, &listed).await, list, "{set} {date}");

        let hits = keys(&list, &KEY).into_iter().map(|key| attacks[&key]);
        let places: Vec<usize> = hits
            .enumerate()
            .filter(|(_, attack)| *attack)
            .map(|(place, _)| place + 1)
            .collect();
        let model = format!(
            "SELECT part, count(*) AS n FROM lda_train((SELECT * FROM flow WHERE {of_day}), \
             source => 'flow', iterations => 1) WHERE part IN ('document', 'word') GROUP BY part \
             ORDER BY part"
        );
        let model = rows(&session, &model).await;
        println!(
            "{set} {date}: {} flows, {} documents, {} words, {seconds:.2} s; attacks among the \
             first 50: {}, 100: {}, 300: {}; first at rank {}",
            number(&days, 1, day),
            number(&model, 1, 0),
            number(&model, 1, 1),
            places.iter().filter(|&&place| place <= 50).count(),
            places.iter().filter(|&&place| place <= 100).count(),
            places.len(),
            places.first().map_or("-".to_owned(), ToString::to_string),
        );
    }
    println!(
        "{set}: {} distinct attack flows in all",
        attacks.values().filter(|attack| **attack).count()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn labelled_days_are_loaded_searched_and_listed_twice_the_same() {
    let Some(shared) = spotql_tests::shared() else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    for set in SETS {
        check(set, &shared.join("data/flow")).await;
    }
}
