//! A table of the warehouse as a DataFusion table. [`crate::scan`] reads it.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;

use crate::paths::Access;
use crate::scan::{is_on_partitions, scan_table};
use crate::table::Table;
use crate::warehouse::Warehouse;

/// A table of the warehouse.
#[derive(Debug)]
pub struct HiveTable {
    warehouse: Arc<Warehouse>,
    table: Arc<Table>,
}

impl HiveTable {
    /// The table as the metastore describes it. Rows are looked up when it is scanned.
    pub fn new(warehouse: Arc<Warehouse>, table: Arc<Table>) -> Self {
        Self { warehouse, table }
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
}
