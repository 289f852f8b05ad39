//! Running SQL on an engine in this process.

use std::collections::BTreeMap;
use std::error::Error;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use futures::TryStreamExt;
use spotql_sql::script::{Run, Script, Step};
use spotql_sql::{Outcome, Session};

/// Runs a statement to its end; its rows are dropped.
pub(crate) async fn execute(session: &Session, sql: &str) -> Result<(), Box<dyn Error>> {
    let outcome = session.execute(sql).await;
    consume(outcome.map_err(|error| format!("{error}\nin: {sql}"))?).await
}

/// The rows of a query, in one batch.
pub(crate) async fn rows(session: &Session, sql: &str) -> Result<RecordBatch, Box<dyn Error>> {
    let failed = |error: &dyn std::fmt::Display| format!("{error}\nin: {sql}");
    let outcome = session.execute(sql).await.map_err(|error| failed(&error))?;
    let Outcome::Rows(rows) = outcome else {
        return Err(failed(&"no rows").into());
    };
    let schema = rows.schema();
    let batches: Vec<RecordBatch> = rows.try_collect().await.map_err(|error| failed(&error))?;
    Ok(concat_batches(&schema, &batches)?)
}

/// Runs a shipped script.
pub(crate) async fn run_script(
    session: &Session,
    name: &str,
    variables: &BTreeMap<String, String>,
) -> Result<(), Box<dyn Error>> {
    let script = Script::shipped(name).ok_or("no such script")?;
    let mut run = Run::new(&script, variables.clone())?;
    while let Some(statement) = run.next_statement() {
        if let Step::Outcome(outcome) = run.execute(session, &statement).await? {
            consume(outcome).await?;
        }
    }
    Ok(())
}

async fn consume(outcome: Outcome) -> Result<(), Box<dyn Error>> {
    if let Outcome::Rows(mut rows) = outcome {
        while let Some(batch) = rows.try_next().await? {
            std::hint::black_box(batch);
        }
    }
    Ok(())
}
