//! EXPLAIN shows the plan that runs.

use spotql_sql::Outcome;

use crate::support::{execute, number, rows, session, texts};

#[tokio::test(flavor = "multi_thread")]
async fn explain_insert_shows_the_write_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(&folder).await;
    let table = "CREATE TABLE target (name STRING, n INT) PARTITIONED BY (m TINYINT, d STRING)";
    execute(&session, table).await;
    let insert = "INSERT OVERWRITE target PARTITION (m=07, d) (n, name, d) VALUES (1, 'a', 'x'), (2, 'b', 'y')";
    let explained = rows(&session, &format!("EXPLAIN {insert}")).await;
    let plans: Vec<String> = texts(&explained, "plan").into_iter().flatten().collect();
    let [logical, physical] = plans.as_slice() else {
        panic!("{plans:?}")
    };
    assert!(
        logical.starts_with("Dml: op=[Insert Overwrite] table=[default.target]\n  Projection:"),
        "{logical}"
    );
    assert!(
        physical.starts_with("InsertExec: OVERWRITE default.target PARTITION (m=07, d)\n  "),
        "{physical}"
    );
    assert_eq!(number(&session, "SELECT count(*) FROM target").await, 0);
    execute(&session, insert).await;
    assert_eq!(number(&session, "SELECT count(*) FROM target").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insert_tells_its_rows_whatever_stands_above_it_in_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(&folder).await;
    execute(
        &session,
        "CREATE TABLE t AS SELECT 1 AS n UNION ALL SELECT 2",
    )
    .await;
    for insert in [
        "INSERT INTO t SELECT n FROM t WHERE n = (SELECT min(n) FROM t)",
        "INSERT INTO t SELECT (SELECT max(n) FROM t) FROM t WHERE n = 2",
        "INSERT INTO t VALUES (3)",
    ] {
        let Outcome::Done(done) = session.execute(insert).await.unwrap() else {
            panic!("{insert}")
        };
        assert_eq!(done.rows, Some(1), "{insert}");
    }
    assert_eq!(number(&session, "SELECT count(*) FROM t").await, 5);
}
