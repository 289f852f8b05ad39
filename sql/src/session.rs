//! A client's session: statements in, rows or a message out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::SchemaProvider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::TaskContext;
use datafusion::execution::context::SessionContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::sql::parser::Statement as DataFusionStatement;
use datafusion::sql::sqlparser::ast;
use spotql_catalog::{SYSTEM_DATABASE, Table, Warehouse};
use spotql_functions::Needs;
use spotql_functions::context::ContextOption;
use spotql_functions::control::{Control, ControlOption};
use spotql_functions::inquiry::ask_constants;
use spotql_functions::relations_as_queries;
use spotql_functions::settings::SpotqlOptions;

use crate::engine::{CATALOG, Engine};
use crate::erased::Erased;
use crate::error::{Error, Result};
use crate::parse::{Limits, Statement, TableName, parse};
use crate::quotes::DoubleQuoted;
use crate::{plan_size, subqueries};

/// A client's session; clones are the same session.
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
    /// The statement that is at work in this clone.
    work: Option<AtWork>,
}

/// A statement at work.
#[derive(Clone)]
struct AtWork {
    control: Arc<Control>,
    /// Where its memory comes from; none for the session's own.
    runtime: Option<Arc<RuntimeEnv>>,
}

struct Shared {
    engine: Arc<Engine>,
    user: String,
    context: Erased<SessionContext>,
    /// What `SET name = value` said, by name.
    variables: Mutex<BTreeMap<String, String>>,
    /// What its user should know beside the rows.
    warnings: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.shared.context.session_id())
            .finish_non_exhaustive()
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

impl Engine {
    /// A new session, in database `default`.
    #[must_use]
    pub fn session(self: &Arc<Self>) -> Session {
        self.session_of("")
    }

    /// A new session of a user, who has a share of what a server runs at once.
    #[must_use]
    pub fn session_of(self: &Arc<Self>, user: &str) -> Session {
        let state = SessionStateBuilder::new_from_existing(self.base().clone()).build();
        Session::new(Arc::clone(self), user.to_owned(), state)
    }
}

impl Session {
    fn new(engine: Arc<Engine>, user: String, state: SessionState) -> Self {
        Self {
            shared: Arc::new(Shared {
                engine,
                user,
                context: Erased::new(SessionContext::new_with_state(state)),
                variables: Mutex::new(BTreeMap::new()),
                warnings: Mutex::new(BTreeSet::new()),
            }),
            work: None,
        }
    }

    /// The same session, where a statement is at work: those that it runs are part of it.
    pub(crate) fn at_work(&self, control: &Arc<Control>, runtime: Option<Arc<RuntimeEnv>>) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            work: Some(AtWork {
                control: Arc::clone(control),
                runtime,
            }),
        }
    }

    /// Whether a statement is at work here.
    pub(crate) fn is_at_work(&self) -> bool {
        self.work.is_some()
    }

    /// Whose session it is; empty for the program's own.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.shared.user
    }

    /// The settings of SpotQL.
    pub(crate) fn settings(&self) -> SpotqlOptions {
        SpotqlOptions::of(self.context().state_ref().read().config_options())
    }

    /// The limits of a statement's text.
    pub(crate) fn limits(&self) -> Limits {
        Limits::from(&self.settings())
    }

    /// Parses a statement within the session's limits.
    pub(crate) fn parse(&self, sql: &str) -> Result<Statement> {
        parse(sql, &self.limits())
    }

    /// The state that the statement at work plans and runs with.
    pub(crate) fn state(&self) -> SessionState {
        let mut state = self.context().state();
        if let Some(work) = &self.work {
            let options = state.config_mut().options_mut();
            let control = Arc::clone(&work.control);
            options.extensions.insert(ControlOption(control));
            // Functions read the options as they were at this mark.
            state.mark_start_execution();
        }
        state
    }

    /// What operators run with.
    pub(crate) fn task_context(&self) -> Arc<TaskContext> {
        let context = TaskContext::from(&self.state());
        let runtime = self.work.as_ref().and_then(|work| work.runtime.clone());
        Arc::new(match runtime {
            Some(runtime) => context.with_runtime(runtime),
            None => context,
        })
    }

    /// The current database.
    #[must_use]
    pub fn database(&self) -> String {
        self.context()
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
        self.engine().warehouse()
    }

    /// The value of a variable that `SET` gave.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        self.shared
            .variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// What has been said of the session's statements beside their rows and messages, since it was last asked: sources of
    /// context that are not what they should be.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self
            .shared
            .warnings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *warnings).into_iter().collect()
    }

    pub(crate) fn warn(&self, warning: String) {
        self.shared
            .warnings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(warning);
    }

    pub(crate) fn set_variable(&self, name: String, value: String) {
        self.shared
            .variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, value);
    }

    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        self.shared
            .variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.shared.engine
    }

    pub(crate) fn context(&self) -> &SessionContext {
        &self.shared.context
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
        let catalog = self.context().catalog(CATALOG);
        Ok(catalog.and_then(|catalog| catalog.schema(database)))
    }

    pub(crate) fn database_of(&self, name: &TableName) -> String {
        name.database.clone().unwrap_or_else(|| self.database())
    }

    /// The logical plan of a query.
    pub(crate) async fn logical_plan(&self, statement: ast::Statement) -> Result<LogicalPlan> {
        plan_in(&self.state(), statement).await
    }

    /// The same with the types that its columns will have.
    pub(crate) async fn typed_plan(&self, statement: ast::Statement) -> Result<LogicalPlan> {
        typed_plan_in(&self.state(), statement).await
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
        match self.parse(sql)? {
            Statement::Query(query) => Ok(Needs::of(&self.logical_plan(*query).await?)?),
            _ => Ok(Needs::default()),
        }
    }

    /// The physical plan of a query, with the sources of context that it needs.
    pub(crate) async fn physical_plan(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        let mut state = self.state();
        let needs = Needs::of(plan)?;
        if !needs.is_nothing() {
            let (sources, warnings) = self.engine().sources().get(self.engine(), needs).await?;
            warnings.into_iter().for_each(|warning| self.warn(warning));
            let sources = Arc::new(sources);
            let options = state.config_mut().options_mut();
            options
                .extensions
                .insert(ContextOption(Arc::clone(&sources)));
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
    statement: ast::Statement,
) -> Result<LogicalPlan> {
    let plan = plan_unbound(state, statement).await?;
    if !plan.get_parameter_names()?.is_empty() {
        return Err(Error::Parameters);
    }
    let limit = SpotqlOptions::of(state.config_options()).max_plan_nodes;
    if plan_size::nodes(&plan)? > limit {
        return Err(Error::TooLarge {
            what: "steps, each view and WITH query counted where it is named",
            limit,
            setting: "spotql.max_plan_nodes",
            instead: "store a part of it with CREATE TABLE … AS SELECT".to_owned(),
        });
    }
    subqueries::mend(plan)
}

/// The same with the types that its columns will have.
pub(crate) async fn typed_plan_in(
    state: &SessionState,
    statement: ast::Statement,
) -> Result<LogicalPlan> {
    let plan = plan_in(state, statement).await?;
    Ok(state
        .analyzer()
        .execute_and_check(plan, state.config_options(), |_, _| {})?)
}

/// The plan of a query that may have parameters: it can be asked for their types, and not run.
pub(crate) async fn plan_unbound(
    state: &SessionState,
    mut statement: ast::Statement,
) -> Result<LogicalPlan> {
    let quoted = DoubleQuoted::of(&statement);
    relations_as_queries(&mut statement);
    let statement = DataFusionStatement::Statement(Box::new(statement));
    let plan = state.statement_to_plan(statement).await?;
    quoted.check(&plan)?;
    Ok(plan)
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
