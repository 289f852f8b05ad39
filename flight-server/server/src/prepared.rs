//! Prepared statements: create, execute as query or update, close.
//!
//! Preparing plans the statement, which finds its errors and its schema, and runs nothing. Each
//! execution plans anew, so that it sees the tables as they are then. The dataset schema of a
//! statement without rows is empty, which is how the JDBC driver tells updates from queries.
//! A statement runs in the session it was prepared in, or in the caller's own if that is
//! remembered by now (see [`super::session`]).
//!
//! A statement with parameters is described without their values (see [`spotql_sql::Description`]). DoPut binds values to
//! its handle ([`super::bound`]), which stays the same; GetFlightInfo then executes it with them. An update may also bring
//! its values along: those of `INSERT … VALUES` are read as they arrive and written at once.

use std::sync::Arc;

use arrow_flight::sql::server::PeekableFlightDataStream;
use arrow_flight::sql::{ActionCreatePreparedStatementResult, DoPutPreparedStatementResult};
use arrow_flight::{FlightDescriptor, FlightInfo, IpcMessage, SchemaAsIpc};
use bytes::Bytes;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::ipc::writer::IpcWriteOptions;
use tonic::{Response, Status};

use super::bound::{self, Bound};
use super::rows::FlightStream;
use super::service::{Service, Statement};
use super::session::Caller;
use super::wire::Wire;
use super::{query, rows, statement, status, upload};

/// Plans a statement and keeps it.
pub(super) async fn create(
    service: &Service,
    caller: &Caller,
    sql: String,
) -> Result<ActionCreatePreparedStatementResult, Status> {
    let session = service.sessions.session(caller).await?;
    let described = statement::describe(&session, &sql).await?;
    let columns = described.columns.as_ref();
    let schema = columns.map(|schema| Arc::clone(Wire::new(schema).schema()));
    let dataset_schema = match &schema {
        Some(schema) => encoded(schema)?,
        None => Bytes::new(),
    };
    let parameters = described.parameters;
    let parameter_schema = match parameters.fields().is_empty() {
        true => Bytes::new(),
        false => encoded(&parameters)?,
    };
    let bytes = sql.len();
    let kept = Statement {
        sql: sql.into(),
        session,
        schema,
        parameters,
        bound: Bound::default(),
        transaction: caller.transaction().cloned(),
    };
    let handle = service.prepared.insert(caller.owner(), bytes, kept);
    Ok(ActionCreatePreparedStatementResult {
        prepared_statement_handle: Bytes::copy_from_slice(handle.as_bytes()),
        dataset_schema,
        parameter_schema,
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
    let found = find(service, caller, handle)?;
    let prepared = bound::prepare(&found).await?;
    let caller = caller.within(found.transaction);
    let bytes = found.sql.len();
    query::answer(service, &caller, found.session, prepared, bytes, descriptor).await
}

/// Runs a prepared query for a client that made its own ticket of the statement's handle.
pub(super) async fn do_get(
    service: &Service,
    caller: &Caller,
    handle: &[u8],
) -> Result<Response<FlightStream>, Status> {
    let found = find(service, caller, handle)?;
    let prepared = bound::prepare(&found).await?;
    let session = found.session;
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
    let found = find(service, caller, handle)?;
    let rows = upload::rows(parameters).await?;
    let prepared = match rows.filter(|rows| !rows.schema().fields().is_empty()) {
        Some(rows) => bound::prepare_with(&found, rows).await?,
        // Bound before, or not needed.
        None => bound::prepare(&found).await?,
    };
    if prepared.schema().is_some() {
        return Err(query::returns_rows());
    }
    let caller = caller.within(found.transaction);
    let done = query::run(service, &caller, &found.session, prepared).await?;
    Ok(query::count(&done))
}

/// Binds values to a statement's parameters, of which there may be none.
pub(super) async fn do_put_query(
    service: &Service,
    caller: &Caller,
    handle: Bytes,
    parameters: PeekableFlightDataStream,
) -> Result<DoPutPreparedStatementResult, Status> {
    let found = find(service, caller, &handle)?;
    let rows = upload::rows(parameters).await?;
    if let Some(rows) = rows.filter(|rows| !rows.schema().fields().is_empty()) {
        let bytes = bound::keep(&found, rows).await?;
        service.prepared.weigh(&handle, found.sql.len() + bytes);
    }
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
