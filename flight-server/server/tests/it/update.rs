use tonic::Code;

use crate::server::{Server, status, text};

#[tokio::test]
async fn an_update_says_how_many_rows_it_wrote() {
    let (_server, mut client) = Server::with_table().await;
    let insert = "INSERT INTO t SELECT * FROM t WHERE n > 1";
    assert_eq!(client.execute_update(insert.into(), None).await.unwrap(), 2);
    let create = "CREATE TABLE u (n INT)";
    assert_eq!(client.execute_update(create.into(), None).await.unwrap(), 0);
    assert_eq!(text(&mut client, "SHOW TABLES").await, ["t", "u"]);
}

#[tokio::test]
async fn a_query_sent_as_an_update_is_refused() {
    let (_server, mut client) = Server::with_table().await;
    let error = client
        .execute_update("SELECT * FROM t".into(), None)
        .await
        .unwrap_err();
    let status = status(error);
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().contains("send it as a query"),
        "{}",
        status.message()
    );
}

#[tokio::test]
async fn several_statements_run_in_order_in_one_session() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let script = "-- a database; and two tables
        CREATE DATABASE logs; USE logs;
        CREATE TABLE a (n INT);
        INSERT INTO a VALUES (1), (2);
        INSERT INTO logs.a VALUES (3);";
    assert_eq!(client.execute_update(script.into(), None).await.unwrap(), 3);
    assert_eq!(text(&mut client, "SELECT sum(n) FROM logs.a").await, ["6"]);
}

#[tokio::test]
async fn a_script_with_a_mistake_in_it_does_nothing() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let script = "CREATE TABLE a (n INT); CREATE TABEL b (n INT)";
    let status = status(
        client
            .execute_update(script.into(), None)
            .await
            .unwrap_err(),
    );
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().starts_with("statement 2 of 2: "),
        "{}",
        status.message()
    );
    assert!(
        status.message().ends_with("(nothing has been run)"),
        "{}",
        status.message()
    );
    assert!(text(&mut client, "SHOW TABLES").await.is_empty());
}

#[tokio::test]
async fn a_script_that_fails_says_at_which_statement() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let script = "CREATE TABLE a (n INT); INSERT INTO b VALUES (1); CREATE TABLE c (n INT)";
    let status = status(
        client
            .execute_update(script.into(), None)
            .await
            .unwrap_err(),
    );
    assert_eq!(status.code(), Code::NotFound);
    assert!(
        status.message().starts_with("statement 2 of 3: "),
        "{}",
        status.message()
    );
    assert!(
        status
            .message()
            .ends_with("(those before it have been run)")
    );
    assert_eq!(text(&mut client, "SHOW TABLES").await, ["a"]);
}
