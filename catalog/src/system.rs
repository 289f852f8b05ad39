//! The database `system`: what SpotQL tells about itself, as tables that can only be read.
//!
//! `schedule_runs`, a row a run: `schedule`, `due`, `period_start`, `period_end` (exclusive), `started`, `ended`: TIMESTAMP in
//! UTC; `seconds` DOUBLE; `state`: running, done, no data or failed; `row_count` BIGINT written; `error`; `tables` that it
//! writes, parted by blanks.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
    TimestampSecondArray,
};
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;

use crate::warehouse::{Run, Warehouse};

/// The name of the database.
pub const SYSTEM_DATABASE: &str = "system";

const RUNS: &str = "schedule_runs";

/// The tables of the database `system`.
#[derive(Debug)]
pub(crate) struct SystemSchema {
    pub(crate) warehouse: Arc<Warehouse>,
}

#[async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        vec![RUNS.to_owned()]
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if !self.table_exist(name) {
            return Ok(None);
        }
        let rows = runs(&self.warehouse.runs().await?)?;
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]])?;
        Ok(Some(Arc::new(table)))
    }

    fn table_exist(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(RUNS)
    }
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
