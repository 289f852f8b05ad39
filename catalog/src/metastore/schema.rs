//! What the metastore keeps, and how older metastores are brought up to date.
//!
//! `PRAGMA user_version` counts the migrations that a database has seen. Each runs in one transaction together with
//! the new number, so a process killed in between leaves the older version. A database of a newer program is refused.
//!
//! Paths: a *stored location* is relative to the warehouse's folder, or absolute with a leading slash (see
//! [`crate::location`]). `files.path` is relative to its partition's location.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::Outcome;
use crate::error::Error;

/// Every step, in order. Steps are never changed once released; new ones are added at the end.
const MIGRATIONS: &[&str] = &[
    // 1: what exists.
    "
    CREATE TABLE databases (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        location TEXT NOT NULL,
        comment TEXT
    ) STRICT;
    CREATE TABLE tables (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        database_id INTEGER NOT NULL REFERENCES databases (id),
        name TEXT NOT NULL,
        location TEXT NOT NULL,
        definition TEXT NOT NULL,
        version INTEGER NOT NULL DEFAULT 1,
        UNIQUE (database_id, name)
    ) STRICT;
    CREATE INDEX tables_by_location ON tables (location);
    CREATE TABLE partitions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        table_id INTEGER NOT NULL REFERENCES tables (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        key TEXT NOT NULL,
        raw_values TEXT NOT NULL,
        location TEXT,
        version INTEGER NOT NULL DEFAULT 1,
        UNIQUE (table_id, name)
    ) STRICT;
    CREATE INDEX partitions_by_key ON partitions (table_id, key);
    CREATE TABLE files (
        id INTEGER PRIMARY KEY,
        table_id INTEGER NOT NULL,
        partition_id INTEGER NOT NULL REFERENCES partitions (id) ON DELETE CASCADE,
        path TEXT NOT NULL,
        size INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        row_count INTEGER,
        statistics TEXT,
        UNIQUE (partition_id, path)
    ) STRICT;
    CREATE INDEX files_by_table ON files (table_id, partition_id);
    ",
    // 2: writes under way, and files that were replaced (see crate::write).
    "
    ALTER TABLE files ADD COLUMN write_id TEXT;
    ALTER TABLE files ADD COLUMN staged TEXT;
    CREATE INDEX files_staged ON files (write_id) WHERE staged IS NOT NULL;
    CREATE TABLE writes (
        id TEXT PRIMARY KEY,
        table_id INTEGER,
        state TEXT NOT NULL CHECK (state IN ('staging', 'committed')),
        owner TEXT NOT NULL,
        started INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE write_roots (
        write_id TEXT NOT NULL REFERENCES writes (id) ON DELETE CASCADE,
        root TEXT NOT NULL,
        PRIMARY KEY (write_id, root)
    ) STRICT;
    CREATE TABLE garbage (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        table_id INTEGER NOT NULL,
        version INTEGER NOT NULL,
        path TEXT NOT NULL,
        root TEXT NOT NULL,
        retired_at INTEGER NOT NULL,
        write_id TEXT
    ) STRICT;
    CREATE INDEX garbage_by_time ON garbage (retired_at);
    CREATE INDEX garbage_by_write ON garbage (write_id) WHERE write_id IS NOT NULL;
    ",
    // 3: sources of context (see crate::warehouse::sources).
    "
    CREATE TABLE sources (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        definition TEXT NOT NULL,
        version INTEGER NOT NULL,
        UNIQUE (kind, name)
    ) STRICT;
    CREATE TABLE source_versions (last INTEGER NOT NULL) STRICT;
    INSERT INTO source_versions (last) VALUES (0);
    ",
    // 4: what services have answered, and the runs of schedules (see crate::warehouse::verdicts and ::runs).
    "
    CREATE TABLE verdicts (
        service TEXT NOT NULL,
        version INTEGER NOT NULL,
        value TEXT NOT NULL,
        severity INTEGER NOT NULL,
        text TEXT NOT NULL,
        expires INTEGER NOT NULL,
        PRIMARY KEY (service, version, value)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX verdicts_by_expiry ON verdicts (expires);
    CREATE TABLE service_failures (
        service TEXT NOT NULL,
        version INTEGER NOT NULL,
        failed_at INTEGER NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (service, version)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        schedule TEXT NOT NULL,
        due INTEGER NOT NULL,
        period_start INTEGER NOT NULL,
        period_end INTEGER NOT NULL,
        tables TEXT NOT NULL,
        owner TEXT NOT NULL,
        started INTEGER NOT NULL,
        ended INTEGER,
        state TEXT NOT NULL CHECK (state IN ('running', 'done', 'no data', 'failed')),
        row_count INTEGER,
        error TEXT
    ) STRICT;
    CREATE INDEX runs_by_schedule ON runs (schedule, period_end);
    CREATE INDEX runs_running ON runs (state) WHERE state = 'running';
    ",
    // 5: writes that could not be completed, files that could not be deleted, and why.
    "
    ALTER TABLE writes ADD COLUMN error TEXT;
    ALTER TABLE writes ADD COLUMN failed_at INTEGER;
    ALTER TABLE garbage ADD COLUMN error TEXT;
    ",
    // 6: files that LOAD FILES has read (see crate::load). `number` counts the loads of the same contents.
    "
    CREATE TABLE loaded_files (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        table_id INTEGER NOT NULL REFERENCES tables (id) ON DELETE CASCADE,
        path TEXT NOT NULL,
        size INTEGER NOT NULL,
        hash TEXT NOT NULL,
        stamp TEXT NOT NULL,
        row_count INTEGER NOT NULL,
        rejected INTEGER NOT NULL,
        loaded_at INTEGER NOT NULL,
        number INTEGER NOT NULL,
        UNIQUE (table_id, hash, number)
    ) STRICT;
    CREATE INDEX loaded_files_by_path ON loaded_files (table_id, path);
    ",
];

/// How many migrations a database has seen.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings a database to the newest version.
///
/// # Errors
/// [`Error::MetastoreVersion`] if it is newer than this program.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Outcome<()> {
    migrate_to(connection, path, MIGRATIONS.len())
}

fn migrate_to(connection: &mut Connection, path: &Path, target: usize) -> Outcome<()> {
    let supported = MIGRATIONS.len() as i64;
    loop {
        // Asked without a lock first: nearly every opening finds nothing to do.
        let found = version(connection)?;
        if found > supported {
            return Err(Error::MetastoreVersion {
                path: path.display().to_string(),
                found,
                supported,
            }
            .into());
        }
        let Some(step) = MIGRATIONS[..target].get(found as usize) else {
            return Ok(());
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have done it while this one waited for the lock.
        if version(&transaction)? == found {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", found + 1)?;
            transaction.commit()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metastore::Failure;

    fn columns(connection: &Connection, table: &str) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")
            .unwrap();
        let rows = statement.query_map([table], |row| row.get(0)).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }

    fn must<T>(outcome: Outcome<T>) -> T {
        match outcome {
            Ok(value) => value,
            Err(Failure::Sqlite(error)) => panic!("{error}"),
            Err(Failure::Other(error)) => panic!("{error}"),
        }
    }

    #[test]
    fn an_old_metastore_is_upgraded_and_keeps_its_contents() {
        let mut connection = Connection::open_in_memory().unwrap();
        must(migrate_to(&mut connection, Path::new("x"), 1));
        assert_eq!(version(&connection).unwrap(), 1);
        connection
            .execute_batch(
                "INSERT INTO databases (name, location) VALUES ('d', 'd.db');
                 INSERT INTO tables (database_id, name, location, definition) VALUES (1, 't', 'd.db/t', '{}');
                 INSERT INTO partitions (table_id, name, key, raw_values) VALUES (1, '', '', '[]');
                 INSERT INTO files (table_id, partition_id, path, size, modified) VALUES (1, 1, 'f', 10, 0);",
            )
            .unwrap();
        must(migrate(&mut connection, Path::new("x")));
        let mut fresh = Connection::open_in_memory().unwrap();
        must(migrate(&mut fresh, Path::new("x")));
        for table in [
            "databases",
            "tables",
            "partitions",
            "files",
            "writes",
            "write_roots",
            "garbage",
            "sources",
            "source_versions",
            "verdicts",
            "service_failures",
            "runs",
            "loaded_files",
        ] {
            assert_eq!(
                columns(&connection, table),
                columns(&fresh, table),
                "{table}"
            );
        }
        let kept: (String, Option<String>) = connection
            .query_row("SELECT path, staged FROM files", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(kept, ("f".into(), None));
        must(migrate(&mut connection, Path::new("x")));
    }

    #[test]
    fn a_newer_metastore_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .pragma_update(None, "user_version", 1000)
            .unwrap();
        match migrate(&mut connection, Path::new("/w/spotql.sqlite3")) {
            Err(Failure::Other(error @ Error::MetastoreVersion { found: 1000, .. })) => {
                assert!(error.to_string().contains("/w/spotql.sqlite3"));
            }
            _ => panic!("a newer metastore was opened"),
        }
    }
}
