//! `spotql serve`: the Arrow Flight SQL server, and the schedules.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use spotql_sql::{Concurrency, Engine, EngineOptions};
use tokio::net::TcpListener;

use super::{Common, DEFAULT_WAREHOUSE, Error};
use spotql_operations::Scheduler;
use spotql_server::{self as service, ConnectionLimits};

/// Serves the warehouse to Flight SQL clients.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port; port 0 takes a free one. Without login and TLS yet: keep it local
    #[arg(long, default_value = "127.0.0.1:8815", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Leave the warehouse's schedules to another server
    #[arg(long)]
    no_schedules: bool,
    /// Statements that run at once; others wait for their turn
    #[arg(long, default_value_t = Concurrency::default().statements, value_name = "N")]
    statements: usize,
    /// Statements of one user that run at once
    #[arg(long, default_value_t = Concurrency::default().by_user, value_name = "N")]
    statements_by_user: usize,
    /// Statements that wait for their turn; more are refused
    #[arg(long, default_value_t = Concurrency::default().queue, value_name = "N")]
    queue: usize,
    /// Connections in all
    #[arg(long, default_value_t = ConnectionLimits::default().total, value_name = "N")]
    connections: usize,
    /// Connections from one address
    #[arg(long, default_value_t = ConnectionLimits::default().by_peer, value_name = "N")]
    connections_by_address: usize,
    #[command(flatten)]
    common: Common,
}

impl Serve {
    /// Serves until interrupted (Ctrl-C or SIGTERM).
    ///
    /// # Errors
    /// When the warehouse or the address cannot be used.
    pub(crate) async fn execute(self) -> Result<(), Error> {
        #[cfg(unix)]
        ignore_hangups();
        let warehouse = self.common.warehouse(DEFAULT_WAREHOUSE);
        let engine = Engine::open(EngineOptions {
            served: true,
            concurrency: Concurrency {
                statements: self.statements.max(1),
                by_user: self.statements_by_user.max(1),
                queue: self.queue,
            },
            ..self.common.options(warehouse)
        })
        .await?;
        let listener = TcpListener::bind(self.listen).await.map_err(|error| {
            Error::Usage(format!(
                "cannot listen on {}: {error}; name another --listen",
                self.listen
            ))
        })?;
        let address = listener.local_addr().unwrap_or(self.listen);
        if !address.ip().is_loopback() {
            log::warn!("{address} can be reached from other machines, and there is no login yet");
        }
        // Programs that start the server wait for this line.
        let mut output = std::io::stdout();
        writeln!(output, "listening on grpc://{address}")
            .and_then(|()| output.flush())
            .map_err(crate::output::Error::Write)?;
        let read_only = engine.warehouse().is_read_only();
        if read_only {
            log::warn!("the warehouse can only be read here: no schedule runs");
        }
        let limits = ConnectionLimits {
            total: self.connections,
            by_peer: self.connections_by_address,
            ..ConnectionLimits::default()
        };
        if self.no_schedules || read_only {
            return Ok(service::serve(engine, listener, limits, interrupted()).await?);
        }
        let mut scheduler = Scheduler::new(Arc::clone(&engine)).await?;
        let served = tokio::select! {
            served = service::serve(engine, listener, limits, interrupted()) => served,
            () = scheduler.run() => Ok(()),
        };
        scheduler.stop().await;
        Ok(served?)
    }
}

/// A terminal that is closed, or a supervisor that means "read your settings again": there is nothing to do, and no reason
/// to end what runs.
#[cfg(unix)]
fn ignore_hangups() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::hangup()) {
        Ok(mut hangup) => {
            tokio::spawn(async move { while hangup.recv().await.is_some() {} });
        }
        Err(error) => log::warn!("SIGHUP will end the server: {error}"),
    }
}

/// Completes when the process is asked to stop.
async fn interrupted() {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
