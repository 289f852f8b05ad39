//! Files that LOAD FILES has read (see [`crate::load`]). `number` counts the loads of the same contents.

use rusqlite::Transaction;

use super::{Migration, Outcome};

pub(super) const MIGRATION: Migration = Migration {
    format: 6,
    title: "loaded files",
    run,
};

fn run(tx: &Transaction<'_>) -> Outcome<()> {
    tx.execute_batch(
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
    )?;
    Ok(())
}
