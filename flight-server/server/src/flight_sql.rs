//! The Flight SQL commands, each handed to its family's module, or refused with the reason.
//!
//! arrow-flight wants them in one `impl`; nothing is decided here.

use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::server::{DoPutError, FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionBeginSavepointRequest, ActionBeginSavepointResult, ActionBeginTransactionRequest,
    ActionBeginTransactionResult, ActionCancelQueryRequest, ActionCancelQueryResult,
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, ActionCreatePreparedSubstraitPlanRequest,
    ActionEndSavepointRequest, ActionEndTransactionRequest, Any, Command, CommandGetCatalogs,
    CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables,
    CommandGetXdbcTypeInfo, CommandPreparedStatementQuery, CommandPreparedStatementUpdate,
    CommandStatementIngest, CommandStatementQuery, CommandStatementSubstraitPlan,
    CommandStatementUpdate, DoPutPreparedStatementResult, EndTransaction, SqlInfo,
    TicketStatementQuery,
};
use arrow_flight::{
    Action, FlightDescriptor, FlightInfo, HandshakeRequest, HandshakeResponse, Ticket,
};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use futures::{Stream, stream};
use prost::Message;
use std::pin::Pin;
use tonic::{Request, Response, Status, Streaming};

use super::service::Service;
use super::session::Caller;
use super::transactions::End;
use super::{actions, cancel, catalog, ingest, prepared, query, rows, status, update, user};

type Info = Result<Response<FlightInfo>, Status>;
type Get = Result<Response<<Service as FlightService>::DoGetStream>, Status>;
type Put = Result<Response<<Service as FlightService>::DoPutStream>, Status>;
type Handshake = Pin<Box<dyn Stream<Item = Result<HandshakeResponse, Status>> + Send>>;

/// Who calls, as [`super::entry`] found out.
fn caller<T>(request: &Request<T>) -> Result<Caller, Status> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| Status::internal("the call has lost its session; this is a bug"))
}

/// The same, within the transaction that a command names.
fn within<T>(
    service: &Service,
    request: &Request<T>,
    transaction: Option<&[u8]>,
) -> Result<Caller, Status> {
    let caller = caller(request)?;
    let transaction = service.transactions.find(transaction, caller.id())?;
    Ok(caller.within(transaction))
}

/// The FlightInfo of a listing: the command is its own ticket.
fn listing(request: Request<FlightDescriptor>, schema: &Schema) -> Info {
    let descriptor = request.into_inner();
    query::info(schema, Ticket::new(descriptor.cmd.clone()), descriptor, -1)
}

fn unknown_command() -> Status {
    Status::invalid_argument("this is no command of Flight SQL that is meant for this call")
}

fn no_substrait() -> Status {
    Status::unimplemented("Substrait plans are not supported; send SQL")
}

fn no_savepoints() -> Status {
    Status::unimplemented(
        "there are no savepoints: each statement is committed when it has run; turn autocommit on",
    )
}

#[async_trait::async_trait]
impl FlightSqlService for Service {
    type FlightService = Self;

    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Handshake>, Status> {
        let user = user::user(request.metadata())?.unwrap_or_default();
        let token = user::token(&user);
        let answer = HandshakeResponse {
            protocol_version: 0,
            payload: token.clone().into(),
        };
        let answer: Handshake = Box::pin(stream::iter([Ok(answer)]));
        let mut response = Response::new(answer);
        if let Ok(bearer) = format!("Bearer {token}").parse() {
            response.metadata_mut().insert("authorization", bearer);
        }
        Ok(response)
    }

    async fn get_flight_info_statement(
        &self,
        command: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let caller = within(self, &request, command.transaction_id.as_deref())?;
        let session = self.sessions.session(&caller).await?;
        query::get_flight_info(self, &caller, session, &command.query, request.into_inner()).await
    }

    async fn do_get_statement(
        &self,
        ticket: TicketStatementQuery,
        request: Request<Ticket>,
    ) -> Get {
        query::do_get(self, &caller(&request)?, ticket).await
    }

    async fn do_put_statement_update(
        &self,
        command: CommandStatementUpdate,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        let caller = within(self, &request, command.transaction_id.as_deref())?;
        update::do_put(self, &caller, &command.query).await
    }

    async fn do_action_create_prepared_statement(
        &self,
        command: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let caller = within(self, &request, command.transaction_id.as_deref())?;
        prepared::create(self, &caller, command.query).await
    }

    async fn do_action_close_prepared_statement(
        &self,
        command: ActionClosePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<(), Status> {
        prepared::close(self, &caller(&request)?, &command.prepared_statement_handle);
        Ok(())
    }

    async fn get_flight_info_prepared_statement(
        &self,
        command: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let caller = caller(&request)?;
        let handle = command.prepared_statement_handle;
        prepared::get_flight_info(self, &caller, &handle, request.into_inner()).await
    }

    async fn do_get_prepared_statement(
        &self,
        command: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Get {
        prepared::do_get(self, &caller(&request)?, &command.prepared_statement_handle).await
    }

    async fn do_put_prepared_statement_query(
        &self,
        command: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        let caller = caller(&request)?;
        let handle = command.prepared_statement_handle;
        prepared::do_put_query(self, &caller, handle, request.into_inner()).await
    }

    async fn do_put_prepared_statement_update(
        &self,
        command: CommandPreparedStatementUpdate,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        let caller = caller(&request)?;
        let handle = command.prepared_statement_handle;
        prepared::do_put_update(self, &caller, &handle, request.into_inner()).await
    }

    async fn do_put_statement_ingest(
        &self,
        command: CommandStatementIngest,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        let caller = within(self, &request, command.transaction_id.as_deref())?;
        ingest::do_put(self, &caller, command, request.into_inner()).await
    }

    async fn do_action_begin_transaction(
        &self,
        _: ActionBeginTransactionRequest,
        request: Request<Action>,
    ) -> Result<ActionBeginTransactionResult, Status> {
        let id = self.transactions.begin(caller(&request)?.owner());
        Ok(ActionBeginTransactionResult {
            transaction_id: id.as_bytes().to_vec().into(),
        })
    }

    async fn do_action_end_transaction(
        &self,
        command: ActionEndTransactionRequest,
        request: Request<Action>,
    ) -> Result<(), Status> {
        let end = match command.action() {
            EndTransaction::Commit => End::Commit,
            EndTransaction::Rollback => End::Rollback,
            EndTransaction::Unspecified => {
                return Err(Status::invalid_argument(
                    "EndTransaction must say whether to commit or to roll back",
                ));
            }
        };
        let caller = caller(&request)?.id();
        self.transactions.end(&command.transaction_id, caller, end)
    }

    async fn get_flight_info_catalogs(
        &self,
        _: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::catalogs_schema())
    }

    async fn do_get_catalogs(&self, _: CommandGetCatalogs, _: Request<Ticket>) -> Get {
        catalog::catalogs().map(rows::of_batch)
    }

    async fn get_flight_info_schemas(
        &self,
        command: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::schemas_builder(command).schema())
    }

    async fn do_get_schemas(&self, command: CommandGetDbSchemas, _: Request<Ticket>) -> Get {
        catalog::schemas(self, command).await.map(rows::of_batch)
    }

    async fn get_flight_info_tables(
        &self,
        command: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::tables_builder(command).schema())
    }

    async fn do_get_tables(&self, command: CommandGetTables, _: Request<Ticket>) -> Get {
        catalog::tables(self, command).await.map(rows::of_batch)
    }

    async fn get_flight_info_table_types(
        &self,
        _: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::table_types_schema())
    }

    async fn do_get_table_types(&self, _: CommandGetTableTypes, _: Request<Ticket>) -> Get {
        catalog::table_types().map(rows::of_batch)
    }

    async fn get_flight_info_sql_info(
        &self,
        command: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &command.into_builder(&self.sql_info).schema())
    }

    async fn do_get_sql_info(&self, command: CommandGetSqlInfo, _: Request<Ticket>) -> Get {
        let batch = command.into_builder(&self.sql_info).build();
        batch.map(rows::of_batch).map_err(status::of_flight)
    }

    async fn get_flight_info_primary_keys(
        &self,
        _: CommandGetPrimaryKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::primary_keys_schema())
    }

    async fn do_get_primary_keys(&self, _: CommandGetPrimaryKeys, _: Request<Ticket>) -> Get {
        Ok(rows::of_batch(RecordBatch::new_empty(
            catalog::primary_keys_schema(),
        )))
    }

    async fn get_flight_info_exported_keys(
        &self,
        _: CommandGetExportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::foreign_keys_schema())
    }

    async fn do_get_exported_keys(&self, _: CommandGetExportedKeys, _: Request<Ticket>) -> Get {
        Ok(rows::of_batch(RecordBatch::new_empty(
            catalog::foreign_keys_schema(),
        )))
    }

    async fn get_flight_info_imported_keys(
        &self,
        _: CommandGetImportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::foreign_keys_schema())
    }

    async fn do_get_imported_keys(&self, _: CommandGetImportedKeys, _: Request<Ticket>) -> Get {
        Ok(rows::of_batch(RecordBatch::new_empty(
            catalog::foreign_keys_schema(),
        )))
    }

    async fn get_flight_info_cross_reference(
        &self,
        _: CommandGetCrossReference,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::foreign_keys_schema())
    }

    async fn do_get_cross_reference(&self, _: CommandGetCrossReference, _: Request<Ticket>) -> Get {
        Ok(rows::of_batch(RecordBatch::new_empty(
            catalog::foreign_keys_schema(),
        )))
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        command: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &command.into_builder(&self.type_info).schema())
    }

    async fn do_get_xdbc_type_info(
        &self,
        command: CommandGetXdbcTypeInfo,
        _: Request<Ticket>,
    ) -> Get {
        let batch = command.into_builder(&self.type_info).build();
        batch.map(rows::of_batch).map_err(status::of_flight)
    }

    async fn do_action_fallback(
        &self,
        request: Request<Action>,
    ) -> Result<Response<<Self as FlightService>::DoActionStream>, Status> {
        let caller = caller(&request)?;
        actions::other(self, &caller, request.get_ref())
    }

    // What is refused, each with its reason.

    async fn get_flight_info_fallback(&self, _: Command, _: Request<FlightDescriptor>) -> Info {
        Err(unknown_command())
    }

    async fn do_get_fallback(&self, _: Request<Ticket>, _: Any) -> Get {
        Err(unknown_command())
    }

    async fn do_put_fallback(&self, _: Request<PeekableFlightDataStream>, _: Any) -> Put {
        Err(unknown_command())
    }

    async fn do_put_error_callback(
        &self,
        _: Request<PeekableFlightDataStream>,
        error: DoPutError,
    ) -> Put {
        Err(Status::invalid_argument(match error {
            DoPutError::MissingCommand => "the DoPut has no messages; send a Flight SQL command",
            DoPutError::MissingFlightDescriptor => {
                "the first message of the DoPut has no descriptor; put the Flight SQL command there"
            }
        }))
    }

    async fn get_flight_info_substrait_plan(
        &self,
        _: CommandStatementSubstraitPlan,
        _: Request<FlightDescriptor>,
    ) -> Info {
        Err(no_substrait())
    }

    async fn do_put_substrait_plan(
        &self,
        _: CommandStatementSubstraitPlan,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(no_substrait())
    }

    async fn do_action_create_prepared_substrait_plan(
        &self,
        _: ActionCreatePreparedSubstraitPlanRequest,
        _: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        Err(no_substrait())
    }

    async fn do_action_begin_savepoint(
        &self,
        _: ActionBeginSavepointRequest,
        _: Request<Action>,
    ) -> Result<ActionBeginSavepointResult, Status> {
        Err(no_savepoints())
    }

    async fn do_action_end_savepoint(
        &self,
        _: ActionEndSavepointRequest,
        _: Request<Action>,
    ) -> Result<(), Status> {
        Err(no_savepoints())
    }

    async fn do_action_cancel_query(
        &self,
        command: ActionCancelQueryRequest,
        request: Request<Action>,
    ) -> Result<ActionCancelQueryResult, Status> {
        let info = FlightInfo::decode(command.info).map_err(|_| {
            Status::invalid_argument("CancelQuery takes the FlightInfo of the query")
        })?;
        cancel::cancel(self, &caller(&request)?, &info)?;
        Ok(ActionCancelQueryResult {
            result: cancel::CANCELLED,
        })
    }

    // The server's properties are fixed when it starts; arrow-flight never calls this.
    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}
