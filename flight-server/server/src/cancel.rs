//! CancelFlightInfo and CancelQuery: the end of a query by its FlightInfo.
//!
//! The ticket of a query tells the handle under which its plan waits, and the number of its statement. A query that waits
//! is forgotten; one that runs is stopped, whichever client reads it: the holder of a ticket may use it. A client that
//! reads a query itself cancels it by ending the call, too.

use arrow_flight::FlightInfo;
use arrow_flight::sql::{Any, Command};
use prost::Message;
use tonic::Status;
use uuid::Uuid;

use super::service::Service;
use super::session::Caller;

/// `ActionCancelQueryResult.CancelResult.CANCEL_RESULT_CANCELLED`, which arrow-flight does not export.
pub(super) const CANCELLED: i32 = 1;

/// The ticket's bytes for a query that waits under `handle` and is statement `id`.
pub(super) fn ticket(handle: Uuid, id: Uuid) -> Vec<u8> {
    [*handle.as_bytes(), *id.as_bytes()].concat()
}

/// The handle and the statement of a ticket's bytes.
pub(super) fn parts(ticket: &[u8]) -> Option<(&[u8], Uuid)> {
    let (handle, id) = ticket.split_at_checked(size_of::<Uuid>())?;
    Some((handle, Uuid::from_slice(id).ok()?))
}

/// Ends the query of a FlightInfo.
///
/// # Errors
/// When the FlightInfo is of no query, or the query is neither waiting nor running.
pub(super) fn cancel(service: &Service, caller: &Caller, info: &FlightInfo) -> Result<(), Status> {
    let ticket = info.endpoint.iter().find_map(|it| it.ticket.as_ref());
    let command = ticket
        .and_then(|ticket| Any::decode(ticket.ticket.as_ref()).ok())
        .and_then(|message| Command::try_from(message).ok());
    let Some(Command::TicketStatementQuery(ticket)) = command else {
        return Err(Status::invalid_argument(
            "this FlightInfo has no ticket of a query; send the one that GetFlightInfo gave",
        ));
    };
    let known = parts(&ticket.statement_handle).is_some_and(|(handle, id)| {
        let waiting = service.waiting.take(handle, caller.id());
        waiting.is_some() || service.engine.stop(id)
    });
    match known {
        true => Ok(()),
        false => Err(Status::not_found(
            "this query is neither waiting nor running: it has ended, or was cancelled before",
        )),
    }
}
