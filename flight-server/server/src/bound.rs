//! The values that a client has bound to a prepared statement: they live with the statement's handle, until others are
//! bound or the statement is closed.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use spotql_sql::{Error as SqlError, Prepared, SentRows};
use tonic::Status;

use super::service::Statement;
use super::{statement, status};

/// The most bytes of values that are kept for one statement. Rows of a DoPut that executes an INSERT are not kept.
const MOST: usize = 16 << 20;

/// The values bound to one statement.
#[derive(Debug, Clone, Default)]
pub(super) struct Bound(Arc<Mutex<Option<SentRows>>>);

impl Bound {
    fn get(&self) -> Option<SentRows> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.clone()
    }

    fn set(&self, rows: SentRows) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(rows);
    }
}

/// Plans a statement with the values that are bound to it.
pub(super) async fn prepare(statement: &Statement) -> Result<Prepared, Status> {
    if statement.parameters.fields().is_empty() {
        return statement::prepare(&statement.session, &statement.sql).await;
    }
    let rows = statement.bound.get();
    let rows = rows.ok_or_else(|| status::of(SqlError::Parameters))?;
    prepare_with(statement, rows).await
}

/// Plans a statement with these values.
pub(super) async fn prepare_with(
    statement: &Statement,
    rows: SentRows,
) -> Result<Prepared, Status> {
    check(&statement.parameters, rows.schema())?;
    statement::bind(
        &statement.session,
        &statement.sql,
        &statement.parameters,
        rows,
    )
    .await
}

/// Keeps values for the executions to come; returns their size in bytes.
pub(super) async fn keep(statement: &Statement, rows: SentRows) -> Result<usize, Status> {
    check(&statement.parameters, rows.schema())?;
    let schema = Arc::clone(rows.schema());
    let mut stream = rows.stream(SessionContext::new().task_ctx());
    let (mut batches, mut bytes) = (Vec::new(), 0);
    while let Some(batch) = stream.try_next().await.map_err(status::of_rows)? {
        bytes += batch.get_array_memory_size();
        if bytes > MOST {
            return Err(Status::resource_exhausted(format!(
                "more than {} MiB of values are bound to this statement; execute an INSERT as an update, which reads \
                 them as they arrive, or bind fewer rows",
                MOST >> 20
            )));
        }
        batches.push(batch);
    }
    statement.bound.set(SentRows::held(schema, batches));
    Ok(bytes)
}

/// Whether there is a value for each parameter.
fn check(parameters: &SchemaRef, values: &SchemaRef) -> Result<(), Status> {
    let (expected, found) = (parameters.fields().len(), values.fields().len());
    match expected == found {
        true => Ok(()),
        false => Err(status::of(SqlError::Bound { expected, found })),
    }
}
