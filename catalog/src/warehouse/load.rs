//! LOAD FILES: the rows of files into a table, those without a partition into another, and the files into the record, all in
//! one commit.
//!
//! The query runs once. Rows that it gives no partition for leave the stream and go, as text, to a second write, which
//! begins with the first of them.

use std::future;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;
use tokio::sync::mpsc::{Receiver, channel};

use super::{InsertMode, Warehouse};
use crate::error::{Error, Result};
use crate::load::{self, FILE_NUMBER, FileSet, LoadedFile};
use crate::paths::Access;
use crate::table::{Column, Table, TableDefinition};
use crate::types::HiveType;
use crate::write::{
    Accept, Counts, Destinations, Job, Load, PartitionValue, Staged, Target, Write, check_schema,
    commit_load, now, partition_values, stage, stage_streams,
};

/// The end of the name of the table that keeps the rows which a load rejects.
const REJECTED: &str = "_rejected";

/// Batches of rejected rows that wait to be written.
const WAITING: usize = 4;

/// What a load is to write.
#[derive(Debug)]
pub struct LoadRequest {
    /// Values of partition columns that are the same for all rows; `None` is NULL.
    pub partition: Vec<(String, Option<String>)>,
    /// As for [`Warehouse::insert`], with the column [`FILE_NUMBER`] behind, and then whatever `rejected` needs.
    pub rows: Arc<dyn ExecutionPlan>,
    /// The columns of a rejected row, all of them text: names, and expressions on `rows`. A row is rejected that has no value
    /// (NULL, or the empty text) for a partition column.
    pub rejected: Vec<(String, Arc<dyn PhysicalExpr>)>,
    /// Columns that partition values are made of and that no file has. If none of the rows has a partition, they are why.
    pub missing: Vec<String>,
}

/// What a load did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadReport {
    /// Rows that were added to the table.
    pub loaded: u64,
    /// Rows that have no partition.
    pub rejected: u64,
    /// Partitions that rows were added to.
    pub partitions: u64,
}

impl Warehouse {
    /// Finds the files that a load of `path` into a table has to read. `again`: those that were loaded before, too.
    ///
    /// # Errors
    /// [`Error::NothingToLoad`] if the path means no file that could be loaded; [`Error::UnreadableFile`],
    /// [`Error::Io`] for one that cannot be read.
    pub async fn files_to_load(&self, table: &Table, path: &str, again: bool) -> Result<FileSet> {
        load::find(&self.backend, table, path, again).await
    }

    /// All files that were loaded into tables that are there, in the order in which they were loaded.
    ///
    /// # Errors
    /// What the metastore fails with.
    pub async fn loaded_files(&self) -> Result<Vec<LoadedFile>> {
        load::loaded(&self.backend).await
    }

    /// Writes the rows of files into a table, as INSERT INTO does; rows without a partition go to the table
    /// `<name>_rejected`, which is made when it is first needed. The files are entered as loaded. All of it becomes
    /// visible at once, or nothing.
    ///
    /// # Errors
    /// As [`Warehouse::insert`]; [`Error::LoadedMeanwhile`], [`Error::FileChanged`], [`Error::NoRowPlaced`];
    /// [`Error::SchemaMismatch`] if the table of rejected rows has a column of that name that is no STRING.
    pub async fn load(
        &self,
        table: &Table,
        files: &FileSet,
        request: LoadRequest,
        context: Arc<TaskContext>,
    ) -> Result<LoadReport> {
        let values = partition_values(table, &request.partition)?;
        let schema = request.rows.schema();
        let fields = schema.fields().iter();
        let written: Vec<_> = fields
            .take_while(|field| field.name() != FILE_NUMBER)
            .cloned()
            .collect();
        check_schema(table, &values, &Schema::new(written))?;
        self.backend.storage.check(&table.location, Access::Write)?;
        self.maintain().await;
        let dynamic = values.iter();
        let dynamic = dynamic.filter(|it| matches!(it, PartitionValue::Dynamic(_)));
        let partition = dynamic.count();
        let job = self
            .insert_job(table, InsertMode::Into, values, &request.rows)
            .await?;
        let mut loading = Loading {
            warehouse: self,
            table,
            files,
            context,
            begun: Vec::new(),
        };
        let result = loading.run(job, partition, request).await;
        loading.end(result.is_ok()).await;
        self.maintain().await;
        result
    }

    /// Where the rejected rows of a load go, and the table's number if it is there.
    async fn rejected_job(&self, table: &Table, columns: &Schema) -> Result<(Option<i64>, Job)> {
        let name = format!("{}{REJECTED}", table.definition.name);
        let database = &table.definition.database;
        let existing = self.table(database, &name).await?;
        let (definition, location) = match &existing {
            Some(found) => (wider(found, columns)?, found.location.clone()),
            None => {
                let columns = columns.fields().iter();
                let columns = columns.map(|field| Column::new(field.name(), HiveType::String));
                let mut new = TableDefinition::new(database, &name, columns.collect());
                new.comment = Some(format!(
                    "rows of files that LOAD FILES INTO {} found no partition for",
                    table.full_name()
                ));
                self.prepare_definition(new).await?
            }
        };
        self.backend.storage.check(&location, Access::Write)?;
        let draft = Arc::new(Table::new(definition.clone(), 0, location));
        let stored = draft.location.to_stored(&self.backend.root);
        let job = Job {
            target: Target::NewOrWider {
                definition,
                location: stored,
            },
            destinations: Destinations::new(Arc::clone(&draft), None),
            table: draft,
            overwrite: false,
            values: Vec::new(),
        };
        Ok((existing.map(|found| found.id), job))
    }
}

/// A load under way.
struct Loading<'a> {
    warehouse: &'a Warehouse,
    table: &'a Table,
    files: &'a FileSet,
    context: Arc<TaskContext>,
    /// Writes that have begun, and directories that were made for them.
    begun: Vec<(Arc<Write>, Vec<PathBuf>)>,
}

impl Loading<'_> {
    async fn run(
        &mut self,
        job: Job,
        partition: usize,
        request: LoadRequest,
    ) -> Result<LoadReport> {
        let counts = Arc::new(Counts::new(self.files.paths().len()));
        let (sender, receiver) = channel(WAITING);
        let accept = Accept {
            data: self.table.file_schema().fields().len(),
            partition,
            counts: Arc::clone(&counts),
            rejected: sender,
        };
        let write = Arc::new(Write::begin(&self.warehouse.backend, Some(self.table.id)).await?);
        let context = Arc::clone(&self.context);
        let mut never = future::pending::<()>();
        let rows = stage(&write, job, request.rows, context, Some(accept), &mut never);
        // The first ends when there are no more rows, and lets go of the sender; then the second ends.
        let (rows, rejected) = tokio::join!(rows, self.reject(receiver, &request.rejected));
        // Why rejected rows could not be kept is told before that nobody took them.
        let (other, rejected) = match rejected {
            Ok(Some((write, staged))) => (Some(write), staged.map(Some)),
            Ok(None) => (None, Ok(None)),
            Err(error) => (None, Err(error)),
        };
        self.begun.push((Arc::clone(&write), made(rows.as_ref())));
        let rejected_made = match &rejected {
            Ok(Some(staged)) => staged.made.clone(),
            _ => Vec::new(),
        };
        self.begun
            .extend(other.clone().map(|other| (other, rejected_made)));
        let (rejected, rows) = (rejected?, rows?);

        let counts = counts.get();
        let report = LoadReport {
            loaded: counts.iter().map(|(loaded, _)| loaded).sum(),
            rejected: counts.iter().map(|(_, rejected)| rejected).sum(),
            partitions: rows.report.partitions,
        };
        if report.loaded == 0 && report.rejected > 0 && !request.missing.is_empty() {
            let columns = self.table.definition.partition_columns.iter();
            let columns: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
            return Err(Error::NoRowPlaced {
                table: self.table.full_name(),
                rows: report.rejected,
                partition: columns.join(", "),
                missing: request.missing.join(", "),
            });
        }
        self.files.check_unchanged().await?;
        let load = Load {
            rows: (write.id.clone(), rows.plan),
            rejected: other
                .zip(rejected)
                .map(|(write, staged)| (write.id.clone(), staged.plan)),
            files: self.files.loaded_rows(&counts, now()),
            again: self.files.again(),
        };
        commit_load(&self.warehouse.backend, load).await?;
        Ok(report)
    }

    /// Stages rejected rows, if there are any: the write that they began, and what it staged.
    async fn reject(
        &self,
        mut rows: Receiver<RecordBatch>,
        columns: &[(String, Arc<dyn PhysicalExpr>)],
    ) -> Result<Option<(Arc<Write>, Result<Staged>)>> {
        let Some(first) = rows.recv().await else {
            return Ok(None);
        };
        let text = |(name, _): &(String, _)| Field::new(name, DataType::Utf8View, true);
        let schema = Schema::new(columns.iter().map(text).collect::<Vec<_>>());
        let (existing, job) = self.warehouse.rejected_job(self.table, &schema).await?;
        let wanted = Arc::clone(job.table.file_schema());
        let columns = columns.to_vec();
        let first = Some(first);
        let batches = stream::unfold((first, rows), |(first, mut rows)| async move {
            let batch = match first {
                Some(first) => first,
                None => rows.recv().await?,
            };
            Some((batch, (None, rows)))
        });
        let made = Arc::clone(&wanted);
        let batches = futures::StreamExt::map(batches, move |batch| {
            told(&batch, &columns, &made).map_err(DataFusionError::from)
        });
        let stream = Box::pin(RecordBatchStreamAdapter::new(wanted, batches));
        let write = Arc::new(Write::begin(&self.warehouse.backend, existing).await?);
        let staged = stage_streams(
            &write,
            job,
            vec![stream],
            &self.context,
            None,
            &mut future::pending::<()>(),
        )
        .await;
        Ok(Some((write, staged)))
    }

    /// Settles the writes, or undoes them. What fails here is made up for by the next write or opening.
    async fn end(self, committed: bool) {
        let table = self.table.full_name();
        for (write, made) in self.begun {
            let storage = &self.warehouse.backend.storage;
            if !committed && let Err(error) = storage.remove_made(made).await {
                log::warn!("table {table}: {error}");
            }
            // The tasks have been waited for, and with them went every other owner.
            let Some(write) = Arc::into_inner(write) else {
                continue;
            };
            if committed {
                write.settle().await;
            } else if let Err(error) = write.abort().await {
                log::warn!("table {table}: {error}");
            }
        }
    }
}

fn made(staged: std::result::Result<&Staged, &Error>) -> Vec<PathBuf> {
    staged.map_or_else(|_| Vec::new(), |staged| staged.made.clone())
}

/// Rejected rows, with the columns of their table; NULL for those that they do not have.
fn told(
    rows: &RecordBatch,
    columns: &[(String, Arc<dyn PhysicalExpr>)],
    wanted: &SchemaRef,
) -> Result<RecordBatch> {
    let count = rows.num_rows();
    let arrays = wanted
        .fields()
        .iter()
        .map(|field| -> Result<ArrayRef> {
            match columns.iter().find(|(name, _)| name == field.name()) {
                Some((_, value)) => Ok(value.evaluate(rows)?.into_array(count)?),
                None => Ok(new_null_array(field.data_type(), count)),
            }
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(Arc::clone(wanted), arrays)?)
}

/// A table's definition, with the text columns that it lacks.
fn wider(table: &Table, wanted: &Schema) -> Result<TableDefinition> {
    let unfit = |reason: String| Error::SchemaMismatch {
        table: table.full_name(),
        reason: format!("LOAD FILES keeps rejected rows there, and {reason}; rename that table"),
    };
    let mut definition = table.definition.clone();
    if table.is_partitioned() {
        return Err(unfit("it is partitioned".to_owned()));
    }
    for field in wanted.fields() {
        let known = definition
            .columns
            .iter()
            .find(|it| it.name == *field.name());
        match known {
            Some(known) if known.data_type != HiveType::String => {
                return Err(unfit(format!("its column '{}' is no STRING", known.name)));
            }
            Some(_) => {}
            None => definition
                .columns
                .push(Column::new(field.name(), HiveType::String)),
        }
    }
    Ok(definition)
}
