//! A server on a free port with an empty warehouse, and clients for it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use arrow_flight::error::FlightError;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::{FlightInfo, Ticket};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use futures::TryStreamExt;
use spotql_server as service;
use spotql_sql::{Engine, EngineOptions};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

pub(crate) type Client = FlightSqlServiceClient<Channel>;

pub(crate) struct Server {
    pub(crate) engine: Arc<Engine>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), service::Error>>,
    folder: tempfile::TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(EngineOptions::new(""), service::ConnectionLimits::default()).await
    }

    /// A server with these options, in a warehouse of its own.
    pub(crate) async fn start_with(
        options: EngineOptions,
        limits: service::ConnectionLimits,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = EngineOptions {
            served: true,
            ..options
        };
        let options = EngineOptions {
            warehouse: folder.path().to_owned(),
            ..options
        };
        let engine = Engine::open(options).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let serving = tokio::spawn(service::serve(
            Arc::clone(&engine),
            listener,
            limits,
            shutdown,
        ));
        Self {
            engine,
            address,
            stop,
            serving,
            folder,
        }
    }

    /// A server with a table `t (n INT, s STRING)` of three rows.
    pub(crate) async fn with_table() -> (Self, Client) {
        let server = Self::start().await;
        let mut client = server.client().await;
        client
            .execute_update("CREATE TABLE t (n INT, s STRING)".into(), None)
            .await
            .unwrap();
        let insert = "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL)";
        assert_eq!(client.execute_update(insert.into(), None).await.unwrap(), 3);
        (server, client)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn channel(&self) -> Channel {
        Endpoint::new(format!("http://{}", self.address))
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    pub(crate) async fn client(&self) -> Client {
        FlightSqlServiceClient::new(self.channel().await)
    }

    pub(crate) async fn stop(self) -> Result<(), service::Error> {
        let _ = self.stop.send(());
        self.serving.await.unwrap()
    }
}

pub(crate) fn ticket(info: &FlightInfo) -> Ticket {
    info.endpoint[0].ticket.clone().unwrap()
}

pub(crate) async fn fetch(client: &mut Client, info: &FlightInfo) -> Vec<RecordBatch> {
    client
        .do_get(ticket(info))
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap()
}

pub(crate) async fn query(client: &mut Client, sql: &str) -> Result<Vec<RecordBatch>, FlightError> {
    let info = client.execute(sql.to_owned(), None).await?;
    client.do_get(ticket(&info)).await?.try_collect().await
}

/// The rows as a table of text, without its frame.
pub(crate) async fn text(client: &mut Client, sql: &str) -> Vec<String> {
    lines(&query(client, sql).await.unwrap())
}

pub(crate) fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let text = pretty_format_batches(batches).unwrap().to_string();
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(1);
    rows.map(|line| {
        line.trim_matches('|')
            .split('|')
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" ")
    })
    .collect()
}

/// The status behind a client's error.
pub(crate) fn status(error: FlightError) -> Status {
    match error {
        FlightError::Tonic(status) => *status,
        other => panic!("no status: {other}"),
    }
}

pub(crate) async fn failure(client: &mut Client, sql: &str) -> (Code, String) {
    let status = status(query(client, sql).await.unwrap_err());
    (status.code(), status.message().to_owned())
}
