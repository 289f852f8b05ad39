//! Rows of values that a client sends, and the relation that a statement reads them by.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::SessionState;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::{StreamExt, stream};

use crate::engine::CATALOG;
use crate::error::{Error, Result};
use crate::session::Session;

/// Rows of values: some that are at hand, or a stream that is read once, as it arrives.
#[derive(Debug, Clone)]
pub struct Rows(Arc<dyn PartitionStream>);

impl Rows {
    /// Rows that are at hand; they can be read again and again.
    #[must_use]
    pub fn held(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self(Arc::new(Held { schema, batches }))
    }

    /// Rows that arrive. They are read once, no faster than they are used; an error among them ends the statement.
    #[must_use]
    pub fn arriving(stream: SendableRecordBatchStream) -> Self {
        Self(Arc::new(Arriving {
            schema: stream.schema(),
            stream: Mutex::new(Some(stream)),
        }))
    }

    /// Their columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        self.0.schema()
    }

    /// The rows themselves.
    #[must_use]
    pub fn stream(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        self.0.execute(context)
    }

    /// The table of these rows.
    pub(crate) fn table(&self) -> Result<Arc<dyn TableProvider>> {
        let schema = Arc::clone(self.schema());
        Ok(Arc::new(StreamingTable::try_new(
            schema,
            vec![Arc::clone(&self.0)],
        )?))
    }

    /// The same rows with columns named `p1`, `p2` and so on, whatever the client calls them: two may have one name.
    pub(super) fn numbered(&self) -> Self {
        let fields = self.schema().fields().iter().enumerate();
        let fields = fields
            .map(|(i, field)| Field::new(format!("p{}", i + 1), field.data_type().clone(), true));
        Self(Arc::new(Renamed {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            inner: Arc::clone(&self.0),
        }))
    }

    /// All rows, of which there may be `most`.
    pub(super) async fn read(
        &self,
        context: Arc<TaskContext>,
        most: usize,
        instead: &str,
    ) -> Result<Vec<RecordBatch>> {
        let mut stream = self.stream(context);
        let mut batches = Vec::new();
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            rows += batch.num_rows();
            if rows > most {
                return Err(Error::TooLarge {
                    what: "rows of values bound to it".to_owned(),
                    limit: most,
                    instead: instead.to_owned(),
                });
            }
            batches.push(batch);
        }
        Ok(batches)
    }
}

#[derive(Debug)]
struct Held {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl PartitionStream for Held {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = stream::iter(self.batches.clone().into_iter().map(Ok));
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            batches,
        ))
    }
}

#[derive(Debug)]
struct Renamed {
    schema: SchemaRef,
    inner: Arc<dyn PartitionStream>,
}

impl PartitionStream for Renamed {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let batches = self.inner.execute(context).map(move |batch| {
            let batch = batch?;
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            let (columns, schema) = (batch.columns().to_vec(), Arc::clone(&schema));
            Ok(RecordBatch::try_new_with_options(
                schema, columns, &options,
            )?)
        });
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            batches,
        ))
    }
}

struct Arriving {
    schema: SchemaRef,
    stream: Mutex<Option<SendableRecordBatchStream>>,
}

impl fmt::Debug for Arriving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arriving").finish_non_exhaustive()
    }
}

impl PartitionStream for Arriving {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let taken = self.stream.lock();
        match taken.unwrap_or_else(PoisonError::into_inner).take() {
            Some(stream) => stream,
            None => {
                let read = "the client's rows have been read before; send them again";
                let error = stream::iter([Err(DataFusionError::Execution(read.to_owned()))]);
                Box::pin(RecordBatchStreamAdapter::new(
                    Arc::clone(&self.schema),
                    error,
                ))
            }
        }
    }
}

/// Where the relation of the rows is found, in a catalog that only this statement sees: `_bound._bound.rows`.
const HIDDEN: &str = "_bound";

/// How a statement calls the relation of its rows.
pub(super) const RELATION: &str = "_bound._bound.rows";

/// The session's state with the relation of the rows.
pub(super) fn relation(session: &Session, rows: Arc<dyn TableProvider>) -> Result<SessionState> {
    let state = session.context().state();
    let schema = MemorySchemaProvider::new();
    schema.register_table("rows".to_owned(), rows)?;
    let hidden = MemoryCatalogProvider::new();
    hidden.register_schema(HIDDEN, Arc::new(schema))?;
    let catalogs = MemoryCatalogProviderList::new();
    if let Some(catalog) = state.catalog_list().catalog(CATALOG) {
        catalogs.register_catalog(CATALOG.to_owned(), catalog);
    }
    catalogs.register_catalog(HIDDEN.to_owned(), Arc::new(hidden));
    Ok(SessionStateBuilder::new_from_existing(state)
        .with_catalog_list(Arc::new(catalogs))
        .build())
}
