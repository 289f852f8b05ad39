//! Transactions of several statements: what is honoured, and what is an error.

use std::sync::Arc;

use arrow_flight::sql::{CommandStatementIngest, EndTransaction};
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use tonic::Code;

use crate::server::{Server, fetch, lines, status, text};

#[tokio::test]
async fn a_rollback_of_what_was_written_is_an_error_and_keeps_no_row_in_silence() {
    let (_server, mut client) = Server::with_table().await;
    let id = client.begin_transaction().await.unwrap();
    let insert = "INSERT INTO t VALUES (4, 'd')";
    client
        .execute_update(insert.into(), Some(id.clone()))
        .await
        .unwrap();
    let rollback = client.end_transaction(id, EndTransaction::Rollback).await;
    let error = status(rollback.unwrap_err());
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(
        error.message().contains("the changes stay"),
        "{}",
        error.message()
    );
    assert_eq!(text(&mut client, "SELECT count(*) FROM t").await, ["4"]);
}

#[tokio::test]
async fn a_rollback_of_queries_and_a_commit_of_anything_are_done() {
    let (_server, mut client) = Server::with_table().await;
    let id = client.begin_transaction().await.unwrap();
    let info = client
        .execute("SELECT count(*) FROM t".into(), Some(id.clone()))
        .await
        .unwrap();
    assert_eq!(lines(&fetch(&mut client, &info).await), ["3"]);
    client
        .end_transaction(id.clone(), EndTransaction::Rollback)
        .await
        .unwrap();
    // It has ended.
    let late = client.execute("SELECT 1".into(), Some(id)).await;
    assert_eq!(status(late.unwrap_err()).code(), Code::NotFound);
    let id = client.begin_transaction().await.unwrap();
    let insert = "INSERT INTO t VALUES (4, 'd')";
    client
        .execute_update(insert.into(), Some(id.clone()))
        .await
        .unwrap();
    client
        .end_transaction(id, EndTransaction::Commit)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_write_that_failed_is_no_obstacle_to_a_rollback() {
    let (_server, mut client) = Server::with_table().await;
    let id = client.begin_transaction().await.unwrap();
    let insert = "INSERT INTO nowhere VALUES (4)";
    assert!(
        client
            .execute_update(insert.into(), Some(id.clone()))
            .await
            .is_err()
    );
    client
        .end_transaction(id, EndTransaction::Rollback)
        .await
        .unwrap();
}

#[tokio::test]
async fn prepared_statements_and_ingestion_belong_to_their_transaction() {
    let (_server, mut client) = Server::with_table().await;
    let id = client.begin_transaction().await.unwrap();
    let insert = "INSERT INTO t VALUES (4, 'd')".to_owned();
    let mut insert = client.prepare(insert, Some(id.clone())).await.unwrap();
    insert.execute().await.unwrap();
    assert!(
        client
            .end_transaction(id, EndTransaction::Rollback)
            .await
            .is_err()
    );
    // Prepared in a transaction that has ended, it belongs to the next one of its connection.
    let id = client.begin_transaction().await.unwrap();
    insert.execute_update().await.unwrap();
    let error = status(
        client
            .end_transaction(id, EndTransaction::Rollback)
            .await
            .unwrap_err(),
    );
    assert!(
        error.message().contains("1 statement of"),
        "{}",
        error.message()
    );
    let unknown = CommandStatementIngest {
        transaction_id: Some("not one".into()),
        table: "t".into(),
        ..CommandStatementIngest::default()
    };
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let rows = RecordBatch::try_from_iter([("n", column)]).unwrap();
    let rows = futures::stream::iter([Ok(rows)]);
    let error = status(client.execute_ingest(unknown, rows).await.unwrap_err());
    assert_eq!(error.code(), Code::NotFound);
}
