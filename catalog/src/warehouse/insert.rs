//! INSERT and CREATE TABLE AS: the query's rows through the protocol of [`crate::write`].

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;

use super::Warehouse;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::metastore::tables;
use crate::paths::Access;
use crate::scan::scanned_snapshot;
use crate::table::{Table, TableDefinition};
use crate::write::{
    Destinations, InsertReport, Job, PartitionValue, Target, check_schema, insert, partition_values,
};

/// Whether rows are added or replace what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertMode {
    /// INSERT INTO: rows are added.
    Into,
    /// INSERT OVERWRITE: the partition that is named (all of an unpartitioned table) is replaced, also by no rows at
    /// all; of dynamic partitions those that the query gives rows for. Replaced are the files that the metastore knows
    /// as the table's data; whatever else lies in the directories stays (REFRESH adds it).
    Overwrite,
}

impl Warehouse {
    /// Runs `input` and writes its rows into a table. All of them become visible at once, or none.
    ///
    /// `input` has the table's data columns in order, then the partition columns that `static_partition` does not
    /// give, in order; names are compared without regard to case, types must convert without loss. A static value
    /// `None` is NULL. A NULL or empty dynamic value goes to `__HIVE_DEFAULT_PARTITION__`. A partition that INTO makes
    /// holds what is written, not what may already lie in its directory (REFRESH adds that).
    ///
    /// # Errors
    /// [`Error::InvalidPartitionSpec`], [`Error::InvalidPartitionValue`], [`Error::SchemaMismatch`] before anything
    /// runs; [`Error::Conflict`] if another statement changed what an OVERWRITE replaces, or dropped the table; what
    /// the query fails with. After any error nothing of the write remains.
    pub async fn insert(
        &self,
        table: &Table,
        mode: InsertMode,
        static_partition: Vec<(String, Option<String>)>,
        input: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
    ) -> Result<InsertReport> {
        let values = partition_values(table, &static_partition)?;
        check_schema(table, &values, &input.schema())?;
        self.backend.storage.check(&table.location, Access::Write)?;
        self.maintain().await;
        let job = self.insert_job(table, mode, values, &input).await?;
        let report = insert(&self.backend, job, input, context).await?;
        self.maintain().await;
        Ok(report)
    }

    pub(crate) async fn insert_job(
        &self,
        table: &Table,
        mode: InsertMode,
        values: Vec<PartitionValue>,
        input: &Arc<dyn ExecutionPlan>,
    ) -> Result<Job> {
        // What the query has read is what an OVERWRITE may replace.
        let snapshot = match scanned_snapshot(input, table.id) {
            Some(snapshot) => snapshot,
            None => self.snapshot(table).await?,
        };
        let table = Arc::new(table.clone());
        Ok(Job {
            target: Target::Existing(Arc::clone(&table)),
            destinations: Destinations::new(Arc::clone(&table), Some(snapshot)),
            table,
            overwrite: mode == InsertMode::Overwrite,
            values,
        })
    }

    /// CREATE TABLE AS: makes a table and writes the rows of `input`, in one transaction. `input` has the data
    /// columns, then the partition columns.
    ///
    /// # Errors
    /// As [`Warehouse::insert`], and [`Error::TableExists`]; [`Error::InvalidDefinition`] if data lies at the table's
    /// place already. After any error there is neither table nor data.
    pub async fn create_table_as(
        &self,
        definition: TableDefinition,
        input: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
    ) -> Result<InsertReport> {
        self.create_as(definition, None, input, context).await
    }

    /// The same in the place of a table that is there: whoever reads sees the old table or the new one. The old one's
    /// files go as those of a dropped table do.
    ///
    /// # Errors
    /// As [`Warehouse::create_table_as`]; [`Error::Conflict`] if the old table was dropped meanwhile. After any error the
    /// old table is as it was.
    pub async fn replace_table_as(
        &self,
        old: Arc<Table>,
        definition: TableDefinition,
        input: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
    ) -> Result<InsertReport> {
        if !old.definition.external {
            let snapshot = self.snapshot(&old).await?;
            self.check_places(&old, &snapshot, Access::Write)?;
        }
        let id = old.id;
        let report = self.create_as(definition, Some(old), input, context).await;
        self.forget(id);
        report
    }

    async fn create_as(
        &self,
        definition: TableDefinition,
        replaces: Option<Arc<Table>>,
        input: Arc<dyn ExecutionPlan>,
        context: Arc<TaskContext>,
    ) -> Result<InsertReport> {
        let (definition, location) = self.prepare_definition(definition).await?;
        self.backend.storage.check(&location, Access::Write)?;
        let found = self.table(&definition.database, &definition.name).await?;
        if let Some(found) = found
            && replaces.as_ref().map(|table| table.id) != Some(found.id)
        {
            return Err(Error::TableExists {
                database: definition.database,
                table: definition.name,
            });
        }
        self.maintain().await;
        // The old table's own files may lie there: they go when the new ones come.
        let is_old = |table: &Arc<Table>| !table.definition.external && table.location == location;
        if !replaces.as_ref().is_some_and(is_old)
            && !self.backend.storage.has_no_data(&location).await?
        {
            return Err(Error::InvalidDefinition {
                table: definition.full_name(),
                reason: format!(
                    "files lie at {location} already; remove them, or use CREATE EXTERNAL TABLE"
                ),
            });
        }
        let stored = location.to_stored(&self.backend.root);
        let table = Arc::new(Table::new(definition.clone(), 0, location));
        let values = partition_values(&table, &[])?;
        check_schema(&table, &values, &input.schema())?;
        let job = Job {
            target: Target::New {
                definition,
                location: stored,
                replaces,
            },
            destinations: Destinations::new(Arc::clone(&table), None),
            table,
            overwrite: false,
            values,
        };
        let report = insert(&self.backend, job, input, context).await?;
        self.maintain().await;
        Ok(report)
    }

    /// The locations of other tables that lie below this one's.
    pub(crate) async fn places_below(&self, table: &Table) -> Result<BTreeSet<Location>> {
        let id = table.id;
        let stored = self
            .backend
            .metastore
            .read(move |tx| tables::other_locations(tx, Some(id)))
            .await?;
        let mut places = BTreeSet::new();
        for location in stored {
            let location = Location::from_stored(&location, &self.backend.root)?;
            if location.is_below(&table.location) {
                places.insert(location);
            }
        }
        Ok(places)
    }
}
