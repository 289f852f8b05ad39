use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use tonic::Code;

use crate::server::{Server, query, status, text, ticket};

/// Far more rows than a test waits for, each cheap, so that only a stop ends it.
const ENDLESS: &str = "SELECT value, repeat('x', 1000) AS s FROM generate_series(1, 1000000000000)";

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Recorder;

impl log::Log for Recorder {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("spotql_server")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) && record.level() <= log::Level::Info {
            LOG.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

fn record_the_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Recorder).unwrap();
        log::set_max_level(log::LevelFilter::Info);
    });
}

fn logged(text: &str) -> bool {
    LOG.lock().unwrap().iter().any(|line| line.contains(text))
}

async fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_stops_its_query() {
    record_the_log();
    let server = Server::start().await;
    let mut client = server.client().await;
    let info = client.execute(ENDLESS.into(), None).await.unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    assert!(rows.try_next().await.unwrap().unwrap().num_rows() > 0);
    drop(rows);
    soon("the query goes on", || logged("cancelled by the client")).await;
    assert!(query(&mut client, "SELECT 1").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_frees_the_memory_of_its_query() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let sql = "SELECT value % 100000000 AS k, count(*) FROM generate_series(1, 1000000000000) \
               GROUP BY value % 100000000";
    let info = client.execute(sql.into(), None).await.unwrap();
    let asked = tokio::spawn(async move {
        let mut rows = client.do_get(ticket(&info)).await.unwrap();
        rows.try_next().await
    });
    soon("the query takes no memory", || {
        server.engine.memory_used() > 1 << 20
    })
    .await;
    asked.abort();
    soon("its memory is held", || server.engine.memory_used() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_stops_its_write_and_leaves_nothing() {
    record_the_log();
    let (server, mut client) = Server::with_table().await;
    let mut writer = server.client().await;
    let insert = format!("INSERT INTO t SELECT value, s FROM ({ENDLESS})");
    let writing = tokio::spawn(async move { writer.execute_update(insert, None).await });
    soon("nothing is written", || {
        !files(server.folder(), ".lock").is_empty()
    })
    .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    writing.abort();
    let cancelled = |line: &String| line.starts_with("write, ") && line.contains("cancelled");
    soon("the write goes on", || {
        LOG.lock().unwrap().iter().any(cancelled)
    })
    .await;
    soon("its memory is held", || server.engine.memory_used() == 0).await;

    assert_eq!(text(&mut client, "SELECT count(*) FROM t").await, ["3"]);
    let insert = "INSERT INTO t VALUES (4, 'd')";
    assert_eq!(client.execute_update(insert.into(), None).await.unwrap(), 1);
    assert_eq!(text(&mut client, "SELECT count(*) FROM t").await, ["4"]);
    // The next write clears up after the stopped one.
    assert_eq!(files(server.folder(), ".parquet").len(), 2);
    for unfinished in [".lock", ".staged"] {
        assert!(
            files(server.folder(), unfinished).is_empty(),
            "{unfinished}"
        );
    }
}

/// The files below a folder with this in their names.
fn files(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, name));
        } else if path.to_string_lossy().contains(name) {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn the_log_has_a_line_a_statement_without_its_values() {
    record_the_log();
    let (_server, mut client) = Server::with_table().await;
    query(&mut client, "SELECT n, 'a secret' AS s FROM t")
        .await
        .unwrap();
    query(&mut client, "SELECT 'a secret' FROM nowhere")
        .await
        .unwrap_err();
    soon("no line", || {
        logged("query, ") && logged("write, ") && logged("ddl, ")
    })
    .await;
    assert!(!logged("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_stops_within_seconds_though_a_query_runs() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let info = client.execute(ENDLESS.into(), None).await.unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    assert!(rows.try_next().await.unwrap().unwrap().num_rows() > 0);
    let reading = tokio::spawn(async move {
        loop {
            match rows.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the rows must not seem complete"),
                Err(error) => return status(error),
            }
        }
    });
    let began = Instant::now();
    server.stop().await.unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(reading.await.unwrap().code(), Code::Unavailable);
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let server = Server::start().await;
    let mut client = server.client().await;
    query(&mut client, "SELECT 1").await.unwrap();
    let began = Instant::now();
    server.stop().await.unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}
