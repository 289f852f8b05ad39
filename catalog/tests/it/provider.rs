//! DataFusion's own INSERT into tables of the catalog, in a plain session.

use std::sync::Arc;
use std::time::Duration;

use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{DmlStatement, LogicalPlan, WriteOp};
use datafusion::physical_plan::{ExecutionPlan, collect};
use futures::StreamExt;
use spotql_catalog::{HiveTable, InsertExec};

use crate::support::{Setup, all_files};

async fn explained(setup: &Setup, sql: &str) -> String {
    setup.rows(&format!("EXPLAIN {sql}")).await.join("\n")
}

#[tokio::test]
async fn a_plain_session_inserts_and_overwrites() {
    let setup = Setup::new().await;
    setup
        .table("t", &["a bigint", "b string"], &["p int", "q string"])
        .await;
    let count = "INSERT INTO t VALUES (1, 'x', 7, 'u'), (2, 'y', 7, 'v'), (3, 'z', NULL, 'u')";
    assert_eq!(setup.rows(count).await, ["3"]);
    // A column list may leave columns out, and change their order.
    assert_eq!(
        setup.rows("INSERT INTO t (q, a, p) SELECT 'v', 4, 8").await,
        ["1"]
    );
    let all = "SELECT a, b, p, q FROM t ORDER BY a";
    assert_eq!(
        setup.rows(all).await,
        ["1|x|7|u", "2|y|7|v", "3|z|NULL|u", "4|NULL|8|v"]
    );
    // Replaced are the partitions that the query gives rows for.
    let replace = "INSERT OVERWRITE t SELECT a + 10, b, p, q FROM t WHERE q = 'v' AND p = 7";
    assert_eq!(setup.rows(replace).await, ["1"]);
    assert_eq!(
        setup.rows(all).await,
        ["1|x|7|u", "3|z|NULL|u", "4|NULL|8|v", "12|y|7|v"]
    );
    let error = setup.error("REPLACE INTO t VALUES (1, 'x', 7, 'u')").await;
    assert!(error.contains("INSERT OVERWRITE"), "{error}");
}

#[tokio::test]
async fn explain_shows_the_write_and_writes_nothing() {
    let setup = Setup::new().await;
    setup.table("t", &["a bigint"], &["p int"]).await;
    let plan = explained(&setup, "INSERT INTO t VALUES (1, 2)").await;
    assert!(
        plan.contains("InsertExec: INTO default.t PARTITION (p)"),
        "{plan}"
    );
    let plan = explained(&setup, "INSERT OVERWRITE t SELECT * FROM t").await;
    assert!(
        plan.contains("InsertExec: OVERWRITE default.t PARTITION (p)"),
        "{plan}"
    );
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["0"]);
    assert!(all_files(&setup.path("t")).is_empty());
}

/// The physical plan of INSERT INTO t PARTITION (p=7, q) SELECT …
async fn with_partition(setup: &Setup, sql: &str) -> Arc<dyn ExecutionPlan> {
    let table = setup
        .warehouse
        .table("default", "t")
        .await
        .unwrap()
        .unwrap();
    let target = HiveTable::new(Arc::clone(&setup.warehouse), table)
        .with_partition(vec![("p".to_owned(), Some("7".to_owned()))]);
    let input = setup
        .session
        .sql(sql)
        .await
        .unwrap()
        .into_unoptimized_plan();
    let plan = LogicalPlan::Dml(DmlStatement::new(
        "t".into(),
        provider_as_source(Arc::new(target)),
        WriteOp::Insert(InsertOp::Append),
        Arc::new(input),
    ));
    setup
        .session
        .state()
        .create_physical_plan(&plan)
        .await
        .unwrap()
}

#[tokio::test]
async fn values_of_a_partition_may_be_given_and_a_plan_writes_once() {
    let setup = Setup::new().await;
    setup
        .table("t", &["a bigint"], &["p int", "q string"])
        .await;
    let plan = with_partition(&setup, "SELECT 1::bigint a, 'x' q UNION ALL SELECT 2, 'y'").await;
    let exec = plan.downcast_ref::<InsertExec>().unwrap();
    assert_eq!(exec.report(), None);
    collect(Arc::clone(&plan), setup.session.task_ctx())
        .await
        .unwrap();
    let report = exec.report().unwrap();
    assert_eq!((report.rows, report.partitions), (2, 2));
    let again = collect(Arc::clone(&plan), setup.session.task_ctx()).await;
    assert!(again.unwrap_err().to_string().contains("has run before"));
    let rows = setup.rows("SELECT a, p, q FROM t ORDER BY a").await;
    assert_eq!(rows, ["1|7|x", "2|7|y"]);
}

#[tokio::test]
async fn a_stream_that_is_dropped_leaves_nothing() {
    let setup = Setup::new().await;
    setup.table("t", &["a bigint"], &[]).await;
    let plan = setup
        .plan("INSERT INTO t SELECT value FROM generate_series(1, 100000000)")
        .await;
    let mut rows = plan.execute(0, setup.session.task_ctx()).unwrap();
    let first = tokio::time::timeout(Duration::from_millis(300), rows.next()).await;
    first.unwrap_err();
    drop(rows);
    // The write ends by itself: no other statement has to clean up. The lock goes last.
    let left = async || {
        let unfinished = setup.warehouse.unfinished_writes().await.unwrap().len();
        let files = ["t", "_spotql_locks"].map(|folder| all_files(&setup.path(folder)).len());
        (unfinished, files)
    };
    for _ in 0..400 {
        if left().await == (0, [0, 0]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(left().await, (0, [0, 0]));
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["0"]);
}
