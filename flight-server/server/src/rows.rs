//! Rows as a Flight stream, and the line about them in the log.
//!
//! Batches are mapped and encoded as the client takes them: a slow client slows the query, and
//! nothing is collected. Dropping the stream, as tonic does when the client cancels or goes away,
//! drops DataFusion's stream and with it the query. While a query computes without producing
//! rows, the connection is kept alive by HTTP/2 pings (see [`super::serve`]); messages for
//! proxies that look at nothing but data belong to a later issue.
//!
//! The log has one line a statement, at info: kind, duration and rows, no data and no SQL (one
//! that cannot be planned has its line from [`super::statement`]). The reason of a failure may
//! quote data, and is logged at debug.

use std::pin::Pin;
use std::time::Instant;

use arrow_flight::FlightData;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::execution::SendableRecordBatchStream;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use spotql_sql::Kind;
use tonic::{Response, Status};

use super::status;
use super::wire::Wire;

/// The messages of a DoGet.
pub(super) type FlightStream = Pin<Box<dyn Stream<Item = Result<FlightData, Status>> + Send>>;

/// A query's rows, in their wire form.
pub(super) fn of_query(
    rows: SendableRecordBatchStream,
    wire: Wire,
    mut entry: LogEntry,
) -> Response<FlightStream> {
    let schema = wire.schema().clone();
    let mut rows = Some(rows);
    let batches = stream::poll_fn(move |context| {
        let Some(open) = rows.as_mut() else {
            return std::task::Poll::Ready(None);
        };
        open.poll_next_unpin(context).map(|next| {
            let next = next.map(|batch| match batch {
                Ok(batch) => wire.batch(&batch).map_err(status::of_arrow_error),
                Err(error) => Err(status::of_rows(error)),
            });
            match &next {
                Some(Ok(batch)) => entry.rows += batch.num_rows() as u64,
                Some(Err(status)) => {
                    entry.failed(status);
                    rows = None;
                }
                None => {
                    entry.done();
                    rows = None;
                }
            }
            next.map(|batch| batch.map_err(FlightError::from))
        })
    });
    encode(schema, batches)
}

/// Rows that are at hand.
pub(super) fn of_batch(batch: RecordBatch) -> Response<FlightStream> {
    encode(batch.schema(), stream::iter([Ok(batch)]))
}

/// The result of a statement without rows: no columns either.
pub(super) fn none() -> Response<FlightStream> {
    encode(Schema::empty().into(), stream::empty())
}

fn encode(
    schema: std::sync::Arc<Schema>,
    batches: impl Stream<Item = Result<RecordBatch, FlightError>> + Send + 'static,
) -> Response<FlightStream> {
    let messages = FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .build(batches);
    Response::new(Box::pin(messages.map_err(status::of_flight)))
}

/// The log's line about one statement, written when it ends.
#[derive(Debug)]
pub(super) struct LogEntry {
    kind: Kind,
    started: Instant,
    /// Rows returned or written.
    pub(super) rows: u64,
    written: bool,
}

impl LogEntry {
    /// Begins the statement's time.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            started: Instant::now(),
            rows: 0,
            written: false,
        }
    }

    /// The statement has ended well.
    pub(super) fn done(&mut self) {
        let rows = self.rows;
        self.write(format_args!("{rows} rows"));
    }

    /// The statement has failed.
    pub(super) fn failed(&mut self, status: &Status) {
        self.write(format_args!("failed: {:?}", status.code()));
        log::debug!("{}", status.message());
    }

    fn write(&mut self, end: std::fmt::Arguments<'_>) {
        if !std::mem::replace(&mut self.written, true) {
            let kind = match self.kind {
                Kind::Query => "query",
                Kind::Write => "write",
                Kind::Ddl => "ddl",
                Kind::Session => "session",
            };
            log::info!("{kind}, {} ms, {end}", self.started.elapsed().as_millis());
        }
    }
}

impl Drop for LogEntry {
    fn drop(&mut self) {
        let rows = self.rows;
        self.write(format_args!("cancelled by the client after {rows} rows"));
    }
}
