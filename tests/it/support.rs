//! What the tests that cross crates share.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use spotql_sql::script::{Failure, Run, Script, Step};
use spotql_sql::{Engine, EngineOptions, Outcome, Session};

/// The day of the synthetic logs.
pub(crate) const DATE: &str = "2024-05-14";

/// The folder of real data beside the repository, where there is one. A test that needs it says so
/// and returns when it is absent.
#[must_use]
pub(crate) fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    folder
        .join("data")
        .is_dir()
        .then(|| folder.canonicalize().unwrap_or(folder))
}

/// A session on a new warehouse in this folder.
///
/// # Panics
/// When it cannot be made.
pub(crate) async fn session(folder: &tempfile::TempDir) -> Session {
    let options = EngineOptions::new(folder.path().join("warehouse"));
    Engine::open(options).await.unwrap().session()
}

/// The synthetic day of one kind of log, loaded.
///
/// # Panics
/// When it cannot be.
pub(crate) async fn day_of(source: &str, records: usize) -> (tempfile::TempDir, Session) {
    let folder = tempfile::tempdir().unwrap();
    let session = session(&folder).await;
    run(&session, &format!("schema/{source}.sql"), &[]).await;
    let load = format!(
        "INSERT INTO {source} PARTITION (y, m, d, h) SELECT * FROM synthetic_{source}({records}, 3, '{DATE}')"
    );
    execute(&session, &load).await;
    execute(
        &session,
        "CREATE NETWORK LIST nets AS SELECT * FROM (VALUES ('10.0.0.0/8', 'inside')) t(network, name)",
    )
    .await;
    (folder, session)
}

/// Runs a statement.
///
/// # Panics
/// When it fails.
pub(crate) async fn execute(session: &Session, sql: &str) {
    if let Err(error) = session.execute(sql).await {
        panic!("{sql}: {error}");
    }
}

/// The rows of a query, in one batch.
///
/// # Panics
/// When it fails.
pub(crate) async fn rows(session: &Session, sql: &str) -> RecordBatch {
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

/// The number that a query of one row gives first.
///
/// # Panics
/// When it fails, or gives anything else.
pub(crate) async fn number(session: &Session, sql: &str) -> i64 {
    let batch = rows(session, sql).await;
    let column = cast(batch.column(0), &DataType::Int64).unwrap();
    let column = column.as_primitive::<Int64Type>();
    assert_eq!(column.len(), 1, "{sql}");
    column.value(0)
}

/// A column as text.
///
/// # Panics
/// When there is none of that name.
pub(crate) fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = cast(batch.column_by_name(name).unwrap(), &DataType::Utf8).unwrap();
    let texts = column.as_string::<i32>().iter();
    texts.map(|text| text.map(str::to_owned)).collect()
}

/// Each row as text, in the order of the texts.
pub(crate) fn lines(batch: &RecordBatch) -> Vec<String> {
    let mut lines: Vec<String> = (0..batch.num_rows())
        .map(|row| format!("{:?}", batch.slice(row, 1).columns()))
        .collect();
    lines.sort();
    lines
}

/// Everything in a table, as text, to compare what running a script again gives.
///
/// # Panics
/// When it cannot be read.
pub(crate) async fn contents(session: &Session, table: &str) -> String {
    lines(&rows(session, &format!("SELECT * FROM {table}")).await).join("\n")
}

/// Runs a shipped script; gives the rows of its last query, if it has one.
///
/// # Errors
/// That of the first statement that fails, with its line.
pub(crate) async fn try_run(
    session: &Session,
    name: &str,
    variables: &[(&str, &str)],
) -> Result<Option<RecordBatch>, Failure> {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let script = Script::shipped(name).unwrap();
    let mut run = Run::new(&script, variables)?;
    let mut last = None;
    while let Some(statement) = run.next_statement() {
        match run.execute(session, &statement).await {
            Ok(Step::Outcome(Outcome::Rows(rows))) => {
                let schema = rows.schema();
                let batches: Vec<_> = rows
                    .try_collect()
                    .await
                    .map_err(|error| statement.failed(error.into()))?;
                last = Some(concat_batches(&schema, &batches).unwrap());
            }
            Ok(Step::Outcome(Outcome::Done(_)) | Step::Entered(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(last)
}

/// Runs a shipped script; gives the rows of its last query, if it has one.
///
/// # Panics
/// When a statement fails.
pub(crate) async fn run(
    session: &Session,
    name: &str,
    variables: &[(&str, &str)],
) -> Option<RecordBatch> {
    match try_run(session, name, variables).await {
        Ok(last) => last,
        Err(error) => panic!("{error}"),
    }
}

/// A Parquet file in one batch.
///
/// # Panics
/// When it cannot be read.
pub(crate) fn read(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}
