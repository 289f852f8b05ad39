//! Preparing and running a statement, as boxed futures with a client's errors.
//!
//! A statement's future is large, and is made of everything below. Boxed here, once, it does not
//! swell the future of every Flight call around it (nor the time that rustc takes over those).

use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use spotql_sql::{Outcome, Prepared, Session};
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

/// Runs a prepared statement. Dropping the future stops it.
pub(super) fn run(
    session: &Arc<Session>,
    prepared: Prepared,
) -> BoxFuture<'static, Result<Outcome, Status>> {
    let session = Arc::clone(session);
    async move { session.run(prepared).await.map_err(status::of) }.boxed()
}
