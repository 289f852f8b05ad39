//! A client's session: statements in, rows or a message out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::SchemaProvider;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SessionContext;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::sql::parser::Statement as DataFusionStatement;
use datafusion::sql::sqlparser::ast;
use spotql_catalog::{SYSTEM_DATABASE, Table, Warehouse};
use spotql_functions::Needs;
use spotql_functions::context::ContextOption;
use spotql_functions::inquiry::ask_constants;
use spotql_functions::relations_as_queries;

use crate::engine::{CATALOG, Engine};
use crate::erased::Erased;
use crate::error::{Error, Result};
use crate::parse::{Statement, TableName, parse};
use crate::subqueries;

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
        let state = SessionStateBuilder::new_from_existing(self.base().clone()).build();
        Session::new(Arc::clone(self), state)
    }
}

impl Session {
    fn new(engine: Arc<Engine>, state: SessionState) -> Self {
        Self {
            engine,
            context: Erased::new(SessionContext::new_with_state(state)),
            variables: Mutex::new(BTreeMap::new()),
            warnings: Mutex::new(BTreeSet::new()),
        }
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
        typed_plan_in(&self.context.state(), statement).await
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
    relations_as_queries(&mut statement);
    let statement = DataFusionStatement::Statement(Box::new(statement));
    Ok(state.statement_to_plan(statement).await?)
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
