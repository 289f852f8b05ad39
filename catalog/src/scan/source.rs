//! DataFusion's Parquet source, with what this warehouse adds to it.
//!
//! Everything the planner asks is passed on, so that projections, filters, dynamic filters of TopK and joins, and sort
//! orders reach the reader as they would without this layer. Added are: the state of the table that is read (and a
//! pin on its files), what EXPLAIN says about pruning, and the reader with its error messages.

use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileOpener, FileScanConfig, FileSource, ParquetSource,
};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::logical_expr::Volatility;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{
    EquivalenceProperties, PhysicalExpr, PhysicalSortExpr, ScalarFunctionExpr,
};
use datafusion::physical_plan::filter_pushdown::{FilterPushdownPropagation, PushedDown};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::{DisplayFormatType, SortOrderPushdownResult};
use datafusion_datasource::morsel::Morselizer;
use object_store::ObjectStore;

use super::moved::MovedFileStore;
use super::named::NamedMorselizer;
use super::reader::HiveReaderFactory;
use super::text::TextColumns;
use crate::pins::Pin;
use crate::snapshot::TableSnapshot;

/// What EXPLAIN tells about a scan.
#[derive(Debug)]
pub(super) struct ScanInfo {
    pub(super) table: String,
    pub(super) partitioned: bool,
    pub(super) partitions: usize,
    pub(super) all_partitions: usize,
    pub(super) files: usize,
    pub(super) all_files: usize,
}

impl fmt::Display for ScanInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table={}, ", self.table)?;
        if self.partitioned {
            write!(
                f,
                "partitions={}/{}, ",
                self.partitions, self.all_partitions
            )?;
        }
        write!(f, "files={}/{}", self.files, self.all_files)
    }
}

/// What all copies of one scan share.
#[derive(Debug)]
struct Shared {
    /// The state of the table, none for files that belong to no table. The pin is held so that the files stay from
    /// planning until the readers have it.
    held: Option<(Arc<TableSnapshot>, Arc<Pin>)>,
    cache: Arc<FileMetadataCache>,
    info: ScanInfo,
}

/// A scan of a table of the warehouse.
#[derive(Clone)]
pub(super) struct HiveFileSource {
    inner: Arc<dyn FileSource>,
    shared: Arc<Shared>,
}

impl HiveFileSource {
    pub(super) fn new(
        inner: Arc<dyn FileSource>,
        held: Option<(Arc<TableSnapshot>, Pin)>,
        cache: Arc<FileMetadataCache>,
        info: ScanInfo,
    ) -> Self {
        Self {
            inner,
            shared: Arc::new(Shared {
                held: held.map(|(snapshot, pin)| (snapshot, Arc::new(pin))),
                cache,
                info,
            }),
        }
    }

    /// The state of the table that is read.
    pub(super) fn snapshot(&self) -> Option<&Arc<TableSnapshot>> {
        self.shared.held.as_ref().map(|(snapshot, _)| snapshot)
    }

    fn wrap(&self, inner: Arc<dyn FileSource>) -> Arc<dyn FileSource> {
        Arc::new(Self {
            inner,
            shared: Arc::clone(&self.shared),
        })
    }
}

impl FileSource for HiveFileSource {
    fn create_file_opener(
        &self,
        store: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        self.inner.create_file_opener(store, config, partition)
    }

    fn create_morselizer(
        &self,
        store: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        partition: usize,
    ) -> Result<Box<dyn Morselizer>> {
        let parquet = self.inner.downcast_ref::<ParquetSource>().ok_or_else(|| {
            DataFusionError::Internal("a scan of the warehouse reads Parquet".into())
        })?;
        let store: Arc<dyn ObjectStore> = match &self.shared.held {
            Some((snapshot, pin)) => Arc::new(MovedFileStore::new(
                store,
                Arc::clone(&snapshot.staged),
                Arc::clone(pin),
            )),
            None => store,
        };
        let text = Arc::new(TextColumns::of(self.table_schema().file_schema()));
        let readers = HiveReaderFactory::new(
            Arc::clone(&store),
            Arc::clone(&self.shared.cache),
            Arc::clone(&text),
        );
        let morselizer = parquet
            .clone()
            .with_parquet_file_reader_factory(Arc::new(readers))
            .create_morselizer(store, config, partition)?;
        Ok(Box::new(NamedMorselizer::new(morselizer, text)))
    }

    fn table_schema(&self) -> &TableSchema {
        self.inner.table_schema()
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        self.wrap(self.inner.with_batch_size(batch_size))
    }

    fn filter(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.inner.filter()
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        self.inner.projection()
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        self.inner.metrics()
    }

    fn file_type(&self) -> &str {
        self.inner.file_type()
    }

    fn fmt_extra(&self, t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match t {
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(f, ", {}", self.shared.info)?;
            }
            DisplayFormatType::TreeRender => writeln!(f, "{}", self.shared.info)?,
        }
        self.inner.fmt_extra(t, f)
    }

    fn supports_repartitioning(&self) -> bool {
        self.inner.supports_repartitioning()
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn FileSource>>> {
        // As for projections.
        let kept: Vec<bool> = filters.iter().map(reads_session).collect();
        let others = filters.into_iter().zip(&kept).filter(|(_, kept)| !**kept);
        let others = others.map(|(filter, _)| filter).collect();
        let pushed = self.inner.try_pushdown_filters(others, config)?;
        let mut answers = pushed.filters.into_iter();
        let answers = kept.into_iter().map(|kept| match kept {
            true => PushedDown::No,
            false => answers.next().unwrap_or(PushedDown::No),
        });
        Ok(FilterPushdownPropagation {
            filters: answers.collect(),
            updated_node: pushed.updated_node.map(|inner| self.wrap(inner)),
        })
    }

    fn try_pushdown_sort(
        &self,
        order: &[PhysicalSortExpr],
        properties: &EquivalenceProperties,
    ) -> Result<SortOrderPushdownResult<Arc<dyn FileSource>>> {
        Ok(self
            .inner
            .try_pushdown_sort(order, properties)?
            .map(|inner| self.wrap(inner)))
    }

    fn reorder_files(&self, files: Vec<PartitionedFile>) -> Vec<PartitionedFile> {
        self.inner.reorder_files(files)
    }

    fn try_pushdown_projection(
        &self,
        projection: &ProjectionExprs,
    ) -> Result<Option<Arc<dyn FileSource>>> {
        // What a function reads of the session may have to be fetched by a node between it and the scan.
        if projection.iter().any(|it| reads_session(&it.expr)) {
            return Ok(None);
        }
        let pushed = self.inner.try_pushdown_projection(projection)?;
        Ok(pushed.map(|inner| self.wrap(inner)))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.inner.apply_expressions(f)
    }
}

/// Whether a function in an expression gives the same for the same arguments only within one query.
fn reads_session(expression: &Arc<dyn PhysicalExpr>) -> bool {
    let mut reads = false;
    let walked = expression.apply(|part| {
        let function = part.downcast_ref::<ScalarFunctionExpr>();
        reads |=
            function.is_some_and(|it| it.fun().signature().volatility != Volatility::Immutable);
        Ok(match reads {
            true => TreeNodeRecursion::Stop,
            false => TreeNodeRecursion::Continue,
        })
    });
    reads || walked.is_err()
}
