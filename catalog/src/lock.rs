//! Who owns a write, a backup, or the runs of schedules, and whether the owner lives: one locked file for each.
//!
//! A lock file gets its name only after it is locked, so a free one has no owner.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};

/// A lock file that has not got its name for this long never will.
const ORPHAN_AGE: Duration = Duration::from_secs(60);

/// The extension of a lock file that is not locked yet.
const UNNAMED: &str = "new";

/// The beginning of the name of a lock that a backup holds as long as it copies files.
pub(crate) const BACKUP_LOCK: &str = "backup-";

/// The lock of one owner; dropping it lets go of it.
#[derive(Debug)]
pub(crate) struct OwnerLock {
    // Held for its lock.
    _file: File,
    path: PathBuf,
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |source| Error::Io {
        path: path.display().to_string(),
        source,
    }
}

fn lock_path(folder: &Path, write: &str) -> PathBuf {
    folder.join(format!("{write}.lock"))
}

impl OwnerLock {
    /// Makes and takes the lock of a new write.
    pub(crate) async fn create(folder: &Path, write: &str) -> Result<Self> {
        let (folder, path) = (folder.to_path_buf(), lock_path(folder, write));
        tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder).map_err(failed(&folder))?;
            let unnamed = path.with_extension(UNNAMED);
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&unnamed)
                .map_err(failed(&unnamed))?;
            file.lock().map_err(failed(&unnamed))?;
            std::fs::rename(&unnamed, &path).map_err(failed(&path))?;
            Ok(Self { _file: file, path })
        })
        .await?
    }

    /// Takes over the lock of a write whose owner is gone; `None` if the owner lives. A lock file that is missing has
    /// no owner.
    pub(crate) async fn take_over(folder: &Path, write: &str) -> Result<Option<Self>> {
        let (folder, path) = (folder.to_path_buf(), lock_path(folder, write));
        tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder).map_err(failed(&folder))?;
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(failed(&path))?;
            match file.try_lock() {
                Ok(()) => Ok(Some(Self { _file: file, path })),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(failed(&path)(error)),
            }
        })
        .await?
    }

    /// Removes the lock file of a write that has ended. If that fails the file stays until [`remove_orphans`].
    pub(crate) fn remove(self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            log::debug!("lock file {}: {error}", self.path.display());
        }
    }
}

/// Removes free lock files that none of the writes in `known` has. A write that is entered only now holds its lock; if
/// its owner dies at once, it does without the file.
pub(crate) async fn remove_orphans(folder: &Path, known: Vec<String>) -> Result<()> {
    let folder = folder.to_path_buf();
    tokio::task::spawn_blocking(move || {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(&folder)(error)),
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let write = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            let unnamed = path
                .extension()
                .is_some_and(|extension| extension == UNNAMED);
            if known.iter().any(|id| id == write) || (unnamed && !is_old(&path)) {
                continue;
            }
            let free = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
            if free {
                std::fs::remove_file(&path).ok();
            }
        }
        Ok(())
    })
    .await?
}

/// Whether a living owner holds a lock whose name begins so.
pub(crate) async fn is_any_held(folder: &Path, beginning: &'static str) -> Result<bool> {
    let folder = folder.to_path_buf();
    tokio::task::spawn_blocking(move || {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(&folder)(error)),
        };
        let mut names = entries.flatten().filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // One without its name has no owner yet.
            name.starts_with(beginning) && !name.ends_with(UNNAMED)
        });
        Ok(names.any(|entry| {
            File::open(entry.path())
                .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
        }))
    })
    .await?
}

/// Whether a file or folder has not been changed for so long that whoever made it is gone, unless it has a lock.
pub(crate) fn is_old(path: &Path) -> bool {
    path.metadata()
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|modified| SystemTime::now().duration_since(modified).ok())
        .is_some_and(|age| age > ORPHAN_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lock_is_taken_over_only_when_its_owner_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let owner = OwnerLock::create(folder.path(), "w").await.unwrap();
        assert!(
            OwnerLock::take_over(folder.path(), "w")
                .await
                .unwrap()
                .is_none()
        );
        drop(owner);
        let heir = OwnerLock::take_over(folder.path(), "w")
            .await
            .unwrap()
            .unwrap();
        heir.remove();
        assert!(!lock_path(folder.path(), "w").exists());
    }

    #[tokio::test]
    async fn only_files_without_owner_and_write_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let held = OwnerLock::create(folder.path(), "held").await.unwrap();
        drop(OwnerLock::create(folder.path(), "known").await.unwrap());
        drop(OwnerLock::create(folder.path(), "orphan").await.unwrap());
        std::fs::write(folder.path().join("young.new"), b"").unwrap();
        remove_orphans(folder.path(), vec!["known".into()])
            .await
            .unwrap();
        let mut left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["held.lock", "known.lock", "young.new"]);
        drop(held);
    }
}
