//! What a client sends beside the text of a statement: rows, and what is to be done with them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::{StreamExt, stream};

use crate::error::{Error, Result};

/// Rows of a client: some that are at hand, or a stream that is read once, as it arrives.
#[derive(Debug, Clone)]
pub struct SentRows(Arc<dyn PartitionStream>);

impl SentRows {
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
    pub(crate) fn numbered(&self) -> Self {
        let fields = self.schema().fields().iter().enumerate();
        let fields = fields
            .map(|(i, field)| Field::new(format!("p{}", i + 1), field.data_type().clone(), true));
        Self(Arc::new(Renamed {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            inner: Arc::clone(&self.0),
        }))
    }

    /// All rows, of which there may be `most`.
    pub(crate) async fn read(
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
                return Err(Error::TooManyBound {
                    what: "rows of values bound to it",
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

/// What happens if the table is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfExists {
    /// It stays as it is, and the rows are refused.
    Fail,
    /// The rows are added to it.
    Append,
    /// It is replaced, with its columns; readers see the old table until the new one is complete.
    Replace,
}

/// Rows for a table: bulk ingestion, which [`crate::Prepared`] is made of.
#[derive(Debug, Clone)]
pub struct Ingest {
    /// The catalog, if one is named; there is one.
    pub catalog: Option<String>,
    /// The database; the session's if none is named.
    pub database: Option<String>,
    /// The table.
    pub table: String,
    /// Whether it is made if it is not there.
    pub create: bool,
    /// What happens if it is there.
    pub if_exists: IfExists,
    /// The rows.
    pub rows: SentRows,
}
