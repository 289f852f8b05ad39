//! A write from its beginning to its end: begun, staged, committed and settled, or undone.

use std::sync::Arc;

use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;

use super::commit::{self, Target};
use super::handle::Write;
use super::stage::{InsertReport, Job, Staged, stage};
use crate::backend::Backend;
use crate::error::Result;

/// Runs `input` and writes its rows. All of them become visible at once, or none; after an error nothing of the write
/// remains.
pub(crate) async fn insert(
    backend: &Backend,
    job: Job,
    input: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
) -> Result<InsertReport> {
    let existing = match &job.target {
        Target::Existing(table) => Some(table.id),
        Target::New { .. } | Target::NewOrWider { .. } => None,
    };
    let write = Arc::new(Write::begin(backend, existing).await?);
    let result = stage_and_commit(&write, job, input, context).await;
    // The tasks have been waited for, and with them went every other owner.
    let Some(write) = Arc::into_inner(write) else {
        return result;
    };
    match result {
        Ok(report) => {
            write.settle().await;
            Ok(report)
        }
        Err(error) => {
            if let Err(left) = write.abort().await {
                log::warn!("{left}");
            }
            Err(error)
        }
    }
}

pub(super) async fn stage_and_commit(
    write: &Arc<Write>,
    job: Job,
    input: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
) -> Result<InsertReport> {
    let Staged { plan, report, made } = stage(write, job, input, context, None).await?;
    match commit::commit(&write.backend, &write.id, plan).await {
        Ok(_) => Ok(report),
        Err(error) => {
            write.backend.storage.remove_made(made).await?;
            Err(error)
        }
    }
}

/// For tests of recovery: an insert that stops after the commit.
#[cfg(test)]
pub(super) async fn insert_without_settling(
    backend: &Backend,
    job: Job,
    input: Arc<dyn ExecutionPlan>,
) -> Result<Arc<Write>> {
    let table = job.table.id;
    let write = Arc::new(Write::begin(backend, Some(table)).await?);
    let context = datafusion::prelude::SessionContext::new().task_ctx();
    stage_and_commit(&write, job, input, context).await?;
    Ok(write)
}
