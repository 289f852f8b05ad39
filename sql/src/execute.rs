//! Statements from text to rows: parsed, planned, run.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::TryStreamExt;
use futures::future::BoxFuture;
use spotql_catalog::Warehouse;

use crate::engine::Engine;
use crate::erased::Erased;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::parse::{Kind, Statement, parse};
use crate::sent::Ingest;
use crate::session::{Outcome, Session};
use crate::sources::Host;
use crate::statement;

/// A statement that has been parsed and, if it is a query, planned. Nothing has been changed yet; a listing (SHOW, DESCRIBE) has
/// been looked at for its columns, and is read again when it runs.
#[derive(Debug)]
pub struct Prepared {
    kind: Kind,
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
    pub(crate) fn query(plan: Arc<dyn ExecutionPlan>) -> Self {
        Self {
            kind: Kind::Query,
            action: Action::Query(plan),
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
        Self {
            kind: Kind::Write,
            action: Action::Command(Erased::new(Statement::Ingest(Box::new(ingest)))),
        }
    }
}

impl Session {
    /// Runs one statement.
    ///
    /// # Errors
    /// When it cannot be parsed, planned or run. Errors of a query's execution come with its rows.
    pub fn execute<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Outcome>> {
        Box::pin(async move {
            let statement = parse(sql)?;
            match statement.is_listing() {
                true => Ok(rows_of(statement::list(self, statement).await?)),
                false => self.run(self.plan(statement).await?).await,
            }
        })
    }

    /// Parses and plans one statement.
    ///
    /// # Errors
    /// When it cannot be parsed or planned.
    pub fn prepare<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Prepared>> {
        Box::pin(async move { self.plan(parse(sql)?).await })
    }

    pub(crate) async fn plan(&self, statement: Statement) -> Result<Prepared> {
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
        Ok(Prepared { kind, action })
    }

    /// Runs a prepared statement.
    ///
    /// # Errors
    /// When a command fails. Errors of a query's execution come with its rows.
    pub fn run(&self, prepared: Prepared) -> BoxFuture<'_, Result<Outcome>> {
        Box::pin(self.run_prepared(prepared))
    }

    async fn run_prepared(&self, prepared: Prepared) -> Result<Outcome> {
        Ok(match prepared.action {
            Action::Query(plan) => Outcome::Rows(execute_stream(plan, self.context().task_ctx())?),
            Action::Listing(listing, _) => {
                rows_of(statement::list(self, listing.into_inner()).await?)
            }
            Action::Command(command) => {
                Outcome::Done(statement::run(self, command.into_inner()).await?)
            }
        })
    }
}

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
        let session = self.session();
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
