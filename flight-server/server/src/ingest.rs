//! `CommandStatementIngest`: rows of a client into a table, by DoPut.
//!
//! [`spotql_sql::Ingest`] says what becomes of them. Batches are read as they are written: a slow disk slows the client.

use arrow_flight::sql::server::PeekableFlightDataStream;
use arrow_flight::sql::{CommandStatementIngest, TableExistsOption, TableNotExistOption};
use spotql_sql::{IfExists, Ingest};
use tonic::Status;

use super::service::Service;
use super::session::Caller;
use super::{query, upload};

/// Writes the rows and returns how many there were.
pub(super) async fn do_put(
    service: &Service,
    caller: &Caller,
    command: CommandStatementIngest,
    messages: PeekableFlightDataStream,
) -> Result<i64, Status> {
    if command.temporary {
        return Err(Status::unimplemented(
            "there are no temporary tables; ingest into a table and drop it afterwards",
        ));
    }
    if let Some(option) = command.options.keys().min() {
        return Err(Status::invalid_argument(format!(
            "bulk ingestion takes no option, and '{option}' is given; leave it out"
        )));
    }
    if command.table.is_empty() {
        return Err(Status::invalid_argument(
            "bulk ingestion needs the name of a table; give one",
        ));
    }
    let (create, if_exists) = what_to_do(&command)?;
    let session = service.sessions.session(caller).await?;
    let rows = upload::rows(messages).await?.ok_or_else(|| {
        Status::invalid_argument("the DoPut has no schema; send one, and then rows")
    })?;
    let ingest = Ingest {
        catalog: command.catalog,
        database: command.schema,
        table: command.table,
        create,
        if_exists,
        rows,
    };
    let done = query::run(service, caller, &session, ingest.into()).await?;
    Ok(query::count(&done))
}

/// Whether the table is made, and what happens if it is there.
fn what_to_do(command: &CommandStatementIngest) -> Result<(bool, IfExists), Status> {
    let unspecified = || {
        Status::invalid_argument(
            "bulk ingestion must say what to do if the table is there, and if it is not; set both options",
        )
    };
    let options = command.table_definition_options.as_ref();
    let options = options.ok_or_else(unspecified)?;
    let create = match options.if_not_exist() {
        TableNotExistOption::Create => true,
        TableNotExistOption::Fail => false,
        TableNotExistOption::Unspecified => return Err(unspecified()),
    };
    let if_exists = match options.if_exists() {
        TableExistsOption::Fail => IfExists::Fail,
        TableExistsOption::Append => IfExists::Append,
        TableExistsOption::Replace => IfExists::Replace,
        TableExistsOption::Unspecified => return Err(unspecified()),
    };
    Ok((create, if_exists))
}
