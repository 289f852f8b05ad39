//! Rows that a client sends by DoPut: values of parameters, and bulk ingestion.
//!
//! Batches are decoded as they are used, so that a statement that is slow slows its client. arrow-ipc trusts messages in
//! places: it panics on some damaged ones, and allocates the sizes that they name. A panic while a message is decoded ends the
//! stream with an error here, and messages that name too much are refused before they are decoded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow_flight::FlightData;
use arrow_flight::decode::{DecodedFlightData, DecodedPayload, FlightDataDecoder};
use arrow_flight::error::FlightError;
use arrow_flight::sql::server::PeekableFlightDataStream;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::ipc;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{Stream, StreamExt, TryStreamExt, future};
use spotql_sql::SentRows;
use tonic::Status;

use super::status;

/// The most rows of one batch. A column of NULLs takes no bytes in a message and does afterwards.
const LARGEST_BATCH: i64 = 1 << 24;
/// The most bytes that one message may unpack to.
const LARGEST_UNPACKED: u64 = 512 << 20;

/// The rows of a DoPut; none if it has no schema.
///
/// # Errors
/// When the first messages cannot be read.
pub(super) async fn rows(messages: PeekableFlightDataStream) -> Result<Option<SentRows>, Status> {
    // The first message may be the command alone.
    let messages = messages
        .try_filter(|message| future::ready(!message.data_header.is_empty()))
        .map_err(FlightError::from)
        .and_then(|message| future::ready(bounded(message)));
    let mut decoder = Contained(Some(FlightDataDecoder::new(messages)));
    let schema = loop {
        let Some(message) = decoder.next().await else {
            return Ok(None);
        };
        match message.map_err(status::of_flight)?.payload {
            DecodedPayload::Schema(schema) => break schema,
            DecodedPayload::None => {}
            DecodedPayload::RecordBatch(_) => {
                return Err(Status::invalid_argument(
                    "the DoPut has rows before their schema; send the schema first",
                ));
            }
        }
    };
    let expected = Arc::clone(&schema);
    let batches = decoder.filter_map(move |message| {
        future::ready(match message {
            Ok(message) => batch(message.payload, &expected),
            Err(error) => Some(Err(unreadable(status::of_flight(error).message()))),
        })
    });
    Ok(Some(SentRows::arriving(Box::pin(
        RecordBatchStreamAdapter::new(schema, batches),
    ))))
}

fn batch(
    payload: DecodedPayload,
    schema: &SchemaRef,
) -> Option<Result<RecordBatch, DataFusionError>> {
    match payload {
        DecodedPayload::RecordBatch(batch) => Some(Ok(batch)),
        // Some clients send it once more; it may not change.
        DecodedPayload::Schema(again) if again.fields() != schema.fields() => {
            Some(Err(unreadable("its schema changes between batches")))
        }
        DecodedPayload::Schema(_) | DecodedPayload::None => None,
    }
}

fn unreadable(reason: &str) -> DataFusionError {
    DataFusionError::Execution(format!("the rows of the DoPut end early: {reason}"))
}

/// A decoder whose panics are errors.
struct Contained(Option<FlightDataDecoder>);

impl Stream for Contained {
    type Item = Result<DecodedFlightData, FlightError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(decoder) = &mut self.0 else {
            return Poll::Ready(None);
        };
        // After a panic the decoder is not used again.
        match catch_unwind(AssertUnwindSafe(|| decoder.poll_next_unpin(context))) {
            Ok(polled) => polled,
            Err(_) => {
                self.0 = None;
                let error = "it is damaged; the client's Arrow library should be asked why";
                Poll::Ready(Some(Err(FlightError::DecodeError(error.to_owned()))))
            }
        }
    }
}

/// The message, unless it names sizes that no sound message has.
fn bounded(message: FlightData) -> Result<FlightData, FlightError> {
    // What cannot be read is the decoder's to say.
    let Ok(root) = ipc::root_as_message(&message.data_header) else {
        return Ok(message);
    };
    let batch = root.header_as_record_batch().or_else(|| {
        root.header_as_dictionary_batch()
            .and_then(|dictionary| dictionary.data())
    });
    let Some(batch) = batch else {
        return Ok(message);
    };
    let too_large = |what: String| Err(FlightError::DecodeError(what));
    if batch.length() > LARGEST_BATCH {
        return too_large(format!(
            "a batch has {} rows; send batches of at most {LARGEST_BATCH}",
            batch.length()
        ));
    }
    if batch.compression().is_some() {
        let buffers = batch.buffers().into_iter().flatten();
        let unpacked = buffers.filter_map(|buffer| {
            // Each buffer begins with its size, or with -1 if it is not packed.
            let start = usize::try_from(buffer.offset()).ok()?;
            let size = message.data_body.get(start..)?.first_chunk::<8>()?;
            u64::try_from(i64::from_le_bytes(*size)).ok()
        });
        if unpacked.fold(0, u64::saturating_add) > LARGEST_UNPACKED {
            return too_large(format!(
                "a batch unpacks to more than {} MiB; send smaller batches",
                LARGEST_UNPACKED >> 20
            ));
        }
    }
    Ok(message)
}
