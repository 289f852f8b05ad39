//! The protocol stopped between any two of its steps, and taken up by another process.

use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::context::SessionContext;
use datafusion::physical_plan::{ExecutionPlan, collect};
use object_store::path::Path;
use tempfile::TempDir;

use super::*;
use crate::layout::{RETIRED_SUFFIX, STAGING_DIRECTORY, retired_path};
use crate::{
    Column, HiveTable, HiveType, InsertMode, LoadRequest, Table, TableDefinition, Warehouse,
    WarehouseOptions,
};

pub(super) struct Fixture {
    pub(super) folder: TempDir,
    pub(super) warehouse: Arc<Warehouse>,
    pub(super) table: Arc<Table>,
}

async fn open(folder: &std::path::Path) -> Arc<Warehouse> {
    let options = WarehouseOptions {
        grace: Duration::ZERO,
        ..WarehouseOptions::default()
    };
    Warehouse::open_with(folder, options).await.unwrap()
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = open(folder.path()).await;
        let columns = vec![Column::new("a", HiveType::BigInt)];
        warehouse
            .create_table(TableDefinition::new("default", "t", columns), false)
            .await
            .unwrap();
        let table = warehouse.table("default", "t").await.unwrap().unwrap();
        Self {
            folder,
            warehouse,
            table,
        }
    }

    pub(super) async fn rows(&self, warehouse: &Arc<Warehouse>) -> Vec<i64> {
        run(self.plan(warehouse).await).await
    }

    async fn plan(&self, warehouse: &Arc<Warehouse>) -> Arc<dyn ExecutionPlan> {
        let session = SessionContext::new();
        let table = HiveTable::new(Arc::clone(warehouse), Arc::clone(&self.table));
        session.register_table("t", Arc::new(table)).unwrap();
        let sql = "SELECT a FROM t ORDER BY a";
        session
            .sql(sql)
            .await
            .unwrap()
            .create_physical_plan()
            .await
            .unwrap()
    }

    pub(super) async fn insert(&self, mode: InsertMode, value: i64) -> InsertReport {
        let context = SessionContext::new();
        let plan = values(value).await;
        self.warehouse
            .insert(&self.table, mode, vec![], plan, context.task_ctx())
            .await
            .unwrap()
    }

    /// An insert that stops after the commit, as if its process died there.
    async fn commit_and_die(&self, mode: InsertMode, value: i64) -> String {
        let (warehouse, input) = (&self.warehouse, values(value).await);
        let job = warehouse.insert_job(&self.table, mode, vec![], &input);
        let job = job.await.unwrap();
        let write = insert::insert_without_settling(&warehouse.backend, job, input);
        write.await.unwrap().id.clone()
    }

    pub(super) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path().join("t"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

pub(super) async fn values(value: i64) -> Arc<dyn ExecutionPlan> {
    let session = SessionContext::new();
    let sql = format!("SELECT {value}::bigint a");
    session
        .sql(&sql)
        .await
        .unwrap()
        .create_physical_plan()
        .await
        .unwrap()
}

async fn run(plan: Arc<dyn ExecutionPlan>) -> Vec<i64> {
    use arrow::array::AsArray;
    let batches = collect(plan, SessionContext::new().task_ctx())
        .await
        .unwrap();
    batches
        .iter()
        .flat_map(|batch| {
            batch
                .column(0)
                .as_primitive::<arrow::datatypes::Int64Type>()
                .values()
                .to_vec()
        })
        .collect()
}

#[test]
fn a_retired_name_is_hidden_and_no_parquet_file() {
    let path = Path::parse("w/t/h=00%3A00/part-1-0.parquet").unwrap();
    let retired = retired_path(&path).unwrap();
    assert_eq!(retired.as_ref(), "w/t/h=00%3A00/_part-1-0.parquet.retired");
    assert!(!crate::storage::is_data_name(retired.filename().unwrap()));
}

#[tokio::test]
async fn a_write_that_died_while_staging_is_undone() {
    let fixture = Fixture::new().await;
    fixture.insert(InsertMode::Into, 1).await;
    let write = Write::begin(&fixture.warehouse.backend, Some(fixture.table.id))
        .await
        .unwrap();
    let staged = write.staged_path(&fixture.table.location, 0).await.unwrap();
    let path = std::path::PathBuf::from(format!("/{}", staged.path()));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, b"half").unwrap();
    // A half-written upload has a name that the object store does not list.
    std::fs::write(path.with_extension("staged#1"), b"half").unwrap();
    let other = open(fixture.folder.path()).await;
    assert!(path.exists(), "its owner lives");
    drop(write);
    other.maintain().await;
    assert_eq!(fixture.files().len(), 1);
    assert_eq!(fixture.rows(&other).await, [1]);
}

#[tokio::test]
async fn a_committed_write_is_read_before_its_files_are_moved() {
    let fixture = Fixture::new().await;
    fixture.insert(InsertMode::Into, 1).await;
    fixture.commit_and_die(InsertMode::Overwrite, 2).await;
    assert_eq!(
        fixture.files().len(),
        2,
        "the old file, the staging directory"
    );
    let plan = fixture.plan(&fixture.warehouse).await;
    assert_eq!(fixture.rows(&fixture.warehouse).await, [2]);
    let other = open(fixture.folder.path()).await;
    assert_eq!(fixture.files().len(), 1, "{:?}", fixture.files());
    assert_eq!(fixture.rows(&other).await, [2]);
    assert_eq!(run(plan).await, [2], "planned when the file was staged");
}

#[tokio::test]
async fn a_settling_that_was_interrupted_anywhere_is_completed() {
    for renames in 0..=2 {
        let fixture = Fixture::new().await;
        fixture.insert(InsertMode::Into, 1).await;
        let old = fixture.folder.path().join("t").join(&fixture.files()[0]);
        let id = fixture.commit_and_die(InsertMode::Overwrite, 2).await;
        if renames >= 1 {
            let retired = format!(
                "_{}{RETIRED_SUFFIX}",
                old.file_name().unwrap().to_str().unwrap()
            );
            std::fs::rename(&old, old.with_file_name(retired)).unwrap();
        }
        if renames >= 2 {
            let staged = fixture
                .folder
                .path()
                .join(format!("t/{STAGING_DIRECTORY}/{id}/0.staged"));
            std::fs::rename(staged, old.with_file_name(format!("part-{id}-0.parquet"))).unwrap();
        }
        assert_eq!(
            fixture.rows(&fixture.warehouse).await,
            [2],
            "after {renames} renames"
        );
        let other = open(fixture.folder.path()).await;
        assert_eq!(fixture.rows(&other).await, [2]);
        assert_eq!(fixture.files(), [format!("part-{id}-0.parquet")]);
    }
}

#[tokio::test]
async fn a_replacement_waits_for_the_files_it_replaces() {
    let fixture = Fixture::new().await;
    fixture.commit_and_die(InsertMode::Into, 1).await;
    fixture.insert(InsertMode::Overwrite, 2).await;
    assert_eq!(fixture.rows(&fixture.warehouse).await, [2]);
    fixture.commit_and_die(InsertMode::Overwrite, 3).await;
    fixture
        .warehouse
        .refresh(&fixture.table, None)
        .await
        .unwrap();
    assert_eq!(
        fixture.rows(&fixture.warehouse).await,
        [3],
        "REFRESH did not lose or double it"
    );
    fixture.commit_and_die(InsertMode::Into, 4).await;
    assert!(
        fixture
            .warehouse
            .drop_table("default", "t", false)
            .await
            .unwrap()
    );
    assert!(!fixture.folder.path().join("t").exists());
}

#[tokio::test]
async fn replaced_files_stay_as_long_as_a_plan_may_read_them() {
    let fixture = Fixture::new().await;
    fixture.insert(InsertMode::Into, 1).await;
    let plan = fixture.plan(&fixture.warehouse).await;
    fixture.insert(InsertMode::Overwrite, 2).await;
    fixture.warehouse.maintain().await;
    assert_eq!(
        fixture.files().len(),
        2,
        "the new file, and the old one hidden"
    );
    assert_eq!(run(plan).await, [1]);
    fixture.warehouse.maintain().await;
    assert_eq!(fixture.files().len(), 1);
}

#[tokio::test]
async fn a_table_that_was_to_be_made_leaves_no_directory_when_its_maker_dies() {
    let fixture = Fixture::new().await;
    let write = Write::begin(&fixture.warehouse.backend, None)
        .await
        .unwrap();
    let place = fixture.warehouse.backend.root.join("new").unwrap();
    let staged = write.staged_path(&place, 0).await.unwrap();
    let path = std::path::PathBuf::from(format!("/{}", staged.path()));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, b"half").unwrap();
    drop(write);
    open(fixture.folder.path()).await;
    assert!(!fixture.folder.path().join("new").exists());
}

/// Servers run these on threads of a pool.
#[allow(dead_code)]
fn the_public_futures_can_be_sent(
    warehouse: &'static Warehouse,
    table: &'static Table,
    files: &'static crate::FileSet,
    definition: TableDefinition,
    plan: Arc<dyn ExecutionPlan>,
) {
    fn sendable<F: Future + Send>(_: F) {}
    let context = SessionContext::new().task_ctx();
    sendable(Warehouse::open("x"));
    sendable(warehouse.create_database("d", true, None, None));
    sendable(warehouse.drop_database("d", true, true));
    sendable(warehouse.create_table(definition.clone(), true));
    sendable(warehouse.drop_table("d", "t", true));
    sendable(warehouse.add_partition(table, vec![], None, true));
    sendable(warehouse.drop_partitions(table, vec![], true));
    sendable(warehouse.repair(table));
    sendable(warehouse.refresh(table, None));
    sendable(warehouse.invalidate(None));
    sendable(warehouse.maintain());
    let into = InsertMode::Into;
    sendable(warehouse.insert(table, into, vec![], Arc::clone(&plan), Arc::clone(&context)));
    sendable(warehouse.create_table_as(definition, Arc::clone(&plan), Arc::clone(&context)));
    let request = LoadRequest {
        partition: vec![],
        rows: plan,
        rejected: vec![],
        missing: vec![],
    };
    sendable(warehouse.load(table, files, request, context));
}
