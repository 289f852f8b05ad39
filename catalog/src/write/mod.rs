//! Writing: how rows become visible all at once, and how a killed process leaves nothing half done.
//!
//! # The protocol
//!
//! 1. **Begin.** A write gets an id that is never used again, and makes and locks the file `_spotql_locks/<id>.lock` in
//!    the warehouse's folder. It then enters itself in the metastore's `writes` (state *staging*) together with every
//!    place it will stage files at. The lock is the operating system's (`flock`): it goes away with the process however
//!    that dies, and with it any doubt whether the owner lives.
//! 2. **Stage.** Files are written to `<table>/_spotql_staging/<id>/<n>.staged`. Hive, Impala, Spark and pyarrow skip
//!    names with `_`, and the suffix keeps them from whoever looks for `*.parquet`. Their bytes are synced to the disk.
//! 3. **Commit.** One SQLite transaction checks for conflicts, enters the new files under their final names
//!    `part-<id>-<n>.parquet` with a note where they are staged. It moves the files that they replace to `garbage`,
//!    raises the versions of partitions and table, and sets the write to *committed*. **This transaction is the only
//!    point at which anything becomes visible.** Before it the write can only be undone (delete the staging directory),
//!    after it only be completed; both are safe to repeat.
//! 4. **Settle.** Replaced files are renamed to `_<name>.retired`, *then* new files are renamed to their final names.
//!    A second transaction removes the notes and the write; staging directory and lock file go.
//! 5. **Collect.** Retired files are deleted once a grace period (10 minutes by default) has passed and no query of
//!    this process is planned on a state that has them.
//!
//! LOAD FILES makes two writes, one for its rows and one for the rows it rejects; both are committed in one transaction,
//! which also enters the files. Each is then settled by itself.
//!
//! # What readers see
//!
//! Readers of the metastore (this crate, in any process) see exactly the state before or after the commit: a plan holds
//! one snapshot. A file that moves while they read is found all the same, because its three possible names can be told
//! from the final one. Final and retired follow a fixed rule; staged is in the note of the snapshot. ([`crate::scan`]
//! tries final, staged, retired in turn, and renames are atomic.) A query of another process that still reads a
//! replaced file after the grace period fails with an error that says so.
//!
//! Programs that list the directories never see rows of an uncommitted write, and never see old and new rows of an
//! OVERWRITE together: between the renames they see neither, for milliseconds. If the process is killed just there,
//! they see too few rows until the next program opens the warehouse or writes, and completes the write. We prefer a
//! gap to doubled rows, which look right.
//!
//! # Recovery
//!
//! Opening a warehouse, and every write, looks for writes whose lock is free. Whoever gets the lock owns the write:
//! *staging* is undone, *committed* is settled. Writes of living processes are left alone. A write whose files are to
//! be replaced or listed by somebody else is first waited for or, if its owner is dead, settled.
//!
//! A committed write whose files cannot be moved (rights were taken away, a directory was replaced) is *stuck*: its error
//! is noted in the metastore, and every later statement tries again. Its rows can be read where they are staged. What
//! replaces or drops them retires the staged files; listings pass over the files that it replaced and could not hide. So
//! it blocks nothing, and DROP TABLE always works.
//!
//! # Conflicts
//!
//! - INTO never conflicts with INTO or with an earlier OVERWRITE: its files are added to whatever is there.
//! - OVERWRITE replaces the partition it has seen: each partition's version is noted when the write begins (or, if
//!   its query reads the same table, when that was planned). If it has changed by the time of the commit, the write
//!   fails with [`Error::Conflict`] and leaves nothing. So of two concurrent OVERWRITEs of
//!   one partition the first to commit wins, and an INTO that commits in between is never lost.
//! - A table or partition dropped during a write makes that write fail, with nothing left behind.
//! - REFRESH, MSCK and ADD PARTITION list without a lock and apply the result only if the table has not changed since;
//!   otherwise they list again.
//!
//! SQLite's and `flock`'s locks must work where the warehouse lies: a local file system, not all network ones.

mod accept;
mod commit;
#[cfg(test)]
mod fault_tests;
mod insert;
mod load;
mod settle;
mod sink;
mod split;
mod stage;
mod target;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::PoisonError;

use object_store::path::Path;

pub use insert::{InsertMode, InsertReport};
pub use load::{LoadReport, LoadRequest};

use crate::error::{Error, Result};
use crate::location::Location;
use crate::lock::OwnerLock;
use crate::metastore::{Metastore, writes};
use crate::storage::Storage;

pub(crate) use commit::{Replaced, retire, when_settled};
pub(crate) use settle::{Stuck, collect_garbage, recover_all, remove_leftovers, settle_others};

/// The directory, in a table's or partition's location, that holds files before they are committed.
pub(crate) const STAGING_DIRECTORY: &str = "_spotql_staging";

/// The end of the name of a replaced file.
pub(crate) const RETIRED_SUFFIX: &str = ".retired";

/// What every step of the protocol needs.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    pub(crate) metastore: Metastore,
    pub(crate) storage: Storage,
    /// The warehouse's folder.
    pub(crate) root: Location,
    /// The folder of the lock files.
    pub(crate) locks: std::path::PathBuf,
}

/// Now, in microseconds since 1970.
pub(crate) fn now() -> i64 {
    chrono::Utc::now().timestamp_micros()
}

/// Where a replaced file goes: a hidden name beside the old one.
pub(crate) fn retired_path(path: &Path) -> Option<Path> {
    let name = format!("_{}{RETIRED_SUFFIX}", path.filename()?);
    let parent = path.parent()?;
    Location::from_path(parent)
        .join(&name)
        .ok()
        .map(|location| location.path().clone())
}

/// The directory of one write's staged files at one location.
fn staging_directory(root: &Location, write: &str) -> Result<Location> {
    root.join(&format!("{STAGING_DIRECTORY}/{write}"))
        .map_err(|error| Error::Corrupt {
            what: error.to_string(),
        })
}

/// A write under way. Dropping it gives up its lock, so that any process may undo or settle it; [`Write::abort`] and
/// [`Write::settle`] do that at once.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) backend: Backend,
    pub(crate) id: String,
    lock: OwnerLock,
    roots: Mutex<HashSet<Location>>,
}

impl Write {
    /// Step 1. `table` is `None` if the table is made by this write.
    pub(crate) async fn begin(backend: &Backend, table: Option<i64>) -> Result<Self> {
        backend.metastore.check_writable()?;
        let id = uuid::Uuid::now_v7().simple().to_string();
        let lock = OwnerLock::create(&backend.locks, &id).await?;
        let (row_id, owner) = (id.clone(), format!("process {}", std::process::id()));
        backend
            .metastore
            .write(move |tx| writes::begin(tx, &row_id, table, &owner, now()))
            .await?;
        Ok(Self {
            backend: backend.clone(),
            id,
            lock,
            roots: Mutex::default(),
        })
    }

    /// The place for a staged file of a partition whose files go to `root` or below; entered in the metastore before
    /// anything is written there.
    pub(crate) async fn staged_path(&self, root: &Location, number: u64) -> Result<Location> {
        let new = {
            let roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
            !roots.contains(root)
        };
        if new {
            let (id, stored) = (self.id.clone(), root.to_stored(&self.backend.root));
            self.backend
                .metastore
                .write(move |tx| writes::add_root(tx, &id, &stored))
                .await?;
            self.roots
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(root.clone());
        }
        staging_directory(root, &self.id)?
            .join(&format!("{number}.staged"))
            .map_err(|error| Error::Corrupt {
                what: error.to_string(),
            })
    }

    /// The final name of a staged file.
    pub(crate) fn file_name(&self, number: u64) -> String {
        format!("part-{}-{number}.parquet", self.id)
    }

    /// Undoes a write that has not been committed.
    pub(crate) async fn abort(self) -> Result<()> {
        settle::undo(&self.backend, &self.id).await?;
        self.lock.remove();
        Ok(())
    }

    /// Step 4. What fails is left to recovery; the result is visible all the same.
    pub(crate) async fn settle(self) {
        match settle::settle(&self.backend, &self.id).await {
            Ok(()) => self.lock.remove(),
            Err(error) => settle::note_failure(&self.backend, &self.id, &error).await,
        }
    }
}
