//! What exists.

use rusqlite::Transaction;

use super::{Migration, Outcome};

pub(super) const MIGRATION: Migration = Migration {
    format: 1,
    title: "databases, tables, partitions and files",
    run,
};

fn run(tx: &Transaction<'_>) -> Outcome<()> {
    tx.execute_batch(
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
    )?;
    Ok(())
}
