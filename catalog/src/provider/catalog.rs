//! The warehouse as a DataFusion catalog: databases are its schemas. Names are found in any case.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::datasource::TableType;

use super::system::SystemSchema;
use super::table::HiveTable;
use crate::metastore::{databases, tables};
use crate::warehouse::{SYSTEM_DATABASE, Warehouse};

/// All databases of a warehouse.
#[derive(Debug)]
pub struct HiveCatalog {
    warehouse: Arc<Warehouse>,
}

impl HiveCatalog {
    /// The catalog of a warehouse.
    pub fn new(warehouse: Arc<Warehouse>) -> Self {
        Self { warehouse }
    }

    /// The warehouse behind it.
    pub fn warehouse(&self) -> &Arc<Warehouse> {
        &self.warehouse
    }
}

impl CatalogProvider for HiveCatalog {
    fn schema_names(&self) -> Vec<String> {
        let names = self
            .warehouse
            .backend
            .metastore
            .read_blocking(databases::all);
        match names {
            Ok(rows) => {
                let names = rows.into_iter().map(|row| row.name);
                let mut names: Vec<String> = names.collect();
                // One of older programs has precedence.
                if !names.iter().any(|name| name == SYSTEM_DATABASE) {
                    names.push(SYSTEM_DATABASE.to_owned());
                }
                names
            }
            Err(error) => {
                log::error!("{error}");
                Vec::new()
            }
        }
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let name = name.to_lowercase();
        let found = self
            .warehouse
            .backend
            .metastore
            .read_blocking(|tx| databases::find(tx, &name));
        let database = match found {
            Ok(Some(row)) => row.name,
            Ok(None) if name == SYSTEM_DATABASE => {
                return Some(Arc::new(SystemSchema {
                    warehouse: Arc::clone(&self.warehouse),
                }));
            }
            Ok(None) => return None,
            // Here it cannot be said what is wrong; the look-up of the table says it.
            Err(_) => name,
        };
        Some(Arc::new(HiveSchema {
            warehouse: Arc::clone(&self.warehouse),
            database,
        }))
    }
}

/// The tables of one database.
#[derive(Debug)]
pub struct HiveSchema {
    warehouse: Arc<Warehouse>,
    database: String,
}

#[async_trait]
impl SchemaProvider for HiveSchema {
    fn table_names(&self) -> Vec<String> {
        let names = self
            .warehouse
            .backend
            .metastore
            .read_blocking(|tx| tables::names(tx, &self.database));
        names.unwrap_or_else(|error| {
            log::error!("{error}");
            Vec::new()
        })
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let found = self.warehouse.table(&self.database, name).await?;
        Ok(found.map(|table| {
            Arc::new(HiveTable::new(Arc::clone(&self.warehouse), table)) as Arc<dyn TableProvider>
        }))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>, DataFusionError> {
        Ok(self.table_exist(name).then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let found = self
            .warehouse
            .backend
            .metastore
            .read_blocking(|tx| tables::find(tx, &self.database, &name));
        matches!(found, Ok(Some(_)))
    }
}
