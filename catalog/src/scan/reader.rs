//! Opening files: footers of files that never change are kept in DataFusion's metadata cache.
//!
//! A foreign file may be replaced under the same name and even size; its footer is read anew by every query.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::{
    CachedParquetFileReaderFactory, DefaultParquetFileReaderFactory,
};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use object_store::ObjectStore;
use parquet::arrow::async_reader::AsyncFileReader;

use super::text::{TextColumns, TextReader};

/// Marks a file that was written by this crate: its name is never used for other contents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Immutable;

/// Most footers fit; it saves a read a file.
const FOOTER_HINT: usize = 64 * 1024;

/// Makes a reader for each file.
#[derive(Debug)]
pub(super) struct HiveReaderFactory {
    cached: CachedParquetFileReaderFactory,
    plain: DefaultParquetFileReaderFactory,
    text: Arc<TextColumns>,
}

impl HiveReaderFactory {
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        cache: Arc<FileMetadataCache>,
        text: Arc<TextColumns>,
    ) -> Self {
        Self {
            cached: CachedParquetFileReaderFactory::new(Arc::clone(&store), cache),
            plain: DefaultParquetFileReaderFactory::new(store),
            text,
        }
    }
}

impl ParquetFileReaderFactory for HiveReaderFactory {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let size = usize::try_from(file.object_meta.size).unwrap_or(usize::MAX);
        let hint = Some(hint.unwrap_or(FOOTER_HINT).min(size));
        // This crate's own files call text by its name.
        if file.extension::<Immutable>().is_some() {
            return self.cached.create_reader(partition, file, hint, metrics);
        }
        Ok(Box::new(TextReader {
            file: file.object_meta.location.clone(),
            inner: self.plain.create_reader(partition, file, hint, metrics)?,
            columns: Arc::clone(&self.text),
        }))
    }
}
