//! Writes that could not be completed, files that could not be deleted, and why.

use rusqlite::Transaction;

use super::{Migration, Outcome};

pub(super) const MIGRATION: Migration = Migration {
    format: 5,
    title: "reasons of failures",
    run,
};

fn run(tx: &Transaction<'_>) -> Outcome<()> {
    tx.execute_batch(
        "
            ALTER TABLE writes ADD COLUMN error TEXT;
            ALTER TABLE writes ADD COLUMN failed_at INTEGER;
            ALTER TABLE garbage ADD COLUMN error TEXT;
        ",
    )?;
    Ok(())
}
