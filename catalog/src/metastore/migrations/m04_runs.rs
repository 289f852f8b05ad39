//! What services have answered, and the runs of schedules (see `warehouse/verdicts.rs` and `warehouse/runs.rs`).

use rusqlite::Transaction;

use super::{Migration, Outcome};

pub(super) const MIGRATION: Migration = Migration {
    format: 4,
    title: "verdicts of services and runs of schedules",
    run,
};

fn run(tx: &Transaction<'_>) -> Outcome<()> {
    tx.execute_batch(
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
    )?;
    Ok(())
}
