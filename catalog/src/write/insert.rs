//! A write from its beginning to its end: begun, staged, committed and settled, or undone.

use std::sync::Arc;

use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::oneshot::{self, Receiver};

use super::commit::{self, Target};
use super::handle::Write;
use super::stage::{InsertReport, Job, Staged, cancelled, stage};
use crate::backend::Backend;
use crate::error::Result;

/// Runs `input` and writes its rows. All of them become visible at once, or none; after an error nothing of the write
/// remains. Nor does it if this future is dropped before the commit: the write is a task of its own, which then undoes
/// what it has staged.
pub(crate) async fn insert(
    backend: &Backend,
    job: Job,
    input: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
) -> Result<InsertReport> {
    // Dropped with this future.
    let (waiting, gone) = oneshot::channel();
    let whole = tokio::spawn(whole(backend.clone(), job, input, context, gone));
    let result = whole.await?;
    drop(waiting);
    result
}

async fn whole(
    backend: Backend,
    job: Job,
    input: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    gone: Receiver<()>,
) -> Result<InsertReport> {
    let existing = match &job.target {
        Target::Existing(table) => Some(table.id),
        Target::New { replaces, .. } => replaces.as_ref().map(|table| table.id),
        Target::NewOrWider { .. } => None,
    };
    let write = Arc::new(Write::begin(&backend, existing).await?);
    let result = stage_and_commit(&write, job, input, context, gone).await;
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

async fn stage_and_commit(
    write: &Arc<Write>,
    job: Job,
    input: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    mut gone: Receiver<()>,
) -> Result<InsertReport> {
    let Staged { plan, report, made } = stage(write, job, input, context, None, &mut gone).await?;
    let committed = match gone.try_recv() {
        Err(TryRecvError::Closed) => Err(cancelled()),
        _ => commit::commit(&write.backend, &write.id, plan).await,
    };
    match committed {
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
    let (_waiting, gone) = oneshot::channel();
    stage_and_commit(&write, job, input, context, gone).await?;
    Ok(write)
}
