//! A table of the warehouse as a DataFusion table. [`crate::scan`] reads it, [`InsertExec`] writes it.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, not_impl_err};
use datafusion::datasource::TableType;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;

use super::insert::InsertExec;
use crate::paths::Access;
use crate::scan::{is_on_partitions, scan_table};
use crate::table::Table;
use crate::warehouse::{InsertMode, PartitionSpec, Warehouse};

/// A table of the warehouse.
#[derive(Debug)]
pub struct HiveTable {
    warehouse: Arc<Warehouse>,
    table: Arc<Table>,
    /// Values that all inserted rows have: of [`HiveTable::with_partition`].
    partition: PartitionSpec,
}

impl HiveTable {
    /// The table as the metastore describes it. Rows are looked up when it is scanned.
    pub fn new(warehouse: Arc<Warehouse>, table: Arc<Table>) -> Self {
        Self {
            warehouse,
            table,
            partition: Vec::new(),
        }
    }

    /// The table as the target of INSERT INTO t PARTITION (column = value, …): rows that are inserted do not have these
    /// columns, and get these values; `None` is NULL. Reading it is not changed.
    #[must_use]
    pub fn with_partition(self, partition: PartitionSpec) -> Self {
        Self { partition, ..self }
    }

    /// What the metastore says about the table.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }
}

#[async_trait]
impl TableProvider for HiveTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.table.schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(
                |filter| match is_on_partitions(filter, self.table.partition_fields()) {
                    true => TableProviderFilterPushDown::Exact,
                    false => TableProviderFilterPushDown::Inexact,
                },
            )
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let held = self.warehouse.pinned_snapshot(&self.table).await?;
        if !self.warehouse.paths().reads_anything() {
            self.warehouse
                .check_places(&self.table, &held.0, Access::Read)?;
        }
        scan_table(state, &self.table, held, projection, filters, limit)
    }

    /// The plan of an INSERT; see [`InsertExec`]. Rows have the data columns in order, then the partition columns.
    async fn insert_into(
        &self,
        _: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        operation: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mode = match operation {
            InsertOp::Append => InsertMode::Into,
            InsertOp::Overwrite => InsertMode::Overwrite,
            InsertOp::Replace => return not_impl_err!("REPLACE INTO; write INSERT OVERWRITE"),
        };
        Ok(Arc::new(InsertExec::try_new(
            Arc::clone(&self.warehouse),
            Arc::clone(&self.table),
            mode,
            self.partition.clone(),
            input,
        )?))
    }
}
