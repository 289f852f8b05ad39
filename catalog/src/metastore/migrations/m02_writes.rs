//! Writes under way, and files that were replaced (see [`crate::write`]).

use rusqlite::Transaction;

use super::{Migration, Outcome};

pub(super) const MIGRATION: Migration = Migration {
    format: 2,
    title: "writes under way and replaced files",
    run,
};

fn run(tx: &Transaction<'_>) -> Outcome<()> {
    tx.execute_batch(
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
    )?;
    Ok(())
}
