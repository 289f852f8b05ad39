//! After the commit, or instead of it: moving files to where they belong, undoing, recovering, deleting what is no
//! longer read. Everything here may be interrupted anywhere and repeated.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use object_store::path::Path;

use super::{Backend, STAGING_DIRECTORY, now, retired_path, staging_directory};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::lock::{OwnerLock, remove_orphans};
use crate::metastore::tables;
use crate::metastore::writes::{self, GarbageRow, WriteState};
use crate::snapshot::partition_location;
use crate::storage::concurrently;

/// How long to wait for another process that has committed to move its files, which takes milliseconds.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);

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
    let write = id.to_string();
    backend
        .metastore
        .write(move |tx| writes::settle(tx, &write))
        .await?;
    remove_staging(backend, id, &roots).await
}

/// A name that is gone was moved by an earlier attempt.
async fn rename_all(backend: &Backend, moves: Vec<(Path, Path)>) -> Result<()> {
    concurrently(
        moves
            .into_iter()
            .map(|(from, to)| async move { backend.storage.rename(&from, &to).await }),
    )
    .await
    .map(drop)
}

async fn remove_staging(backend: &Backend, id: &str, roots: &[String]) -> Result<()> {
    for root in roots {
        let root = Location::from_stored(root, &backend.root)?;
        let directory = staging_directory(&root, id)?;
        backend.storage.remove_tree(directory.path()).await?;
        let parent = root
            .join(STAGING_DIRECTORY)
            .map_err(|error| Error::Corrupt {
                what: error.to_string(),
            })?;
        backend.storage.remove_empty(parent.path(), &root).await?;
    }
    Ok(())
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

/// Takes over one write if its owner is gone. `false`: the owner lives.
async fn recover(backend: &Backend, id: &str) -> Result<bool> {
    let Some(lock) = OwnerLock::take_over(&backend.locks, id).await? else {
        return Ok(false);
    };
    // The lock says that nobody else works on it now; the metastore, whether there is anything left to do.
    let write = id.to_string();
    match backend
        .metastore
        .read(move |tx| writes::find(tx, &write))
        .await?
    {
        Some(row) if row.state == WriteState::Committed => {
            log::info!("completing write {id}, which was committed by a process that is gone");
            settle(backend, id).await?;
        }
        Some(_) => {
            log::info!("undoing write {id}, which was left by a process that is gone");
            undo(backend, id).await?;
        }
        None => {}
    }
    lock.remove();
    Ok(true)
}

/// Completes or undoes every write whose owner is gone.
pub(crate) async fn recover_all(backend: &Backend) -> Result<()> {
    let rows = backend.metastore.read(writes::all).await?;
    for row in &rows {
        // One that cannot be recovered now (its place may be gone for a while) does not stop the others.
        if let Err(error) = recover(backend, &row.id).await {
            log::warn!("write {} could not be recovered: {error}", row.id);
        }
    }
    remove_orphans(&backend.locks, rows.into_iter().map(|row| row.id).collect()).await
}

/// Waits until no committed write on a table has files to move, and completes those of dead processes.
pub(crate) async fn settle_others(backend: &Backend, table: i64, name: &str) -> Result<()> {
    let started = Instant::now();
    loop {
        let ids = backend
            .metastore
            .read(move |tx| writes::unsettled(tx, table))
            .await?;
        if ids.is_empty() {
            return Ok(());
        }
        for id in &ids {
            recover(backend, id).await?;
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

/// Deletes retired files that nobody reads any more: retired longer than `grace` ago, and not `pinned`.
pub(crate) async fn collect_garbage(
    backend: &Backend,
    grace: Duration,
    pinned: impl Fn(&GarbageRow) -> bool,
) -> Result<()> {
    let until = now().saturating_sub(i64::try_from(grace.as_micros()).unwrap_or(i64::MAX));
    loop {
        let (rows, gone) = backend
            .metastore
            .read(move |tx| {
                let rows = writes::expired_garbage(tx, until)?;
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
        let rows: Vec<GarbageRow> = rows.into_iter().filter(|row| !pinned(row)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        concurrently(rows.iter().map(|row| {
            let table_is_gone = gone.get(&row.table_id).copied().unwrap_or(false);
            delete_retired(backend, row, table_is_gone)
        }))
        .await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        backend
            .metastore
            .write(move |tx| writes::forget_garbage(tx, &ids))
            .await?;
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
