//! The database `system`: what SpotQL tells about itself, as tables that can only be read.
//!
//! `schedule_runs`, a row a run: `schedule`, `due`, `period_start`, `period_end` (exclusive), `started`, `ended`: TIMESTAMP in
//! UTC; `seconds` DOUBLE; `state`: running, done, no data or failed; `row_count` BIGINT written; `error`; `tables` that it
//! writes, parted by blanks.
//!
//! `loaded_files`, a row for each file that LOAD FILES has read into a table that is there, in the order in which they
//! were loaded. `path` is absolute, with links resolved; `size` BIGINT is in bytes; `hash` of the contents is BLAKE3 in
//! hexadecimal; `table` is `database.table`. `rows` BIGINT went there, and `rejected` BIGINT are those that have no
//! partition and went to `<table>_rejected`; `loaded_at` TIMESTAMP in UTC.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampSecondArray,
};
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;

use crate::load::LoadedFile;
use crate::warehouse::{Run, Warehouse};

const LOADED: &str = "loaded_files";
const RUNS: &str = "schedule_runs";

/// The tables of the database `system`.
#[derive(Debug)]
pub(crate) struct SystemSchema {
    pub(crate) warehouse: Arc<Warehouse>,
}

#[async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        vec![LOADED.to_owned(), RUNS.to_owned()]
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if !self.table_exist(name) {
            return Ok(None);
        }
        let rows = if name.eq_ignore_ascii_case(LOADED) {
            loaded_files(&self.warehouse.loaded_files().await?)?
        } else {
            runs(&self.warehouse.runs().await?)?
        };
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]])?;
        Ok(Some(Arc::new(table)))
    }

    fn table_exist(&self, name: &str) -> bool {
        [LOADED, RUNS]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    }
}

fn loaded_files(files: &[LoadedFile]) -> Result<RecordBatch, DataFusionError> {
    fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values))
    }
    let all = || files.iter();
    // More than a BIGINT counts is more than a disk holds.
    let counts = |count: fn(&LoadedFile) -> u64| -> ArrayRef {
        let counts = all().map(|it| i64::try_from(count(it)).unwrap_or(i64::MAX));
        Arc::new(Int64Array::from_iter_values(counts))
    };
    let tables: Vec<String> = all()
        .map(|it| format!("{}.{}", it.database, it.table))
        .collect();
    let times = TimestampMicrosecondArray::from_iter_values(all().map(|it| it.loaded_at));
    let columns: [(&str, ArrayRef); 7] = [
        ("path", texts(all().map(|it| it.path.as_str()))),
        ("size", counts(|it| it.size)),
        ("hash", texts(all().map(|it| it.hash.as_str()))),
        ("table", texts(tables.iter().map(String::as_str))),
        ("rows", counts(|it| it.rows)),
        ("rejected", counts(|it| it.rejected)),
        ("loaded_at", Arc::new(times)),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn runs(runs: &[Run]) -> Result<RecordBatch, DataFusionError> {
    fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
        Arc::new(StringArray::from_iter(values))
    }
    fn times(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
        Arc::new(TimestampSecondArray::from_iter(values))
    }
    fn instants(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from_iter(values))
    }
    let all = || runs.iter();
    let seconds = all().map(|it| Some((it.ended? - it.started) as f64 / 1000.0));
    let tables: Vec<String> = all().map(|it| it.run.tables.join(" ")).collect();
    let columns: [(&str, ArrayRef); 11] = [
        (
            "schedule",
            texts(all().map(|it| Some(it.run.schedule.as_str()))),
        ),
        ("due", times(all().map(|it| Some(it.run.due)))),
        (
            "period_start",
            times(all().map(|it| Some(it.run.period_start))),
        ),
        ("period_end", times(all().map(|it| Some(it.run.period_end)))),
        ("started", instants(all().map(|it| Some(it.started)))),
        ("ended", instants(all().map(|it| it.ended))),
        ("seconds", Arc::new(Float64Array::from_iter(seconds))),
        ("state", texts(all().map(|it| Some(it.state.as_str())))),
        (
            "row_count",
            Arc::new(Int64Array::from_iter(all().map(|it| it.rows))),
        ),
        ("error", texts(all().map(|it| it.error.as_deref()))),
        ("tables", texts(tables.iter().map(|it| Some(it.as_str())))),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(
        columns.map(|(name, column)| (name, column, true)),
    )?)
}
