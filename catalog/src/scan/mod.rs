//! Reading: the files of a table as a DataFusion plan.
//!
//! A scan takes one state of the table, drops partitions by the filters on partition columns and files by their
//! bounds, and hands the rest to DataFusion's Parquet reader, which skips row groups and pages. What is special about
//! this warehouse sits in one [`HiveFileSource`] around DataFusion's `ParquetSource`: foreign
//! files are converted to the table's types, errors name the file, and files that move while they are read are found.

mod adapter;
mod moved;
mod named;
mod prune;
mod reader;
mod source;
mod text;
mod wording;

use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Result, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use object_store::ObjectMeta;

use crate::error::Error;
use crate::pins::Pin;
use crate::snapshot::TableSnapshot;
use crate::storage::Storage;
use crate::table::Table;
use adapter::HiveAdapterFactory;
use prune::FileToScan;
use reader::Immutable;
use source::{HiveFileSource, ScanInfo};

/// Bounds of each column are given to the planner for at most this many files: beyond, they cost more than they save.
const FILES_WITH_STATISTICS: usize = 1024;

pub(crate) use prune::is_on_partitions;

/// A scan of a table in one state.
pub(crate) fn scan_table(
    state: &dyn Session,
    table: &Table,
    (snapshot, pin): (Arc<TableSnapshot>, Pin),
    projection: Option<&Vec<usize>>,
    filters: &[Expr],
    limit: Option<usize>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let (on_partitions, on_rows): (Vec<Expr>, Vec<Expr>) = filters
        .iter()
        .cloned()
        .partition(|filter| is_on_partitions(filter, table.partition_fields()));
    let partitions = prune::partitions(state, &snapshot, &on_partitions)?;
    let mut files = prune::files(state, table, &snapshot, &partitions, &on_rows)?;
    if on_rows.is_empty() {
        prune::limit(&mut files, limit);
    }
    let info = ScanInfo {
        partitions: partitions.len(),
        all_partitions: snapshot.partitions.len(),
        files: files.len(),
        all_files: snapshot.file_count(),
        partitioned: table.is_partitioned(),
        table: table.full_name(),
    };

    let schema = TableSchema::builder(Arc::clone(table.file_schema()))
        .with_table_partition_cols(table.partition_fields().clone())
        .build();
    let each = statistics_of_each(table, &files);
    let statistics = merged_statistics(table, &files, &each);
    let groups = groups(&files, each, state.config().target_partitions())?;
    let held = Some((Arc::clone(&snapshot), pin));
    let config = scan_config(state, schema, held, info)
        .with_file_groups(groups)
        .with_statistics(statistics)
        .with_projection_indices(projection.cloned())?
        .with_limit(limit)
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

/// A scan of Parquet files as this warehouse reads them; `held` is the state of the table that they belong to.
fn scan_config(
    state: &dyn Session,
    schema: TableSchema,
    held: Option<(Arc<TableSnapshot>, Pin)>,
    info: ScanInfo,
) -> FileScanConfigBuilder {
    let mut options = state.table_options().parquet.clone();
    // Timestamps of Impala, Hive and old Spark: read in the unit of the table's type, so that they reach beyond
    // the years that nanoseconds can count.
    options.global.coerce_int96 = Some("us".into());
    let parquet = ParquetSource::new(schema).with_table_parquet_options(options);
    let adapter = HiveAdapterFactory::new(info.table.clone());
    let source = HiveFileSource::new(
        Arc::new(parquet),
        held,
        state.runtime_env().cache_manager.get_file_metadata_cache(),
        info,
    );
    FileScanConfigBuilder::new(Storage::url(), Arc::new(source))
        .with_expr_adapter(Some(Arc::new(adapter)))
}

/// A scan of files that belong to no table.
pub(crate) fn scan_files(
    state: &dyn Session,
    schema: TableSchema,
    files: Vec<PartitionedFile>,
    projection: Option<&Vec<usize>>,
    limit: Option<usize>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let info = ScanInfo {
        table: "files".to_owned(),
        partitioned: false,
        partitions: 1,
        all_partitions: 1,
        files: files.len(),
        all_files: files.len(),
    };
    let groups = spread(files, state.config().target_partitions());
    let config = scan_config(state, schema, None, info)
        .with_file_groups(groups)
        .with_projection_indices(projection.cloned())?
        .with_limit(limit)
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

/// Files in as many groups as there are partitions to run, each of about the same number of bytes.
fn spread(files: Vec<PartitionedFile>, target: usize) -> Vec<FileGroup> {
    let target = target.clamp(1, files.len().max(1));
    let mut groups: Vec<Vec<PartitionedFile>> = vec![Vec::new(); target];
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(files[*index].object_meta.size));
    let mut loads: std::collections::BinaryHeap<_> = (0..target)
        .map(|group| std::cmp::Reverse((0u64, group)))
        .collect();
    let mut group_of = vec![0; files.len()];
    for index in order {
        if let Some(std::cmp::Reverse((load, group))) = loads.pop() {
            group_of[index] = group;
            let load = load + files[index].object_meta.size;
            loads.push(std::cmp::Reverse((load, group)));
        }
    }
    for (file, group) in files.into_iter().zip(group_of) {
        groups[group].push(file);
    }
    groups.into_iter().map(FileGroup::new).collect()
}

/// The figures of each file; nothing if there are so many that they cost more than they save.
fn statistics_of_each(table: &Table, files: &[FileToScan<'_>]) -> Vec<Arc<Statistics>> {
    if files.len() > FILES_WITH_STATISTICS {
        return Vec::new();
    }
    files
        .iter()
        .map(|file| Arc::new(file_statistics(table, file)))
        .collect()
}

/// Row count and bounds of what is left to scan.
fn merged_statistics(
    table: &Table,
    files: &[FileToScan<'_>],
    each: &[Arc<Statistics>],
) -> Statistics {
    let rows: Option<u64> = files.iter().map(|file| file.file.row_count).sum();
    let rows = rows.and_then(|rows| usize::try_from(rows).ok());
    let bytes: u64 = files.iter().map(|file| file.file.size).sum();
    let schema = table.schema();
    let merged = if each.is_empty() {
        Statistics::new_unknown(schema)
    } else {
        Statistics::try_merge_iter(each.iter().map(Arc::as_ref), schema)
            .unwrap_or_else(|_| Statistics::new_unknown(schema))
    };
    merged
        .with_num_rows(rows.map_or(Precision::Absent, Precision::Exact))
        .with_total_byte_size(Precision::Inexact(
            usize::try_from(bytes).unwrap_or(usize::MAX),
        ))
}

fn groups(
    files: &[FileToScan<'_>],
    each: Vec<Arc<Statistics>>,
    target: usize,
) -> Result<Vec<FileGroup>> {
    let mut each = each.into_iter();
    let files = files.iter();
    let files = files.map(|file| partitioned_file(file, each.next()));
    Ok(spread(files.collect::<Result<_>>()?, target))
}

fn partitioned_file(
    file: &FileToScan<'_>,
    statistics: Option<Arc<Statistics>>,
) -> Result<PartitionedFile> {
    let FileToScan { partition, file } = *file;
    let location = partition
        .location
        .join(&file.path)
        .map_err(|error| Error::Corrupt {
            what: format!(
                "file '{}' of partition '{}': {error}",
                file.path, partition.name
            ),
        })?;
    let mut planned = PartitionedFile::from(ObjectMeta {
        location: location.path().clone(),
        last_modified: chrono::DateTime::from_timestamp_micros(file.modified).unwrap_or_default(),
        size: file.size,
        e_tag: None,
        version: None,
    });
    planned.partition_values = partition.values.clone();
    // Set as it is: `with_statistics` would claim that no partition value is NULL.
    planned.statistics = statistics;
    if file.immutable {
        planned = planned.with_extension(Immutable);
    }
    Ok(planned)
}

/// The figures of one file, data columns then partition columns.
fn file_statistics(table: &Table, file: &FileToScan<'_>) -> Statistics {
    let FileToScan { partition, file } = *file;
    let rows = file.row_count.and_then(|rows| usize::try_from(rows).ok());
    let rows = rows.map_or(Precision::Absent, Precision::Exact);
    let known = file.statistics(table.file_schema());
    let data = table
        .file_schema()
        .fields()
        .iter()
        .map(|field| known.column_statistics(field.name()));
    let partition = partition.values.iter().map(|value| {
        if value.is_null() {
            ColumnStatistics::new_unknown().with_null_count(rows)
        } else {
            ColumnStatistics::new_unknown()
                .with_min_value(Precision::Exact(value.clone()))
                .with_max_value(Precision::Exact(value.clone()))
                .with_null_count(Precision::Exact(0))
        }
    });
    Statistics {
        num_rows: rows,
        total_byte_size: Precision::Inexact(usize::try_from(file.size).unwrap_or(usize::MAX)),
        column_statistics: data.chain(partition).collect(),
    }
}

/// The state of a table that a plan reads, the oldest if it reads several; `None` if it does not read the table.
pub(crate) fn scanned_snapshot(
    plan: &Arc<dyn ExecutionPlan>,
    table: i64,
) -> Option<Arc<TableSnapshot>> {
    let here = plan
        .downcast_ref::<DataSourceExec>()
        .and_then(|scan| scan.downcast_to_file_source::<HiveFileSource>())
        .and_then(|(_, source)| source.snapshot())
        .filter(|snapshot| snapshot.table_id == table)
        .cloned();
    plan.children()
        .into_iter()
        .filter_map(|child| scanned_snapshot(child, table))
        .chain(here)
        .min_by_key(|snapshot| snapshot.version)
}
