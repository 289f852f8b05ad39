use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, Any, CommandPreparedStatementQuery, ProstMessageExt,
};
use arrow_flight::{Action, FlightDescriptor};
use datafusion::arrow::datatypes::{DataType, Field};
use prost::Message;
use tonic::Code;

use crate::server::{Server, fetch, lines, status, text};

#[tokio::test]
async fn preparing_tells_the_columns_and_runs_nothing() {
    let (_server, mut client) = Server::with_table().await;
    let insert = client
        .prepare("INSERT INTO t VALUES (9, 'z')".into(), None)
        .await
        .unwrap();
    // An empty dataset schema is how JDBC recognises an update.
    assert!(insert.dataset_schema().unwrap().fields().is_empty());
    let select = client
        .prepare("SELECT n, s FROM t".into(), None)
        .await
        .unwrap();
    let schema = select.dataset_schema().unwrap();
    assert_eq!(schema.field(1), &Field::new("s", DataType::Utf8, true));
    assert_eq!(text(&mut client, "SELECT count(*) FROM t").await, ["3"]);
}

#[tokio::test]
async fn a_prepared_query_sees_the_table_as_it_is_when_it_runs() {
    let (_server, mut client) = Server::with_table().await;
    let mut select = client
        .prepare("SELECT count(*) FROM t".into(), None)
        .await
        .unwrap();
    for expected in ["3", "4"] {
        let info = select.execute().await.unwrap();
        assert_eq!(lines(&fetch(&mut client, &info).await), [expected]);
        client
            .execute_update("INSERT INTO t VALUES (4, 'd')".into(), None)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_prepared_update_takes_effect_once_each_time_it_is_executed() {
    let (_server, mut client) = Server::with_table().await;
    let mut insert = client
        .prepare("INSERT INTO t VALUES (9, 'z')".into(), None)
        .await
        .unwrap();
    assert_eq!(insert.execute_update().await.unwrap(), 1);
    // As ADBC's cursors do it.
    let info = insert.execute().await.unwrap();
    assert_eq!(info.total_records, 1);
    assert!(fetch(&mut client, &info).await.is_empty());
    assert_eq!(text(&mut client, "SELECT count(*) FROM t").await, ["5"]);
}

#[tokio::test]
async fn a_closed_statement_is_unknown() {
    let (_server, mut client) = Server::with_table().await;
    let create = ActionCreatePreparedStatementRequest {
        query: "SELECT * FROM t".into(),
        transaction_id: None,
    };
    let create = Action::new("CreatePreparedStatement", create.as_any().encode_to_vec());
    let made = client
        .do_action(create)
        .await
        .unwrap()
        .message()
        .await
        .unwrap()
        .unwrap();
    let made: ActionCreatePreparedStatementResult =
        Any::decode(made.body).unwrap().unpack().unwrap().unwrap();
    let prepared_statement_handle = made.prepared_statement_handle;

    let query = CommandPreparedStatementQuery {
        prepared_statement_handle: prepared_statement_handle.clone(),
    };
    let query = FlightDescriptor::new_cmd(query.as_any().encode_to_vec());
    client
        .inner_mut()
        .get_flight_info(query.clone())
        .await
        .unwrap();

    let close = ActionClosePreparedStatementRequest {
        prepared_statement_handle,
    };
    let close = Action::new("ClosePreparedStatement", close.as_any().encode_to_vec());
    for _ in 0..2 {
        assert!(
            client
                .do_action(close.clone())
                .await
                .unwrap()
                .message()
                .await
                .unwrap()
                .is_none()
        );
    }
    let status = client.inner_mut().get_flight_info(query).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(
        status.message().contains("prepare it again"),
        "{}",
        status.message()
    );
}

#[tokio::test]
async fn a_mistake_is_found_when_preparing() {
    let (_server, mut client) = Server::with_table().await;
    let error = client
        .prepare("SELECT x FROM t".into(), None)
        .await
        .unwrap_err();
    assert_eq!(status(error).code(), Code::InvalidArgument);
}
