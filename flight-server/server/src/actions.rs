//! The list of actions, and those that are not Flight SQL's: `CancelFlightInfo`, and `CloseSession`, by which ADBC and
//! the JDBC driver end a connection. The messages of the latter are not in arrow-flight. Session options are refused.

use std::pin::Pin;

use arrow_flight::{
    Action, ActionType, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus,
};
use futures::{Stream, stream};
use prost::Message;
use tonic::{Response, Status};

use super::cancel;
use super::service::Service;
use super::session::Caller;

const CLOSE_SESSION: &str = "CloseSession";
const CANCEL_FLIGHT_INFO: &str = "CancelFlightInfo";

/// `CloseSessionResult` of Flight.proto.
#[derive(Clone, PartialEq, Eq, Message)]
struct CloseSessionResult {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// `CloseSessionResult.Status.CLOSED`.
const CLOSED: i32 = 1;

type Results = Pin<Box<dyn Stream<Item = Result<arrow_flight::Result, Status>> + Send>>;

/// What `ListActions` answers: the actions that work.
pub(super) fn list() -> Vec<ActionType> {
    [
        (
            "CreatePreparedStatement",
            "Plans a statement and keeps it. Request: ActionCreatePreparedStatementRequest; \
             response: ActionCreatePreparedStatementResult",
        ),
        (
            "ClosePreparedStatement",
            "Forgets a prepared statement. Request: ActionClosePreparedStatementRequest; no \
             response",
        ),
        (
            "BeginTransaction",
            "Begins a transaction, in which each statement is committed when it has run. Request: \
             ActionBeginTransactionRequest; response: ActionBeginTransactionResult",
        ),
        (
            "EndTransaction",
            "Ends a transaction; a rollback fails if it changed anything. Request: \
             ActionEndTransactionRequest; no response",
        ),
        (
            CANCEL_FLIGHT_INFO,
            "Ends a query that waits or runs. Request: CancelFlightInfoRequest; response: CancelFlightInfoResult",
        ),
        (
            "CancelQuery",
            "The same. Request: ActionCancelQueryRequest; response: ActionCancelQueryResult",
        ),
        (
            CLOSE_SESSION,
            "Ends the session that the cookie names, with its prepared statements. Request: \
             CloseSessionRequest; response: CloseSessionResult",
        ),
    ]
    .into_iter()
    .map(|(name, description)| ActionType {
        r#type: name.to_owned(),
        description: description.to_owned(),
    })
    .collect()
}

/// Does an action that is none of Flight SQL's.
pub(super) fn other(
    service: &Service,
    caller: &Caller,
    action: &Action,
) -> Result<Response<Results>, Status> {
    if action.r#type == CANCEL_FLIGHT_INFO {
        let request = CancelFlightInfoRequest::decode(action.body.as_ref());
        let info = request.ok().and_then(|request| request.info);
        let info = info.ok_or_else(|| {
            Status::invalid_argument(
                "CancelFlightInfo takes a CancelFlightInfoRequest with a FlightInfo",
            )
        })?;
        cancel::cancel(service, caller, &info)?;
        let status = CancelFlightInfoResult {
            status: CancelStatus::Cancelled.into(),
        };
        return Ok(one(status.encode_to_vec()));
    }
    if action.r#type != CLOSE_SESSION {
        return Err(Status::unimplemented(format!(
            "the action '{}' is not supported; ListActions lists those that are",
            action.r#type
        )));
    }
    // A caller without a session has nothing to close, and that is as closed as can be.
    if let Some(id) = service.sessions.close(caller) {
        service.prepared.forget(id);
        service.waiting.forget(id);
        service.transactions.forget(id);
    }
    Ok(one(CloseSessionResult { status: CLOSED }.encode_to_vec()))
}

fn one(body: Vec<u8>) -> Response<Results> {
    Response::new(Box::pin(stream::iter([Ok(arrow_flight::Result::new(
        body,
    ))])))
}
