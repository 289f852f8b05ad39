//! Warehouses that earlier programs have written, and programs that meet newer ones.
//!
//! `tests/data/warehouse-N` is a warehouse of format N. Whoever adds migration N+1 commits one of format N first
//! (`tests/data/README.md`); the tests here then run on it, too. What a migration does to its contents is tested beside it.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use spotql_catalog::{InsertMode, Warehouse};
use tempfile::TempDir;

use crate::ddl::interrupted_insert;
use crate::support::{Setup, all_files, no_grace, session, spec, visible_files};

/// The first format of which there is a warehouse.
const FIRST: i64 = 6;

fn kept(format: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/warehouse-{format}"))
}

fn copy(from: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in all_files(from) {
        let to = folder.path().join(&file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from.join(&file), to).unwrap();
    }
    folder
}

fn metastore(folder: &Path) -> Connection {
    Connection::open(folder.join("spotql.sqlite3")).unwrap()
}

fn format(folder: &Path) -> i64 {
    metastore(folder)
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

/// As a newer program leaves it; `format` takes it back.
fn set_format(folder: &Path, format: i64) {
    let metastore = metastore(folder);
    metastore
        .pragma_update(None, "application_id", 0x5370_6f74)
        .unwrap();
    metastore
        .pragma_update(None, "user_version", format)
        .unwrap();
}

async fn open(folder: TempDir) -> Setup {
    let warehouse = Warehouse::open_with(folder.path(), no_grace())
        .await
        .unwrap();
    let session = session(&warehouse);
    Setup {
        folder,
        warehouse,
        session,
    }
}

#[tokio::test]
async fn there_is_a_warehouse_of_each_earlier_format() {
    let newest = format(Setup::new().await.folder.path());
    for earlier in FIRST..newest {
        assert_eq!(format(copy(&kept(earlier)).path()), earlier);
    }
}

#[tokio::test]
async fn a_warehouse_of_each_earlier_format_is_read_and_written() {
    let newest = format(Setup::new().await.folder.path());
    for earlier in (FIRST..=newest).filter(|it| kept(*it).exists()) {
        let folder = copy(&kept(earlier));
        let setup = open(folder).await;
        let at = setup.folder.path();
        assert_eq!(format(at), newest);
        let backup = setup.path(&format!("spotql.sqlite3.backup-v{earlier}"));
        assert_eq!(backup.exists(), earlier < newest);
        reads_and_writes(&setup).await;
    }
}

async fn reads_and_writes(setup: &Setup) {
    let warehouse = &setup.warehouse;
    let rows = async |sql: &str| setup.rows(sql).await;
    // Committed by a process that is gone; and what another one had not committed is away.
    assert_eq!(
        rows("SELECT id, text FROM notes ORDER BY id").await,
        ["1|moved", "2|moved, too"]
    );
    assert_eq!(warehouse.unfinished_writes().await.unwrap(), []);
    assert_eq!(all_files(&setup.path("notes")), setup.visible("notes"));
    assert_eq!(setup.visible("notes").len(), 1);
    assert_eq!(
        rows("SELECT n, p FROM counters ORDER BY n").await,
        ["2|b", "3|NULL", "4|a b/c", "10|a", "11|a"]
    );
    assert_eq!(
        rows("SELECT id, name FROM ops.hosts ORDER BY id").await,
        ["1|alpha", "2|beta"]
    );
    assert_eq!(
        rows("SELECT h, count(*) FROM ops.flow WHERE y = 2016 AND m = 7 AND d = 8 GROUP BY h ORDER BY h").await,
        ["0|5", "1|5", "2|11", "3|14", "4|5"]
    );
    assert_eq!(
        rows("SELECT srcip, score FROM ops.flow_threat_investigation ORDER BY score").await,
        ["10.0.0.1|1", "10.0.0.2|3"]
    );
    let loaded = warehouse.loaded_files().await.unwrap();
    assert_eq!((loaded.len(), loaded[0].rows), (1, 40));
    let sources = warehouse.sources().await.unwrap();
    let sources: Vec<_> = sources
        .iter()
        .map(|it| (it.kind.as_str(), it.name.as_str()))
        .collect();
    assert_eq!(
        sources,
        [
            ("network list", "lab"),
            ("indicator list", "bad"),
            ("reputation service", "verdicts"),
            ("schedule", "nightly")
        ]
    );
    let runs = warehouse.runs().await.unwrap();
    assert_eq!((runs.len(), runs[0].rows), (1, Some(7)));

    let table = warehouse
        .table("default", "counters")
        .await
        .unwrap()
        .unwrap();
    for (mode, partition, sql) in [
        (InsertMode::Into, "a", "SELECT 12::bigint n"),
        (InsertMode::Overwrite, "b", "SELECT 20::bigint n"),
    ] {
        setup
            .insert(&table, mode, &[("p", partition)], sql)
            .await
            .unwrap();
    }
    let dropped = warehouse.drop_partitions(&table, spec(&[("p", "NULL")]), false);
    assert_eq!(dropped.await.unwrap().len(), 1);
    assert_eq!(
        rows("SELECT n, p FROM counters ORDER BY n").await,
        ["4|a b/c", "10|a", "11|a", "12|a", "20|b"]
    );
    warehouse.drop_table("ops", "flow", false).await.unwrap();
    assert!(warehouse.table("ops", "flow").await.unwrap().is_none());
}

#[tokio::test]
async fn a_newer_warehouse_is_refused_in_one_sentence_and_left_as_it_is() {
    let folder = Setup::new().await.folder;
    let known = format(folder.path());
    set_format(folder.path(), known + 1);
    let before = std::fs::read(folder.path().join("spotql.sqlite3")).unwrap();
    let refused = async || {
        Warehouse::open(folder.path())
            .await
            .unwrap_err()
            .to_string()
    };
    let at = folder.path().canonicalize().unwrap();
    let said = format!(
        "the warehouse '{}' was written by a newer SpotQL (format {}; this program knows formats 1 to {known}): \
         use that program",
        at.display(),
        known + 1
    );
    assert_eq!(refused().await, said);
    // Backups of formats that this program knows can be restored.
    for name in [known + 1, known - 1, known] {
        std::fs::write(at.join(format!("spotql.sqlite3.backup-v{name}")), b"").unwrap();
    }
    let backup = at.join(format!("spotql.sqlite3.backup-v{known}"));
    assert_eq!(
        refused().await,
        format!(
            "{said}, or restore the backup '{}' (what was written since is not in it)",
            backup.display()
        )
    );
    assert_eq!(std::fs::read(at.join("spotql.sqlite3")).unwrap(), before);
}

#[tokio::test]
async fn a_file_of_another_program_is_no_metastore_and_left_as_it_is() {
    for mark in [0, 0x0f05_5112] {
        let folder = tempfile::tempdir().unwrap();
        let foreign = metastore(folder.path());
        foreign
            .execute_batch("CREATE TABLE manifest (a INT)")
            .unwrap();
        foreign.pragma_update(None, "application_id", mark).unwrap();
        drop(foreign);
        let before = std::fs::read(folder.path().join("spotql.sqlite3")).unwrap();
        let error = Warehouse::open(folder.path()).await.unwrap_err();
        assert!(
            error.to_string().contains("no metastore of SpotQL"),
            "{error}"
        );
        let after = std::fs::read(folder.path().join("spotql.sqlite3")).unwrap();
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn a_program_whose_warehouse_a_newer_one_migrates_meanwhile_fails_in_one_sentence() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    let insert = async |value: i64| {
        let sql = format!("SELECT {value}::bigint a");
        setup.insert(&table, InsertMode::Into, &[], &sql).await
    };
    insert(1).await.unwrap();
    let query = setup.plan("SELECT a FROM t").await;
    let known = format(setup.folder.path());
    set_format(setup.folder.path(), known + 1);

    let newer = "was written by a newer SpotQL";
    let failed = insert(2).await.unwrap_err().to_string();
    assert!(failed.contains(newer), "{failed}");
    let failed = setup.error("SELECT a FROM t").await;
    assert!(failed.contains(newer), "{failed}");
    let dropped = setup.warehouse.drop_table("default", "t", false).await;
    assert!(dropped.unwrap_err().to_string().contains(newer));
    // A query that was planned before reads what was there then.
    let context = setup.session.task_ctx();
    let read = datafusion::physical_plan::collect(query, context).await;
    assert_eq!(crate::support::lines(&read.unwrap()), ["1"]);
    setup.warehouse.maintain().await;

    set_format(setup.folder.path(), known);
    assert_eq!(setup.rows("SELECT a FROM t").await, ["1"]);
    assert_eq!(visible_files(&setup.path("t")).len(), 1);
}

#[tokio::test]
async fn a_write_under_way_while_a_newer_program_migrates_is_not_committed_and_undone_later() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    let at = setup.folder.path();
    let known = format(at);
    let failed = interrupted_insert(&setup, &table, async || set_format(at, known + 1)).await;
    assert!(failed.contains("was written by a newer SpotQL"), "{failed}");
    assert_ne!(
        all_files(&setup.path("t")),
        [""; 0],
        "nothing was under way"
    );
    set_format(at, known);
    let again = Warehouse::open_with(at, no_grace()).await.unwrap();
    assert_eq!(again.unfinished_writes().await.unwrap(), []);
    assert_eq!(all_files(&setup.path("t")), [""; 0]);
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["0"]);
}
