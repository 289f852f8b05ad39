//! A warehouse is copied while other processes write it, and while the copying process is killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use spotql_catalog::{InsertMode, Table, Warehouse, WarehouseOptions};

use crate::support::{Setup, all_files, definition, lines, no_grace, session, spec};

const FOLDER: &str = "SPOTQL_TEST_BACKUP_FOLDER";
const WRITER: &str = "SPOTQL_TEST_BACKUP_WRITER";
const TARGET: &str = "SPOTQL_TEST_BACKUP_TARGET";
const WRITERS: usize = 2;
const ROWS: i64 = 300;

/// Starts one of the tests below as a process of its own.
fn child(test: &str, folder: &Path, variable: &str, value: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("backup::{test}"), "--ignored"])
        .env(FOLDER, folder)
        .env(variable, value)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills a process when the test ends, however that is.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

async fn table(warehouse: &Arc<Warehouse>, name: &str) -> Arc<Table> {
    let found = warehouse.table("default", name).await.unwrap();
    found.unwrap()
}

async fn insert(warehouse: &Arc<Warehouse>, name: &str, mode: InsertMode, sql: &str) {
    let session = session(warehouse);
    let plan = session.sql(sql).await.unwrap();
    let plan = plan.create_physical_plan().await.unwrap();
    let table = table(warehouse, name).await;
    warehouse
        .insert(&table, mode, vec![], plan, session.task_ctx())
        .await
        .unwrap();
}

async fn rows(warehouse: &Arc<Warehouse>, sql: &str) -> Vec<String> {
    let frame = session(warehouse).sql(sql).await.unwrap();
    lines(&frame.collect().await.unwrap())
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

/// Step `n` adds `ROWS` rows `n` to `added`, replaces `replaced` by as many, spread over partitions, and, every fifth
/// time, drops and makes `added` again.
#[tokio::test]
#[ignore = "started by the test below, as a process of its own"]
async fn a_process_that_writes_until_it_is_killed() {
    let (Ok(folder), Ok(writer)) = (std::env::var(FOLDER), std::env::var(WRITER)) else {
        return;
    };
    let warehouse = Warehouse::open_with(&folder, no_grace()).await.unwrap();
    let (added, replaced) = (format!("added_{writer}"), format!("replaced_{writer}"));
    for n in 1_i64.. {
        if n % 5 == 0 {
            let dropped = warehouse.drop_table("default", &added, false).await;
            assert!(dropped.unwrap());
            let again = definition(&added, &["n bigint"], &[]);
            warehouse.create_table(again, false).await.unwrap();
        }
        let sql = format!("SELECT {n}::bigint n FROM generate_series(1, {ROWS})");
        insert(&warehouse, &added, InsertMode::Into, &sql).await;
        let sql = format!(
            "SELECT {n}::bigint n, CAST(value % 20 AS INT) p FROM generate_series(1, {ROWS})"
        );
        insert(&warehouse, &replaced, InsertMode::Overwrite, &sql).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_processes_write_holds_a_state_that_existed() {
    let setup = Setup::new().await;
    for writer in 0..WRITERS {
        let (added, replaced) = (format!("added_{writer}"), format!("replaced_{writer}"));
        setup.table(&added, &["n bigint"], &[]).await;
        setup.table(&replaced, &["n bigint"], &["p int"]).await;
    }
    let writers: Vec<Killed> = (0..WRITERS)
        .map(|writer| {
            let test = "a_process_that_writes_until_it_is_killed";
            Killed(child(
                test,
                setup.folder.path(),
                WRITER,
                &writer.to_string(),
            ))
        })
        .collect();
    let backups = tempfile::tempdir().unwrap();
    let mut steps = vec![(0, 0); WRITERS];
    let started = Instant::now();
    let mut number = 0;
    while number < 20 || steps.iter().any(|(step, _)| *step < 6) {
        assert!(started.elapsed() < Duration::from_secs(100), "{steps:?}");
        let to = backups.path().join(number.to_string());
        let report = setup.warehouse.backup(&to).await.unwrap();
        // One may have been dropped and not yet made again.
        let tables = WRITERS as u64..=2 * WRITERS as u64;
        assert!(tables.contains(&report.tables), "{report:?}");
        assert_eq!(report.outside, []);
        steps = check_backup(&to, &steps).await;
        std::fs::remove_dir_all(&to).unwrap();
        number += 1;
    }
    println!(
        "{number} backups in {:?}, steps {steps:?}",
        started.elapsed()
    );
    for mut writer in writers {
        assert!(writer.0.try_wait().unwrap().is_none(), "a writer failed");
    }
    assert_eq!(all_files(backups.path()), [""; 0]);
}

/// Each writer's steps in `added` and `replaced`, which go on from those of the backup before.
async fn check_backup(folder: &Path, before: &[(i64, i64)]) -> Vec<(i64, i64)> {
    // What is no data of the snapshot's is not in it.
    let copied = all_files(folder);
    let strays = |it: &&String| it.contains("_spotql") || it.contains(".retired");
    assert_eq!(copied.iter().find(strays), None);
    let warehouse = Warehouse::open(folder).await.unwrap();
    assert_eq!(warehouse.unfinished_writes().await.unwrap(), []);
    let mut steps = Vec::new();
    for (writer, before) in before.iter().enumerate() {
        let groups = async |table: &str| {
            let name = format!("{table}_{writer}");
            if warehouse.table("default", &name).await.unwrap().is_none() {
                return Vec::new();
            }
            let sql = format!("SELECT n, count(n + 0) FROM {name} GROUP BY n ORDER BY n");
            let groups = rows(&warehouse, &sql).await;
            groups
                .iter()
                .map(|row| {
                    let (n, count) = row.split_once('|').unwrap();
                    assert_eq!(count, ROWS.to_string(), "a part of a commit: {row}");
                    n.parse().unwrap()
                })
                .collect::<Vec<i64>>()
        };
        let (mut added, replaced) = (groups("added").await, groups("replaced").await);
        assert!(replaced.len() <= 1, "{replaced:?}");
        let now = replaced.last().copied().unwrap_or(0);
        // Every commit since the table was made last, and no other.
        let last = added.last().copied();
        if let Some(last) = last {
            let first = if last < 5 { 1 } else { last / 5 * 5 };
            let all: Vec<i64> = (first..=last).collect();
            assert_eq!(added, all);
            // One commit after the other.
            assert!(
                last == now || last == now + 1,
                "added {last}, replaced {now}"
            );
        } else {
            assert!((now + 1) % 5 == 0 || now == 0, "no rows after step {now}");
            added.push(now);
        }
        let last = added.last().copied().unwrap_or(0);
        assert!(
            last >= before.0 && now >= before.1,
            "{last} {now} {before:?}"
        );
        steps.push((last, now));
    }
    steps
}

#[tokio::test]
#[ignore = "started by the test below, as a process of its own"]
async fn a_process_that_makes_a_backup() {
    let (Ok(folder), Ok(target)) = (std::env::var(FOLDER), std::env::var(TARGET)) else {
        return;
    };
    let warehouse = Warehouse::open(&folder).await.unwrap();
    warehouse.backup(target).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backup_leaves_nothing_of_its_name_and_the_next_one_removes_the_rest() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["n bigint"], &["p int"]).await;
    let sql = "SELECT value n, CAST(value % 400 AS INT) p FROM generate_series(1, 4000)";
    setup
        .insert(&table, InsertMode::Into, &[], sql)
        .await
        .unwrap();
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("nightly");
    let (mut killed, mut left) = (0, 0);
    for moment in 0..25_u64 {
        let test = "a_process_that_makes_a_backup";
        let target_name = target.to_str().unwrap();
        let before = drafts(backups.path());
        let mut copying = child(test, setup.folder.path(), TARGET, target_name);
        // The moment counts from when there is something to copy to.
        let begun = |draft: &PathBuf| !before.contains(draft) && draft.join("backup.lock").exists();
        let started = Instant::now();
        while !drafts(backups.path()).iter().any(begun) && !target.exists() {
            assert!(started.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(moment * 12));
        copying.kill().unwrap();
        copying.wait().unwrap();
        left += drafts(backups.path()).len();
        if target.exists() {
            let copy = Warehouse::open(&target).await.unwrap();
            assert_eq!(
                rows(&copy, "SELECT count(n + 0), sum(n) FROM t").await,
                ["4000|8002000"]
            );
            drop(copy);
            std::fs::remove_dir_all(&target).unwrap();
        } else {
            killed += 1;
        }
    }
    println!("{killed} of 25 backups were killed, {left} folders were left");
    assert!(killed > 3 && left > 0);
    // One that was not locked yet is empty, and goes after a minute.
    let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    for draft in drafts(backups.path()) {
        if !draft.join("backup.lock").exists() {
            let files = all_files(&draft);
            assert!(files.iter().all(|it| it == "backup.new"), "{files:?}");
            let folder = std::fs::File::open(draft).unwrap();
            folder.set_modified(hour_ago).unwrap();
        }
    }
    setup.warehouse.backup(&target).await.unwrap();
    assert_eq!(drafts(backups.path()), [] as [PathBuf; 0]);
    setup.warehouse.maintain().await;
    let locks = all_files(&setup.path("_spotql_locks"));
    assert_eq!(locks.iter().find(|it| it.ends_with(".lock")), None);
}

fn drafts(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let hidden = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with('.');
    entries.filter(hidden).map(|it| it.path()).collect()
}

#[tokio::test]
async fn replaced_files_stay_as_long_as_a_living_process_makes_a_backup() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    let overwrite = async |value: i64| {
        let sql = format!("SELECT {value}::bigint a");
        let done = setup.insert(&table, InsertMode::Overwrite, &[], &sql);
        done.await.unwrap()
    };
    overwrite(1).await;
    // As a backup does.
    let lock = setup.path("_spotql_locks").join("backup-1.lock");
    let held = std::fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    overwrite(2).await;
    setup.warehouse.maintain().await;
    assert_eq!(all_files(&setup.path("t")).len(), 2);
    drop(held);
    setup.warehouse.maintain().await;
    assert_eq!(all_files(&setup.path("t")).len(), 1);
    setup.warehouse.maintain().await;
    assert!(!lock.exists());
}

#[tokio::test]
async fn a_backup_is_a_warehouse_with_the_same_files_partitions_and_sources() {
    let outside = tempfile::tempdir().unwrap();
    let options = WarehouseOptions {
        allowed: vec![outside.path().to_str().unwrap().parse().unwrap()],
        ..no_grace()
    };
    let setup = Setup::with(options.clone()).await;
    let warehouse = &setup.warehouse;
    let table = setup.table("t", &["a bigint"], &["p string"]).await;
    let sql = "SELECT * FROM (VALUES (1::bigint, 'a b/c'), (2, NULL)) AS t (a, p)";
    setup
        .insert(&table, InsertMode::Into, &[], sql)
        .await
        .unwrap();
    // An empty partition, a table that lies elsewhere, and the folder of a source.
    let empty = spec(&[("p", "empty")]);
    let added = warehouse.add_partition(&table, empty, None, false).await;
    added.unwrap();
    let mut external = definition("e", &["a bigint"], &[]);
    external.external = true;
    external.location = Some(format!("{}/data", outside.path().display()));
    let external = setup.create(external).await;
    setup
        .insert(&external, InsertMode::Into, &[], "SELECT 3::bigint a")
        .await
        .unwrap();
    let kept = setup.path("_spotql_sources/1");
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("rows.arrow"), b"x").unwrap();
    std::fs::write(setup.path("notes.txt"), b"x").unwrap();

    let backups = tempfile::tempdir().unwrap();
    let to = backups.path().join("a/b");
    let report = warehouse.backup(&to).await.unwrap();
    assert_eq!((report.tables, report.files), (2, 2));
    let [place] = &report.outside[..] else {
        panic!("{report:?}")
    };
    assert_eq!((place.table.as_str(), place.files), ("default.e", 1));
    assert_eq!(
        place.folder,
        outside.path().canonicalize().unwrap().join("data")
    );
    let mut expected = setup.visible("t");
    expected = expected.iter().map(|it| format!("t/{it}")).collect();
    expected.push("_spotql_sources/1/rows.arrow".into());
    expected.push("spotql.sqlite3".into());
    assert_eq!(all_files(&to), sorted(expected));
    assert!(to.join("t/p=empty").is_dir());
    let rights = |path: &Path| path.metadata().unwrap().permissions();
    assert_eq!(rights(&to), rights(setup.folder.path()));

    let copy = Warehouse::open_with(&to, options).await.unwrap();
    for sql in ["SELECT a, p FROM t ORDER BY a", "SELECT a FROM e"] {
        assert_eq!(rows(&copy, sql).await, setup.rows(sql).await, "{sql}");
    }
    // The copy and the original have nothing to do with each other.
    insert(
        &copy,
        "t",
        InsertMode::Into,
        "SELECT 9::bigint a, 'a b/c' p",
    )
    .await;
    let table = self::table(&copy, "t").await;
    copy.drop_partitions(&table, spec(&[("p", "NULL")]), false)
        .await
        .unwrap();
    assert_eq!(rows(&copy, "SELECT a FROM t ORDER BY a").await, ["1", "9"]);
    assert_eq!(setup.rows("SELECT a FROM t ORDER BY a").await, ["1", "2"]);
}

#[tokio::test]
async fn a_backup_that_cannot_be_made_says_why_and_leaves_nothing() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    setup
        .insert(&table, InsertMode::Into, &[], "SELECT 1::bigint a")
        .await
        .unwrap();
    let backups = tempfile::tempdir().unwrap();
    let refused = async |to: PathBuf| {
        let refused = setup.warehouse.backup(&to).await.unwrap_err();
        refused.to_string()
    };
    let said = refused(backups.path().to_owned()).await;
    assert!(said.contains("something of that name"), "{said}");
    let said = refused(setup.path("x/y")).await;
    assert!(said.contains("lies in the warehouse"), "{said}");
    assert!(!setup.path("x").exists());

    let file = setup.path("t").join(&setup.visible("t")[0]);
    let whole = std::fs::read(&file).unwrap();
    for (bytes, reason) in [(Some(&whole[1..]), "has"), (None, "is missing")] {
        match bytes {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let said = refused(backups.path().join("b")).await;
        assert!(
            said.contains(reason) && said.contains("REFRESH default.t"),
            "{said}"
        );
        assert_eq!(all_files(backups.path()), [""; 0]);
        assert_eq!(drafts(backups.path()), [] as [PathBuf; 0]);
    }
    setup.warehouse.maintain().await;
    assert_eq!(all_files(&setup.path("_spotql_locks")), [""; 0]);
}
