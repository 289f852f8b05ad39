//! Rows as a Flight stream, and the line about them in the log.
//!
//! Batches are mapped and encoded on the query's own threads, at most two messages ahead of the client: a slow client slows
//! the query, and nothing is collected. Dropping the stream, as tonic does when the client cancels or goes away,
//! stops the query. While a query computes without producing
//! rows, the connection is kept alive by HTTP/2 pings (see [`super::serve`]); messages for
//! proxies that look at nothing but data belong to a later issue.
//!
//! The log has one line a statement, at info: kind, duration and rows, no data and no SQL (one
//! that cannot be planned has its line from [`super::statement`]). The reason of a failure may
//! quote data, and is logged at debug.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arrow_flight::FlightData;
use arrow_flight::encode::{FlightDataEncoder, FlightDataEncoderBuilder};
use arrow_flight::error::FlightError;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::common::DataFusionError;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use spotql_sql::{Kind, Prepared, Session};
use tonic::{Response, Status};

use super::status;
use super::wire::Wire;

/// The messages of a DoGet.
pub(super) type FlightStream = Pin<Box<dyn Stream<Item = Result<FlightData, Status>> + Send>>;

/// Runs a query and sends its rows, which are encoded where they are computed.
pub(super) async fn of_query(
    session: &Session,
    prepared: Prepared,
    wire: Wire,
) -> Result<Response<FlightStream>, Status> {
    let mut entry = LogEntry::new(prepared.kind());
    let counted = Arc::clone(&entry.rows);
    let messages = move |batches: BoxStream<'static, spotql_sql::Result<RecordBatch>>| {
        let schema = Arc::clone(wire.schema());
        let batches = batches.map(move |batch| {
            let batch = batch.map_err(external)?;
            counted.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
            wire.batch(&batch).map_err(FlightError::from)
        });
        encoder(schema, batches).map_err(internal).boxed()
    };
    let mut messages = match session.rows(prepared, messages).await {
        Ok(Some(messages)) => Some(messages),
        Ok(None) => {
            entry.done();
            return Ok(none());
        }
        Err(error) => {
            let status = status::of(error);
            entry.failed(&status);
            return Err(status);
        }
    };
    let messages = stream::poll_fn(move |context| {
        let Some(open) = messages.as_mut() else {
            return std::task::Poll::Ready(None);
        };
        open.poll_next_unpin(context).map(|next| {
            let next = next.map(|message| message.map_err(status::of));
            match &next {
                Some(Ok(_)) => {}
                Some(Err(status)) => {
                    entry.failed(status);
                    messages = None;
                }
                None => {
                    entry.done();
                    messages = None;
                }
            }
            next
        })
    });
    Ok(Response::new(Box::pin(messages)))
}

/// An error of ours on its way through the encoder.
fn external(error: spotql_sql::Error) -> FlightError {
    FlightError::ExternalError(Box::new(error))
}

/// The same error, out of the encoder.
fn internal(error: FlightError) -> spotql_sql::Error {
    match error {
        FlightError::ExternalError(error) => match error.downcast::<spotql_sql::Error>() {
            Ok(error) => *error,
            Err(error) => DataFusionError::External(error).into(),
        },
        FlightError::Arrow(error) => DataFusionError::from(error).into(),
        other => DataFusionError::External(Box::new(other)).into(),
    }
}

/// Rows that are at hand.
pub(super) fn of_batch(batch: RecordBatch) -> Response<FlightStream> {
    let messages = encoder(batch.schema(), stream::iter([Ok(batch)]));
    Response::new(Box::pin(messages.map_err(status::of_flight)))
}

/// The result of a statement without rows: no columns either.
pub(super) fn none() -> Response<FlightStream> {
    let messages = encoder(Schema::empty().into(), stream::empty());
    Response::new(Box::pin(messages.map_err(status::of_flight)))
}

fn encoder(
    schema: Arc<Schema>,
    batches: impl Stream<Item = Result<RecordBatch, FlightError>> + Send + 'static,
) -> FlightDataEncoder {
    FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .build(batches)
}

/// The log's line about one statement, written when it ends.
#[derive(Debug)]
pub(super) struct LogEntry {
    kind: Kind,
    started: Instant,
    /// Rows returned or written.
    rows: Arc<AtomicU64>,
    written: bool,
}

impl LogEntry {
    /// Begins the statement's time.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            started: Instant::now(),
            rows: Arc::default(),
            written: false,
        }
    }

    /// So many rows were written.
    pub(super) fn wrote(&self, rows: u64) {
        self.rows.store(rows, Ordering::Relaxed);
    }

    /// The statement has ended well.
    pub(super) fn done(&mut self) {
        let rows = self.rows.load(Ordering::Relaxed);
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
        let rows = self.rows.load(Ordering::Relaxed);
        self.write(format_args!("cancelled by the client after {rows} rows"));
    }
}
