//! The local file system as an object store that keeps to the rule of paths, whatever path a plan or a statement has come
//! by: a table's location was maybe allowed when it was made, a file in it may be a link.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use crate::paths::{Access, PathRule};

/// The store.
#[derive(Debug)]
pub(crate) struct GuardedStore {
    local: LocalFileSystem,
    rule: Arc<PathRule>,
}

impl GuardedStore {
    pub(crate) fn new(rule: Arc<PathRule>) -> Self {
        Self {
            local: LocalFileSystem::new(),
            rule,
        }
    }

    pub(crate) fn rule(&self) -> &Arc<PathRule> {
        &self.rule
    }

    /// The path on disk.
    pub(crate) fn on_disk(&self, path: &Path) -> Result<std::path::PathBuf> {
        self.local.path_to_filesystem(path)
    }

    fn check(&self, path: &Path, access: Access) -> Result<()> {
        if access == Access::Read && self.rule.reads_anything() {
            return Ok(());
        }
        let checked = self.rule.check(&self.on_disk(path)?, access);
        checked.map(drop).map_err(|error| denied(path, error))
    }

    fn check_entry(&self, path: &Path) -> Result<()> {
        let checked = self.rule.check_entry(&self.on_disk(path)?);
        checked.map_err(|error| denied(path, error))
    }
}

fn denied(path: &Path, error: crate::Error) -> Error {
    Error::PermissionDenied {
        path: path.to_string(),
        source: Box::new(error),
    }
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
        self.local.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.check(location, Access::Write)?;
        self.local.put_multipart_opts(location, options).await
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
        let (local, rule) = (LocalFileSystem::new(), Arc::clone(&self.rule));
        let guard = Self { local, rule };
        let checked = locations.map(move |location| {
            let location = location?;
            guard.check_entry(&location)?;
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
        self.local.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.check_entry(from)?;
        self.check_entry(to)?;
        self.local.rename_opts(from, to, options).await
    }
}
