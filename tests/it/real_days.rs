//! The main road on real traffic: Parquet files in, SQL scripts, the day's list out.
//!
//! One set of each kind runs with all tests, the others on demand (`tests/more.sh`). Prints for each
//! day what the list is worth; `cargo test -p spotql-tests real_days -- --include-ignored
//! --nocapture` shows it. Needs `../shared`, and is skipped without it.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use crate::support::{read, rows, run};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use spotql_sql::{Engine, EngineOptions, Session};

/// A kind of log on its way through the scripts.
struct Log {
    name: &'static str,
    /// What tells a record from others, as the ingest table and the list call it.
    key: &'static [(&'static str, &'static str)],
    /// The list's order.
    order: &'static str,
    /// The date of a record of the ingest table.
    date: &'static str,
}

const FLOW: Log = Log {
    name: "flow",
    key: &[
        ("treceived", "tstart"),
        ("sip", "srcip"),
        ("dip", "dstip"),
        ("sport", "sport"),
        ("dport", "dport"),
        ("proto", "proto"),
        ("ipkt", "ipkt"),
        ("ibyt", "ibyt"),
    ],
    order: "rank",
    date: "substr(treceived, 1, 10)",
};

const DNS: Log = Log {
    name: "dns",
    key: &[
        ("frame_time", "frame_time"),
        ("ip_dst", "ip_dst"),
        ("dns_qry_name", "dns_qry_name"),
        ("frame_len", "frame_len"),
    ],
    order: "ml_score",
    date: "substr(CAST(to_timestamp_seconds(unix_tstamp) AS STRING), 1, 10)",
};

const PROXY: Log = Log {
    name: "proxy",
    key: &[
        ("p_date", "tdate"),
        ("p_time", "time"),
        ("clientip", "clientip"),
        ("fulluri", "fulluri"),
    ],
    order: "ml_score",
    date: "p_date",
};

fn number(batch: &RecordBatch, column: usize, row: usize) -> i64 {
    batch.column(column).as_primitive::<Int64Type>().value(row)
}

/// The rows' keys, as one text each.
fn keys<'a>(batch: &RecordBatch, columns: impl Iterator<Item = &'a str>) -> Vec<String> {
    let columns: Vec<ArrayRef> = columns
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

/// Which keys are attacks, if the file has labels beside it.
fn attacks(log: &Log, records: &RecordBatch, labels: &Path) -> Option<HashMap<String, bool>> {
    if !labels.exists() {
        return None;
    }
    let labels = read(labels);
    let labels = cast(labels.column_by_name("label").unwrap(), &DataType::Utf8).unwrap();
    let labels = labels.as_string::<i32>();
    let mut attacks: HashMap<String, bool> = HashMap::new();
    let columns = log.key.iter().map(|(ingest, _)| *ingest);
    for (row, key) in keys(records, columns).into_iter().enumerate() {
        *attacks.entry(key).or_default() |= labels.value(row) == "attack";
    }
    Some(attacks)
}

async fn load(session: &Session, log: &Log, file: &Path, folder: &Path) {
    let incoming = folder.join("incoming");
    std::fs::create_dir(&incoming).unwrap();
    std::fs::copy(file, incoming.join("records.parquet")).unwrap();
    run(session, &format!("schema/{}.sql", log.name), &[]).await;
    let loader = match log.name {
        "flow" => "examples/load_flows.sql",
        "dns" => "examples/load_dns.sql",
        _ => "examples/load_proxy.sql",
    };
    run(
        session,
        loader,
        &[("files", &incoming.display().to_string())],
    )
    .await;
}

async fn check(log: &Log, set: &str, file: &Path, labels: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(EngineOptions::new(folder.path().join("warehouse")))
        .await
        .unwrap();
    let session = engine.session();
    load(&session, log, file, folder.path()).await;
    let table = log.name;
    let records = read(file);
    let all = rows(&session, &format!("SELECT count(*) FROM {table}")).await;
    assert_eq!(number(&all, 0, 0), records.num_rows() as i64);
    let attacks = attacks(log, &records, labels);

    let days = format!(
        "SELECT {} AS date, count(*) AS n FROM {table} GROUP BY date ORDER BY date",
        log.date
    );
    let days = rows(&session, &days).await;
    let dates = cast(days.column(0), &DataType::Utf8).unwrap();
    for day in 0..days.num_rows() {
        let date = dates.as_string::<i32>().value(day);
        let detect = format!("detect/{table}.sql");
        let started = Instant::now();
        run(&session, &detect, &[("date", date)]).await;
        let seconds = started.elapsed().as_secs_f64();
        run(
            &session,
            &format!("detect/{table}_summary.sql"),
            &[("date", date)],
        )
        .await;
        let of_day = |column: &str| {
            format!(
                "CAST(y AS INT) = year({column}) AND CAST(m AS INT) = month({column}) AND \
                     CAST(d AS INT) = day({column})"
            )
        };
        let of_day = of_day(&format!("'{date}'"));
        let listed = format!(
            "SELECT * FROM {table}_scores WHERE {of_day} ORDER BY {}",
            log.order
        );
        let list = rows(&session, &listed).await;
        let expected = number(&days, 1, day).min(300);
        assert_eq!(list.num_rows() as i64, expected, "{set} {date}");
        let scores = list.column_by_name("ml_score").unwrap();
        let scores = scores.as_primitive::<Float64Type>();
        assert_eq!(scores.null_count(), 0);
        assert!(scores.values().is_sorted(), "{set} {date}");
        let probability = |score: &f64| *score > 0.0 && *score <= 1.0 + 1e-12;
        assert!(scores.values().iter().all(probability), "{set} {date}");

        // Run twice, same table.
        run(&session, &detect, &[("date", date)]).await;
        assert_eq!(rows(&session, &listed).await, list, "{set} {date}");

        let model = format!(
            "SELECT part, count(*) AS n FROM lda_train((SELECT * FROM {table} WHERE {of_day}), \
             source => '{table}', iterations => 1) WHERE part IN ('document', 'word') GROUP BY part \
             ORDER BY part"
        );
        let model = rows(&session, &model).await;
        let found = attacks
            .as_ref()
            .map_or("not labelled".to_owned(), |attacks| {
                let hits = keys(&list, log.key.iter().map(|(_, list)| *list));
                let places: Vec<usize> = hits
                    .into_iter()
                    .enumerate()
                    .filter(|(_, key)| attacks[key])
                    .map(|(place, _)| place + 1)
                    .collect();
                format!(
                    "attacks among the first 50: {}, 100: {}, 300: {}; first at rank {}",
                    places.iter().filter(|&&place| place <= 50).count(),
                    places.iter().filter(|&&place| place <= 100).count(),
                    places.len(),
                    places.first().map_or("-".to_owned(), ToString::to_string),
                )
            });
        println!(
            "{set} {date}: {} records, {} documents, {} words, {seconds:.2} s; {found}",
            number(&days, 1, day),
            number(&model, 1, 0),
            number(&model, 1, 1),
        );
    }
    if let Some(attacks) = attacks {
        let count = attacks.values().filter(|attack| **attack).count();
        println!("{set}: {count} distinct attack records in all");
    }
}

async fn check_all(log: &Log, folder: &str, sets: &[&str]) {
    let Some(shared) = crate::support::shared() else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    let folder = shared.join("data").join(folder);
    let ending = if log.name == "flow" {
        "flows"
    } else {
        log.name
    };
    for set in sets {
        let file = folder.join(format!("{set}.{ending}.parquet"));
        // Two spellings are in use.
        let labels = [
            format!("{set}.labels.parquet"),
            format!("{set}.dns.labels.parquet"),
        ]
        .map(|name| folder.join(name));
        let labels = labels
            .iter()
            .find(|file| file.exists())
            .unwrap_or(&labels[0]);
        check(log, set, &file, labels).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_flows_is_loaded_searched_and_listed_twice_the_same() {
    check_all(&FLOW, "flow", &["CTU-IoT-Malware-Capture-42-1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_dns_is_loaded_searched_and_listed_twice_the_same() {
    check_all(&DNS, "dns", &["CTU-SME-11-2023-02-20"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_proxy_requests_is_loaded_searched_and_listed_twice_the_same() {
    check_all(&PROXY, "spot_demo", &["proxy_edges"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other sets: run by tests/more.sh"]
async fn more_days_are_loaded_searched_and_listed_twice_the_same() {
    let flows = [
        "CTU-IoT-Malware-Capture-34-1",
        "CTU-Honeypot-Capture-4-1",
        "apt29_day1",
        "apt29_day2",
        "luflow_2020.12.21",
    ];
    check_all(&FLOW, "flow", &flows).await;
    let answers = [
        "wrccdc-2018-03-24",
        "elastic_dns-tunnel-iodine",
        "apt29_day1",
        "apt29_day2",
    ];
    check_all(&DNS, "dns", &answers).await;
    check_all(&PROXY, "spot_demo", &["proxy_scores"]).await;
}
