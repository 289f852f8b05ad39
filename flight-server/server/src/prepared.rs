//! Prepared statements: create, execute as query or update, close.
//!
//! Preparing plans the statement, which finds its errors and its schema, and runs nothing. Each
//! execution plans anew, so that it sees the tables as they are then. The dataset schema of a
//! statement without rows is empty, which is how the JDBC driver tells updates from queries.
//! A statement runs in the session it was prepared in, or in the caller's own if that is
//! remembered by now (see [`super::session`]).
//!
//! Parameters are refused, with a message, until the issue that brings them. Clients that bind
//! none may still send their empty parameter set.

use std::sync::Arc;

use arrow_flight::decode::{DecodedPayload, FlightDataDecoder};
use arrow_flight::error::FlightError;
use arrow_flight::sql::server::PeekableFlightDataStream;
use arrow_flight::sql::{ActionCreatePreparedStatementResult, DoPutPreparedStatementResult};
use arrow_flight::{FlightDescriptor, FlightInfo, IpcMessage, SchemaAsIpc};
use bytes::Bytes;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::ipc::writer::IpcWriteOptions;
use futures::{StreamExt, TryStreamExt, future};
use tonic::{Code, Response, Status};

use super::rows::FlightStream;
use super::service::{Service, Statement};
use super::session::Caller;
use super::wire::Wire;
use super::{query, rows, statement, status};

/// Plans a statement and keeps it.
pub(super) async fn create(
    service: &Service,
    caller: &Caller,
    sql: String,
) -> Result<ActionCreatePreparedStatementResult, Status> {
    let session = service.sessions.session(caller).await?;
    let prepared = statement::prepare(&session, &sql).await?;
    let schema = prepared
        .schema()
        .map(|schema| Arc::clone(Wire::new(&schema).schema()));
    let dataset_schema = match &schema {
        Some(schema) => encoded(schema)?,
        None => Bytes::new(),
    };
    let bytes = sql.len();
    let kept = Statement {
        sql: sql.into(),
        session,
        schema,
    };
    let handle = service.prepared.insert(caller.owner(), bytes, kept);
    Ok(ActionCreatePreparedStatementResult {
        prepared_statement_handle: Bytes::copy_from_slice(handle.as_bytes()),
        dataset_schema,
        parameter_schema: Bytes::new(),
    })
}

/// Forgets a statement. Closing one that is forgotten already is no error: nobody is hurt.
pub(super) fn close(service: &Service, caller: &Caller, handle: &[u8]) {
    drop(service.prepared.take(handle, caller.id()));
}

/// The statement under a handle.
pub(super) fn find(service: &Service, caller: &Caller, handle: &[u8]) -> Result<Statement, Status> {
    let mut found = service.prepared.get(handle, caller.id()).ok_or_else(|| {
        Status::not_found(
            "this prepared statement is not known: it was closed, not used for eight hours, or \
             belongs to another session; prepare it again",
        )
    })?;
    if let Some(session) = caller.kept() {
        found.session = Arc::clone(session);
    }
    Ok(found)
}

/// Executes a prepared statement; see [`query::get_flight_info`].
pub(super) async fn get_flight_info(
    service: &Service,
    caller: &Caller,
    handle: &[u8],
    descriptor: FlightDescriptor,
) -> Result<Response<FlightInfo>, Status> {
    let Statement { sql, session, .. } = find(service, caller, handle)?;
    query::get_flight_info(service, caller, session, &sql, descriptor).await
}

/// Runs a prepared query for a client that made its own ticket of the statement's handle.
pub(super) async fn do_get(
    service: &Service,
    caller: &Caller,
    handle: &[u8],
) -> Result<Response<FlightStream>, Status> {
    let Statement { sql, session, .. } = find(service, caller, handle)?;
    let prepared = statement::prepare(&session, &sql).await?;
    let Some(schema) = prepared.schema() else {
        return Err(Status::invalid_argument(
            "this prepared statement returns no rows; execute it as an update, or by \
             GetFlightInfo",
        ));
    };
    rows::of_query(&session, prepared, Wire::new(&schema)).await
}

/// Executes a prepared statement as an update and returns the number of rows written.
pub(super) async fn do_put_update(
    service: &Service,
    caller: &Caller,
    handle: &[u8],
    parameters: PeekableFlightDataStream,
) -> Result<i64, Status> {
    let Statement { sql, session, .. } = find(service, caller, handle)?;
    refuse_parameters(parameters).await?;
    let prepared = statement::prepare(&session, &sql).await?;
    if prepared.schema().is_some() {
        return Err(query::returns_rows());
    }
    let done = query::run(service, caller, &session, prepared).await?;
    Ok(query::count(&done))
}

/// Binds parameters, of which there may be none.
pub(super) async fn do_put_query(
    service: &Service,
    caller: &Caller,
    handle: Bytes,
    parameters: PeekableFlightDataStream,
) -> Result<DoPutPreparedStatementResult, Status> {
    find(service, caller, &handle)?;
    refuse_parameters(parameters).await?;
    Ok(DoPutPreparedStatementResult {
        prepared_statement_handle: Some(handle),
    })
}

/// A schema as an encapsulated IPC message.
pub(super) fn encoded(schema: &Schema) -> Result<Bytes, Status> {
    let options = IpcWriteOptions::default();
    let message: IpcMessage = SchemaAsIpc::new(schema, &options)
        .try_into()
        .map_err(status::of_arrow_error)?;
    Ok(message.0)
}

/// Reads the parameter stream up to its schema, which tells whether there are any.
async fn refuse_parameters(parameters: PeekableFlightDataStream) -> Result<(), Status> {
    // The first message may be the command alone.
    let messages = parameters
        .try_filter(|message| future::ready(!message.data_header.is_empty()))
        .map_err(FlightError::from);
    let mut decoder = FlightDataDecoder::new(messages);
    while let Some(message) = decoder.next().await {
        let message = message.map_err(status::of_flight)?;
        if let DecodedPayload::Schema(schema) = message.payload
            && !schema.fields().is_empty()
        {
            return Err(status::parameters_are_refused(Code::Unimplemented));
        }
    }
    Ok(())
}
