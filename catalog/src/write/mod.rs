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
//! 5. **Collect.** Retired files are deleted once a grace period (10 minutes by default) has passed, no query of
//!    this process is planned on a state that has them, and no process makes a backup.
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
//!   fails with [`crate::Error::Conflict`] and leaves nothing. So of two concurrent OVERWRITEs of
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
mod handle;
mod insert;
mod settle;
mod sink;
mod split;
mod stage;
mod target;
#[cfg(test)]
mod tests;

pub use stage::InsertReport;

pub(crate) use accept::{Accept, Counts};
pub(crate) use commit::{Load, Replaced, Target, commit_load, remove, retire, when_settled};
pub(crate) use handle::Write;
pub(crate) use insert::insert;
pub(crate) use settle::{
    Stuck, collect_garbage, now, recover_all, remove_leftovers, settle_others,
};
pub(crate) use stage::{Job, Staged, stage, stage_streams};
pub(crate) use target::{Destinations, PartitionValue, check_schema, partition_values};
