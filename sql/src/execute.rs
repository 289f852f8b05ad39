//! Statements from text to rows: parsed, planned, run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use spotql_catalog::Warehouse;
use spotql_functions::control::Control;
use uuid::Uuid;

use crate::engine::Engine;
use crate::erased::Erased;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::parse::{Kind, Statement};
use crate::plan_size;
use crate::sent::Ingest;
use crate::session::{Done, Outcome, Session};
use crate::sources::Host;
use crate::statement;
use crate::work::{Boxed, Make, Rows, Work};

/// A statement that has been parsed and, if it is a query, planned. Nothing has been changed yet; a listing (SHOW, DESCRIBE) has
/// been looked at for its columns, and is read again when it runs.
#[derive(Debug)]
pub struct Prepared {
    kind: Kind,
    control: Arc<Control>,
    action: Action,
}

#[derive(Debug)]
enum Action {
    Query(Arc<dyn ExecutionPlan>),
    Listing(Erased<Statement>, SchemaRef),
    Command(Erased<Statement>),
}

impl Prepared {
    /// A query with this plan.
    pub(crate) fn query(plan: Arc<dyn ExecutionPlan>, control: Arc<Control>) -> Self {
        Self {
            kind: Kind::Query,
            control,
            action: Action::Query(plan),
        }
    }

    /// A statement that returns no rows and needs no planning.
    pub(crate) fn command(statement: Statement) -> Self {
        Self {
            kind: statement.kind(),
            control: Arc::default(),
            action: Action::Command(Erased::new(statement)),
        }
    }

    /// The plan of a query.
    pub(crate) fn into_plan(self) -> Option<Arc<dyn ExecutionPlan>> {
        match self.action {
            Action::Query(plan) => Some(plan),
            Action::Listing(..) | Action::Command(_) => None,
        }
    }

    /// What the statement does.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The statement's number, by which the log and errors name it.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.control.id()
    }

    /// Bytes that it takes while it waits, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.action {
            Action::Query(plan) => plan_size::bytes(plan),
            Action::Listing(..) | Action::Command(_) => 0,
        }
    }

    /// The schema of the rows it returns, exactly as they will come; none if it returns none.
    #[must_use]
    pub fn schema(&self) -> Option<SchemaRef> {
        match &self.action {
            Action::Query(plan) => Some(plan.schema()),
            Action::Listing(_, schema) => Some(Arc::clone(schema)),
            Action::Command(_) => None,
        }
    }
}

impl From<Ingest> for Prepared {
    fn from(ingest: Ingest) -> Self {
        Self::command(Statement::Ingest(Box::new(ingest)))
    }
}

impl Session {
    /// Runs one statement.
    ///
    /// # Errors
    /// When it cannot be parsed, planned or run. Errors of a query's execution come with its rows.
    pub fn execute<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Outcome>> {
        Box::pin(async move { self.run(self.prepare(sql).await?).await })
    }

    /// Parses and plans one statement.
    ///
    /// # Errors
    /// When it cannot be parsed or planned; in a server also when it was stopped, or as many statements wait as may.
    pub fn prepare<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Prepared>> {
        let sql = sql.to_owned();
        self.planning(move |session, control| {
            Box::pin(async move { session.plan(session.parse(&sql)?, control).await })
        })
    }

    /// A step of planning, where statements are planned: in a server on threads of their own.
    pub(crate) fn planning<'a, T: Send + 'static>(
        &'a self,
        step: impl FnOnce(Self, Arc<Control>) -> Boxed<T> + Send + 'a,
    ) -> BoxFuture<'a, Result<T>> {
        Box::pin(async move {
            let control: Arc<Control> = Arc::default();
            let own = Arc::clone(&control);
            self.working(&control, |session| step(session, own)).await
        })
    }

    /// Works on a statement: in a server on threads of its own, else in place.
    async fn working<T: Send + 'static>(
        &self,
        control: &Arc<Control>,
        step: impl FnOnce(Self) -> Boxed<T>,
    ) -> Result<T> {
        match self.work() {
            None => step(self.clone()).await,
            Some(work) => {
                let step = |runtime| step(self.at_work(control, Some(runtime)));
                work.run(control, self.user(), self.time(), step).await
            }
        }
    }

    pub(crate) async fn plan(
        &self,
        statement: Statement,
        control: Arc<Control>,
    ) -> Result<Prepared> {
        let kind = statement.kind();
        let action = match statement {
            Statement::Query(query) => Action::Query(self.plan_query(*query).await?),
            Statement::ExplainInsert(explain) => {
                let plan = statement::explain_insert(self, *explain).await?;
                Action::Query(self.physical_plan(&plan).await?)
            }
            listing if listing.is_listing() => {
                let schema = statement::list(self, listing.clone()).await?.schema();
                Action::Listing(Erased::new(listing), schema)
            }
            command => Action::Command(Erased::new(command)),
        };
        Ok(Prepared {
            kind,
            control,
            action,
        })
    }

    /// Runs a prepared statement.
    ///
    /// # Errors
    /// When a command fails; in a server also when it was stopped, or as many statements wait as may. Errors of a query's
    /// execution come with its rows.
    pub fn run(&self, prepared: Prepared) -> BoxFuture<'_, Result<Outcome>> {
        Box::pin(self.run_prepared(prepared))
    }

    async fn run_prepared(&self, prepared: Prepared) -> Result<Outcome> {
        let work = self.work();
        let Prepared {
            control, action, ..
        } = prepared;
        Ok(match (action, work) {
            (Action::Query(plan), None) => {
                Outcome::Rows(execute_stream(plan, self.task_context())?)
            }
            (Action::Query(plan), Some(work)) => {
                let schema = plan.schema();
                let rows = self.rows_on(work, control, plan, |rows| {
                    rows.map_err(Error::from).boxed()
                });
                let rows = rows.map_err(DataFusionError::from);
                Outcome::Rows(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
            }
            (Action::Listing(listing, _), _) => {
                let list = |session: Self| -> Boxed<RecordBatch> {
                    Box::pin(async move { statement::list(&session, listing.into_inner()).await })
                };
                rows_of(self.working(&control, list).await?)
            }
            (Action::Command(command), _) => {
                let done = |session: Self| -> Boxed<Done> {
                    Box::pin(async move { session.command(command.into_inner()).await })
                };
                Outcome::Done(self.working(&control, done).await?)
            }
        })
    }

    /// Runs a prepared query, and makes its batches into something else where they are computed: in a server on the
    /// statement's own threads. `None` for a statement that is no query.
    pub fn rows<T: Send + 'static>(
        &self,
        prepared: Prepared,
        convert: impl FnOnce(BoxStream<'static, Result<RecordBatch>>) -> BoxStream<'static, Result<T>>
        + Send
        + 'static,
    ) -> BoxFuture<'_, Result<Option<Rows<T>>>> {
        Box::pin(async move {
            match (prepared, self.work()) {
                (
                    Prepared {
                        action: Action::Query(plan),
                        control,
                        ..
                    },
                    Some(work),
                ) => Ok(Some(self.rows_on(work, control, plan, |rows| {
                    convert(rows.map_err(Error::from).boxed())
                }))),
                (prepared, _) => match self.run_prepared(prepared).await? {
                    Outcome::Rows(rows) => {
                        let rows = rows.map_err(Error::from).boxed();
                        Ok(Some(Rows::in_place(convert(rows))))
                    }
                    Outcome::Done(_) => Ok(None),
                },
            }
        })
    }

    fn rows_on<T: Send + 'static>(
        &self,
        work: &Arc<Work>,
        control: Arc<Control>,
        plan: Arc<dyn ExecutionPlan>,
        convert: impl FnOnce(SendableRecordBatchStream) -> BoxStream<'static, Result<T>>
        + Send
        + 'static,
    ) -> Rows<T> {
        let (session, controlled) = (self.clone(), Arc::clone(&control));
        let make: Make<T> = Box::new(move |runtime| {
            let session = session.at_work(&controlled, Some(runtime));
            Ok(convert(execute_stream(plan, session.task_context())?))
        });
        work.rows(&control, self.user(), self.time(), make)
    }

    /// Runs a command; a write that somebody else's write was faster than is tried again, for a time.
    async fn command(&self, command: Statement) -> Result<Done> {
        let patience = Duration::try_from_secs_f64(self.settings().conflict_timeout);
        let until = Instant::now() + patience.unwrap_or(Duration::ZERO);
        let mut pause = FIRST_PAUSE;
        // The rows of a client are read once.
        let again = !matches!(command, Statement::BoundInsert(_) | Statement::Ingest(_));
        loop {
            match statement::run(self, command.clone()).await {
                Err(Error::Catalog(spotql_catalog::Error::Conflict { .. }))
                    if again && Instant::now() + pause < until =>
                {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                done => return done,
            }
        }
    }

    /// What keeps statements apart, if they are served and this is not one of them already.
    fn work(&self) -> Option<&Arc<Work>> {
        match self.is_at_work() {
            true => None,
            false => self.engine().work(),
        }
    }

    /// How long a statement may take.
    fn time(&self) -> Option<Duration> {
        let seconds = self.settings().statement_timeout;
        Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|time| !time.is_zero())
    }
}

/// Between two tries of a write.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The rows of a listing.
fn rows_of(rows: RecordBatch) -> Outcome {
    let schema = rows.schema();
    let stream = futures::stream::iter([Ok(rows)]);
    Outcome::Rows(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
}

#[async_trait]
impl Host for Arc<Engine> {
    fn warehouse(&self) -> &Arc<Warehouse> {
        Engine::warehouse(self)
    }

    fn network(&self) -> Option<&Arc<dyn Network>> {
        Engine::network(self)
    }

    async fn rows(&self, query: &str, database: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        // Part of the statement that needs the source, which has its turn already.
        let session = self.session().at_work(&Arc::default(), None);
        session.execute(&format!("USE `{database}`")).await?;
        // One source that reads another would have to wait for it, and might wait for itself.
        if !session.needs(query).await?.is_nothing() {
            return Err(Error::Unsupported {
                what: "a source made with functions that read sources (geolocation, reputation, network_context, …)"
                    .to_owned(),
                instead: "store what they give with CREATE TABLE … AS SELECT, and make the source of that table"
                    .to_owned(),
            });
        }
        let Outcome::Rows(rows) = session.execute(query).await? else {
            return Err(Error::Unsupported {
                what: "a source AS a statement that is no query".to_owned(),
                instead: "give AS SELECT …".to_owned(),
            });
        };
        let schema = rows.schema();
        Ok((schema, rows.try_collect().await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineOptions;

    #[tokio::test]
    async fn a_prepared_listing_is_of_the_time_at_which_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let options = EngineOptions::new(folder.path().join("warehouse"));
        let session = Engine::open(options).await.unwrap().session();
        let prepared = session.prepare("SHOW TABLES").await.unwrap();
        assert_eq!(prepared.schema().unwrap().field(0).name(), "tab_name");
        session.execute("CREATE TABLE later (a INT)").await.unwrap();
        let Outcome::Rows(rows) = session.run(prepared).await.unwrap() else {
            panic!("a listing gives rows");
        };
        let rows: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
        assert!(session.prepare("DESCRIBE earlier").await.is_err());
    }
}
