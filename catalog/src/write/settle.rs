//! After the commit, or instead of it: moving files to where they belong, undoing, recovering, deleting what is no
//! longer read. Everything here may be interrupted anywhere and repeated.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use object_store::path::Path;

use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::layout::{STAGING_DIRECTORY, retired_path, staging_directory};
use crate::location::Location;
use crate::lock::{BACKUP_LOCK, OwnerLock, is_any_held, remove_orphans};
use crate::metastore::tables;
use crate::metastore::writes::{self, GarbageRow, WriteState};
use crate::snapshot::partition_location;
use crate::storage::concurrently;

/// How long to wait for another process that has committed to move its files, which takes milliseconds.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Now, in microseconds since 1970.
pub(crate) fn now() -> i64 {
    chrono::Utc::now().timestamp_micros()
}

/// Hides what a committed write replaced, puts its files in place, and ends it.
pub(super) async fn settle(backend: &Backend, id: &str) -> Result<()> {
    let write = id.to_string();
    let (garbage, staged, roots) = backend
        .metastore
        .read(move |tx| {
            Ok((
                writes::garbage_of(tx, &write)?,
                writes::staged_files(tx, &write)?,
                writes::roots(tx, &write)?,
            ))
        })
        .await?;
    // Old before new: whoever lists the directory sees a gap rather than both.
    let mut retire = Vec::with_capacity(garbage.len());
    for row in &garbage {
        let visible = Location::from_stored(&row.path, &backend.root)?
            .path()
            .clone();
        if let Some(hidden) = retired_path(&visible) {
            retire.push((visible, hidden));
        }
    }
    rename_all(backend, retire).await?;
    let mut publish = Vec::with_capacity(staged.len());
    for (from, table, name, location, path) in staged {
        let table = Location::from_stored(&table, &backend.root)?;
        let partition = partition_location(&backend.root, &table, &name, location.as_deref())?;
        let place = partition.join(&path).map_err(|error| Error::Corrupt {
            what: format!("file '{path}': {error}"),
        })?;
        let from = Location::from_stored(&from, &backend.root)?;
        publish.push((from.path().clone(), place.path().clone()));
    }
    rename_all(backend, publish).await?;
    // As long as the metastore knows the write: afterwards nobody would look for what is left of it.
    remove_staging(backend, id, &roots).await?;
    let write = id.to_string();
    backend
        .metastore
        .write(move |tx| writes::settle(tx, &write))
        .await
}

/// All are tried, whichever fails. A name that is gone was moved by an earlier attempt.
async fn rename_all(backend: &Backend, moves: Vec<(Path, Path)>) -> Result<()> {
    let moved = concurrently(
        moves
            .into_iter()
            .map(|(from, to)| async move { Ok(backend.storage.rename(&from, &to).await) }),
    )
    .await?;
    moved.into_iter().try_for_each(|moved| moved.map(drop))
}

async fn remove_staging(backend: &Backend, id: &str, roots: &[String]) -> Result<()> {
    for root in roots {
        let root = Location::from_stored(root, &backend.root)?;
        let directory = staging_directory(&root, id)?;
        backend.storage.remove_tree(directory.path()).await?;
        remove_leftovers(backend, &root).await?;
    }
    Ok(())
}

/// Removes the staging directory at a place if nothing is staged there. In the warehouse's own folder, directories of
/// writes that the metastore does not know go as well: their processes were killed while they cleaned up. Elsewhere they
/// may be another warehouse's.
pub(crate) async fn remove_leftovers(backend: &Backend, place: &Location) -> Result<()> {
    let staging = place
        .join(STAGING_DIRECTORY)
        .map_err(|error| Error::Corrupt {
            what: error.to_string(),
        })?;
    if place.is_below(&backend.root) {
        for name in backend.storage.directories(staging.path()).await? {
            // A write is known before it makes its directory.
            let id = name.clone();
            let write = backend.metastore.read(move |tx| writes::find(tx, &id));
            if write.await?.is_none() {
                let directory = staging_directory(place, &name)?;
                backend.storage.remove_tree(directory.path()).await?;
            }
        }
    }
    backend.storage.remove_empty(staging.path(), place).await
}

/// Removes what a write that was not committed has staged, and ends it.
pub(super) async fn undo(backend: &Backend, id: &str) -> Result<()> {
    let write = id.to_string();
    let (table_exists, roots) = backend
        .metastore
        .read(move |tx| {
            let table = writes::find(tx, &write)?.and_then(|row| row.table_id);
            let exists = match table {
                Some(table) => tables::version(tx, table)?.is_some(),
                None => false,
            };
            Ok((exists, writes::roots(tx, &write)?))
        })
        .await?;
    remove_staging(backend, id, &roots).await?;
    if !table_exists {
        // It was never made, or has been dropped: its empty directory goes as well.
        for root in &roots {
            let root = Location::from_stored(root, &backend.root)?;
            backend
                .storage
                .remove_empty(root.path(), &backend.root)
                .await?;
        }
    }
    let write = id.to_string();
    backend
        .metastore
        .write(move |tx| writes::delete(tx, &write))
        .await
}

/// What came of the attempt to end a write that somebody else has begun.
enum Recovery {
    OwnerLives,
    Ended,
    /// Its owner is gone, and its files cannot be moved or deleted now. The lock keeps others from trying.
    Stuck(OwnerLock),
}

/// Takes over one write if its owner is gone.
async fn recover(backend: &Backend, id: &str) -> Result<Recovery> {
    let Some(lock) = OwnerLock::take_over(&backend.locks, id).await? else {
        return Ok(Recovery::OwnerLives);
    };
    // The lock says that nobody else works on it now; the metastore, whether there is anything left to do.
    let write = id.to_string();
    let row = backend
        .metastore
        .read(move |tx| writes::find(tx, &write))
        .await?;
    let (done, ended) = match row.map(|row| row.state) {
        Some(WriteState::Committed) => ("completed", settle(backend, id).await),
        Some(WriteState::Staging) => ("undone", undo(backend, id).await),
        None => {
            lock.remove();
            return Ok(Recovery::Ended);
        }
    };
    match ended {
        Ok(()) => {
            log::info!("write {id} of a process that is gone was {done}");
            lock.remove();
            Ok(Recovery::Ended)
        }
        Err(error) => {
            note_failure(backend, id, &error).await;
            Ok(Recovery::Stuck(lock))
        }
    }
}

/// Notes why a write could not be ended, where SQL sees it, and says so in the log the first time.
pub(super) async fn note_failure(backend: &Backend, id: &str, error: &Error) {
    // Another process, with other folders allowed, may do it.
    if matches!(error, Error::PathNotAllowed { .. }) {
        return;
    }
    let (write, reason) = (id.to_string(), error.to_string());
    let noted = backend
        .metastore
        .write(move |tx| writes::note_failure(tx, &write, &reason, now()))
        .await;
    match noted {
        Ok(true) => log::warn!(
            "write {id} cannot move its files, and is tried again by later statements (SHOW WRITES): {error}"
        ),
        Ok(false) => {}
        Err(unnoted) => log::debug!("write {id}: {error}; it cannot be noted: {unnoted}"),
    }
}

/// Completes or undoes every write whose owner is gone. One that cannot be ended now does not stop the others.
pub(crate) async fn recover_all(backend: &Backend) -> Result<()> {
    let rows = backend.metastore.read(writes::all).await?;
    for row in &rows {
        recover(backend, &row.id).await?;
    }
    remove_orphans(&backend.locks, rows.into_iter().map(|row| row.id).collect()).await
}

/// Committed writes of owners that are gone, whose files cannot be moved now. As long as this is held nobody tries again,
/// so their files stay where they are: the staged ones, and the replaced ones that are not hidden.
#[derive(Debug, Default)]
pub(crate) struct Stuck(Vec<(String, OwnerLock)>);

impl Stuck {
    /// Whether every one of these writes is among them.
    pub(crate) fn holds_all(&self, ids: &[String]) -> bool {
        ids.iter()
            .all(|id| self.0.iter().any(|(held, _)| held == id))
    }
}

/// Waits until no committed write on a table has files to move, and completes those of dead processes; those that cannot
/// be completed are added to `stuck`.
pub(crate) async fn settle_others(
    backend: &Backend,
    table: i64,
    name: &str,
    stuck: &mut Stuck,
) -> Result<()> {
    let started = Instant::now();
    loop {
        let ids = backend
            .metastore
            .read(move |tx| writes::unsettled(tx, table))
            .await?;
        if stuck.holds_all(&ids) {
            return Ok(());
        }
        for id in ids {
            if stuck.holds_all(std::slice::from_ref(&id)) {
                continue;
            }
            if let Recovery::Stuck(lock) = recover(backend, &id).await? {
                stuck.0.push((id, lock));
            }
        }
        if started.elapsed() > SETTLE_TIMEOUT {
            return Err(Error::Conflict {
                table: name.to_string(),
                partition: None,
                reason: "another process has been moving its files for a minute".into(),
            });
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Deletes retired files that nobody reads any more: retired longer than `grace` ago, and not `pinned`. While a backup is
/// made, by whichever process, none is deleted.
pub(crate) async fn collect_garbage(
    backend: &Backend,
    grace: Duration,
    pinned: impl Fn(&GarbageRow) -> bool,
) -> Result<()> {
    let until = now().saturating_sub(i64::try_from(grace.as_micros()).unwrap_or(i64::MAX));
    let mut last = 0;
    loop {
        let (rows, gone) = backend
            .metastore
            .read(move |tx| {
                let rows = writes::expired_garbage(tx, until, last)?;
                let mut gone = HashMap::new();
                for row in &rows {
                    if let std::collections::hash_map::Entry::Vacant(entry) =
                        gone.entry(row.table_id)
                    {
                        entry.insert(tables::version(tx, row.table_id)?.is_none());
                    }
                }
                Ok((rows, gone))
            })
            .await?;
        let Some(newest) = rows.last() else {
            return Ok(());
        };
        last = newest.id;
        // A backup that begins later copies a state without these files.
        if is_any_held(&backend.locks, BACKUP_LOCK).await? {
            return Ok(());
        }
        let rows: Vec<GarbageRow> = rows.into_iter().filter(|row| !pinned(row)).collect();
        let deleted = concurrently(rows.iter().map(|row| {
            let table_is_gone = gone.get(&row.table_id).copied().unwrap_or(false);
            async move { Ok(delete_retired(backend, row, table_is_gone).await) }
        }))
        .await?;
        let (mut ids, mut failures) = (Vec::new(), Vec::new());
        for (row, deleted) in rows.into_iter().zip(deleted) {
            match deleted {
                Ok(()) => ids.push(row.id),
                // Another process, with other folders allowed, may do it.
                Err(Error::PathNotAllowed { .. }) => {}
                Err(error) => failures.push((row.id, error.to_string())),
            }
        }
        let new = backend
            .metastore
            .write(move |tx| {
                writes::forget_garbage(tx, &ids)?;
                let mut new = Vec::new();
                for (id, reason) in failures {
                    if writes::note_garbage(tx, id, &reason)? {
                        new.push(reason);
                    }
                }
                Ok(new)
            })
            .await?;
        if let Some(reason) = new.first() {
            log::warn!(
                "{} replaced files cannot be deleted, and are tried again by later statements (SHOW WRITES): {reason}",
                new.len()
            );
        }
    }
}

async fn delete_retired(backend: &Backend, row: &GarbageRow, table_is_gone: bool) -> Result<()> {
    let visible = Location::from_stored(&row.path, &backend.root)?;
    let root = Location::from_stored(&row.root, &backend.root)?;
    if let Some(hidden) = retired_path(visible.path()) {
        backend.storage.delete(&hidden).await?;
    }
    if let Some(parent) = visible.path().parent() {
        backend.storage.remove_empty(&parent, &root).await?;
    }
    if table_is_gone {
        backend
            .storage
            .remove_empty(root.path(), &backend.root)
            .await?;
    }
    Ok(())
}
