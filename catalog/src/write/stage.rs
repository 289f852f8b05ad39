//! Running a query and staging its rows: steps 2 of the protocol, up to what the commit needs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use object_store::path::Path;
use tokio::task::JoinSet;

use super::accept::Accept;
use super::commit::{PartitionChange, Plan, Target};
use super::handle::Write;
use super::sink::{self, SinkContext, Written};
use super::target::{Destination, Destinations, PartitionValue};
use crate::error::{Error, Result};
use crate::paths::Access;
use crate::storage::concurrently;
use crate::table::Table;

/// A write that has not begun.
pub(crate) struct Job {
    pub(crate) table: Arc<Table>,
    pub(crate) target: Target,
    pub(crate) overwrite: bool,
    pub(crate) destinations: Destinations,
    pub(crate) values: Vec<PartitionValue>,
}

/// What an INSERT did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InsertReport {
    /// Rows written.
    pub rows: u64,
    /// Files written.
    pub files: u64,
    /// Partitions written to or replaced; 1 for an unpartitioned table.
    pub partitions: u64,
    /// Bytes of the files.
    pub bytes: u64,
}

/// Rows that lie staged, and how to commit them.
pub(crate) struct Staged {
    pub(crate) plan: Plan,
    pub(crate) report: InsertReport,
    /// Directories that were made for them; to be removed if the commit fails.
    pub(crate) made: Vec<PathBuf>,
}

/// Runs `input` and stages its rows. `accept`: which of them are written; all, if none is given. It ends
/// early once `gone` is ready: nobody waits for it then.
pub(crate) async fn stage(
    write: &Arc<Write>,
    job: Job,
    input: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    accept: Option<Accept>,
    gone: &mut (impl Future + Unpin),
) -> Result<Staged> {
    let streams = (0..input.output_partitioning().partition_count())
        .map(|partition| input.execute(partition, Arc::clone(&context)))
        .collect::<datafusion::common::Result<_>>()?;
    stage_streams(write, job, streams, &context, accept, gone).await
}

/// [`stage`] for streams of rows.
pub(crate) async fn stage_streams(
    write: &Arc<Write>,
    job: Job,
    streams: Vec<SendableRecordBatchStream>,
    context: &TaskContext,
    accept: Option<Accept>,
    gone: &mut (impl Future + Unpin),
) -> Result<Staged> {
    let storage = &write.backend.storage;
    let sink = Arc::new(SinkContext {
        write: Arc::clone(write),
        schema: Arc::clone(job.table.file_schema()),
        destinations: job.destinations,
        partition_values: job.values,
        next_file: AtomicU64::new(0),
        accept,
    });
    let mut tasks = JoinSet::new();
    let mut written = Vec::new();
    let mut failure = None;
    for (partition, stream) in streams.into_iter().enumerate() {
        let reservation = MemoryConsumer::new(format!("SpotqlInsert[{partition}]"))
            .register(context.memory_pool());
        tasks.spawn(sink::run(Arc::clone(&sink), stream, reservation));
    }
    loop {
        let task = tokio::select! {
            task = tasks.join_next() => task,
            _ = &mut *gone, if failure.is_none() => {
                failure = Some(cancelled());
                tasks.abort_all();
                continue;
            }
        };
        let Some(task) = task else { break };
        match task.map_err(Error::from).and_then(|result| result) {
            Ok(parts) => written.extend(parts),
            Err(error) => {
                // The first error tells; the others are told to stop, and are waited for.
                failure.get_or_insert(error);
                tasks.abort_all();
            }
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    let fixed = sink
        .partition_values
        .iter()
        .all(|value| matches!(value, PartitionValue::Static(_)));
    let (report, changes) = gather(&sink, written, fixed)?;
    drop(sink);
    // Those of partitions that lie elsewhere, and get no rows but lose some.
    let places = changes.iter().map(|change| &change.location);
    storage.check_all(places, Access::Write)?;
    let staged = changes.iter().flat_map(|change| &change.files);
    concurrently(staged.map(|file| storage.sync(file.staged.path()))).await?;
    // After the commit it is too late to find out that the files cannot be moved.
    let places: Vec<(Path, Path)> = changes
        .iter()
        .filter_map(|change| {
            let staged = change.files.first()?.staged.path().parent()?;
            Some((staged, change.location.path().clone()))
        })
        .collect();
    let made = storage.try_places(&places).await?;
    let plan = Plan {
        target: job.target,
        overwrite: job.overwrite,
        changes,
    };
    Ok(Staged { plan, report, made })
}

/// What a write ends with that nobody waits for any more.
pub(super) fn cancelled() -> Error {
    Error::Query(DataFusionError::Execution(
        "the write was cancelled".to_owned(),
    ))
}

/// One change a partition, from what all tasks wrote. If every partition column is static (or there is none), its
/// partition is changed even if no rows came.
fn gather(
    sink: &SinkContext,
    written: Vec<Written>,
    fixed: bool,
) -> Result<(InsertReport, Vec<PartitionChange>)> {
    let mut changes: BTreeMap<String, PartitionChange> = BTreeMap::new();
    let mut report = InsertReport::default();
    let mut change = |destination: Destination| -> String {
        let key = destination.name.clone();
        changes
            .entry(key.clone())
            .or_insert_with(|| PartitionChange {
                seen: sink
                    .destinations
                    .seen(&destination.name)
                    .map(|partition| (partition.id, partition.version))
                    .collect(),
                key: destination.name.clone(),
                name: destination.name,
                raw: destination.raw,
                location: destination.location,
                files: Vec::new(),
            });
        key
    };
    if fixed {
        let raw = sink
            .partition_values
            .iter()
            .map(|value| match value {
                PartitionValue::Static(text) => text.clone(),
                PartitionValue::Dynamic(_) => None,
            })
            .collect();
        change(sink.destinations.resolve(raw)?);
    }
    let mut files = Vec::new();
    for part in written {
        let key = change(part.destination);
        for file in &part.files {
            report.rows += file.rows;
            report.files += 1;
            report.bytes += file.size;
        }
        files.push((key, part.files));
    }
    for (key, files) in files {
        if let Some(change) = changes.get_mut(&key) {
            change.files.extend(files);
        }
    }
    report.partitions = changes.len() as u64;
    Ok((report, changes.into_values().collect()))
}
