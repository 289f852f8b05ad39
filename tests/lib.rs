//! What the tests that cross crates share.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on ends"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use spotql_sql::script::{self, Script, Step};
use spotql_sql::{Outcome, Session};

/// The folder of real data beside the repository, where there is one. A test that needs it says so
/// and returns when it is absent.
#[must_use]
pub fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    folder
        .join("data")
        .is_dir()
        .then(|| folder.canonicalize().unwrap_or(folder))
}

/// The rows of a query, in one batch.
///
/// # Panics
/// When it fails.
pub async fn rows(session: &Session, sql: &str) -> RecordBatch {
    let outcome = match session.execute(sql).await {
        Ok(outcome) => outcome,
        Err(error) => panic!("{sql}: {error}"),
    };
    let Outcome::Rows(rows) = outcome else {
        panic!("no rows: {sql}")
    };
    let schema = rows.schema();
    let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
    concat_batches(&schema, &batches).unwrap()
}

/// Runs a shipped script; gives the rows of its last query, if it has one.
///
/// # Errors
/// That of the first statement that fails, with its line.
pub async fn try_run(
    session: &Session,
    name: &str,
    variables: &[(&str, &str)],
) -> Result<Option<RecordBatch>, String> {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let script = Script::shipped(name).unwrap();
    let mut last = None;
    for piece in script.statements().unwrap() {
        let failed = |error: &dyn std::fmt::Display| format!("{name}:{}: {error}", piece.line);
        match script::execute(session, &piece, &variables).await {
            Ok(Step::Outcome(Outcome::Rows(rows))) => {
                let schema = rows.schema();
                let batches: Vec<_> = rows.try_collect().await.map_err(|error| failed(&error))?;
                last = Some(concat_batches(&schema, &batches).unwrap());
            }
            Ok(Step::Outcome(Outcome::Done(_))) => {}
            Ok(Step::Run(inner)) => {
                let variables: Vec<_> = variables
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                last = Box::pin(try_run(session, &inner.name, &variables)).await?;
            }
            Err(error) => return Err(failed(&error)),
        }
    }
    Ok(last)
}

/// Runs a shipped script; gives the rows of its last query, if it has one.
///
/// # Panics
/// When a statement fails.
pub async fn run(session: &Session, name: &str, variables: &[(&str, &str)]) -> Option<RecordBatch> {
    match try_run(session, name, variables).await {
        Ok(last) => last,
        Err(error) => panic!("{error}"),
    }
}

/// A Parquet file in one batch.
///
/// # Panics
/// When it cannot be read.
pub fn read(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}
