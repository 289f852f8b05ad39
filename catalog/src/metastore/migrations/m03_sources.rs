//! Sources of context (see `warehouse/sources.rs`).

use rusqlite::Transaction;

use super::{Migration, Outcome};

pub(super) const MIGRATION: Migration = Migration {
    format: 3,
    title: "sources of context",
    run,
};

fn run(tx: &Transaction<'_>) -> Outcome<()> {
    tx.execute_batch(
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
    )?;
    Ok(())
}
