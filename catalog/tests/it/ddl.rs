//! Databases and tables.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::StreamExt;
use spotql_catalog::{
    AllowedPath, Error, InsertMode, Location, Table, Warehouse, WarehouseOptions,
};
use tokio::sync::Notify;

use crate::support::{Setup, all_files, definition, no_grace, session, spec};

#[tokio::test]
async fn a_warehouse_that_is_opened_again_or_moved_keeps_everything() {
    let setup = Setup::new().await;
    setup
        .warehouse
        .create_database("Logs", false, Some("c".into()), None)
        .await
        .unwrap();
    let table = setup.table("logs.t", &["a bigint"], &["p int"]).await;
    setup
        .insert(
            &table,
            InsertMode::Into,
            &[("p", "1")],
            "SELECT 5::bigint a",
        )
        .await
        .unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("moved");
    drop(setup.session);
    drop(setup.warehouse);
    std::fs::rename(setup.folder.path(), &moved).unwrap();
    let warehouse = Warehouse::open(&moved).await.unwrap();
    let names: Vec<String> = warehouse
        .databases()
        .await
        .unwrap()
        .into_iter()
        .map(|database| database.name)
        .collect();
    assert_eq!(names, ["default", "logs"]);
    let session = session(&warehouse);
    let rows = session
        .sql("SELECT a, p FROM LOGS.T")
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(crate::support::lines(&rows), ["5|1"]);
}

#[tokio::test]
async fn databases_are_made_once_and_dropped_when_empty() {
    let setup = Setup::new().await;
    let warehouse = &setup.warehouse;
    assert!(
        warehouse
            .create_database("d", false, None, None)
            .await
            .unwrap()
    );
    assert!(
        !warehouse
            .create_database("D", true, None, None)
            .await
            .unwrap()
    );
    let error = warehouse
        .create_database("d", false, None, None)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::DatabaseExists { .. }), "{error}");
    setup.table("d.t", &["a int"], &[]).await;
    let error = warehouse
        .drop_database("d", false, false)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("CASCADE"), "{error}");
    assert!(warehouse.drop_database("d", false, true).await.unwrap());
    assert!(!warehouse.drop_database("d", true, false).await.unwrap());
    assert!(matches!(
        warehouse
            .drop_database("d", false, false)
            .await
            .unwrap_err(),
        Error::DatabaseNotFound { .. }
    ));
    assert!(
        warehouse
            .drop_database("default", true, true)
            .await
            .is_err()
    );
    assert!(!setup.path("d.db").exists());
}

#[tokio::test]
async fn names_of_tables_are_found_in_any_case() {
    let setup = Setup::new().await;
    let table = setup.table("MixedCase", &["A bigint"], &[]).await;
    assert_eq!(table.full_name(), "default.mixedcase");
    assert!(
        setup
            .warehouse
            .table("DEFAULT", "mixedCASE")
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        setup.rows("SELECT count(*) FROM \"MIXEDCASE\"").await,
        ["0"]
    );
    assert_eq!(
        setup.warehouse.tables("default").await.unwrap(),
        ["mixedcase"]
    );
    let error = setup.warehouse.tables("nope").await.unwrap_err();
    assert!(matches!(error, Error::DatabaseNotFound { .. }));
}

#[tokio::test]
async fn dropping_a_managed_table_deletes_its_data_and_nothing_else() {
    let setup = Setup::new().await;
    let mut parent = definition("flow", &["a bigint"], &["p int"]);
    parent.location = Some("flow/hive".into());
    let parent = setup.create(parent).await;
    let mut child = definition("scores", &["a bigint"], &["p int"]);
    child.location = Some("flow/hive/oa/suspicious".into());
    let child = setup.create(child).await;
    for table in [&parent, &child] {
        setup
            .insert(table, InsertMode::Into, &[("p", "1")], "SELECT 1::bigint a")
            .await
            .unwrap();
    }
    std::fs::write(setup.path("flow/hive/p=1/_SUCCESS"), b"").unwrap();
    std::fs::write(setup.path("flow/hive/p=1/foreign.parquet"), b"x").unwrap();
    assert!(
        setup
            .warehouse
            .drop_table("default", "FLOW", false)
            .await
            .unwrap()
    );
    // What the table does not know stays, and keeps its directory.
    let mut left = all_files(&setup.path("flow/hive/p=1"));
    left.sort();
    assert_eq!(left, ["_SUCCESS", "foreign.parquet"]);
    assert_eq!(setup.rows("SELECT count(*) FROM scores").await, ["1"]);
    assert!(
        !setup
            .warehouse
            .drop_table("default", "flow", true)
            .await
            .unwrap()
    );
    let error = setup
        .warehouse
        .drop_table("default", "flow", false)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TableNotFound { .. }));
    assert!(
        setup
            .warehouse
            .drop_table("default", "scores", false)
            .await
            .unwrap()
    );
    let mut left = all_files(&setup.path("flow"));
    left.sort();
    assert_eq!(left, ["hive/p=1/_SUCCESS", "hive/p=1/foreign.parquet"]);
}

#[tokio::test]
async fn a_dropped_table_can_be_made_again_and_starts_empty() {
    let setup = Setup::new().await;
    for round in 0..3 {
        let table = setup.table("t", &["a bigint"], &[]).await;
        assert_eq!(
            setup.rows("SELECT count(*) FROM t").await,
            ["0"],
            "round {round}"
        );
        setup
            .insert(&table, InsertMode::Into, &[], "SELECT 1::bigint a")
            .await
            .unwrap();
        setup
            .warehouse
            .drop_table("default", "t", false)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn dropping_an_external_table_leaves_its_data() {
    let outside = tempfile::tempdir().unwrap();
    let allowed = vec![AllowedPath {
        folder: outside.path().to_owned(),
        writable: true,
    }];
    let setup = Setup::with(WarehouseOptions {
        allowed,
        ..no_grace()
    })
    .await;
    let mut external = definition("e", &["a bigint"], &[]);
    external.external = true;
    external.location = Some(format!("file://{}/data", outside.path().display()));
    let table = setup.create(external.clone()).await;
    setup
        .insert(&table, InsertMode::Into, &[], "SELECT 1::bigint a")
        .await
        .unwrap();
    setup
        .warehouse
        .drop_table("default", "e", false)
        .await
        .unwrap();
    assert_eq!(all_files(outside.path()).len(), 1);
    setup.create(external).await;
    assert_eq!(
        setup.rows("SELECT count(*) FROM e").await,
        ["1"],
        "the files that lie there are seen"
    );
}

#[tokio::test]
async fn a_query_planned_before_a_drop_still_reads() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    setup
        .insert(&table, InsertMode::Into, &[], "SELECT 1::bigint a")
        .await
        .unwrap();
    let plan = setup.plan("SELECT a FROM t").await;
    setup
        .warehouse
        .drop_table("default", "t", false)
        .await
        .unwrap();
    assert!(
        setup.visible("t").is_empty(),
        "other programs do not see it any more"
    );
    let rows = datafusion::physical_plan::collect(plan, setup.session.task_ctx())
        .await
        .unwrap();
    assert_eq!(crate::support::lines(&rows), ["1"]);
    drop(rows);
    setup.warehouse.maintain().await;
    assert!(!setup.path("t").exists());
}

/// Rows that come in two halves: the second waits until the test says so.
#[derive(Debug)]
struct Gate {
    schema: SchemaRef,
    half_way: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl PartitionStream for Gate {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10));
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), vec![column]).unwrap();
        let (half_way, go_on) = (Arc::clone(&self.half_way), Arc::clone(&self.go_on));
        let first = batch.clone();
        let rows = futures::stream::once(async move { Ok(first) }).chain(futures::stream::once(
            async move {
                half_way.notify_one();
                go_on.notified().await;
                Ok(batch)
            },
        ));
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            rows,
        ))
    }
}

/// What an INSERT says if something happens to its table half way through.
pub(crate) async fn interrupted_insert(
    setup: &Setup,
    table: &Table,
    meanwhile: impl AsyncFnOnce(),
) -> String {
    let (half_way, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let schema = Arc::clone(table.file_schema());
    let gate = Gate {
        schema: Arc::clone(&schema),
        half_way: half_way.clone(),
        go_on: go_on.clone(),
    };
    let plan = StreamingTableExec::try_new(schema, vec![Arc::new(gate)], None, vec![], false, None);
    let partition = table.definition.partition_columns.iter();
    let partition = partition
        .map(|column| (column.name.clone(), Some("1".into())))
        .collect();
    let insert = setup.warehouse.insert(
        table,
        InsertMode::Into,
        partition,
        Arc::new(plan.unwrap()),
        setup.session.task_ctx(),
    );
    let interruption = async {
        half_way.notified().await;
        meanwhile().await;
        go_on.notify_one();
    };
    let (result, ()) = tokio::join!(insert, interruption);
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn a_table_dropped_during_a_write_makes_it_fail_and_leaves_nothing() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    let error = interrupted_insert(&setup, &table, async || {
        setup
            .warehouse
            .drop_table("default", "t", false)
            .await
            .unwrap();
    })
    .await;
    assert!(error.contains("dropped during the write"), "{error}");
    assert!(
        !setup.path("t").exists(),
        "{:?}",
        all_files(&setup.path("t"))
    );
    assert!(all_files(&setup.path("_spotql_locks")).is_empty());
}

#[tokio::test]
async fn a_partition_dropped_during_a_write_makes_it_fail_and_leaves_nothing() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &["p int"]).await;
    setup
        .insert(
            &table,
            InsertMode::Into,
            &[("p", "1")],
            "SELECT 1::bigint a",
        )
        .await
        .unwrap();
    let error = interrupted_insert(&setup, &table, async || {
        let partition = spec(&[("p", "1")]);
        setup
            .warehouse
            .drop_partitions(&table, partition, false)
            .await
            .unwrap();
    })
    .await;
    assert!(
        error.contains("(p=1): it was dropped during the write"),
        "{error}"
    );
    assert!(
        all_files(&setup.path("t")).is_empty(),
        "{:?}",
        all_files(&setup.path("t"))
    );
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["0"]);
}

#[tokio::test]
async fn a_definition_that_cannot_be_is_refused() {
    let setup = Setup::new().await;
    let mut root = definition("t", &["a bigint"], &[]);
    root.location = Some(setup.folder.path().display().to_string());
    let error = setup.warehouse.create_table(root, false).await.unwrap_err();
    assert!(
        error.to_string().contains("would delete the warehouse"),
        "{error}"
    );
    let nowhere = definition("nope.t", &["a bigint"], &[]);
    let error = setup
        .warehouse
        .create_table(nowhere, false)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::DatabaseNotFound { .. }), "{error}");
    setup.table("t", &["a bigint"], &[]).await;
    let mut same = definition("u", &["a bigint"], &[]);
    same.location = Some("t".into());
    let error = setup.warehouse.create_table(same, false).await.unwrap_err();
    assert!(
        error.to_string().contains("another table lies at"),
        "{error}"
    );
    assert!(
        !setup
            .warehouse
            .create_table(definition("t", &["b int"], &[]), true)
            .await
            .unwrap()
    );
    let error = setup
        .warehouse
        .create_table(definition("t", &["b int"], &[]), false)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TableExists { .. }), "{error}");
}

#[tokio::test]
async fn many_handles_may_open_one_new_warehouse_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let opened = futures::future::join_all(
        (0..8).map(|_| Warehouse::open_with(folder.path().join("w"), no_grace())),
    )
    .await;
    for warehouse in opened {
        let databases = warehouse.unwrap().databases().await.unwrap();
        assert_eq!(databases.len(), 1);
    }
}

#[test]
fn a_location_displays_as_a_url() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let warehouse = runtime.block_on(Warehouse::open(folder.path())).unwrap();
    let base = runtime
        .block_on(warehouse.database("default"))
        .unwrap()
        .unwrap()
        .location;
    let location = Location::parse("a b/h=00%3A00", &base).unwrap();
    assert!(
        location.to_string().ends_with("/a%20b/h=00%253A00"),
        "{location}"
    );
}
