//! `CommandStatementQuery`: GetFlightInfo plans, DoGet runs.
//!
//! The plan waits under the ticket's handle, so that DoGet sends rows of exactly the schema that
//! GetFlightInfo advertised. A ticket is good once, for ten minutes.
//!
//! Many clients know no other way to run a statement than as a query: ADBC's Python cursor prepares and queries
//! `CREATE TABLE` and `INSERT` too. A statement without rows runs at GetFlightInfo, which is where Flight SQL says that
//! a query is executed, and not at DoGet. ADBC fetches in the background and cancels that as soon as its cursor is used
//! again. So the statement would run after the next one, or half, or never. Its FlightInfo has no columns,
//! `total_records` is the number of rows written (a cursor's `rowcount`), and its ticket leads to an empty result.
//! Preparing a statement and asking for its schema run nothing.

use std::sync::Arc;

use arrow_flight::sql::{ProstMessageExt, TicketStatementQuery};
use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo, Ticket};
use datafusion::arrow::datatypes::Schema;
use prost::Message;
use spotql_sql::{Done, Kind, Outcome, Prepared, Session};
use tonic::{Response, Status};

use super::rows::{FlightStream, LogEntry};
use super::service::{Service, Waiting};
use super::session::Caller;
use super::wire::Wire;
use super::{cancel, rows, statement, status};

/// Executes a statement: a query waits for its DoGet, anything else is done when this returns.
pub(super) async fn get_flight_info(
    service: &Service,
    caller: &Caller,
    session: Arc<Session>,
    sql: &str,
    descriptor: FlightDescriptor,
) -> Result<Response<FlightInfo>, Status> {
    let prepared = statement::prepare(&session, sql).await?;
    answer(service, caller, session, prepared, sql.len(), descriptor).await
}

/// The same for a statement that is planned; `bytes` is how much it weighs while it waits.
pub(super) async fn answer(
    service: &Service,
    caller: &Caller,
    session: Arc<Session>,
    prepared: Prepared,
    bytes: usize,
    descriptor: FlightDescriptor,
) -> Result<Response<FlightInfo>, Status> {
    let (schema, handle, rows) = match prepared.schema() {
        Some(schema) => {
            let wire = Wire::new(&schema);
            let schema = Arc::clone(wire.schema());
            let waiting = Waiting {
                session,
                prepared,
                wire,
            };
            let bytes = bytes + waiting.prepared.bytes();
            let id = waiting.prepared.id();
            let handle = service.waiting.insert(caller.owner(), bytes, waiting);
            (schema, cancel::ticket(handle, id), -1)
        }
        None => {
            let done = run(service, caller, &session, prepared).await?;
            (Arc::new(Schema::empty()), Vec::new(), count(&done))
        }
    };
    let ticket = TicketStatementQuery {
        statement_handle: handle.into(),
    };
    info(
        &schema,
        Ticket::new(ticket.as_any().encode_to_vec()),
        descriptor,
        rows,
    )
}

/// The rows that a ticket stands for.
pub(super) async fn do_get(
    service: &Service,
    caller: &Caller,
    ticket: TicketStatementQuery,
) -> Result<Response<FlightStream>, Status> {
    if ticket.statement_handle.is_empty() {
        return Ok(rows::none());
    }
    let waiting = cancel::parts(&ticket.statement_handle)
        .and_then(|(handle, _)| service.waiting.take(handle, caller.id()));
    let Waiting {
        session,
        prepared,
        wire,
    } = waiting.ok_or_else(unknown_ticket)?;
    rows::of_query(&session, prepared, wire).await
}

/// Runs a statement that returns no rows, once, and remembers the session if it changed that.
pub(super) async fn run(
    service: &Service,
    caller: &Caller,
    session: &Arc<Session>,
    prepared: Prepared,
) -> Result<Done, Status> {
    let kind = prepared.kind();
    let mut entry = LogEntry::new(kind);
    match statement::run(session, prepared).await {
        Ok(Outcome::Done(done)) => {
            entry.wrote(done.rows.unwrap_or(0));
            entry.done();
            match kind {
                Kind::Session => service.sessions.keep(caller, session),
                Kind::Write | Kind::Ddl => {
                    if let Some(transaction) = caller.transaction() {
                        service.transactions.changed(transaction);
                    }
                }
                Kind::Query => {}
            }
            Ok(done)
        }
        Ok(Outcome::Rows(_)) => {
            entry.done();
            Err(returns_rows())
        }
        Err(status) => {
            entry.failed(&status);
            Err(status)
        }
    }
}

/// Rows written, as Flight SQL counts them; a statement that writes none has written 0.
pub(super) fn count(done: &Done) -> i64 {
    done.rows
        .map_or(0, |rows| i64::try_from(rows).unwrap_or(i64::MAX))
}

/// The FlightInfo of a result with one endpoint, on this server.
pub(super) fn info(
    schema: &Schema,
    ticket: Ticket,
    descriptor: FlightDescriptor,
    rows: i64,
) -> Result<Response<FlightInfo>, Status> {
    let info = FlightInfo::new()
        .try_with_schema(schema)
        .map_err(status::of_arrow_error)?
        .with_descriptor(descriptor)
        .with_endpoint(FlightEndpoint::new().with_ticket(ticket))
        .with_total_records(rows)
        .with_ordered(true);
    Ok(Response::new(info))
}

pub(super) fn returns_rows() -> Status {
    Status::invalid_argument(
        "this statement returns rows and was sent as an update; send it as a query",
    )
}

fn unknown_ticket() -> Status {
    Status::not_found(
        "this ticket is not known: it was used already (each is good once), is older than ten \
         minutes, or belongs to another session; execute the query again",
    )
}
