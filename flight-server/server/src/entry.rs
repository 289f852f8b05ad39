//! What every call passes through.
//!
//! arrow-flight turns a `FlightSqlService` into the gRPC service, and hides the response's
//! headers, GetSchema and the list of actions in doing so. [`Entry`] stands around it: it finds
//! the caller's session, adds the cookie of a new one, answers GetSchema and ListActions, and ends
//! calls and streams when the server stops. PollFlightInfo belongs to a later issue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::{Any, Command};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
};
use datafusion::arrow::datatypes::Schema;
use futures::future::{Either, select};
use futures::{FutureExt, Stream, StreamExt, stream};
use prost::Message;
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};

use super::service::Service;
use super::session::Caller;
use super::wire::Wire;
use super::{actions, prepared, statement, status};

/// The gRPC service.
#[derive(Clone)]
pub(super) struct Entry {
    service: Arc<Service>,
    stopping: watch::Receiver<bool>,
}

type Boxed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Entry {
    /// `stopping` turns true, or its sender goes, when all calls are to end.
    pub(super) fn new(service: Arc<Service>, stopping: watch::Receiver<bool>) -> Self {
        Self { service, stopping }
    }

    async fn call<'a, Q: Send, R, F>(
        &'a self,
        mut request: Request<Q>,
        run: impl FnOnce(Request<Q>) -> F + Send,
    ) -> Result<Response<R>, Status>
    where
        F: Future<Output = Result<Response<R>, Status>> + Send + Unpin + 'a,
    {
        let caller = self
            .service
            .sessions
            .caller(request.metadata(), request.remote_addr())?;
        request.extensions_mut().insert(caller.clone());
        let stopped = Box::pin(stopped(self.stopping.clone()));
        // A fault of ours must end neither the connection nor what else goes on in it.
        let run = AssertUnwindSafe(run(request)).catch_unwind();
        let mut response = match select(run, stopped).await {
            Either::Left((Ok(response), _)) => response?,
            Either::Left((Err(_), _)) => return Err(status::fault()),
            Either::Right(_) => return Err(server_stops()),
        };
        caller.set_cookie(response.metadata_mut());
        Ok(response)
    }

    /// The result's schema: of a statement without running it, of a listing as GetFlightInfo has it.
    async fn schema(&self, caller: &Caller, request: Request<FlightDescriptor>) -> SchemaAnswer {
        let schema = match command(&request.get_ref().cmd)? {
            Command::CommandStatementQuery(command) => {
                let session = self.service.sessions.session(caller).await?;
                let prepared = statement::prepare(&session, &command.query).await?;
                match prepared.schema() {
                    Some(schema) => Schema::clone(Wire::new(&schema).schema()),
                    None => Schema::empty(),
                }
            }
            Command::CommandPreparedStatementQuery(command) => {
                let handle = command.prepared_statement_handle;
                prepared::find(&self.service, caller, &handle)?.schema()
            }
            _ => {
                let info = self.service.get_flight_info(request).await?;
                return Ok(Response::new(SchemaResult {
                    schema: info.into_inner().schema,
                }));
            }
        };
        Ok(Response::new(SchemaResult {
            schema: prepared::encoded(&schema)?,
        }))
    }
}

type SchemaAnswer = Result<Response<SchemaResult>, Status>;

#[async_trait::async_trait]
impl FlightService for Entry {
    type HandshakeStream = Boxed<HandshakeResponse>;
    type ListFlightsStream = Boxed<FlightInfo>;
    type DoGetStream = Boxed<FlightData>;
    type DoPutStream = Boxed<PutResult>;
    type DoActionStream = Boxed<arrow_flight::Result>;
    type ListActionsStream = Boxed<ActionType>;
    type DoExchangeStream = Boxed<FlightData>;

    async fn handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        self.service.handshake(request).await
    }

    async fn list_flights(
        &self,
        _: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        Err(Status::unimplemented(
            "ListFlights is not supported; Flight SQL's GetTables lists the tables",
        ))
    }

    async fn get_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        command(&request.get_ref().cmd)?;
        self.call(request, |request| self.service.get_flight_info(request))
            .await
    }

    async fn poll_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        Err(Status::unimplemented(
            "PollFlightInfo is not supported yet; use GetFlightInfo",
        ))
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> SchemaAnswer {
        let answer = |request: Request<FlightDescriptor>| {
            async move {
                let caller = request.extensions().get::<Caller>().cloned();
                let lost = || Status::internal("the call has lost its session; this is a bug");
                self.schema(&caller.ok_or_else(lost)?, request).await
            }
            .boxed()
        };
        self.call(request, answer).await
    }

    async fn do_get(
        &self,
        request: Request<Ticket>,
    ) -> Result<Response<Self::DoGetStream>, Status> {
        command(&request.get_ref().ticket)?;
        let response = self
            .call(request, |request| self.service.do_get(request))
            .await?;
        Ok(response.map(|rows| until_stopped(rows, self.stopping.clone())))
    }

    async fn do_put(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        self.call(request, |request| self.service.do_put(request))
            .await
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        Err(Status::unimplemented(
            "DoExchange is not supported; Flight SQL does not use it",
        ))
    }

    async fn do_action(
        &self,
        request: Request<Action>,
    ) -> Result<Response<Self::DoActionStream>, Status> {
        self.call(request, |request| self.service.do_action(request))
            .await
    }

    async fn list_actions(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        Ok(Response::new(Box::pin(stream::iter(
            actions::list().into_iter().map(Ok),
        ))))
    }
}

/// The command in a descriptor or ticket. arrow-flight's own errors about it are Debug text.
fn command(bytes: &[u8]) -> Result<Command, Status> {
    Any::decode(bytes)
        .ok()
        .and_then(|message| Command::try_from(message).ok())
        .ok_or_else(|| {
            Status::invalid_argument("the descriptor or ticket holds no command of Flight SQL")
        })
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the server is gone, which is as good a reason.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

fn until_stopped(rows: Boxed<FlightData>, stopping: watch::Receiver<bool>) -> Boxed<FlightData> {
    let mut stopped = Box::pin(stopped(stopping));
    let mut rows = Some(rows);
    Box::pin(stream::poll_fn(move |context| {
        let Some(open) = rows.as_mut() else {
            return Poll::Ready(None);
        };
        if stopped.poll_unpin(context).is_ready() {
            rows = None;
            return Poll::Ready(Some(Err(server_stops())));
        }
        match catch_unwind(AssertUnwindSafe(|| open.poll_next_unpin(context))) {
            Ok(polled) => polled,
            Err(_) => {
                rows = None;
                Poll::Ready(Some(Err(status::fault())))
            }
        }
    }))
}

fn server_stops() -> Status {
    Status::unavailable("the server is stopping; run the statement again when it is back")
}
