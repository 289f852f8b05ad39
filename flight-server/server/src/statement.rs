//! Preparing and running a statement, as boxed futures with a client's errors.
//!
//! A statement's future is large, and is made of everything below. Boxed here, once, it does not
//! swell the future of every Flight call around it (nor the time that rustc takes over those).

use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::datatypes::SchemaRef;
use futures::FutureExt;
use futures::future::BoxFuture;
use spotql_sql::{Description, Outcome, Prepared, SentRows, Session};
use tonic::Status;

use super::status;

/// Parses and plans a statement; runs nothing.
pub(super) fn prepare(
    session: &Arc<Session>,
    sql: &str,
) -> BoxFuture<'static, Result<Prepared, Status>> {
    let (session, sql) = (Arc::clone(session), sql.to_owned());
    let started = Instant::now();
    async move {
        session
            .prepare(&sql)
            .await
            .map_err(status::of)
            .inspect_err(|status| {
                let duration = started.elapsed().as_millis();
                log::info!("statement, {duration} ms, failed: {:?}", status.code());
                log::debug!("{}", status.message());
            })
    }
    .boxed()
}

/// Parses a statement that may have parameters, and plans it as far as it can be without values; runs nothing.
pub(super) fn describe(
    session: &Arc<Session>,
    sql: &str,
) -> BoxFuture<'static, Result<Description, Status>> {
    let (session, sql) = (Arc::clone(session), sql.to_owned());
    async move { session.describe(&sql).await.map_err(failed) }.boxed()
}

/// Plans a statement with values for its parameters.
pub(super) fn bind(
    session: &Arc<Session>,
    sql: &str,
    types: &SchemaRef,
    rows: SentRows,
) -> BoxFuture<'static, Result<Prepared, Status>> {
    let (session, sql, types) = (Arc::clone(session), sql.to_owned(), Arc::clone(types));
    async move { session.bind(&sql, &types, rows).await.map_err(failed) }.boxed()
}

/// The status of a statement that cannot be planned, and its line in the log.
fn failed(error: spotql_sql::Error) -> Status {
    let status = status::of(error);
    log::info!("statement failed: {:?}", status.code());
    log::debug!("{}", status.message());
    status
}

/// Runs a prepared statement. Dropping the future stops it.
pub(super) fn run(
    session: &Arc<Session>,
    prepared: Prepared,
) -> BoxFuture<'static, Result<Outcome, Status>> {
    let session = Arc::clone(session);
    async move { session.run(prepared).await.map_err(status::of) }.boxed()
}
