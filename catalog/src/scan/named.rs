//! Read errors that name their file.
//!
//! DataFusion's Parquet reader names the file when its footer cannot be fetched, but not when a page is damaged or a
//! column cannot be converted. This wraps its steps and puts the name in front. Errors that are not the file's fault
//! (an expression that fails, memory that is exhausted) pass unchanged.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion_datasource::morsel::{Morsel, MorselPlan, MorselPlanner, Morselizer};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use parquet::errors::ParquetError;

use super::text::TextColumns;
use super::wording::{says_missing, says_not_text};
use crate::error::Error;

/// Puts the file's name into the errors of another morselizer.
#[derive(Debug)]
pub(super) struct NamedMorselizer {
    inner: Box<dyn Morselizer>,
    text: Arc<TextColumns>,
}

impl NamedMorselizer {
    pub(super) fn new(inner: Box<dyn Morselizer>, text: Arc<TextColumns>) -> Self {
        Self { inner, text }
    }
}

impl Morselizer for NamedMorselizer {
    fn plan_file(&self, file: PartitionedFile) -> Result<Box<dyn MorselPlanner>> {
        let name = Arc::new(FileName {
            path: file.object_meta.location.clone(),
            text: Arc::clone(&self.text),
        });
        let inner = self
            .inner
            .plan_file(file)
            .map_err(|error| named(&name, error))?;
        Ok(Box::new(NamedPlanner { inner, name }))
    }
}

/// What an error says of a file.
#[derive(Debug)]
struct FileName {
    path: Path,
    text: Arc<TextColumns>,
}

#[derive(Debug)]
struct NamedPlanner {
    inner: Box<dyn MorselPlanner>,
    name: Arc<FileName>,
}

impl MorselPlanner for NamedPlanner {
    fn plan(self: Box<Self>) -> Result<Option<MorselPlan>> {
        let name = self.name;
        let Some(mut plan) = self.inner.plan().map_err(|error| named(&name, error))? else {
            return Ok(None);
        };
        let morsels = plan.take_morsels().into_iter().map(|inner| {
            Box::new(NamedMorsel {
                inner,
                name: Arc::clone(&name),
            }) as Box<dyn Morsel>
        });
        let planners = plan.take_ready_planners().into_iter().map(|inner| {
            Box::new(NamedPlanner {
                inner,
                name: Arc::clone(&name),
            }) as Box<dyn MorselPlanner>
        });
        let mut renamed = MorselPlan::new()
            .with_morsels(morsels.collect())
            .with_planners(planners.collect());
        if let Some(pending) = plan.take_pending_planner() {
            renamed.set_pending_planner(async move {
                let inner = pending.await.map_err(|error| named(&name, error))?;
                Ok(Box::new(NamedPlanner { inner, name }) as Box<dyn MorselPlanner>)
            });
        }
        Ok(Some(renamed))
    }
}

#[derive(Debug)]
struct NamedMorsel {
    inner: Box<dyn Morsel>,
    name: Arc<FileName>,
}

impl Morsel for NamedMorsel {
    fn into_stream(self: Box<Self>) -> BoxStream<'static, Result<RecordBatch>> {
        let name = self.name;
        let stream = self.inner.into_stream();
        stream
            .map(move |batch| batch.map_err(|error| named(&name, error)))
            .boxed()
    }
}

fn named(name: &FileName, error: DataFusionError) -> DataFusionError {
    let path = name.path.as_ref();
    // The reader does not say in which column.
    if says_not_text(&error) {
        let columns = name.text.unmarked(&name.path);
        if !columns.is_empty() {
            return Error::NotText {
                path: format!("/{path}"),
                columns: columns.join(", "),
            }
            .into();
        }
    }
    if is_missing(&error) {
        return unreadable(path, &error, true);
    }
    match error.find_root() {
        DataFusionError::ParquetError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_) => unreadable(path, &error, false),
        DataFusionError::ArrowError(inner, _)
            if matches!(
                **inner,
                ArrowError::ParquetError(_) | ArrowError::IoError(_, _)
            ) =>
        {
            unreadable(path, &error, false)
        }
        DataFusionError::External(inner) if inner.is::<ParquetError>() => {
            unreadable(path, &error, false)
        }
        DataFusionError::External(inner)
            if matches!(inner.downcast_ref(), Some(Error::SchemaMismatch { .. })) =>
        {
            unreadable(path, &error, false)
        }
        _ => error,
    }
}

/// Whether the object store did not find the file, however the error was wrapped on its way.
fn is_missing(error: &DataFusionError) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        let store = error.downcast_ref::<object_store::Error>();
        if store.is_some_and(|error| matches!(error, object_store::Error::NotFound { .. })) {
            return true;
        }
        source = error.source();
    }
    says_missing(error)
}

/// An error of reading one file, with the file's name and the way out.
fn unreadable(path: &str, error: &DataFusionError, missing: bool) -> DataFusionError {
    let reason = if missing {
        "it is not there; if another program has removed it, REFRESH the table".to_string()
    } else {
        format!("{error}; if another program has replaced it, REFRESH the table")
    };
    Error::UnreadableFile {
        path: format!("/{path}"),
        reason,
    }
    .into()
}
