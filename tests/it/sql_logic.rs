//! Behaviour as SQL: every file of `slt/` runs on a warehouse of its own.
//!
//! In the files, `${TEST_DIR}` is a folder that is theirs and `${SHARED}` the folder of real data;
//! a file whose name begins with `shared_` needs the latter and is skipped without it.

use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use futures::TryStreamExt;
use spotql_sql::{AllowedPath, Engine, EngineOptions, Outcome, Session};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};

struct Database(Session);

#[async_trait::async_trait]
impl AsyncDB for Database {
    type Error = spotql_sql::Error;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Self::Error> {
        match self.0.execute(sql).await? {
            Outcome::Done(done) => Ok(DBOutput::StatementComplete(done.rows.unwrap_or(0))),
            Outcome::Rows(stream) => {
                let types = stream
                    .schema()
                    .fields()
                    .iter()
                    .map(|field| column_type(field.data_type()))
                    .collect();
                let batches: Vec<RecordBatch> = stream.try_collect().await?;
                let mut rows = Vec::new();
                for batch in &batches {
                    rows.extend(text_rows(batch).map_err(DataFusionError::from)?);
                }
                Ok(DBOutput::Rows { types, rows })
            }
        }
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &str {
        "SpotQL"
    }
}

fn column_type(data_type: &DataType) -> DefaultColumnType {
    match data_type {
        other if other.is_integer() => DefaultColumnType::Integer,
        other if other.is_floating() => DefaultColumnType::FloatingPoint,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DefaultColumnType::Text,
        _ => DefaultColumnType::Any,
    }
}

fn text_rows(
    batch: &RecordBatch,
) -> Result<Vec<Vec<String>>, datafusion::arrow::error::ArrowError> {
    let options = FormatOptions::default().with_null("NULL");
    let formatters = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<Result<Vec<_>, _>>()?;
    let cell = |text: String| {
        if text.is_empty() {
            "(empty)".to_owned()
        } else {
            text
        }
    };
    Ok((0..batch.num_rows())
        .map(|row| {
            formatters
                .iter()
                .map(|column| cell(column.value(row).to_string()))
                .collect()
        })
        .collect())
}

async fn run(file: PathBuf, shared: Option<PathBuf>) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = folder.path().join("warehouse");
    let mut runner = Runner::new(|| async {
        let mut options = EngineOptions::new(&warehouse);
        // The number of partitions is visible in plans; the tests' is the same everywhere.
        options.threads = Some(2);
        options.allowed = vec![AllowedPath {
            folder: folder.path().to_owned(),
            writable: true,
        }];
        let engine = Engine::open(options).await?;
        Ok(Database(engine.session()))
    });
    runner.set_var("TEST_DIR".to_owned(), folder.path().display().to_string());
    if let Some(shared) = shared {
        runner.set_var("SHARED".to_owned(), shared.display().to_string());
    }
    runner
        .run_file_async(&file)
        .await
        .map_err(|error| format!("{}:\n{error}", file.display()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_of_statements_gives_what_it_says() {
    let shared = crate::support::shared();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("slt");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no test files");
    let only = std::env::var("SLT").ok();
    let mut failures = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".slt") || only.as_ref().is_some_and(|only| !name.contains(only)) {
            continue;
        }
        if name.starts_with("shared_") && shared.is_none() {
            eprintln!("skipped: {name} needs ../shared, which is absent");
            continue;
        }
        if let Err(failure) = run(file, shared.clone()).await {
            failures.push(failure);
        }
    }
    assert!(
        failures.is_empty(),
        "{} file(s) failed\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}
