use arrow_flight::Ticket;
use arrow_flight::sql::{ProstMessageExt, TicketStatementQuery};
use prost::Message;
use tonic::Code;

use crate::server::{Server, failure, fetch, query, status, ticket};

#[tokio::test]
async fn a_misspelt_table_is_named_and_not_found() {
    let (_server, mut client) = Server::with_table().await;
    let (code, message) = failure(&mut client, "SELECT * FROM flwo").await;
    assert_eq!(code, Code::NotFound);
    assert!(message.contains("flwo"), "{message}");
    for sql in [
        "INSERT INTO flwo VALUES (1)",
        "DESCRIBE flwo",
        "SELECT * FROM nowhere.t",
    ] {
        assert_eq!(failure(&mut client, sql).await.0, Code::NotFound, "{sql}");
    }
}

#[tokio::test]
async fn mistakes_in_a_statement_are_the_callers() {
    let (_server, mut client) = Server::with_table().await;
    for sql in [
        "SELEC 1",
        "",
        "SELECT 1; SELECT 2",
        "SELECT x FROM t",
        "SELECT no_such_function(n) FROM t",
        "INSERT INTO t VALUES (1)",
        "SELECT * FROM lda_score(t, source => 'smoke')",
    ] {
        let (code, message) = failure(&mut client, sql).await;
        assert_eq!(code, Code::InvalidArgument, "{sql}: {message}");
    }
}

#[tokio::test]
async fn what_exists_already_says_so() {
    let (_server, mut client) = Server::with_table().await;
    for sql in ["CREATE TABLE t (n INT)", "CREATE DATABASE default"] {
        assert_eq!(
            failure(&mut client, sql).await.0,
            Code::AlreadyExists,
            "{sql}"
        );
    }
}

#[tokio::test]
async fn an_error_while_rows_are_computed_reaches_the_client() {
    let (_server, mut client) = Server::with_table().await;
    let (code, message) = failure(&mut client, "SELECT 1 / (n - 2) FROM t").await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(
        message.contains("division of an integer by zero"),
        "{message}"
    );
}

#[tokio::test]
async fn messages_are_sentences_without_debug_text() {
    let (_server, mut client) = Server::with_table().await;
    for sql in [
        "SELECT * FROM flwo",
        "SELECT x FROM t",
        "SELECT 1 / (n - 2) FROM t",
        "SELEC 1",
        "CREATE TABLE t (n INT)",
        "MERGE INTO t USING t AS u ON t.n = u.n WHEN MATCHED THEN DELETE",
    ] {
        let (_, message) = failure(&mut client, sql).await;
        for debris in ["Some(", "Error(", "{ ", "backtrace", "::", "External error"] {
            assert!(!message.contains(debris), "{sql}: {message}");
        }
    }
}

#[tokio::test]
async fn a_ticket_is_good_once() {
    let (_server, mut client) = Server::with_table().await;
    let info = client
        .execute("SELECT * FROM t".into(), None)
        .await
        .unwrap();
    fetch(&mut client, &info).await;
    let status = status(client.do_get(ticket(&info)).await.unwrap_err());
    assert_eq!(status.code(), Code::NotFound);
    assert!(
        status.message().contains("execute the query again"),
        "{}",
        status.message()
    );
}

#[tokio::test]
async fn a_made_up_ticket_is_unknown() {
    let (_server, mut client) = Server::with_table().await;
    for handle in [vec![7; 16], vec![7; 3]] {
        let made_up = TicketStatementQuery {
            statement_handle: handle.into(),
        };
        let made_up = Ticket::new(made_up.as_any().encode_to_vec());
        let status = status(client.do_get(made_up).await.unwrap_err());
        assert_eq!(status.code(), Code::NotFound);
    }
    let status = status(client.do_get(Ticket::new("nonsense")).await.unwrap_err());
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn an_error_leaves_the_connection_usable() {
    let (_server, mut client) = Server::with_table().await;
    failure(&mut client, "SELECT * FROM flwo").await;
    assert!(query(&mut client, "SELECT * FROM t").await.is_ok());
}
