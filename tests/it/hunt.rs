//! The hunts: beacons among flows, generated names among DNS answers, hidden in synthetic days.

use crate::support::run;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use spotql_sql::{Engine, EngineOptions, Session};

const DATE: &str = "2024-05-14";

async fn session(folder: &tempfile::TempDir, threads: usize) -> Session {
    let mut options = EngineOptions::new(folder.path().join("warehouse"));
    options.threads = Some(threads);
    Engine::open(options).await.unwrap().session()
}

async fn execute(session: &Session, sql: &str) {
    if let Err(error) = session.execute(sql).await {
        panic!("{sql}: {error}");
    }
}

fn texts(batch: &RecordBatch, name: &str) -> Vec<String> {
    let column = cast(batch.column_by_name(name).unwrap(), &DataType::Utf8).unwrap();
    let texts = column.as_string::<i32>().iter();
    texts
        .map(|text| text.unwrap_or("NULL").to_owned())
        .collect()
}

fn numbers(batch: &RecordBatch, name: &str) -> Vec<i64> {
    let column = cast(batch.column_by_name(name).unwrap(), &DataType::Int64).unwrap();
    column.as_primitive::<Int64Type>().values().to_vec()
}

/// A day with a host that calls port 62000 of 198.51.100.9 every 400 seconds, give or take one, 150 times.
/// Its own ports, which are lower, must not hide it.
async fn rhythm(threads: usize, order: &str) -> RecordBatch {
    let folder = tempfile::tempdir().unwrap();
    let session = session(&folder, threads).await;
    run(&session, "schema/flow.sql", &[]).await;
    execute(
        &session,
        &format!(
            "INSERT INTO flow PARTITION (y, m, d, h) SELECT * FROM (
               SELECT * FROM synthetic_flow(20000, 5, '{DATE}')
               UNION ALL
               SELECT to_char(to_timestamp_seconds(at), '%Y-%m-%d %H:%M:%S'), at, 2024::INT, 5::INT, 14::INT,
                 (at / 3600 % 24)::INT, (at / 60 % 60)::INT, (at % 60)::INT, 0.2::FLOAT, '10.10.0.7',
                 '198.51.100.9', (20000 + i * 200)::INT, 62000::INT, 'TCP', '.AP.SF', 0::INT, 0::INT, 6,
                 700 + i % 5, 5, 900, 0::INT, 0::INT, 0::INT, 0::INT, 0::INT, 0::INT, '10.0.0.1',
                 2024::SMALLINT, 5::TINYINT, 14::TINYINT, (at / 3600 % 24)::TINYINT
               FROM (SELECT value AS i, CAST(to_unixtime('{DATE}T00:10:00') AS BIGINT) + value * 400 + value % 3 - 1 AS at
                     FROM generate_series(0, 149))
             ) ORDER BY 2 {order}, 12 {order}"
        ),
    )
    .await;
    let variables = [("date", DATE), ("limit", "5")];
    run(&session, "hunt/flow_rhythm.sql", &variables)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beacon_is_found_by_its_rhythm() {
    let list = rhythm(3, "ASC").await;
    let pairs = texts(&list, "srcip").into_iter().zip(texts(&list, "dstip"));
    let place = pairs
        .enumerate()
        .find(|(_, pair)| *pair == ("10.10.0.7".to_owned(), "198.51.100.9".to_owned()))
        .map(|(place, _)| place);
    let place = place.unwrap_or_else(|| panic!("{list:?}"));
    assert_eq!(texts(&list, "pause")[place], "398-401 s");
    assert_eq!(texts(&list, "regular")[place], "yes");
    assert_eq!(numbers(&list, "flows")[place], 148);
    let meaning = &texts(&list, "meaning")[place];
    assert!(meaning.contains("source sends 255-1022 bytes"), "{meaning}");

    // Neither threads nor the order of rows show.
    assert_eq!(rhythm(1, "DESC").await, list);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_for_generated_names_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(&folder, 2).await;
    run(&session, "schema/dns.sql", &[]).await;
    // 60 names, each asked for twice, the second time in other letters; and a program that asks for one
    // such name all day long.
    execute(
        &session,
        &format!(
            "INSERT INTO dns PARTITION (y, m, d, h)
             SELECT * FROM synthetic_dns(20000, 5, '{DATE}')
             UNION ALL
             SELECT 'May 14 2024 10:00:00.000000000 UTC', 1715680800 + i, 90::INT, client, '10.10.0.2', name,
               '0x00000001', 1::INT, 3::INT, '', 2024::SMALLINT, 5::TINYINT, 14::TINYINT, 10::TINYINT
             FROM (
               SELECT value AS i, '10.10.0.7' AS client,
                 concat(CASE WHEN value % 2 = 0 THEN substr(md5(CAST(value / 2 AS STRING)), 1, 20)
                        ELSE upper(substr(md5(CAST(value / 2 AS STRING)), 1, 20)) END, '.net') AS name
               FROM generate_series(0, 119)
               UNION ALL
               SELECT value, '10.10.0.8', 'f3a1c09d7e5b42881c6e.net' FROM generate_series(0, 499)
             )"
        ),
    )
    .await;
    let variables = [("date", DATE), ("limit", "5")];
    let list = run(&session, "hunt/dns_generated.sql", &variables).await;
    let list = list.unwrap();
    assert_eq!(texts(&list, "ip_dst")[0], "10.10.0.7");
    let (domains, answers) = (numbers(&list, "domains"), numbers(&list, "answers"));
    assert!(domains[0] >= 10, "{domains:?}");
    assert_eq!(answers[0], 2 * domains[0]);
    assert_eq!(numbers(&list, "shortest")[0], 20);
    assert!(!texts(&list, "ip_dst").contains(&"10.10.0.8".to_owned()));
}
