//! Migrations at work: those there are, and some that a later program could have.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::params;
use tempfile::TempDir;

use super::super::{FILE_NAME, Metastore, frozen};
use super::*;

/// This program's migrations and later ones.
fn and(later: &[Migration]) -> &'static [Migration] {
    [ALL, later].concat().leak()
}

const NOW: i64 = ALL.len() as i64;

/// Counts how often it has run.
const COUNT: Migration = Migration {
    format: NOW + 1,
    title: "a count",
    run: |tx| {
        tx.execute_batch(
            "CREATE TABLE IF NOT EXISTS migrated (n INTEGER); INSERT INTO migrated VALUES (1);
             ALTER TABLE tables ADD COLUMN title TEXT; UPDATE tables SET title = name || '!'",
        )?;
        Ok(())
    },
};

/// Makes a table anew that others refer to, as SQLite's page on ALTER TABLE says.
const REBUILD: Migration = Migration {
    format: NOW + 2,
    title: "tables anew",
    run: |tx| {
        tx.execute_batch(
            "CREATE TABLE new (id INTEGER PRIMARY KEY AUTOINCREMENT, database_id INTEGER NOT NULL REFERENCES databases (id),
               name TEXT NOT NULL, location TEXT NOT NULL, definition TEXT NOT NULL, version INTEGER NOT NULL, title TEXT);
             INSERT INTO new SELECT * FROM tables;
             DROP TABLE tables;
             ALTER TABLE new RENAME TO tables",
        )?;
        Ok(())
    },
};

/// Fails in its middle.
const FAILING: Migration = Migration {
    format: NOW + 2,
    title: "nothing good",
    run: |tx| {
        tx.execute_batch("DELETE FROM files; DROP TABLE writes; INSERT INTO no_table VALUES (1)")?;
        Ok(())
    },
};

/// Leaves tables without their database.
const CARELESS: Migration = Migration {
    format: NOW + 2,
    title: "no databases",
    run: |tx| {
        tx.execute_batch("DELETE FROM databases")?;
        Ok(())
    },
};

/// A folder with a metastore of a format, which has a database, a table, a partition and a file.
fn older(format: i64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut connection =
        super::super::connect(&file(folder.path())).unwrap_or_else(|it| panic!("{it}"));
    let path = file(folder.path());
    let known = &ALL[..format as usize];
    migrate(&mut connection, &path, known, Backup::None).unwrap_or_else(|it| panic!("{it}"));
    if format <= UNMARKED {
        connection.pragma_update(None, "application_id", 0).unwrap();
    }
    connection
        .execute_batch(
            "INSERT INTO databases (name, location) VALUES ('d', 'd.db');
             INSERT INTO tables (database_id, name, location, definition) VALUES (1, 't', 'd.db/t', '{}');
             INSERT INTO partitions (table_id, name, key, raw_values) VALUES (1, '', '', '[]');
             INSERT INTO files (table_id, partition_id, path, size, modified) VALUES (1, 1, 'f', 10, 0);",
        )
        .unwrap();
    folder
}

fn file(folder: &Path) -> PathBuf {
    folder.join(FILE_NAME)
}

fn backups(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.contains("backup")).collect();
    names.sort();
    names
}

async fn open(folder: &Path, migrations: &'static [Migration]) -> Metastore {
    Metastore::open_with(folder, migrations).await.unwrap()
}

async fn refused(folder: &Path, migrations: &'static [Migration]) -> String {
    let opened = Metastore::open_with(folder, migrations).await;
    opened.unwrap_err().to_string()
}

/// All rows of a query, as SQLite's `quote` writes their first column.
fn column(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

fn schema(path: &Path) -> Vec<String> {
    column(
        path,
        "SELECT name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY name",
    )
}

fn format_of(path: &Path) -> String {
    let mark = "SELECT user_version || ' ' || application_id FROM pragma_user_version, pragma_application_id";
    column(path, mark).remove(0)
}

const FILES: &str = "SELECT t.name || ' ' || f.path || ' ' || f.size FROM tables t \
                     JOIN partitions p ON p.table_id = t.id JOIN files f ON f.partition_id = p.id";

#[test]
fn the_formats_are_numbered_without_a_gap() {
    let formats: Vec<i64> = ALL.iter().map(|it| it.format).collect();
    assert_eq!(formats, (1..=ALL.len() as i64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_metastore_of_each_earlier_format_gets_the_schema_of_a_new_one_and_keeps_its_rows() {
    let fresh = tempfile::tempdir().unwrap();
    drop(open(fresh.path(), ALL).await);
    assert_eq!(backups(fresh.path()), [""; 0]);
    for format in 1..NOW {
        let folder = older(format);
        let before = schema(&file(folder.path()));
        drop(open(folder.path(), ALL).await);
        assert_eq!(schema(&file(folder.path())), schema(&file(fresh.path())));
        assert_eq!(column(&file(folder.path()), FILES), ["t f 10"]);
        assert_eq!(
            format_of(&file(folder.path())),
            format_of(&file(fresh.path()))
        );
        let name = format!("{FILE_NAME}.backup-v{format}");
        assert_eq!(backups(folder.path()), [name.as_str()]);
        let backup = folder.path().join(name);
        assert_eq!(schema(&backup), before);
        assert_eq!(column(&backup, FILES), ["t f 10"]);
        assert_eq!(format_of(&backup), format!("{format} 0"));
    }
}

#[tokio::test]
async fn a_table_that_others_refer_to_is_made_anew_and_keeps_them() {
    let folder = older(NOW);
    let opened = open(folder.path(), and(&[COUNT, REBUILD])).await;
    assert_eq!(column(&file(folder.path()), FILES), ["t f 10"]);
    assert_eq!(
        column(&file(folder.path()), "SELECT title FROM tables"),
        ["t!"]
    );
    // Afterwards references are enforced again.
    let orphan = opened.write(|tx| {
        tx.execute(
            "INSERT INTO partitions (table_id, name, key, raw_values) VALUES (9, '', '', '')",
            [],
        )?;
        Ok(())
    });
    assert!(
        orphan
            .await
            .unwrap_err()
            .to_string()
            .contains("FOREIGN KEY")
    );
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing_and_names_itself_the_cause_and_the_backup() {
    for (failing, cause) in [
        (FAILING, "no such table"),
        (CARELESS, "rows of 'tables' refer to"),
    ] {
        let folder = older(NOW);
        let path = file(folder.path());
        let before = (schema(&path), format_of(&path));
        let newer = and(&[COUNT, failing]);
        for _ in 0..3 {
            let said = refused(folder.path(), newer).await;
            let folder = folder.path().display();
            assert!(
                said.contains(&format!("'{folder}' stays in format {NOW}: ")),
                "{said}"
            );
            assert!(said.contains(cause), "{said}");
            assert!(
                said.ends_with(&format!("backup is '{folder}/{FILE_NAME}.backup-v{NOW}'")),
                "{said}"
            );
        }
        assert!(
            refused(folder.path(), and(&[COUNT, FAILING]))
                .await
                .contains("migration 8 (nothing good)")
        );
        assert_eq!((schema(&path), format_of(&path)), before);
        assert_eq!(column(&path, FILES), ["t f 10"]);
        // Tried again and again, it is kept once.
        let first = format!("{FILE_NAME}.backup-v{NOW}");
        assert_eq!(backups(folder.path()), [first.as_str()]);
        let kept = std::fs::read(folder.path().join(&first)).unwrap();
        // The program that wrote it goes on, and what it writes is kept beside what was kept before.
        let before = open(folder.path(), ALL).await;
        let grown = before.write(|tx| Ok(tx.execute("UPDATE files SET size = 11", [])?));
        assert_eq!(grown.await.unwrap(), 1);
        drop(before);
        refused(folder.path(), newer).await;
        let second = format!("{first}-2");
        assert_eq!(backups(folder.path()), [first.as_str(), second.as_str()]);
        assert_eq!(std::fs::read(folder.path().join(&first)).unwrap(), kept);
        assert_eq!(column(&folder.path().join(&second), FILES), ["t f 11"]);
        assert_eq!(
            backup::latest(&path, NOW),
            Some(folder.path().join(&second))
        );
    }
}

#[tokio::test]
async fn without_room_for_the_backup_nothing_is_changed() {
    let folder = older(NOW);
    // Whatever keeps it from being written.
    std::fs::create_dir(folder.path().join(format!("{FILE_NAME}.backup-new"))).unwrap();
    let said = refused(folder.path(), and(&[COUNT])).await;
    assert!(
        said.contains(&format!(
            "stays in format {NOW}: the backup of format {NOW} failed"
        )),
        "{said}"
    );
    assert_eq!(format_of(&file(folder.path())), format!("{NOW} 0"));
    assert_eq!(
        column(&open(folder.path(), ALL).await.inner.path, FILES),
        ["t f 10"]
    );
}

#[tokio::test]
async fn what_a_killed_process_has_left_of_a_backup_is_written_anew() {
    let folder = older(NOW);
    for name in ["backup-new", "backup-new-journal"] {
        let left = folder.path().join(format!("{FILE_NAME}.{name}"));
        std::fs::write(left, b"SQLite").unwrap();
    }
    open(folder.path(), and(&[COUNT])).await;
    let kept = format!("{FILE_NAME}.backup-v{NOW}");
    assert_eq!(backups(folder.path()), [kept.as_str()]);
    assert_eq!(column(&folder.path().join(kept), FILES), ["t f 10"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_open_at_once_one_migrates() {
    let folder = older(NOW);
    let newer = and(&[COUNT, REBUILD]);
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let folder = folder.path().to_owned();
        opening.spawn(async move { open(&folder, newer).await });
    }
    assert_eq!(opening.join_all().await.len(), 8);
    assert_eq!(
        column(&file(folder.path()), "SELECT CAST(n AS TEXT) FROM migrated"),
        ["1"]
    );
    assert_eq!(backups(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_handle_that_is_open_while_a_newer_program_migrates_refuses_reads_and_writes() {
    let folder = older(NOW);
    let older = open(folder.path(), ALL).await;
    let count = |tx: &Transaction<'_>| {
        Ok(tx.query_row("SELECT count(*) FROM files", [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(older.read(count).await.unwrap(), 1);
    let newer = open(folder.path(), and(&[COUNT, REBUILD])).await;
    let said = format!(
        "the warehouse '{at}' was written by a newer SpotQL (format {}; this program knows formats 1 to {NOW}): use that \
         program, or restore the backup '{at}/{FILE_NAME}.backup-v{NOW}' (what was written since is not in it)",
        NOW + 2,
        at = folder.path().display()
    );
    let delete = |tx: &Transaction<'_>| Ok(tx.execute("DELETE FROM files", [])?);
    assert_eq!(older.write(delete).await.unwrap_err().to_string(), said);
    assert_eq!(older.read(count).await.unwrap_err().to_string(), said);
    assert_eq!(older.read_blocking(count).unwrap_err().to_string(), said);
    assert_eq!(refused(folder.path(), ALL).await, said);
    assert_eq!(newer.read(count).await.unwrap(), 1);
    // A backup that is put in place of the metastore is the older format again.
    drop((older, newer));
    let backup = format!("{FILE_NAME}.backup-v{NOW}");
    std::fs::copy(folder.path().join(backup), file(folder.path())).unwrap();
    assert_eq!(open(folder.path(), ALL).await.read(count).await.unwrap(), 1);
}

#[tokio::test]
async fn a_metastore_that_can_only_be_read_is_migrated_in_a_copy() {
    let folder = older(NOW);
    let path = file(folder.path());
    let before = std::fs::read(&path).unwrap();
    let copy = frozen::copy(&path).unwrap();
    let opened = Metastore::connect_copy(path.clone(), copy, and(&[COUNT, REBUILD]))
        .unwrap_or_else(|it| panic!("{it}"));
    let title = opened.read(|tx| {
        Ok(tx.query_row("SELECT title FROM tables", [], |row| {
            row.get::<_, String>(0)
        })?)
    });
    assert_eq!(title.await.unwrap(), "t!");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(backups(folder.path()), [""; 0]);
}

const FOLDER: &str = "SPOTQL_TEST_MIGRATION_FOLDER";
const ROWS: i64 = 60_000;

/// Takes some time.
const SLOW: Migration = Migration {
    format: NOW + 1,
    title: "many rows",
    run: |tx| {
        tx.execute_batch(
            "ALTER TABLE runs ADD COLUMN note TEXT; CREATE TABLE copies (id INTEGER, text TEXT)",
        )?;
        let mut copy = tx.prepare("INSERT INTO copies VALUES (?1, hex(zeroblob(100)))")?;
        for id in 0..ROWS {
            copy.execute([id])?;
        }
        Ok(())
    },
};

#[tokio::test]
#[ignore = "started by the test below, as a process of its own"]
async fn a_process_that_migrates() {
    if let Ok(folder) = std::env::var(FOLDER) {
        open(Path::new(&folder), and(&[SLOW])).await;
    }
}

#[tokio::test]
async fn a_process_killed_while_it_migrates_leaves_the_older_format_or_the_newer() {
    let (mut older_left, mut newer_left) = (0, 0);
    for moment in 0..16_u64 {
        let folder = older(NOW);
        let path = file(folder.path());
        let connection = Connection::open(&path).unwrap();
        let padding = "x".repeat(2000);
        for due in 0..200 {
            let run = "INSERT INTO runs (schedule, due, period_start, period_end, tables, owner, started, state) \
                       VALUES (?1, ?2, 0, 0, '', '', 0, 'done')";
            connection.execute(run, params![padding, due]).unwrap();
        }
        drop(connection);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "metastore::migrations::tests::a_process_that_migrates",
                "--ignored",
            ])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The moment counts from the backup on.
        let started = Instant::now();
        while backups(folder.path()).is_empty() {
            assert!(started.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_millis(moment * 8));
        child.kill().unwrap();
        child.wait().unwrap();

        let runs = "SELECT count(*) || ' ' || count(DISTINCT due) FROM runs";
        assert_eq!(column(&path, runs), ["200 200"]);
        if format_of(&path).starts_with(&format!("{NOW} ")) {
            older_left += 1;
            assert_eq!(
                column(
                    &path,
                    "SELECT name FROM sqlite_schema WHERE name = 'copies'"
                ),
                [""; 0]
            );
            // Which the program that wrote it can use.
            open(folder.path(), ALL).await;
        } else {
            newer_left += 1;
            assert_eq!(
                column(&folder.path().join(backups(folder.path()).remove(0)), runs),
                ["200 200"]
            );
        }
        open(folder.path(), and(&[SLOW])).await;
        assert_eq!(
            column(&path, "SELECT CAST(count(*) AS TEXT) FROM copies"),
            [ROWS.to_string()]
        );
        assert_eq!(column(&path, "PRAGMA integrity_check"), ["ok"]);
        assert_eq!(
            backups(folder.path()),
            [format!("{FILE_NAME}.backup-v{NOW}")]
        );
    }
    println!("16 kills: {older_left} left format {NOW}, {newer_left} the next one");
    assert!(older_left > 2);
}
