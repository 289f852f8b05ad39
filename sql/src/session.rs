//! A client's session: statements in, rows or a message out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::SchemaProvider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SessionContext;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::sql::parser::Statement as DataFusionStatement;
use datafusion::sql::sqlparser::ast;
use futures::future::BoxFuture;
use spotql_catalog::{SYSTEM_DATABASE, Table, Warehouse};
use spotql_functions::Needs;
use spotql_functions::inquiry::ask_constants;
use spotql_functions::relations_as_queries;
use spotql_functions::sources::SourcesOption;

use crate::engine::{CATALOG, Engine};
use crate::erased::Erased;
use crate::error::{Error, Result};
use crate::parse::{Kind, Statement, TableName, parse};
use crate::{statement, subqueries};

/// A client's session.
pub struct Session {
    engine: Arc<Engine>,
    context: Erased<SessionContext>,
    /// What `SET name = value` said, by name.
    variables: Mutex<BTreeMap<String, String>>,
    /// What its user should know beside the rows.
    warnings: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.context.session_id())
            .finish_non_exhaustive()
    }
}

/// A statement that has been parsed and, if it is a query, planned; nothing has run yet.
#[derive(Debug)]
pub struct Prepared {
    kind: Kind,
    action: Action,
}

#[derive(Debug)]
enum Action {
    Query(Arc<dyn ExecutionPlan>),
    Rows(RecordBatch),
    Command(Erased<Statement>),
}

impl Prepared {
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
            Action::Rows(rows) => Some(rows.schema()),
            Action::Command(_) => None,
        }
    }
}

/// What a statement gave.
pub enum Outcome {
    /// Rows, computed as they are read. Dropping the stream stops the query.
    Rows(SendableRecordBatchStream),
    /// The statement is done.
    Done(Done),
}

/// A finished statement without rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// One sentence on what happened.
    pub message: String,
    /// Rows written, for a write.
    pub rows: Option<u64>,
}

impl Done {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            rows: None,
        }
    }
}

impl Session {
    pub(crate) fn new(engine: Arc<Engine>, state: SessionState) -> Self {
        Self {
            engine,
            context: Erased::new(SessionContext::new_with_state(state)),
            variables: Mutex::new(BTreeMap::new()),
            warnings: Mutex::new(BTreeSet::new()),
        }
    }

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
    /// When it cannot be parsed or planned.
    pub fn prepare<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Prepared>> {
        Box::pin(self.parse_and_plan(sql))
    }

    async fn parse_and_plan(&self, sql: &str) -> Result<Prepared> {
        let statement = parse(sql)?;
        let kind = statement.kind();
        let action = match statement {
            Statement::Query(query) => Action::Query(self.plan_query(*query).await?),
            listing if kind == Kind::Query => Action::Rows(statement::list(self, listing).await?),
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
            Action::Query(plan) => Outcome::Rows(execute_stream(plan, self.context.task_ctx())?),
            Action::Rows(rows) => {
                let schema = rows.schema();
                let stream = futures::stream::iter([Ok(rows)]);
                Outcome::Rows(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
            }
            Action::Command(command) => {
                Outcome::Done(statement::run(self, command.into_inner()).await?)
            }
        })
    }

    /// The current database.
    #[must_use]
    pub fn database(&self) -> String {
        self.context
            .state_ref()
            .read()
            .config_options()
            .catalog
            .default_schema
            .clone()
    }

    /// The warehouse.
    #[must_use]
    pub fn warehouse(&self) -> &Arc<Warehouse> {
        self.engine.warehouse()
    }

    /// The value of a variable that `SET` gave.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// What has been said of the session's statements beside their rows and messages, since it was last asked: sources of
    /// context that are not what they should be.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *warnings).into_iter().collect()
    }

    pub(crate) fn warn(&self, warning: String) {
        self.warnings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(warning);
    }

    pub(crate) fn set_variable(&self, name: String, value: String) {
        self.variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, value);
    }

    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        self.variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(crate) fn context(&self) -> &SessionContext {
        &self.context
    }

    /// The table, or an error that says where to look.
    pub(crate) async fn table(&self, name: &TableName) -> Result<Arc<Table>> {
        let database = self.database_of(name);
        self.warehouse()
            .table(&database, &name.name)
            .await?
            .ok_or_else(|| Error::TableNotFound {
                database,
                table: name.name.clone(),
            })
    }

    /// The database `system`, if that is what a name means: one that older programs made has precedence.
    pub(crate) async fn system_schema(
        &self,
        database: &str,
    ) -> Result<Option<Arc<dyn SchemaProvider>>> {
        if database != SYSTEM_DATABASE || self.warehouse().database(database).await?.is_some() {
            return Ok(None);
        }
        let catalog = self.context.catalog(CATALOG);
        Ok(catalog.and_then(|catalog| catalog.schema(database)))
    }

    pub(crate) fn database_of(&self, name: &TableName) -> String {
        name.database.clone().unwrap_or_else(|| self.database())
    }

    /// The logical plan of a query.
    pub(crate) async fn logical_plan(&self, statement: ast::Statement) -> Result<LogicalPlan> {
        plan_in(&self.context.state(), statement).await
    }

    /// The same with the types that its columns will have.
    pub(crate) async fn typed_plan(&self, statement: ast::Statement) -> Result<LogicalPlan> {
        let plan = self.logical_plan(statement).await?;
        let state = self.context.state();
        Ok(state
            .analyzer()
            .execute_and_check(plan, state.config_options(), |_, _| {})?)
    }

    pub(crate) async fn plan_query(
        &self,
        statement: ast::Statement,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.logical_plan(statement).await?;
        // sqlparser reads more than we run: DDL and DML of DataFusion's own must not slip through.
        datafusion::execution::context::SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)?;
        self.physical_plan(&plan).await
    }

    /// The kinds of sources of context that a query needs.
    pub(crate) async fn needs(&self, sql: &str) -> Result<Needs> {
        match parse(sql)? {
            Statement::Query(query) => Ok(Needs::of(&self.logical_plan(*query).await?)?),
            _ => Ok(Needs::default()),
        }
    }

    /// The physical plan of a query, with the sources of context that it needs.
    pub(crate) async fn physical_plan(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        let mut state = self.context.state();
        let needs = Needs::of(plan)?;
        if !needs.is_nothing() {
            let (sources, warnings) = self.engine.sources().get(&self.engine, needs).await?;
            warnings.into_iter().for_each(|warning| self.warn(warning));
            let sources = Arc::new(sources);
            let options = state.config_mut().options_mut();
            options
                .extensions
                .insert(SourcesOption(Arc::clone(&sources)));
            // Functions read the options as they were at this mark.
            state.mark_start_execution();
            // Constant calls are worked out while planning.
            ask_constants(plan, &sources).await?;
        }
        Ok(state.create_physical_plan(plan).await?)
    }
}

/// The logical plan of a query, with the tables that a state knows.
pub(crate) async fn plan_in(
    state: &SessionState,
    mut statement: ast::Statement,
) -> Result<LogicalPlan> {
    relations_as_queries(&mut statement);
    let statement = DataFusionStatement::Statement(Box::new(statement));
    subqueries::mend(state.statement_to_plan(statement).await?)
}

/// A listing's rows: text columns with these names.
pub(crate) fn text_rows(names: &[&str], rows: Vec<Vec<Option<String>>>) -> Result<RecordBatch> {
    let schema = Schema::new(
        names
            .iter()
            .map(|name| Field::new(*name, DataType::Utf8, true))
            .collect::<Vec<_>>(),
    );
    let columns = (0..names.len())
        .map(|i| {
            let column: StringArray = rows.iter().map(|row| row[i].as_deref()).collect();
            Arc::new(column) as ArrayRef
        })
        .collect();
    Ok(RecordBatch::try_new(Arc::new(schema), columns)
        .map_err(datafusion::error::DataFusionError::from)?)
}
