//! The Arrow Flight SQL server: statements in, rows out, over gRPC.
//!
//! One module a family of commands: `query`, `update`, `prepared` with `bound`, `ingest`, `transactions`, `cancel`,
//! `catalog` with `sql_info` and `type_info`, `actions`. Around them: `entry` is what every call passes, `flight_sql`
//! hands it to its family, `session` and `user` say whose it is. `handles` keeps what lives between calls, `statement` runs
//! statements, `wire` and `rows` make the bytes, `status` the errors. `connections` and `linger` are about the sockets.
//!
//! A query is planned at GetFlightInfo and runs at DoGet; all else runs at GetFlightInfo or
//! DoPut, once (see `query`). A client that goes away stops what it started. While a statement
//! computes, HTTP/2 pings keep the connection alive.
//!
//! Not here yet, each refused with a sentence: login and TLS, PollFlightInfo, session options.

mod actions;
mod bound;
mod cancel;
mod catalog;
mod connections;
mod entry;
mod flight_sql;
mod handles;
mod ingest;
mod linger;
mod prepared;
mod query;
mod rows;
mod service;
mod session;
mod sql_info;
mod statement;
mod status;
mod transactions;
mod type_info;
mod update;
mod upload;
mod user;
mod wire;

use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use futures::{TryStreamExt, future};
use spotql_sql::Engine;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

pub use connections::ConnectionLimits;
use connections::Connections;
use entry::Entry;
use handles::{Handles, Limits};
use service::Service;
use session::Sessions;
use transactions::Transactions;

/// Why the server could not be started, or stopped by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The network failed.
    #[error("the Flight SQL server has stopped: {}; start it again", causes(.0))]
    Transport(#[from] tonic::transport::Error),
    /// The server's own tables could not be made.
    #[error("the Flight SQL server cannot start: {0}")]
    Startup(#[from] arrow_flight::error::FlightError),
}

/// Queries between GetFlightInfo and DoGet. They hold a plan, and with it files.
const WAITING: Limits = Limits {
    lifetime: Duration::from_secs(600),
    entries: 1_000,
    bytes: 64 << 20,
};
/// Prepared statements. They hold their text and a session.
const PREPARED: Limits = Limits {
    lifetime: Duration::from_secs(8 * 3600),
    entries: 2_000,
    bytes: 64 << 20,
};
/// How often what has outlived its lifetime is looked for.
const SWEEP: Duration = Duration::from_secs(60);

/// The largest message taken from a client: an INSERT of many VALUES is one statement, a frame of pandas' one batch. What is
/// sent is cut to about 2 MiB a message by the encoder, unless a single row is larger.
const LARGEST_MESSAGE: usize = 128 << 20;
/// Calls of one connection at the same time.
const STREAMS: u32 = 256;
const PING: Duration = Duration::from_secs(20);

/// After the shutdown signal, what runs may take this long to end by itself, and then this long
/// again to be cancelled.
const GRACE: Duration = Duration::from_secs(2);

/// Serves the engine's warehouse on `listener` until `shutdown` is ready.
///
/// New calls are then refused; what runs has two seconds to end, is cancelled with `UNAVAILABLE`
/// after that, and the function returns within four seconds at most.
///
/// # Errors
/// When the network fails. Errors of single connections and statements go to their clients.
pub async fn serve(
    engine: Arc<Engine>,
    listener: TcpListener,
    limits: ConnectionLimits,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let guarded = Arc::clone(&engine);
    let service = Arc::new(Service {
        sessions: Sessions::new(Arc::clone(&engine)),
        engine,
        prepared: Handles::new(PREPARED),
        waiting: Handles::new(WAITING),
        transactions: Transactions::new(),
        sql_info: sql_info::sql_info()?,
        type_info: type_info::type_info()?,
    });
    let (stop, stopping) = watch::channel(false);
    let flight = FlightServiceServer::new(Entry::new(Arc::clone(&service), stopping))
        .max_decoding_message_size(LARGEST_MESSAGE);

    let (begin, mut begun) = watch::channel(false);
    let ending = async move {
        shutdown.await;
        // The receiver lives as long as this function, which this future is part of.
        let _ = begin.send(true);
    };
    let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
    let places = Connections::new(limits);
    let connections = connections.try_filter_map(move |stream| future::ready(places.take(stream)));
    let server = Server::builder()
        .http2_keepalive_interval(Some(PING))
        .http2_keepalive_timeout(Some(PING))
        .tcp_keepalive(Some(PING))
        .max_concurrent_streams(STREAMS)
        .add_service(flight)
        .serve_with_incoming_shutdown(connections, ending);
    let mut server = std::pin::pin!(server.into_future());
    let mut sweeps = time::interval(SWEEP);
    let mut guard = std::pin::pin!(guarded.guard());
    loop {
        tokio::select! {
            ended = &mut server => return Ok(ended?),
            _ = sweeps.tick() => service.sweep(),
            () = &mut guard => {}
            signal = begun.wait_for(|begun| *begun) => {
                drop(signal);
                break;
            }
        }
    }
    if let Ok(ended) = time::timeout(GRACE, &mut server).await {
        return Ok(ended?);
    }
    let _ = stop.send(true);
    // Connections whose clients do not react are left to the end of the process.
    match time::timeout(GRACE, server).await {
        Ok(ended) => Ok(ended?),
        Err(_) => Ok(()),
    }
}

/// tonic's errors say "transport error" and keep the reason in their sources.
fn causes(error: &tonic::transport::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
