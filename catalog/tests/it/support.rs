//! A warehouse in a temporary folder, with a DataFusion session on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use datafusion::execution::context::{SessionConfig, SessionContext};
use datafusion::physical_plan::ExecutionPlan;
use spotql_catalog::{
    Column, HiveCatalog, InsertMode, InsertReport, Result, Table, TableDefinition, Warehouse,
    WarehouseOptions,
};
use tempfile::TempDir;

pub(crate) struct Setup {
    pub(crate) folder: TempDir,
    pub(crate) warehouse: Arc<Warehouse>,
    pub(crate) session: SessionContext,
}

/// Replaced files go as soon as nobody in this process reads them.
pub(crate) fn no_grace() -> WarehouseOptions {
    WarehouseOptions {
        grace: Duration::ZERO,
        ..WarehouseOptions::default()
    }
}

pub(crate) fn session(warehouse: &Arc<Warehouse>) -> SessionContext {
    let config = SessionConfig::new()
        .with_default_catalog_and_schema("spotql", "default")
        .with_target_partitions(3);
    let session = SessionContext::new_with_config(config);
    session.register_catalog("spotql", Arc::new(HiveCatalog::new(Arc::clone(warehouse))));
    session
}

impl Setup {
    pub(crate) async fn new() -> Self {
        Self::with(no_grace()).await
    }

    pub(crate) async fn with(options: WarehouseOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = Warehouse::open_with(folder.path(), options).await.unwrap();
        let session = session(&warehouse);
        Self {
            folder,
            warehouse,
            session,
        }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Makes a table of `name type` columns.
    pub(crate) async fn table(
        &self,
        name: &str,
        columns: &[&str],
        partitions: &[&str],
    ) -> Arc<Table> {
        self.create(definition(name, columns, partitions)).await
    }

    pub(crate) async fn create(&self, definition: TableDefinition) -> Arc<Table> {
        let (database, name) = (definition.database.clone(), definition.name.clone());
        assert!(
            self.warehouse
                .create_table(definition, false)
                .await
                .unwrap()
        );
        self.warehouse
            .table(&database, &name)
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn plan(&self, sql: &str) -> Arc<dyn ExecutionPlan> {
        self.session
            .sql(sql)
            .await
            .unwrap()
            .create_physical_plan()
            .await
            .unwrap()
    }

    pub(crate) async fn insert(
        &self,
        table: &Table,
        mode: InsertMode,
        partition: &[(&str, &str)],
        sql: &str,
    ) -> Result<InsertReport> {
        let plan = self.plan(sql).await;
        let partition = spec(partition);
        self.warehouse
            .insert(table, mode, partition, plan, self.session.task_ctx())
            .await
    }

    pub(crate) async fn query(&self, sql: &str) -> Vec<RecordBatch> {
        self.session
            .sql(sql)
            .await
            .unwrap()
            .collect()
            .await
            .unwrap()
    }

    /// The rows as `a|b` lines, in the query's order.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<String> {
        lines(&self.query(sql).await)
    }

    pub(crate) async fn error(&self, sql: &str) -> String {
        match self.session.sql(sql).await {
            Ok(frame) => frame.collect().await.unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    }

    pub(crate) async fn explain(&self, sql: &str) -> String {
        let batches = self.query(&format!("EXPLAIN {sql}")).await;
        pretty_format_batches(&batches).unwrap().to_string()
    }

    /// Files below a folder that outside programs would read, relative, sorted.
    pub(crate) fn visible(&self, relative: &str) -> Vec<String> {
        visible_files(&self.path(relative))
    }
}

pub(crate) fn spec(partition: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    partition
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                (*value != "NULL").then(|| value.to_string()),
            )
        })
        .collect()
}

pub(crate) fn definition(name: &str, columns: &[&str], partitions: &[&str]) -> TableDefinition {
    let (database, name) = name.split_once('.').unwrap_or(("default", name));
    let parse = |columns: &[&str]| {
        columns
            .iter()
            .map(|column| {
                let (name, data_type) = column.split_once(' ').unwrap();
                Column::new(name, data_type.parse().unwrap())
            })
            .collect::<Vec<_>>()
    };
    let mut definition = TableDefinition::new(database, name, parse(columns));
    definition.partition_columns = parse(partitions);
    definition
}

pub(crate) fn lines(batches: &[RecordBatch]) -> Vec<String> {
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    let options = FormatOptions::default().with_null("NULL");
    let mut lines = Vec::new();
    for batch in batches {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns
                .iter()
                .map(|column| column.value(row).to_string())
                .collect();
            lines.push(cells.join("|"));
        }
    }
    lines
}

/// All files below a folder, relative, sorted.
pub(crate) fn all_files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, below: &str, found: &mut Vec<String>) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().into_string().unwrap();
            let path = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            // A file may go while this looks.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => walk(&entry.path(), &path, found),
                _ => found.push(path),
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, "", &mut found);
    found.sort();
    found
}

pub(crate) fn visible_files(folder: &Path) -> Vec<String> {
    let mut files = all_files(folder);
    files.retain(|path| !path.split('/').any(|part| part.starts_with(['_', '.'])));
    files
}
