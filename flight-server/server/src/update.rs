//! `CommandStatementUpdate`: statements without rows, by DoPut.
//!
//! Several statements may come in one command, separated by `;` (ADBC's `executescript` sends a
//! whole file so). All are parsed before the first one runs; they then run in order, in one
//! session, each a transaction of its own. An error says which statement failed and that those
//! before it are done. Variables (`${…}`) belong to `spotql run` and are not replaced.

use spotql_sql::Prepared;
use spotql_sql::script::split;
use tonic::{Code, Status};

use super::service::Service;
use super::session::Caller;
use super::{query, statement};

/// Runs the statements and returns the number of rows they wrote.
pub(super) async fn do_put(service: &Service, caller: &Caller, sql: &str) -> Result<i64, Status> {
    let session = service.sessions.session(caller).await?;
    let texts: Vec<&str> = match split(sql) {
        Ok(pieces) if pieces.len() > 1 => pieces.into_iter().map(|piece| piece.text).collect(),
        // One statement, none, or a quote that does not close: the parser says it best.
        _ => vec![sql],
    };
    let mut prepared: Vec<Prepared> = Vec::with_capacity(texts.len());
    for (i, text) in texts.iter().enumerate() {
        let planned = statement::prepare(&session, text).await;
        let planned = planned.and_then(|planned| match planned.schema() {
            Some(_) => Err(query::returns_rows()),
            None => Ok(planned),
        });
        prepared.push(
            planned
                .map_err(|status| of_statement(i, texts.len(), "nothing has been run", &status))?,
        );
    }
    let mut rows = 0_i64;
    for (i, planned) in prepared.into_iter().enumerate() {
        let done = query::run(service, caller, &session, planned)
            .await
            .map_err(|status| {
                of_statement(i, texts.len(), "those before it have been run", &status)
            })?;
        rows = rows.saturating_add(query::count(&done));
    }
    Ok(rows)
}

/// A status that says which of several statements it is about.
fn of_statement(index: usize, statements: usize, so_far: &str, status: &Status) -> Status {
    if statements == 1 {
        return status.clone();
    }
    let code: Code = status.code();
    let message = status.message();
    Status::new(
        code,
        format!(
            "statement {} of {statements}: {message} ({so_far})",
            index + 1
        ),
    )
}
