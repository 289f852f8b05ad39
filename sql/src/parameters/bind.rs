//! Statements with their values.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::sql::sqlparser::ast::{self, Expr, SetExpr, SetOperator, SetQuantifier};
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};
use spotql_functions::control::Control;

use super::number::{has_parameter, replace};
use super::value::value_of;
use super::write::bound_insert;
use crate::error::{Error, Result};
use crate::execute::Prepared;
use crate::parse::{Limits, Statement, parse_numbered};
use crate::sent::SentRows;
use crate::session::Session;

/// The most rows of values for one query; each is an execution.
const EXECUTIONS: usize = 10_000;
/// The most rows of values for an INSERT … SELECT: they become one statement.
const SELECTS: usize = 200;

/// A row of values as literals, one for each parameter.
type Literals = Vec<Expr>;

impl Session {
    /// Plans a statement with rows of values for its parameters, each row being one execution: a query returns the rows
    /// of all executions, in their order, and an INSERT writes the rows of all executions at once. `types` are those of
    /// [`super::Description::parameters`].
    ///
    /// # Errors
    /// When the statement has more or fewer parameters than there are columns, a value does not become what is needed,
    /// or the statement cannot be parsed or planned.
    pub fn bind<'a>(
        &'a self,
        sql: &'a str,
        types: &'a Schema,
        rows: SentRows,
    ) -> BoxFuture<'a, Result<Prepared>> {
        Box::pin(async move {
            let (statement, names) = self.parse_numbered(sql)?;
            let columns = rows.schema().fields().iter();
            let places = names
                .places(columns.map(|field| field.name().as_str()))
                .ok_or_else(|| Error::Bound {
                    expected: names.len(),
                    found: rows.schema().fields().len(),
                })?;
            if names.is_empty() {
                return self.prepare(sql).await;
            }
            if let Statement::Insert(insert) = &statement
                && let Some(bound) = bound_insert(insert, &places, &rows)?
            {
                return Ok(Prepared::command(Statement::BoundInsert(Box::new(bound))));
            }
            let (most, instead) = match &statement {
                Statement::Query(_) | Statement::ExplainInsert(_) => {
                    (EXECUTIONS, "execute it several times")
                }
                _ => (
                    SELECTS,
                    "write INSERT … VALUES (?, …), which takes any number, or execute it several times",
                ),
            };
            // The client may take its time: nothing is planned before its rows are there.
            let batches = rows.read(self.task_context(), most, instead).await?;
            let rows = literals(&batches, &places, types)?;
            let sql = sql.to_owned();
            self.planning(move |session, control| {
                Box::pin(async move { session.plan_with(&sql, rows, control).await })
            })
            .await
        })
    }

    /// Plans a statement with rows of values.
    async fn plan_with(
        &self,
        sql: &str,
        rows: Vec<Literals>,
        control: Arc<Control>,
    ) -> Result<Prepared> {
        let (statement, _) = self.parse_numbered(sql)?;
        match (rows.as_slice(), statement) {
            ([], _) => Err(Error::Parameters),
            ([row], _) => self.plan(with_values(self, sql, row)?, control).await,
            (_, Statement::Query(_) | Statement::ExplainInsert(_)) => {
                self.repeat(sql, rows, control).await
            }
            (rows, Statement::Insert(insert)) => {
                let insert = union(*insert, rows)?;
                self.plan(Statement::Insert(Box::new(insert)), control)
                    .await
            }
            _ => Err(Error::Unsupported {
                what: "this statement with several rows of values".to_owned(),
                instead: "execute it once for each row".to_owned(),
            }),
        }
    }

    /// A query that is executed for several rows of values.
    async fn repeat(
        &self,
        sql: &str,
        rows: Vec<Literals>,
        control: Arc<Control>,
    ) -> Result<Prepared> {
        let first = match rows.first() {
            Some(row) => {
                let first = with_values(self, sql, row)?;
                self.plan(first, Arc::clone(&control)).await?
            }
            None => return Err(Error::Parameters),
        };
        let fields = first.schema();
        let fields = fields.iter().flat_map(|schema| schema.fields());
        let fields = fields.map(|it| Field::new(it.name(), it.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let executions = Executions {
            session: self.clone(),
            control: Arc::clone(&control),
            sql: sql.to_owned(),
            rows,
            schema: Arc::clone(&schema),
        };
        let plan = StreamingTableExec::try_new(
            schema,
            vec![Arc::new(executions)],
            None,
            Vec::new(),
            false,
            None,
        )?;
        let plan: Arc<dyn ExecutionPlan> = Arc::new(plan);
        Ok(Prepared::query(plan, control))
    }
}

/// The statement with values in the places of its parameters.
pub(super) fn with_values(session: &Session, sql: &str, values: &[Expr]) -> Result<Statement> {
    let put = &mut |statement: &mut ast::Statement| {
        if let ast::Statement::Insert(insert) = &*statement {
            check_partition(insert)?;
        }
        replace(statement, values);
        Ok(())
    };
    Ok(parse_numbered(sql, &session.limits(), put)?.0)
}

/// An expression of PARTITION is read as text; a value on its own is not.
fn check_partition(insert: &ast::Insert) -> Result<()> {
    let is_alone = |value: &Expr| match value {
        Expr::BinaryOp { right, .. } => super::number::place(right).is_some(),
        _ => false,
    };
    let mut entries = insert.partitioned.iter().flatten();
    match entries.find(|entry| has_parameter(*entry) && !is_alone(entry)) {
        Some(entry) => Err(Error::Unsupported {
            what: format!("PARTITION ({entry})"),
            instead: "write a parameter alone, as in PARTITION (m = ?)".to_owned(),
        }),
        None => Ok(()),
    }
}

/// `INSERT … q1 UNION ALL q2 …`, a query for each row.
fn union(insert: ast::Insert, rows: &[Literals]) -> Result<ast::Insert> {
    if insert.partitioned.iter().flatten().any(has_parameter) {
        return Err(Error::Unsupported {
            what: "several rows of values for a parameter in PARTITION".to_owned(),
            instead: "write INSERT … VALUES (?, …) with the partition columns at its end"
                .to_owned(),
        });
    }
    let Some(source) = &insert.source else {
        return Err(Error::Parameters);
    };
    let mut parts: Vec<SetExpr> = rows
        .iter()
        .map(|row| {
            let mut query = source.clone();
            replace(&mut query, row);
            SetExpr::Query(query)
        })
        .collect();
    // Planning walks the tree by recursion: it is no deeper than it must be.
    while parts.len() > 1 {
        let mut halves = Vec::with_capacity(parts.len().div_ceil(2));
        let mut rest = parts.into_iter();
        while let Some(left) = rest.next() {
            halves.push(match rest.next() {
                Some(right) => SetExpr::SetOperation {
                    op: SetOperator::Union,
                    set_quantifier: SetQuantifier::All,
                    left: Box::new(left),
                    right: Box::new(right),
                },
                None => left,
            });
        }
        parts = halves;
    }
    let Some(body) = parts.pop() else {
        return Err(Error::Parameters);
    };
    let mut query = match crate::parse::parse("SELECT 1", &Limits::default())? {
        Statement::Query(query) => match *query {
            ast::Statement::Query(query) => query,
            _ => return Err(Error::Parameters),
        },
        _ => return Err(Error::Parameters),
    };
    query.body = Box::new(body);
    Ok(ast::Insert {
        source: Some(query),
        ..insert
    })
}

/// The rows of some batches, a literal for each parameter.
fn literals(batches: &[RecordBatch], places: &[usize], types: &Schema) -> Result<Vec<Literals>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let values = places.iter().enumerate().map(|(parameter, place)| {
                let value = ScalarValue::try_from_array(batch.column(*place), row)?;
                let needed = types.fields().get(parameter).map(|field| field.data_type());
                value_of(&value, needed).map_err(|reason| Error::ParameterValue {
                    parameter: parameter + 1,
                    reason,
                })
            });
            rows.push(values.collect::<Result<_>>()?);
        }
    }
    Ok(rows)
}

/// The executions of a query, one after the other.
struct Executions {
    session: Session,
    control: Arc<Control>,
    sql: String,
    rows: Vec<Literals>,
    schema: SchemaRef,
}

impl fmt::Debug for Executions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows.len();
        f.debug_struct("Executions")
            .field("rows", &rows)
            .finish_non_exhaustive()
    }
}

impl PartitionStream for Executions {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (session, sql) = (self.session.clone(), self.sql.clone());
        let (schema, control) = (Arc::clone(&self.schema), Arc::clone(&self.control));
        let executions = stream::iter(self.rows.clone()).then(move |row| {
            let (session, sql, schema) = (session.clone(), sql.clone(), Arc::clone(&schema));
            let (context, control) = (Arc::clone(&context), Arc::clone(&control));
            let rows: BoxFuture<'static, _> = Box::pin(async move {
                let plan = execution(&session, &sql, &row, control).await?;
                let rows = execute_stream(plan, context)?;
                Ok::<_, DataFusionError>(rows.map(move |batch| same_columns(&batch?, &schema)))
            });
            rows
        });
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            executions.try_flatten(),
        ))
    }
}

/// The plan of one execution.
async fn execution(
    session: &Session,
    sql: &str,
    row: &[Expr],
    control: Arc<Control>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let prepared = session
        .plan(with_values(session, sql, row)?, control)
        .await?;
    prepared.into_plan().ok_or(Error::Parameters)
}

/// A batch with the columns of the first execution: whether they may be NULL depends on the values.
fn same_columns(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = batch.columns().to_vec();
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|_| {
        DataFusionError::Plan(
            "the rows of values give results of several types; bind values of one type, or CAST the parameter"
                .to_owned(),
        )
    })
}
