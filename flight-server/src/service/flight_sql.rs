//! The Flight SQL commands, each handed to its family's module.

use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::server::{FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, CommandGetCatalogs, CommandGetCrossReference,
    CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys, CommandGetPrimaryKeys,
    CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo,
    CommandPreparedStatementQuery, CommandPreparedStatementUpdate, CommandStatementQuery,
    CommandStatementUpdate, DoPutPreparedStatementResult, SqlInfo, TicketStatementQuery,
};
use arrow_flight::{
    Action, ActionType, FlightDescriptor, FlightInfo, HandshakeRequest, HandshakeResponse, Ticket,
};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use futures::Stream;
use std::pin::Pin;
use tonic::{Request, Response, Status, Streaming};

use super::session::Caller;
use super::{Service, actions, catalog, prepared, query, rows, status, update};

type Info = Result<Response<FlightInfo>, Status>;
type Get = Result<Response<<Service as FlightService>::DoGetStream>, Status>;
type Handshake = Pin<Box<dyn Stream<Item = Result<HandshakeResponse, Status>> + Send>>;

/// Who calls, as [`super::entry`] found out.
fn caller<T>(request: &Request<T>) -> Result<Caller, Status> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| Status::internal("the call has lost its session; this is a bug"))
}

/// The FlightInfo of a listing: the command is its own ticket.
fn listing(request: Request<FlightDescriptor>, schema: &Schema) -> Info {
    let descriptor = request.into_inner();
    query::info(schema, Ticket::new(descriptor.cmd.clone()), descriptor, -1)
}

#[async_trait::async_trait]
impl FlightSqlService for Service {
    type FlightService = Self;

    async fn do_handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Handshake>, Status> {
        Err(Status::unimplemented(
            "this server has no logins yet; connect without user name and password",
        ))
    }

    async fn get_flight_info_statement(
        &self,
        command: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let caller = caller(&request)?;
        let session = self.sessions.session(&caller).await?;
        query::get_flight_info(self, &caller, session, &command.query, request.into_inner()).await
    }

    async fn do_get_statement(&self, ticket: TicketStatementQuery, request: Request<Ticket>) -> Get {
        query::do_get(self, &caller(&request)?, ticket).await
    }

    async fn do_put_statement_update(
        &self,
        command: CommandStatementUpdate,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        update::do_put(self, &caller(&request)?, &command.query).await
    }

    async fn do_action_create_prepared_statement(
        &self,
        command: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        prepared::create(self, &caller(&request)?, command.query).await
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
        Ok(rows::of_batch(RecordBatch::new_empty(catalog::primary_keys_schema())))
    }

    async fn get_flight_info_exported_keys(
        &self,
        _: CommandGetExportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::foreign_keys_schema())
    }

    async fn do_get_exported_keys(&self, _: CommandGetExportedKeys, _: Request<Ticket>) -> Get {
        Ok(rows::of_batch(RecordBatch::new_empty(catalog::foreign_keys_schema())))
    }

    async fn get_flight_info_imported_keys(
        &self,
        _: CommandGetImportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::foreign_keys_schema())
    }

    async fn do_get_imported_keys(&self, _: CommandGetImportedKeys, _: Request<Ticket>) -> Get {
        Ok(rows::of_batch(RecordBatch::new_empty(catalog::foreign_keys_schema())))
    }

    async fn get_flight_info_cross_reference(
        &self,
        _: CommandGetCrossReference,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &catalog::foreign_keys_schema())
    }

    async fn do_get_cross_reference(&self, _: CommandGetCrossReference, _: Request<Ticket>) -> Get {
        Ok(rows::of_batch(RecordBatch::new_empty(catalog::foreign_keys_schema())))
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        command: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Info {
        listing(request, &command.into_builder(&self.type_info).schema())
    }

    async fn do_get_xdbc_type_info(&self, command: CommandGetXdbcTypeInfo, _: Request<Ticket>) -> Get {
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

    async fn list_custom_actions(&self) -> Option<Vec<Result<ActionType, Status>>> {
        Some(actions::list().into_iter().map(Ok).collect())
    }

    // The server's properties are fixed when it starts; arrow-flight never calls this.
    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}
