//! The metastore's format, and the migrations that lead to it: one file each, never changed once released.
//!
//! A format has a number, kept in SQLite's `user_version`: that of the last migration. To change what the metastore
//! keeps, add a file here and its line in [`ALL`]. Commit a warehouse of the format before it, too; see
//! `catalog/tests/it/upgrade.rs`.
//!
//! Paths: a *stored location* is relative to the warehouse's folder, or absolute with a leading slash (see
//! [`crate::location`]). `files.path` is relative to its partition's location.
//!
//! # Opening an older metastore
//!
//! SQLite's write lock is taken first, so of several processes one migrates and the others find nothing to do. A copy of the
//! metastore is written beside it ([`super::backup`]). Then all missing migrations and the new number are one transaction: a
//! process that is killed leaves the older format, and so does a migration that fails.
//!
//! A newer metastore is refused, when it is opened and in each transaction ([`check`]): another process may migrate it at
//! any time. What an older program has staged by then is undone by the next program that opens the warehouse.

mod m01_tables;
mod m02_writes;
mod m03_sources;
mod m04_runs;
mod m05_failures;
mod m06_loaded_files;
#[cfg(test)]
mod tests;

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{Failure, Outcome, backup};
use crate::error::Error;

/// One step from a format to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// The format that it leads to.
    pub(crate) format: i64,
    /// What it is about, for messages.
    pub(crate) title: &'static str,
    /// Foreign keys are not enforced meanwhile; they are checked afterwards.
    pub(crate) run: fn(&Transaction<'_>) -> Outcome<()>,
}

/// All of them, in order. They begin with an empty database.
pub(crate) const ALL: &[Migration] = &[
    m01_tables::MIGRATION,
    m02_writes::MIGRATION,
    m03_sources::MIGRATION,
    m04_runs::MIGRATION,
    m05_failures::MIGRATION,
    m06_loaded_files::MIGRATION,
];

/// SQLite's `application_id` of a metastore: "Spot".
const APPLICATION: i64 = 0x5370_6f74;

/// Metastores up to this format may have no `application_id`.
const UNMARKED: i64 = 6;

/// What becomes of an older metastore's contents before they are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backup {
    /// They are written to a file beside it.
    Beside,
    /// Nothing: it is a copy itself.
    None,
}

/// The newest format.
pub(super) fn newest(migrations: &[Migration]) -> i64 {
    migrations.last().map_or(0, |last| last.format)
}

/// Refuses a metastore of a newer format. Nearly free: the number is on the page that every transaction reads first.
///
/// # Errors
/// [`Error::NewerFormat`].
pub(super) fn check(tx: &Transaction<'_>, path: &Path, newest: i64) -> Outcome<()> {
    let found = tx
        .prepare_cached("PRAGMA user_version")?
        .query_row([], |row| row.get(0))?;
    if found > newest {
        return Err(newer(path, found, newest).into());
    }
    Ok(())
}

fn newer(path: &Path, found: i64, newest: i64) -> Error {
    let restore = match backup::latest(path, newest) {
        Some(file) => format!(
            ", or restore the backup '{}' (what was written since is not in it)",
            file.display()
        ),
        None => String::new(),
    };
    Error::NewerFormat {
        warehouse: warehouse(path),
        found,
        newest,
        restore,
    }
}

fn warehouse(path: &Path) -> String {
    let folder = path.parent().unwrap_or(path);
    folder.display().to_string()
}

/// The format of a metastore that this program can open; 0 of an empty database. Changes nothing.
///
/// # Errors
/// [`Error::NewerFormat`], [`Error::NotAMetastore`].
pub(super) fn format(connection: &mut Connection, path: &Path, newest: i64) -> Outcome<i64> {
    // One state: the number and the mark are changed together.
    format_in(&connection.transaction()?, path, newest)
}

fn format_in(tx: &Transaction<'_>, path: &Path, newest: i64) -> Outcome<i64> {
    let mark: i64 = tx.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let holds = |which: &str| {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE {which})");
        tx.query_row(&sql, [], |row| row.get::<_, bool>(0))
    };
    let is_ours = match (mark, found) {
        (APPLICATION, 0..) => true,
        (0, 0) => !holds("true")?,
        (0, 1..=UNMARKED) => holds("name = 'partitions'")?,
        _ => false,
    };
    if !is_ours {
        let path = path.display().to_string();
        return Err(Error::NotAMetastore { path }.into());
    }
    if found > newest {
        return Err(newer(path, found, newest).into());
    }
    Ok(found)
}

/// Brings a metastore to the newest format, and makes an empty database one.
///
/// # Errors
/// [`Error::Upgrade`]; then it is as it was.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &[Migration],
    backup: Backup,
) -> Outcome<()> {
    // Asked without a lock first: nearly every opening finds nothing to do.
    if format(connection, path, newest(migrations))? == newest(migrations) {
        return Ok(());
    }
    // Enforced, DROP TABLE would delete the rows that refer to the table. Within a transaction this cannot be changed.
    connection.pragma_update(None, "foreign_keys", false)?;
    let migrated = migrate_locked(connection, path, migrations, backup);
    connection.pragma_update(None, "foreign_keys", true)?;
    migrated
}

fn migrate_locked(
    connection: &mut Connection,
    path: &Path,
    migrations: &[Migration],
    backup: Backup,
) -> Outcome<()> {
    let newest = newest(migrations);
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = format_in(&tx, path, newest)?;
    // Another process has done it while this one waited for the lock.
    if found == newest {
        return Ok(());
    }
    if found == 0 {
        // There is nothing that could be lost or kept.
        run(&tx, migrations, &mut String::new())?;
        return Ok(tx.commit()?);
    }
    let failed = |step: String, failure: Failure, kept: Option<&Path>| Error::Upgrade {
        warehouse: warehouse(path),
        found,
        step,
        reason: failure.to_string(),
        backup: kept.map_or_else(String::new, |kept| {
            format!("; its metastore's backup is '{}'", kept.display())
        }),
    };
    let kept =
        match backup {
            Backup::Beside => Some(backup::write(path, found).map_err(|failure| {
                failed(format!("the backup of format {found}"), failure, None)
            })?),
            Backup::None => None,
        };
    let kept = kept.as_deref();
    let mut step = String::new();
    let missing = &migrations[migrations.partition_point(|it| it.format <= found)..];
    run(&tx, missing, &mut step)
        .and_then(|()| Ok(tx.commit()?))
        .map_err(|failure| failed(step, failure, kept))?;
    if let Some(kept) = kept {
        log::info!(
            "the warehouse {} was brought from format {found} to {newest}; its metastore as it was is {}",
            warehouse(path),
            kept.display()
        );
    }
    Ok(())
}

/// Runs migrations, and sets the format. `step` tells which one is at work.
fn run(tx: &Transaction<'_>, migrations: &[Migration], step: &mut String) -> Outcome<()> {
    for migration in migrations {
        *step = format!("migration {} ({})", migration.format, migration.title);
        (migration.run)(tx)?;
    }
    let newest = newest(migrations);
    *step = format!("the change to format {newest}");
    let lost: Option<String> = tx
        .prepare("PRAGMA foreign_key_check")?
        .query_map([], |row| row.get(0))?
        .next()
        .transpose()?;
    if let Some(table) = lost {
        let what = format!("rows of '{table}' refer to rows that are not there");
        return Err(Error::Corrupt { what }.into());
    }
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", newest)?;
    Ok(())
}
