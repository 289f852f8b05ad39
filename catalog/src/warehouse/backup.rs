//! Backups: a copy of the warehouse as it is at one moment, whoever reads and writes it meanwhile. The copy is a
//! warehouse itself.
//!
//! Copying the metastore fixes the moment. The files that it names are copied afterwards: written files never change, and
//! as long as the backup holds its lock no process deletes replaced ones. In the copy no write is under way. Everything
//! is done in a hidden folder beside the target, which gets its name when it is complete and on the disk.
//!
//! Files outside the warehouse's folder are not copied, and the copied metastore still names them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::Transaction;

use super::{SOURCES, Warehouse};
use crate::error::{Error, Result};
use crate::layout::retired_path;
use crate::location::Location;
use crate::lock::{BACKUP_LOCK, OwnerLock, is_old};
use crate::metastore::backup::sync_folder;
use crate::metastore::{Outcome, databases, files, partitions, tables, writes};
use crate::snapshot::partition_location;
use crate::storage::concurrently;

/// The end of the name of a folder that is to become a backup. It begins with a dot.
const INCOMPLETE: &str = ".incomplete";

/// The name of the lock in such a folder.
const LOCK: &str = "backup";

/// What a backup holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupReport {
    /// Tables, those with files outside the warehouse included.
    pub tables: u64,
    /// Data files that were copied.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
    /// Places whose files were not copied.
    pub outside: Vec<OutsideFiles>,
}

/// Files of a table that lie outside the warehouse's folder, in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideFiles {
    /// The table, with its database.
    pub table: String,
    /// Where they lie.
    pub folder: PathBuf,
    /// How many they are.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
}

/// A file to copy. Paths are relative to the warehouse's folder.
struct Wanted {
    table: String,
    size: u64,
    /// Where it can be, in the order in which it moves: staged, final, retired.
    names: Vec<PathBuf>,
}

/// What a metastore names.
#[derive(Default)]
struct Contents {
    /// By their final names: two tables may have one file.
    files: BTreeMap<PathBuf, Wanted>,
    folders: BTreeSet<PathBuf>,
    tables: u64,
    outside: BTreeMap<(String, PathBuf), (u64, u64)>,
}

impl Warehouse {
    /// Copies the warehouse as it is now to a folder that does not exist. Other processes may read and write it
    /// meanwhile. Until the copy is complete there is nothing of that name; what a killed process leaves is removed by the
    /// next backup beside it.
    ///
    /// The caller chooses the folder: [`Warehouse::paths`] is not asked.
    ///
    /// # Errors
    /// [`Error::Backup`] if the folder exists, lies in the warehouse, or if a data file is missing; [`Error::Io`].
    pub async fn backup(&self, to: impl AsRef<Path>) -> Result<BackupReport> {
        let (to, parent) = self.target(to.as_ref()).await?;
        remove_leftovers(&parent).await?;
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let draft = tempfile::Builder::new()
            .prefix(&format!(".{name}."))
            .suffix(INCOMPLETE)
            .tempdir_in(&parent)
            .map_err(failed(&parent))?;
        let owner = OwnerLock::create(draft.path(), LOCK).await?;
        let report = self.fill(draft.path(), &to).await?;
        owner.remove();
        let folder = self.folder.clone();
        on_disk(move || {
            // A temporary folder is its owner's alone.
            let rights = folder.metadata().map_err(failed(&folder))?.permissions();
            let draft = draft.keep();
            let named = fs::set_permissions(&draft, rights).and_then(|()| fs::rename(&draft, &to));
            if let Err(error) = named {
                fs::remove_dir_all(&draft).ok();
                return Err(failed(&to)(error));
            }
            sync_folder(&parent);
            Ok(())
        })
        .await?;
        Ok(report)
    }

    /// The folder that a backup goes to, absolute, and the one that it lies in, which is made.
    async fn target(&self, to: &Path) -> Result<(PathBuf, PathBuf)> {
        let (to, warehouse) = (to.to_owned(), self.folder.clone());
        on_disk(move || {
            let target = std::path::absolute(&to).map_err(failed(&to))?;
            if target.symlink_metadata().is_ok() {
                let reason = "there is something of that name; name a folder that does not exist";
                return Err(refused(&target, reason.into()));
            }
            let existing = target.ancestors().find_map(|it| it.canonicalize().ok());
            if existing.is_some_and(|existing| existing.starts_with(&warehouse)) {
                let reason = "it lies in the warehouse; name a folder outside it";
                return Err(refused(&target, reason.into()));
            }
            let parent = target.parent().unwrap_or(&target).to_owned();
            fs::create_dir_all(&parent).map_err(failed(&parent))?;
            Ok((target, parent))
        })
        .await
    }

    async fn fill(&self, draft: &Path, to: &Path) -> Result<BackupReport> {
        // Before the metastore is copied, so that the files which it names then stay. Who may only read has no lock, and
        // the files stay for the grace period.
        let lock = match self.is_read_only() {
            true => None,
            false => {
                let name = format!("{BACKUP_LOCK}{}", uuid::Uuid::now_v7().simple());
                Some(OwnerLock::create(&self.backend.locks, &name).await?)
            }
        };
        // Copies of sources have names of their own and may go at any time. One that the metastore's copy names was there
        // before, or comes between.
        self.copy_sources(draft).await?;
        let metastore = self.backend.metastore.copy_to(draft).await?;
        self.copy_sources(draft).await?;
        let root = self.backend.root.clone();
        let contents = metastore.read(move |tx| contents(tx, &root)).await?;
        metastore.write(writes::end_all).await?;
        drop(metastore);
        let mut report = BackupReport {
            tables: contents.tables,
            files: contents.files.len() as u64,
            bytes: contents.files.values().map(|file| file.size).sum(),
            outside: Vec::new(),
        };
        for ((table, folder), (files, bytes)) in contents.outside {
            report.outside.push(OutsideFiles {
                table,
                folder,
                files,
                bytes,
            });
        }
        let mut folders: BTreeSet<PathBuf> = BTreeSet::from([PathBuf::new()]);
        for folder in &contents.folders {
            folders.extend(folder.ancestors().map(Path::to_owned));
        }
        for file in contents.files.keys() {
            folders.extend(file.ancestors().skip(1).map(Path::to_owned));
        }
        let folders: Vec<PathBuf> = folders.iter().map(|it| draft.join(it)).collect();
        let made = folders.clone();
        on_disk(move || {
            made.iter()
                .try_for_each(|it| fs::create_dir_all(it).map_err(failed(it)))
        })
        .await?;
        concurrently(contents.files.into_iter().map(|(place, wanted)| {
            let (from, place, to) = (self.folder.clone(), draft.join(place), to.to_owned());
            async move { on_disk(move || copy_wanted(&from, &wanted, &place, &to)).await }
        }))
        .await?;
        if let Some(lock) = lock {
            lock.remove();
        }
        on_disk(move || {
            folders.iter().for_each(|it| sync_folder(it));
            Ok(())
        })
        .await?;
        Ok(report)
    }

    /// Copies what sources of context keep in the warehouse, but for what is there already.
    async fn copy_sources(&self, draft: &Path) -> Result<()> {
        let (from, to) = (self.folder.join(SOURCES), draft.join(SOURCES));
        on_disk(move || copy_tree(&from, &to)).await
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::Io {
        path: path.display().to_string(),
        source,
    }
}

fn refused(target: &Path, reason: String) -> Error {
    Error::Backup {
        target: target.display().to_string(),
        reason,
    }
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// Removes what killed processes have left of backups in a folder.
async fn remove_leftovers(parent: &Path) -> Result<()> {
    let entries = fs::read_dir(parent).map_err(failed(parent))?;
    for folder in entries.flatten().map(|entry| entry.path()) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let is_draft = name.starts_with('.') && name.ends_with(INCOMPLETE);
        if !is_draft {
            continue;
        }
        // One that has no lock yet is being made.
        let is_left = match folder.join(format!("{LOCK}.lock")).exists() {
            true => OwnerLock::take_over(&folder, LOCK).await?.is_some(),
            false => is_old(&folder),
        };
        if is_left {
            log::info!(
                "{} is removed: the process that made this backup was killed",
                folder.display()
            );
            on_disk(move || fs::remove_dir_all(&folder).map_err(failed(&folder))).await?;
        }
    }
    Ok(())
}

/// What has to be copied with a metastore. `root`: the folder of the warehouse that it is a copy of.
fn contents(tx: &Transaction<'_>, root: &Location) -> Outcome<Contents> {
    let mut contents = Contents::default();
    // A stored location is relative inside the warehouse.
    let inside = |location: &Location| {
        let stored = location.to_stored(root);
        (!stored.starts_with('/')).then(|| PathBuf::from(stored))
    };
    for row in databases::all(tx)? {
        let location = Location::from_stored(&row.location, root)?;
        contents.folders.extend(inside(&location));
    }
    for (database, name) in tables::all_names(tx)? {
        let Some(row) = tables::find(tx, &database, &name)? else {
            continue;
        };
        let table = row.into_table(root)?;
        contents.tables += 1;
        contents.folders.extend(inside(&table.location));
        for partition in partitions::all(tx, table.id)? {
            let location = partition.location.as_deref();
            let place = partition_location(root, &table.location, &partition.name, location)?;
            let rows = files::of_partition(tx, partition.id)?;
            let Some(folder) = inside(&place) else {
                let base = match place.is_below(&table.location) {
                    true => &table.location,
                    false => &place,
                };
                let key = (
                    table.full_name(),
                    PathBuf::from(format!("/{}", base.path())),
                );
                let (count, bytes) = contents.outside.entry(key).or_default();
                *count += rows.len() as u64;
                *bytes += rows.iter().map(|row| row.size).sum::<u64>();
                continue;
            };
            contents.folders.insert(folder.clone());
            for row in rows {
                let place = place.join(&row.path).map_err(|error| Error::Corrupt {
                    what: format!("file '{}': {error}", row.path),
                })?;
                let mut names = Vec::new();
                if let Some(staged) = row.staged {
                    names.push(Location::from_stored(&staged, root)?);
                }
                names.push(place);
                // Both names can be hidden: see `retire`.
                let hidden: Vec<Location> = names
                    .iter()
                    .filter_map(|name| retired_path(name.path()).map(Location::from_path))
                    .collect();
                names.extend(hidden);
                let wanted = Wanted {
                    table: table.full_name(),
                    size: row.size,
                    names: names.iter().filter_map(inside).collect(),
                };
                contents.files.insert(folder.join(row.path), wanted);
            }
        }
    }
    Ok(contents)
}

/// Copies a data file from wherever it is in the warehouse.
fn copy_wanted(warehouse: &Path, wanted: &Wanted, place: &Path, target: &Path) -> Result<()> {
    for name in &wanted.names {
        let path = warehouse.join(name);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.map_err(failed(&path))?,
        };
        let copied = copy_file(file, place).map_err(|error| {
            let reason = format!("data file '{}' was not copied: {error}", path.display());
            refused(target, reason)
        })?;
        if copied == wanted.size {
            return Ok(());
        }
        let reason = format!(
            "data file '{}' has {copied} bytes, and had {} when table {table} was last told of it; run REFRESH \
             {table}, then back up again",
            path.display(),
            wanted.size,
            table = wanted.table
        );
        return Err(refused(target, reason));
    }
    let missing = wanted.names.first().map(|name| warehouse.join(name));
    let reason = format!(
        "data file '{}' of table {table} is missing; if another program removed it, run REFRESH {table}, then back up \
         again",
        missing.unwrap_or_default().display(),
        table = wanted.table
    );
    Err(refused(target, reason))
}

/// Copies a file to the disk, with its time and rights. Returns its size.
fn copy_file(mut from: File, to: &Path) -> io::Result<u64> {
    let found = from.metadata()?;
    let mut copy = File::create(to)?;
    let copied = io::copy(&mut from, &mut copy)?;
    copy.set_modified(found.modified()?)?;
    copy.set_permissions(found.permissions())?;
    copy.sync_all()?;
    Ok(copied)
}

/// Copies a folder that others may change meanwhile; it need not be there. Files with equal size and time stay.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed(from))?,
    };
    fs::create_dir_all(to).map_err(failed(to))?;
    for entry in entries.flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_tree(&from, &to)?;
            continue;
        }
        let file = match File::open(&from) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.map_err(failed(&from))?,
        };
        let state = |found: fs::Metadata| (found.len(), found.modified().ok());
        let before = file.metadata().map(state).ok();
        if before.is_none() || before != to.metadata().map(state).ok() {
            copy_file(file, &to).map_err(failed(&to))?;
        }
    }
    sync_folder(to);
    Ok(())
}
