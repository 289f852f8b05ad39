//! EXPLAIN shows the plan that runs.

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
