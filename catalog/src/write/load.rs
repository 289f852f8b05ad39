//! LOAD FILES: the rows of files into a table, those without a partition into another, and the files into the record, all in one
//! commit.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::common::ScalarValue;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column as ColumnExpr, Literal};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;

use super::accept::Accept;
use super::commit::{Load, Plan, Target, commit_load};
use super::insert::InsertMode;
use super::stage::{Job, Staged};
use super::target::{Destinations, check_schema, partition_values};
use super::{Write, now};
use crate::error::{Error, Result};
use crate::load::FileSet;
use crate::paths::Access;
use crate::table::{Column, Table, TableDefinition};
use crate::types::HiveType;
use crate::warehouse::Warehouse;

/// The end of the name of the table that keeps the rows which a load rejects.
const REJECTED: &str = "_rejected";

/// What a load is to write.
#[derive(Debug)]
pub struct LoadRequest {
    /// Values of partition columns that are the same for all rows; `None` is NULL.
    pub partition: Vec<(String, Option<String>)>,
    /// As for [`Warehouse::insert`], with the column [`crate::FILE_NUMBER`] behind.
    pub rows: Arc<dyn ExecutionPlan>,
    /// The rows of the same query that have no value (NULL, or the empty text) for a partition column: text columns, any names. It
    /// runs only if there are such rows. None if `partition` has all columns.
    pub rejected: Option<Arc<dyn ExecutionPlan>>,
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

/// The name of the table that keeps the rows which loads into a table reject.
pub(crate) fn rejected_name(table: &str) -> String {
    format!("{table}{REJECTED}")
}

impl Warehouse {
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
        let without_number: Vec<_> = schema.fields().iter().cloned().collect();
        let without_number = without_number
            .split_last()
            .map_or(&[][..], |(_, rest)| rest);
        check_schema(table, &values, &Schema::new(without_number.to_vec()))?;
        let storage = &self.backend.storage;
        storage.check(&table.location, Access::Write)?;
        self.maintain().await;
        let job = self
            .insert_job(table, InsertMode::Into, values, &request.rows)
            .await?;
        let mut loading = Loading {
            warehouse: self,
            table,
            files,
            context,
            accept: Arc::new(Accept::new(files.paths().len())),
            writes: Vec::new(),
            made: Vec::new(),
        };
        let result = loading.run(job, request).await;
        loading.end(result.is_ok()).await;
        self.maintain().await;
        result
    }

    /// Where the rejected rows of a load go (the table's number if it is there), and they with the columns of that table.
    async fn rejected_job(
        &self,
        table: &Table,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<(Option<i64>, Job, Arc<dyn ExecutionPlan>)> {
        let name = rejected_name(&table.definition.name);
        let database = &table.definition.database;
        let existing = self.table(database, &name).await?;
        let (definition, location) = match &existing {
            Some(found) => (wider(found, &input.schema())?, found.location.clone()),
            None => {
                let fields = input.schema();
                let columns = fields.fields().iter();
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
        let input = with_columns(input, &draft)?;
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
        Ok((existing.map(|found| found.id), job, input))
    }
}

/// A load under way.
struct Loading<'a> {
    warehouse: &'a Warehouse,
    table: &'a Table,
    files: &'a FileSet,
    context: Arc<TaskContext>,
    accept: Arc<Accept>,
    /// Those that have begun: of the rows, then of the rejected rows.
    writes: Vec<Arc<Write>>,
    /// Directories that were made for them.
    made: Vec<PathBuf>,
}

impl Loading<'_> {
    async fn run(&mut self, job: Job, request: LoadRequest) -> Result<LoadReport> {
        let accept = Some(Arc::clone(&self.accept));
        let (write, rows) = self
            .stage(Some(self.table.id), job, request.rows, accept)
            .await?;
        let counts = self.accept.counts();
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
        let rejected = match (report.rejected, request.rejected) {
            (0, _) => None,
            (expected, Some(input)) => Some(self.reject(expected, input).await?),
            (_, None) => {
                return Err(Error::Corrupt {
                    what: "a load rejects rows that nothing keeps".into(),
                });
            }
        };
        self.files.check_unchanged().await?;
        let load = Load {
            rows: (write, rows.plan),
            rejected,
            files: self.files.loaded_rows(&counts, now()),
            again: self.files.again(),
        };
        commit_load(&self.warehouse.backend, load).await?;
        Ok(report)
    }

    async fn reject(
        &mut self,
        expected: u64,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<(String, Plan)> {
        let (existing, job, input) = self.warehouse.rejected_job(self.table, input).await?;
        let (write, staged) = self.stage(existing, job, input, None).await?;
        if staged.report.rows != expected {
            return Err(Error::SchemaMismatch {
                table: self.table.full_name(),
                reason: format!(
                    "the query gave {expected} rows without a partition, and then {}; it must give the same each time",
                    staged.report.rows
                ),
            });
        }
        Ok((write, staged.plan))
    }

    /// Begins a write and stages its rows; the write's id, and what it staged.
    async fn stage(
        &mut self,
        table: Option<i64>,
        job: Job,
        input: Arc<dyn ExecutionPlan>,
        accept: Option<Arc<Accept>>,
    ) -> Result<(String, Staged)> {
        let write = Arc::new(Write::begin(&self.warehouse.backend, table).await?);
        self.writes.push(Arc::clone(&write));
        let context = Arc::clone(&self.context);
        let mut staged = self
            .warehouse
            .stage(&write, job, input, context, accept)
            .await?;
        self.made.append(&mut staged.made);
        Ok((write.id.clone(), staged))
    }

    /// Settles the writes, or undoes them. What fails here is made up for by the next write or opening.
    async fn end(self, committed: bool) {
        let table = self.table.full_name();
        if !committed
            && let Err(error) = self.warehouse.backend.storage.remove_made(self.made).await
        {
            log::warn!("table {table}: {error}");
        }
        for write in self.writes {
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

/// A plan with the columns of a table in its order; NULL for those it does not have.
fn with_columns(input: Arc<dyn ExecutionPlan>, table: &Table) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = input.schema();
    let mut columns: Vec<(Arc<dyn PhysicalExpr>, String)> = Vec::new();
    for field in table.file_schema().fields() {
        let column: Arc<dyn PhysicalExpr> = match schema.index_of(field.name()) {
            Ok(index) => Arc::new(ColumnExpr::new(field.name(), index)),
            Err(_) => Arc::new(Literal::new(ScalarValue::try_new_null(field.data_type())?)),
        };
        columns.push((column, field.name().clone()));
    }
    Ok(Arc::new(ProjectionExec::try_new(columns, input)?))
}
