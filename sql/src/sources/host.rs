//! What sources are read with: the engine, as this room sees it.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use spotql_catalog::Warehouse;

use crate::error::Result;
use crate::network::Network;

/// What sources are read with.
#[async_trait]
pub(crate) trait Host: Send + Sync {
    /// The warehouse that holds their definitions.
    fn warehouse(&self) -> &Arc<Warehouse>;

    /// The way to services.
    fn network(&self) -> Option<&Arc<dyn Network>>;

    /// The rows of a query of one, in its database.
    ///
    /// # Errors
    /// What the query fails with; [`crate::Error::Unsupported`] if it is none, or reads sources itself.
    async fn rows(&self, query: &str, database: &str) -> Result<(SchemaRef, Vec<RecordBatch>)>;
}
