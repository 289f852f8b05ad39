//! The store that holds the data files, and the few things a file system needs beyond it.
//!
//! All data goes through [`ObjectStore`]. Directories are the exception: object stores have none, a file system
//! leaves empty ones behind, and its half-written uploads are hidden from listings; those are removed here by path.
//! What is a data file is decided in one place, [`is_data_name`].

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreUrl;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::error::{Error, Result};
use crate::guarded::{ATTEMPTS, GuardedStore, Step};
use crate::location::Location;
use crate::paths::{Access, PathRule};

/// How many requests of one statement are under way at once.
const CONCURRENCY: usize = 16;

/// Runs futures, some at a time, and gives their results in order; the first error ends it.
///
/// It takes the futures themselves: a closure in a stream would make the callers' futures lose `Send`.
pub(crate) async fn concurrently<T>(
    futures: impl IntoIterator<Item = impl Future<Output = Result<T>>>,
) -> Result<Vec<T>> {
    let futures: Vec<_> = futures.into_iter().collect();
    stream::iter(futures)
        .buffered(CONCURRENCY)
        .try_collect()
        .await
}

/// The local file system as an object store.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    local: Arc<GuardedStore>,
}

/// Endings of files that are being written or copied (Hadoop's `._COPYING_`). Impala passes them over as well.
const UNFINISHED: [&str; 3] = [".tmp", "._COPYING_", ".copying"];

/// Whether a file or directory of this name can be data. Hive, Impala and Spark skip names that start with `_` or `.`.
pub(crate) fn is_data_name(name: &str) -> bool {
    !is_hidden_name(name) && !UNFINISHED.iter().any(|ending| name.ends_with(ending))
}

/// Whether a listed file can be data: empty ones hold none.
pub(crate) fn is_data_file(file: &ObjectMeta) -> bool {
    file.size > 0 && file.location.filename().is_some_and(is_data_name)
}

/// Whether a name is passed over without a word: hidden ones, and checksums.
pub(crate) fn is_hidden_name(name: &str) -> bool {
    name.starts_with(['_', '.']) || name.ends_with(".crc")
}

fn failed(path: &Path) -> impl FnOnce(object_store::Error) -> Error + '_ {
    move |source| match source {
        object_store::Error::PermissionDenied { path, source } => {
            match source.downcast::<Error>() {
                // The rule of paths has said it better.
                Ok(refused) => *refused,
                Err(source) => Error::ObjectStore {
                    path: format!("/{path}"),
                    source: object_store::Error::PermissionDenied { path, source },
                },
            }
        }
        source => Error::ObjectStore {
            path: format!("/{path}"),
            source,
        },
    }
}

impl Storage {
    /// The URL under which plans look the store up.
    pub(crate) fn url() -> ObjectStoreUrl {
        ObjectStoreUrl::local_filesystem()
    }

    pub(crate) fn new(rule: Arc<PathRule>) -> Self {
        Self {
            local: Arc::new(GuardedStore::new(rule)),
        }
    }

    pub(crate) fn rule(&self) -> &Arc<PathRule> {
        self.local.rule()
    }

    /// Whether a place may be used; see [`PathRule::check`].
    pub(crate) fn check(&self, place: &Location, access: Access) -> Result<()> {
        let path = self.filesystem_path(place.path())?;
        self.rule().check(&path, access).map(drop)
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.local) as Arc<dyn ObjectStore>
    }

    fn filesystem_path(&self, path: &Path) -> Result<PathBuf> {
        self.local.on_disk(path).map_err(failed(path))
    }

    /// [`Self::check`] of several places.
    pub(crate) fn check_all<'a>(
        &self,
        mut places: impl Iterator<Item = &'a Location>,
        access: Access,
    ) -> Result<()> {
        places.try_for_each(|place| self.check(place, access))
    }

    /// Whether a LOCATION can be a folder: it need not be there.
    pub(crate) fn check_folder(&self, place: &Location) -> Result<()> {
        let path = self.filesystem_path(place.path())?;
        let reason = match path.metadata() {
            Ok(found) if !found.is_dir() => {
                "it is a file; name the folder that holds it (LOAD FILES reads single files)"
            }
            Err(_) if path.to_string_lossy().contains(['*', '?']) => {
                "it is a pattern; a LOCATION is one folder, and its files are found by themselves"
            }
            _ => return Ok(()),
        };
        Err(Error::InvalidLocation {
            location: path.display().to_string(),
            reason: reason.to_owned(),
        })
    }

    #[cfg(test)]
    pub(crate) fn faults(&self) -> &crate::guarded::faults::Faults {
        &self.local.faults
    }

    fn step(&self, step: Step, path: &std::path::Path) -> Result<()> {
        self.local.step(step).map_err(|source| Error::Io {
            path: path.display().to_string(),
            source,
        })
    }

    /// The path of a directory that is made, emptied or deleted.
    fn writable_path(&self, path: &Path) -> Result<PathBuf> {
        let path = self.filesystem_path(path)?;
        self.step(Step::Directory, &path)?;
        self.rule().check_entry(&path)?;
        Ok(path)
    }

    /// Moves an object. `false`: there is none of that name (any more).
    pub(crate) async fn rename(&self, from: &Path, to: &Path) -> Result<bool> {
        match self.local.rename(from, to).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(from)(error)),
        }
    }

    /// Deletes an object; it need not be there.
    pub(crate) async fn delete(&self, path: &Path) -> Result<()> {
        match self.local.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(path)(error)),
        }
    }

    /// What lies directly in a directory: sub-directories' names, and files. A directory that does not exist is empty.
    pub(crate) async fn list(&self, dir: &Path) -> Result<(Vec<String>, Vec<ObjectMeta>)> {
        let listed = self
            .local
            .list_with_delimiter(Some(dir))
            .await
            .map_err(failed(dir))?;
        // Only raw names: `filename()` of a Path is the text on disk.
        let dirs = listed
            .common_prefixes
            .iter()
            .filter_map(|path| path.filename().map(String::from))
            .collect();
        Ok((dirs, listed.objects))
    }

    /// The data files at a location: those in it and in its sub-directories, except hidden and empty ones and what
    /// lies in the `excluded` locations (other tables and partitions). Sorted by path.
    pub(crate) async fn data_files(
        &self,
        location: &Location,
        excluded: &BTreeSet<Location>,
    ) -> Result<Vec<ObjectMeta>> {
        let mut found = Vec::new();
        let mut level = vec![location.path().clone()];
        while !level.is_empty() {
            let listed = concurrently(level.into_iter().map(|dir| async move {
                let listed = self.list(&dir).await?;
                Ok((dir, listed))
            }))
            .await?;
            level = Vec::new();
            for (dir, (dirs, files)) in listed {
                for name in dirs.iter().filter(|name| is_data_name(name)) {
                    let Ok(child) = Location::from_path(dir.clone()).join(name) else {
                        continue;
                    };
                    if !excluded.contains(&child) {
                        level.push(child.path().clone());
                    }
                }
                found.extend(files.into_iter().filter(is_data_file));
            }
        }
        found.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(found)
    }

    /// Whether nothing but hidden names lies at a location.
    pub(crate) async fn has_no_data(&self, location: &Location) -> Result<bool> {
        Ok(self
            .data_files(location, &BTreeSet::new())
            .await?
            .is_empty())
    }

    /// The names of the directories in a directory, empty ones too; none if it is not there.
    pub(crate) async fn directories(&self, dir: &Path) -> Result<Vec<String>> {
        let path = self.filesystem_path(dir)?;
        tokio::task::spawn_blocking(move || {
            let Ok(entries) = std::fs::read_dir(&path) else {
                return Vec::new();
            };
            let directories = entries.flatten().filter(|it| it.path().is_dir());
            directories
                .filter_map(|it| it.file_name().into_string().ok())
                .collect()
        })
        .await
        .map_err(Error::from)
    }

    /// Removes a directory with everything in it, half-written uploads included; it need not be there.
    pub(crate) async fn remove_tree(&self, dir: &Path) -> Result<()> {
        let path = self.writable_path(dir)?;
        on_disk(move || match std::fs::remove_dir_all(&path) {
            // Below a file there is nothing either.
            Err(error)
                if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Err((path, error))
            }
            _ => Ok(()),
        })
        .await
    }

    /// Removes `dir` and its parents as long as they are empty and lie strictly below `stop`.
    pub(crate) async fn remove_empty(&self, dir: &Path, stop: &Location) -> Result<()> {
        let mut folders = Vec::new();
        let mut dir = Location::from_path(dir.clone());
        while dir.is_below(stop) {
            folders.push(self.writable_path(dir.path())?);
            match dir.path().parent() {
                Some(parent) => dir = Location::from_path(parent),
                None => break,
            }
        }
        on_disk(move || {
            // The first that is not empty (or is gone in part) ends it; that is no error.
            folders.iter().try_for_each(std::fs::remove_dir).ok();
            Ok(())
        })
        .await
    }

    /// Makes a directory, so that other programs find it.
    pub(crate) async fn create_directory(&self, dir: &Path) -> Result<()> {
        let path = self.writable_path(dir)?;
        on_disk(move || {
            with_directories(|| std::fs::create_dir_all(&path)).map_err(|error| (path, error))
        })
        .await
    }

    /// Makes directories, and a file without a name in each. So an obstacle to moving files there later shows now: rights,
    /// the length of a name, another file system, something in the way. A process that is killed here leaves no file, but
    /// maybe empty directories. Returns the directories that were not there, for [`Self::remove_made`]; after an error
    /// they are gone.
    ///
    /// `places` are pairs of a directory to come from, and one to go to.
    pub(crate) async fn try_places(&self, places: &[(Path, Path)]) -> Result<Vec<PathBuf>> {
        let places = places
            .iter()
            .map(|(from, to)| {
                let (from, to) = (self.filesystem_path(from)?, self.filesystem_path(to)?);
                self.step(Step::Directory, &to)?;
                Ok((from, self.rule().check(&to, Access::Write)?))
            })
            .collect::<Result<Vec<_>>>()?;
        tokio::task::spawn_blocking(move || {
            let mut made = Vec::new();
            for (from, to) in &places {
                if let Err(source) = with_directories(|| try_place(from, to, &mut made)) {
                    remove_all(&made);
                    let path = to.display().to_string();
                    return Err(Error::Io { path, source });
                }
            }
            Ok(made)
        })
        .await?
    }

    /// Removes directories that [`Self::try_places`] has made, as far as they are empty.
    pub(crate) async fn remove_made(&self, made: Vec<PathBuf>) -> Result<()> {
        on_disk(move || {
            remove_all(&made);
            Ok(())
        })
        .await
    }

    /// Brings a written file to the disk, so that a commit that names it survives a power failure.
    pub(crate) async fn sync(&self, file: &Path) -> Result<()> {
        let path = self.filesystem_path(file)?;
        self.step(Step::Sync, &path)?;
        on_disk(move || {
            std::fs::File::open(&path)
                .and_then(|file| file.sync_data())
                .map_err(|error| (path, error))
        })
        .await
    }
}

fn try_place(
    from: &std::path::Path,
    to: &std::path::Path,
    made: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    let missing: Vec<_> = to.ancestors().take_while(|dir| !dir.exists()).collect();
    for dir in missing.into_iter().rev() {
        match std::fs::create_dir(dir) {
            Ok(()) => made.push(dir.to_owned()),
            // Another write was quicker.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => {}
            Err(error) => return Err(error),
        }
    }
    try_file(from, to)
}

#[cfg(target_os = "linux")]
fn try_file(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

    if from.metadata()?.dev() != to.metadata()?.dev() {
        return Err(ErrorKind::CrossesDevices.into());
    }
    let unnamed = std::fs::File::options()
        .write(true)
        .custom_flags(libc::O_TMPFILE)
        .open(to);
    match unnamed {
        // Not every file system has them.
        Err(error)
            if !matches!(
                error.kind(),
                ErrorKind::Unsupported | ErrorKind::IsADirectory
            ) =>
        {
            Err(error)
        }
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn try_file(_: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    to.metadata().map(drop)
}

/// Makes directories and what lies in them, again if another write has removed one of them, still empty, meanwhile.
fn with_directories(mut make: impl FnMut() -> std::io::Result<()>) -> std::io::Result<()> {
    for _ in 1..ATTEMPTS {
        match make() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            done => return done,
        }
    }
    make()
}

/// Innermost first; what is not empty stays.
fn remove_all(made: &[PathBuf]) {
    for dir in made.iter().rev() {
        std::fs::remove_dir(dir).ok();
    }
}

async fn on_disk(
    work: impl FnOnce() -> std::result::Result<(), (PathBuf, std::io::Error)> + Send + 'static,
) -> Result<()> {
    tokio::task::spawn_blocking(work)
        .await?
        .map_err(|(path, source)| Error::Io {
            path: path.display().to_string(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage_of(folder: &std::path::Path) -> Storage {
        let folder = folder.canonicalize().unwrap();
        Storage::new(Arc::new(PathRule::new(&folder, &[], false).unwrap()))
    }

    #[test]
    fn hidden_names_checksums_and_unfinished_files_are_no_data() {
        for name in [
            "_SUCCESS",
            ".part-0.crc",
            "_spotql_staging",
            "part-0.parquet.crc",
            ".hive-staging",
            "part-0.parquet.tmp",
            "part-0.parquet._COPYING_",
            "part-0.copying",
        ] {
            assert!(!is_data_name(name), "{name}");
        }
        assert!(is_data_name("part-0.parquet") && is_data_name("000000_0"));
    }

    #[tokio::test]
    async fn other_tables_places_and_empty_files_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        file("a", b"x");
        file("sub/b", b"x");
        file("oa/c", b"x");
        file("_temporary/d", b"x");
        file("empty", b"");
        let root = Location::of_folder(folder.path()).unwrap();
        let excluded = BTreeSet::from([root.join("oa").unwrap()]);
        let found = storage_of(folder.path())
            .data_files(&root, &excluded)
            .await
            .unwrap();
        let names: Vec<_> = found
            .iter()
            .filter_map(|file| root.relative(&file.location).map(String::from))
            .collect();
        assert_eq!(names, ["a", "sub/b"]);
    }

    #[tokio::test]
    async fn names_with_percent_signs_and_colons_survive() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("t=00%3A04");
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("a:b"), b"x").unwrap();
        let root = Location::of_folder(folder.path()).unwrap();
        let storage = storage_of(folder.path());
        let found = storage.data_files(&root, &BTreeSet::new()).await.unwrap();
        assert_eq!(root.relative(&found[0].location), Some("t=00%3A04/a:b"));
        let renamed = root.join("t=00%3A04/_c").unwrap();
        assert!(
            storage
                .rename(&found[0].location, renamed.path())
                .await
                .unwrap()
        );
        assert!(dir.join("_c").exists());
        assert!(
            !storage
                .rename(&found[0].location, renamed.path())
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn empty_directories_go_up_to_the_one_that_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("t/y=1/m=2")).unwrap();
        let root = Location::of_folder(folder.path()).unwrap();
        let inner = root.join("t/y=1/m=2").unwrap();
        storage_of(folder.path())
            .remove_empty(inner.path(), &root.join("t").unwrap())
            .await
            .unwrap();
        assert!(folder.path().join("t").exists() && !folder.path().join("t/y=1").exists());
    }
}
