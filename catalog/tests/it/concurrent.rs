//! Several writers and readers, in one process and in several.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use spotql_catalog::{Error, InsertMode, Warehouse, WarehouseOptions};

use crate::support::{Setup, no_grace, session, spec};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_inserts_into_one_partition_all_succeed() {
    let setup = Arc::new(Setup::new().await);
    let table = setup.table("t", &["w bigint"], &["p int"]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for w in 0..20 {
        let (setup, table) = (Arc::clone(&setup), Arc::clone(&table));
        tasks.spawn(async move {
            let rows = format!("SELECT {w}::bigint w FROM generate_series(1, 100)");
            setup
                .insert(&table, InsertMode::Into, &[("p", "1")], &rows)
                .await
                .unwrap();
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert_eq!(
        setup
            .rows("SELECT count(*), count(DISTINCT w), sum(w) FROM t")
            .await,
        ["2000|20|19000"]
    );
    assert_eq!(setup.visible("t/p=1").len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_concurrent_overwrites_each_wins_whole_or_conflicts() {
    let setup = Arc::new(Setup::new().await);
    let table = setup.table("t", &["w bigint"], &["p int"]).await;
    for round in 0..5 {
        let mut tasks = tokio::task::JoinSet::new();
        for w in 0..6 {
            let (setup, table) = (Arc::clone(&setup), Arc::clone(&table));
            tasks.spawn(async move {
                let rows = format!("SELECT {w}::bigint w FROM generate_series(1, 1000)");
                let mode = if w == 5 {
                    InsertMode::Into
                } else {
                    InsertMode::Overwrite
                };
                (w, setup.insert(&table, mode, &[("p", "1")], &rows).await)
            });
        }
        let mut won = BTreeSet::new();
        while let Some(task) = tasks.join_next().await {
            match task.unwrap() {
                (w, Ok(_)) => {
                    won.insert(w);
                }
                (5, Err(error)) => panic!("INTO never conflicts: {error}"),
                (_, Err(error)) => {
                    assert!(matches!(error, Error::Conflict { .. }), "{error}");
                    let text = error.to_string();
                    assert!(text.contains("default.t") && text.contains("p=1"), "{text}");
                    assert!(text.contains("run the statement again"), "{text}");
                }
            }
        }
        assert!(
            won.iter().any(|w| *w < 5) || won.contains(&5),
            "round {round}"
        );
        let rows = setup
            .rows("SELECT w, count(*) FROM t GROUP BY w ORDER BY w")
            .await;
        let overwrites = rows.iter().filter(|row| !row.starts_with("5|")).count();
        assert!(overwrites <= 1, "old and new rows together: {rows:?}");
        assert!(
            rows.iter()
                .all(|row| row.starts_with("5|") || row.ends_with("|1000")),
            "{rows:?}"
        );
    }
    setup.warehouse.maintain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_whole_states_while_a_table_is_replaced() {
    let setup = Arc::new(Setup::new().await);
    let table = setup.table("t", &["w bigint"], &[]).await;
    let first = "SELECT 0::bigint w FROM generate_series(1, 5000)";
    setup
        .insert(&table, InsertMode::Overwrite, &[], first)
        .await
        .unwrap();
    let writer = {
        let (setup, table) = (Arc::clone(&setup), Arc::clone(&table));
        tokio::spawn(async move {
            for w in 1..30 {
                let rows = format!("SELECT {w}::bigint w FROM generate_series(1, 5000)");
                setup
                    .insert(&table, InsertMode::Overwrite, &[], &rows)
                    .await
                    .unwrap();
            }
        })
    };
    let mut seen = BTreeSet::new();
    while !writer.is_finished() {
        let rows = setup
            .rows("SELECT count(*), sum(w), min(w + 0), max(w + 0) FROM t")
            .await;
        let cells: Vec<i64> = rows[0]
            .split('|')
            .map(|cell| cell.parse().unwrap())
            .collect();
        assert_eq!((cells[0], cells[1]), (5000, 5000 * cells[2]), "{rows:?}");
        assert_eq!(cells[2], cells[3]);
        seen.insert(cells[2]);
    }
    writer.await.unwrap();
    assert!(seen.len() > 1, "the writer was seen at work");
    setup.warehouse.maintain().await;
    assert_eq!(
        crate::support::all_files(&setup.path("t")).len(),
        setup.visible("t").len()
    );
}

const FOLDER: &str = "SPOTQL_TEST_CONCURRENT_FOLDER";
const WRITER: &str = "SPOTQL_TEST_CONCURRENT_WRITER";
const WRITES: i64 = 15;

#[tokio::test]
#[ignore = "started by the test below, as a process of its own"]
async fn a_writer_process() {
    let (Ok(folder), Ok(writer)) = (std::env::var(FOLDER), std::env::var(WRITER)) else {
        return;
    };
    let writer: i64 = writer.parse().unwrap();
    let options = WarehouseOptions::default();
    let warehouse = Warehouse::open_with(folder, options).await.unwrap();
    let session = session(&warehouse);
    let table = warehouse.table("default", "t").await.unwrap().unwrap();
    for number in 0..WRITES {
        for (mode, p) in [(InsertMode::Into, 1), (InsertMode::Overwrite, 2)] {
            let w = writer * 1000 + number;
            let sql = format!("SELECT {w}::bigint w FROM generate_series(1, 100)");
            // An OVERWRITE that loses against another process is run again, as its message says.
            loop {
                let plan = session
                    .sql(&sql)
                    .await
                    .unwrap()
                    .create_physical_plan()
                    .await
                    .unwrap();
                let partition = spec(&[("p", &p.to_string())]);
                let done = warehouse
                    .insert(&table, mode, partition, plan, session.task_ctx())
                    .await;
                match done {
                    Ok(_) => break,
                    Err(Error::Conflict { .. }) if mode == InsertMode::Overwrite => continue,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        // A state in between is whole as well.
        let rows = session
            .sql("SELECT count(*), count(DISTINCT w + 0) FROM t WHERE p = 2")
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        assert_eq!(crate::support::lines(&rows), ["100|1"]);
    }
}

#[tokio::test]
async fn several_processes_write_one_partition_and_lose_nothing() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["w bigint"], &["p int"]).await;
    let children: Vec<_> = (1..=3)
        .map(|writer| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "concurrent::a_writer_process", "--ignored"])
                .env(FOLDER, setup.folder.path())
                .env(WRITER, writer.to_string())
                .output_in_background()
        })
        .collect();
    for child in children {
        let output = child.join().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(
        setup
            .rows("SELECT count(*), count(DISTINCT w) FROM t WHERE p = 1")
            .await,
        [format!("{}|{}", 3 * WRITES * 100, 3 * WRITES)]
    );
    assert_eq!(
        setup
            .rows("SELECT count(*), count(DISTINCT w) FROM t WHERE p = 2")
            .await,
        ["100|1"]
    );
    drop(setup.warehouse);
    let warehouse = Warehouse::open_with(setup.folder.path(), no_grace())
        .await
        .unwrap();
    let files = warehouse.snapshot(&table).await.unwrap().file_count();
    let all = crate::support::all_files(&setup.folder.path().join("t"));
    assert_eq!(all.len(), files, "{all:?}");
}

trait Background {
    fn output_in_background(&mut self) -> std::thread::JoinHandle<std::process::Output>;
}

impl Background for Command {
    fn output_in_background(&mut self) -> std::thread::JoinHandle<std::process::Output> {
        use std::process::Stdio;
        let child = self
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::spawn(move || child.wait_with_output().unwrap())
    }
}
