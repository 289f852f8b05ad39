//! The local file system as an object store that keeps to the rule of paths, whatever path a plan or a statement has
//! come by. A table's location may have been allowed only when it was made, and a file in it may be a link.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use crate::paths::{Access, PathRule};

/// How often a step begins again that has made the directories of a file, while another write removed them as empty.
pub(crate) const ATTEMPTS: usize = 100;

/// What is done on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Read,
    Write,
    Rename,
    Delete,
    Directory,
    Sync,
}

/// The store.
#[derive(Debug)]
pub(crate) struct GuardedStore {
    local: LocalFileSystem,
    rule: Arc<PathRule>,
    #[cfg(test)]
    pub(crate) faults: Arc<faults::Faults>,
}

impl GuardedStore {
    pub(crate) fn new(rule: Arc<PathRule>) -> Self {
        Self {
            local: LocalFileSystem::new(),
            rule,
            #[cfg(test)]
            faults: Arc::default(),
        }
    }

    /// Where tests let a step fail.
    #[cfg(test)]
    pub(crate) fn step(&self, step: Step) -> std::io::Result<()> {
        self.faults.meet(step)
    }

    #[cfg(not(test))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "tests fail here"
    )]
    pub(crate) fn step(&self, _: Step) -> std::io::Result<()> {
        Ok(())
    }

    pub(crate) fn rule(&self) -> &Arc<PathRule> {
        &self.rule
    }

    /// The path on disk.
    pub(crate) fn on_disk(&self, path: &Path) -> Result<std::path::PathBuf> {
        self.local.path_to_filesystem(path)
    }

    fn check(&self, path: &Path, access: Access) -> Result<()> {
        self.step(match access {
            Access::Read => Step::Read,
            Access::Write => Step::Write,
        })
        .map_err(failed)?;
        if access == Access::Read && self.rule.reads_anything() {
            return Ok(());
        }
        let checked = self.rule.check(&self.on_disk(path)?, access);
        checked.map(drop).map_err(|error| denied(path, error))
    }

    fn check_entry(&self, path: &Path, step: Step) -> Result<()> {
        self.step(step).map_err(failed)?;
        let checked = self.rule.check_entry(&self.on_disk(path)?);
        checked.map_err(|error| denied(path, error))
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::Generic {
        store: "LocalFileSystem",
        source: Box::new(error),
    }
}

fn denied(path: &Path, error: crate::Error) -> Error {
    Error::PermissionDenied {
        path: path.to_string(),
        source: Box::new(error),
    }
}

/// Runs a step that makes the directories of a file. It begins again if one of them is gone before the next is made. Of
/// two writes to one table, the first that ends removes the staging directory, if that is empty.
async fn with_directories<'a, T>(step: impl Fn() -> BoxFuture<'a, Result<T>> + Send) -> Result<T> {
    for _ in 1..ATTEMPTS {
        match step().await {
            Err(error) if is_directory_gone(&error) => {}
            done => return done,
        }
    }
    step().await
}

/// Whether a directory went while the next was made in it. A file that is not there is [`Error::NotFound`] instead.
fn is_directory_gone(error: &Error) -> bool {
    let Error::Generic { source, .. } = error else {
        return false;
    };
    let mut cause: Option<&dyn std::error::Error> = Some(source.as_ref());
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return error.kind() == std::io::ErrorKind::NotFound;
        }
        cause = error.source();
    }
    false
}

impl fmt::Display for GuardedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.local.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for GuardedStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.check(location, Access::Write)?;
        with_directories(|| {
            self.local
                .put_opts(location, payload.clone(), options.clone())
        })
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.check(location, Access::Write)?;
        with_directories(|| self.local.put_multipart_opts(location, options.clone())).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.check(location, Access::Read)?;
        self.local.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.check(location, Access::Read)?;
        self.local.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let guard = Self {
            local: LocalFileSystem::new(),
            rule: Arc::clone(&self.rule),
            #[cfg(test)]
            faults: Arc::clone(&self.faults),
        };
        let checked = locations.map(move |location| {
            let location = location?;
            guard.check_entry(&location, Step::Delete)?;
            Ok(location)
        });
        self.local.delete_stream(checked.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.check(prefix.unwrap_or(&Path::ROOT), Access::Read) {
            Ok(()) => self.local.list(prefix),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.check(prefix.unwrap_or(&Path::ROOT), Access::Read)?;
        self.local.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.check(from, Access::Read)?;
        self.check(to, Access::Write)?;
        with_directories(|| self.local.copy_opts(from, to, options.clone())).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.check_entry(from, Step::Rename)?;
        self.check_entry(to, Step::Rename)?;
        with_directories(|| self.local.rename_opts(from, to, options.clone())).await
    }
}

#[cfg(test)]
pub(crate) mod faults {
    //! Steps that fail as if the disk had refused.

    use std::io::{Error, ErrorKind, Result};
    use std::sync::{Mutex, PoisonError};

    use super::Step;

    /// What is to fail.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Fault {
        /// How many steps work before.
        pub(crate) after: usize,
        /// Only these steps are counted and fail; `None`: all.
        pub(crate) only: Option<Step>,
        /// Whether all later ones fail as well.
        pub(crate) for_ever: bool,
        pub(crate) kind: ErrorKind,
    }

    #[derive(Debug, Default)]
    pub(crate) struct Faults(Mutex<(Option<Fault>, usize)>);

    impl Faults {
        /// Sets or ends the faults; returns how many steps have failed since the last call.
        pub(crate) fn set(&self, fault: Option<Fault>) -> usize {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *state, (fault, 0)).1
        }

        pub(super) fn meet(&self, step: Step) -> Result<()> {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (fault, failed) = &mut *state;
            let Some(armed) = fault.as_mut() else {
                return Ok(());
            };
            if armed.only.is_some_and(|only| only != step) {
                return Ok(());
            }
            if armed.after > 0 {
                armed.after -= 1;
                return Ok(());
            }
            let kind = armed.kind;
            if !armed.for_ever {
                *fault = None;
            }
            *failed += 1;
            Err(Error::from(kind))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use object_store::ObjectStoreExt;

    use super::*;

    #[tokio::test]
    async fn directories_that_another_write_removes_meanwhile_are_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let store = GuardedStore::new(Arc::new(PathRule::new(&base, &[], false).unwrap()));
        let done = AtomicBool::new(false);
        let (staging, own) = (base.join("staging"), base.join("staging/0"));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::fs::remove_dir(&staging).ok();
                    // As often as many writes end, and no more: each step begins again at most so many times.
                    std::thread::sleep(std::time::Duration::from_micros(20));
                }
            });
            let writer = scope.spawn(|| {
                let file = Path::from_absolute_path(own.join("file")).unwrap();
                let result = futures::executor::block_on(async {
                    for _ in 0..1000 {
                        store.put(&file, "x".into()).await?;
                        std::fs::remove_dir_all(&own).unwrap();
                    }
                    Ok::<_, Error>(())
                });
                done.store(true, Ordering::Relaxed);
                result
            });
            writer.join().unwrap().unwrap();
        });
    }
}
