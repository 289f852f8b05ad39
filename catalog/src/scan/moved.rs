//! Finding files that move while a query reads them.
//!
//! A file has up to three names in its life (see [`crate::write`]): staged, final, retired. Each move is one rename,
//! so at any time it has one of them; a reader that misses it at one name finds it at the next. It may move between
//! two tries: the final name is tried again.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::layout::retired_path;

/// A store that looks for a file at its final, staged and retired name.
///
/// Every reader of a query has it until its last byte is read, long after the plan is gone; so it is what holds the pin
/// that keeps retired files from being deleted.
#[derive(Debug)]
pub(super) struct MovedFileStore<P> {
    inner: Arc<dyn ObjectStore>,
    staged: Arc<HashMap<Path, Path>>,
    _pin: P,
}

impl<P> MovedFileStore<P> {
    /// `staged`: where files lie that were not in place when the query was planned, by their final names.
    pub(super) fn new(
        inner: Arc<dyn ObjectStore>,
        staged: Arc<HashMap<Path, Path>>,
        pin: P,
    ) -> Self {
        Self {
            inner,
            staged,
            _pin: pin,
        }
    }

    /// The names to try after the final one.
    fn other_names(&self, location: &Path) -> impl Iterator<Item = Path> {
        let staged = self.staged.get(location).cloned();
        let again = staged.is_some().then(|| location.clone());
        staged
            .into_iter()
            .chain(again)
            .chain(retired_path(location))
    }
}

fn is_missing<T>(result: &Result<T>) -> bool {
    matches!(result, Err(object_store::Error::NotFound { .. }))
}

impl<P> fmt::Display for MovedFileStore<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl<P: fmt::Debug + Send + Sync + 'static> ObjectStore for MovedFileStore<P> {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let first = self.inner.get_opts(location, options.clone()).await;
        if !is_missing(&first) {
            return first;
        }
        for name in self.other_names(location) {
            let found = self.inner.get_opts(&name, options.clone()).await;
            if !is_missing(&found) {
                return found;
            }
        }
        first
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let first = self.inner.get_ranges(location, ranges).await;
        if !is_missing(&first) {
            return first;
        }
        for name in self.other_names(location) {
            let found = self.inner.get_ranges(&name, ranges).await;
            if !is_missing(&found) {
                return found;
            }
        }
        first
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    async fn read(store: &MovedFileStore<()>, path: &Path) -> Option<Bytes> {
        match store.get_ranges(path, std::slice::from_ref(&(0..1))).await {
            Ok(parts) => parts.into_iter().next(),
            Err(_) => None,
        }
    }

    #[tokio::test]
    async fn a_file_is_found_at_each_of_its_names() {
        let place = Path::from("t/part-1.parquet");
        let staged = Path::from("t/_spotql_staging/1/0.staged");
        for name in [place.clone(), staged.clone(), retired_path(&place).unwrap()] {
            let inner = Arc::new(InMemory::new());
            inner
                .put(&name, PutPayload::from_static(b"x"))
                .await
                .unwrap();
            let known = Arc::new(HashMap::from([(place.clone(), staged.clone())]));
            let store = MovedFileStore::new(inner, known, ());
            assert_eq!(
                read(&store, &place).await,
                Some(Bytes::from_static(b"x")),
                "{name}"
            );
            assert_eq!(store.head(&place).await.unwrap().size, 1);
            assert_eq!(read(&store, &Path::from("t/other")).await, None);
        }
    }
}
