//! A process that writes is killed at random moments; what it leaves must be a state of its history.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use spotql_catalog::{InsertMode, Warehouse};

use crate::support::{Setup, all_files, lines, no_grace, session, spec, visible_files};

const FOLDER: &str = "SPOTQL_TEST_CRASH_FOLDER";
const FIRST: &str = "SPOTQL_TEST_CRASH_FIRST";
const KILLS: u64 = 64;
const ROWS: u64 = 500;
const PARTITIONS: u64 = 4;

/// A step of the history, told by its number alone so that the parent knows what the child does.
#[derive(Debug, Clone, Copy)]
enum Step {
    Into,
    Overwrite,
    /// Puts another table in the place of the unpartitioned one.
    Replace,
    IntoPartitions,
    /// Replaces partitions `from..PARTITIONS`.
    OverwritePartitions {
        from: u64,
    },
    DropPartition {
        p: u64,
    },
}

/// A small generator (Knuth's MMIX constants): the same moments in every run.
fn random(seed: u64) -> u64 {
    let mut state = seed;
    for _ in 0..4 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
    }
    state >> 33
}

fn step(number: u64) -> Step {
    match random(number) % 8 {
        0 | 1 => Step::Into,
        2 => Step::Overwrite,
        3 => Step::Replace,
        4 => Step::IntoPartitions,
        5 | 6 => Step::OverwritePartitions {
            from: random(number + 1_000_000) % PARTITIONS,
        },
        _ => Step::DropPartition {
            p: random(number + 2_000_000) % PARTITIONS,
        },
    }
}

/// Rows by write number: of the unpartitioned table, and of each partition.
#[derive(Debug, Clone, Default, PartialEq)]
struct State {
    plain: BTreeMap<u64, u64>,
    partitions: BTreeMap<u64, BTreeMap<u64, u64>>,
}

impl State {
    fn apply(&mut self, number: u64) {
        match step(number) {
            Step::Into => {
                self.plain.insert(number, ROWS);
            }
            Step::Overwrite | Step::Replace => self.plain = BTreeMap::from([(number, ROWS)]),
            Step::IntoPartitions => {
                for p in 0..PARTITIONS {
                    self.partitions
                        .entry(p)
                        .or_default()
                        .insert(number, ROWS / PARTITIONS);
                }
            }
            Step::OverwritePartitions { from } => {
                for p in from..PARTITIONS {
                    let rows = BTreeMap::from([(number, ROWS / PARTITIONS)]);
                    self.partitions.insert(p, rows);
                }
            }
            Step::DropPartition { p } => {
                self.partitions.remove(&p);
            }
        }
    }
}

#[tokio::test]
#[ignore = "started by the test below, as a process of its own"]
async fn a_process_that_writes_until_it_is_killed() {
    let (Ok(folder), Ok(first)) = (std::env::var(FOLDER), std::env::var(FIRST)) else {
        return;
    };
    let mut log = std::fs::OpenOptions::new()
        .append(true)
        .open(Path::new(&folder).join("_history"))
        .unwrap();
    // One call a line: a kill must not tear one.
    let mut note = |word: &str, number: u64| {
        log.write_all(format!("{word} {number}\n").as_bytes())
            .unwrap();
    };
    let warehouse = Warehouse::open_with(&folder, no_grace()).await.unwrap();
    let session = session(&warehouse);
    let parts = warehouse.table("default", "parts").await.unwrap().unwrap();
    for number in first.parse().unwrap().. {
        note("begin", number);
        let plain = warehouse.table("default", "plain").await.unwrap().unwrap();
        let all = format!("SELECT {number}::bigint w FROM generate_series(1, {ROWS})");
        let split = |from: u64| {
            format!(
                "SELECT {number}::bigint w, CAST((value - 1) % {PARTITIONS} AS INT) p \
                 FROM generate_series(1, {ROWS}) WHERE (value - 1) % {PARTITIONS} >= {from}"
            )
        };
        let (table, mode, sql) = match step(number) {
            Step::Into => (&plain, InsertMode::Into, all),
            Step::Overwrite => (&plain, InsertMode::Overwrite, all),
            Step::Replace => {
                let plan = session.sql(&all).await.unwrap();
                let plan = plan.create_physical_plan().await.unwrap();
                let definition = plain.definition.clone();
                let replaced =
                    warehouse.replace_table_as(plain, definition, plan, session.task_ctx());
                replaced.await.unwrap();
                note("end", number);
                continue;
            }
            Step::IntoPartitions => (&parts, InsertMode::Into, split(0)),
            Step::OverwritePartitions { from } => (&parts, InsertMode::Overwrite, split(from)),
            Step::DropPartition { p } => {
                let partition = spec(&[("p", &p.to_string())]);
                warehouse
                    .drop_partitions(&parts, partition, true)
                    .await
                    .unwrap();
                note("end", number);
                continue;
            }
        };
        let plan = session
            .sql(&sql)
            .await
            .unwrap()
            .create_physical_plan()
            .await
            .unwrap();
        warehouse
            .insert(table, mode, vec![], plan, session.task_ctx())
            .await
            .unwrap();
        note("end", number);
    }
}

/// The last write begun, and whether it is known to have ended.
fn last_write(history: &str) -> Option<(u64, bool)> {
    let line = history.lines().last()?;
    let (word, number) = line.split_once(' ')?;
    Some((number.parse().ok()?, word == "end"))
}

/// The write numbers in the files that a program which lists directories would read.
fn listed_numbers(folder: &Path) -> BTreeSet<u64> {
    let mut numbers = BTreeSet::new();
    for file in visible_files(folder) {
        let reader = SerializedFileReader::new(std::fs::File::open(folder.join(&file)).unwrap())
            .unwrap_or_else(|error| panic!("a visible file is not whole: {file}: {error}"));
        for row in reader.get_row_iter(None).unwrap() {
            numbers.insert(row.unwrap().get_long(0).unwrap() as u64);
        }
    }
    numbers
}

async fn read_state(warehouse: &std::sync::Arc<Warehouse>) -> State {
    let session = session(warehouse);
    let mut state = State::default();
    let collect =
        async |sql: &str| lines(&session.sql(sql).await.unwrap().collect().await.unwrap());
    for row in collect("SELECT w, count(w + 0) FROM plain GROUP BY w").await {
        let cells: Vec<u64> = row.split('|').map(|cell| cell.parse().unwrap()).collect();
        state.plain.insert(cells[0], cells[1]);
    }
    for row in collect("SELECT p, w, count(w + 0) FROM parts GROUP BY p, w").await {
        let cells: Vec<u64> = row.split('|').map(|cell| cell.parse().unwrap()).collect();
        state
            .partitions
            .entry(cells[0])
            .or_default()
            .insert(cells[1], cells[2]);
    }
    state
}

#[tokio::test]
async fn a_process_killed_at_any_moment_leaves_the_state_before_or_after_its_write() {
    let setup = Setup::new().await;
    setup.table("plain", &["w bigint"], &[]).await;
    setup.table("parts", &["w bigint"], &["p int"]).await;
    let folder = setup.folder.path().to_path_buf();
    drop(setup.session);
    drop(setup.warehouse);
    let mut expected = State::default();
    let mut next = 1;
    let (mut undone, mut kept, mut mid_write) = (0, 0, 0);
    let started = Instant::now();
    for kill in 0..KILLS {
        std::fs::write(folder.join("_history"), b"").unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "crash::a_process_that_writes_until_it_is_killed",
                "--ignored",
            ])
            .env(FOLDER, &folder)
            .env(FIRST, next.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The moment counts from the first write on.
        while std::fs::read(folder.join("_history")).unwrap().is_empty() {
            assert!(
                child.try_wait().unwrap().is_none(),
                "the writer died by itself"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(random(kill + 77) % 250_000));
        child.kill().unwrap();
        child.wait().unwrap();

        let history = std::fs::read_to_string(folder.join("_history")).unwrap();
        let (last, ended) = last_write(&history).unwrap();
        for number in next..last + u64::from(ended) {
            expected.apply(number);
        }
        let before = expected.clone();
        let mut after = before.clone();
        if !ended {
            mid_write += 1;
            after.apply(last);
        }
        // Directories, before anybody has cleaned up: rows of one state, maybe not all.
        for (table, rows) in [("plain", true), ("parts", false)] {
            let numbers = |state: &State| -> BTreeSet<u64> {
                if rows {
                    state.plain.keys().copied().collect()
                } else {
                    state
                        .partitions
                        .values()
                        .flat_map(|rows| rows.keys().copied())
                        .collect()
                }
            };
            let listed = listed_numbers(&folder.join(table));
            assert!(
                listed.is_subset(&numbers(&before)) || listed.is_subset(&numbers(&after)),
                "kill {kill}: a listing of {table} shows {listed:?}\nbefore {before:?}\nafter {after:?}"
            );
        }

        let warehouse = Warehouse::open_with(&folder, no_grace()).await.unwrap();
        let found = read_state(&warehouse).await;
        if found == after {
            kept += u32::from(!ended);
        } else {
            assert_eq!(found, before, "kill {kill}, write {last} {:?}", step(last));
            undone += 1;
        }
        expected = found;
        next = last + 1;

        for name in ["plain", "parts"] {
            let table = warehouse.table("default", name).await.unwrap().unwrap();
            let snapshot = warehouse.snapshot(&table).await.unwrap();
            let root = folder.join(name);
            let mut known: Vec<String> = snapshot
                .partitions
                .iter()
                .flat_map(|partition| {
                    let below = match partition.name.as_str() {
                        "" => String::new(),
                        name => format!("{name}/"),
                    };
                    partition
                        .files
                        .iter()
                        .map(move |file| format!("{below}{}", file.path))
                })
                .collect();
            known.sort();
            assert_eq!(
                all_files(&root),
                known,
                "kill {kill}: {name} holds strays or lacks files"
            );
        }
        let mut locks = all_files(&folder.join("_spotql_locks"));
        // One that was not locked yet goes after a minute.
        locks.retain(|name| !name.ends_with(".new"));
        assert!(locks.is_empty(), "kill {kill}: {locks:?}");
    }
    println!(
        "{KILLS} kills in {:?}: {next} writes, {mid_write} killed during a write, {undone} undone, {kept} completed",
        started.elapsed()
    );
    assert!(mid_write > KILLS / 2 && next > KILLS);
}
