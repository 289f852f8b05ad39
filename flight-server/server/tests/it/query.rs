use arrow_flight::sql::{Any, CommandStatementQuery, ProstMessageExt};
use arrow_flight::{FlightDescriptor, IpcMessage};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Schema};
use futures::TryStreamExt;
use prost::Message;

use crate::server::{Server, fetch, query, text, ticket};

#[tokio::test]
async fn a_query_returns_its_rows() {
    let (_server, mut client) = Server::with_table().await;
    let rows = text(&mut client, "SELECT n, s FROM t ORDER BY n DESC").await;
    assert_eq!(rows, ["3 ", "2 b", "1 a"]);
}

#[tokio::test]
async fn the_advertised_schema_is_the_one_that_is_sent_byte_for_byte() {
    let (_server, mut client) = Server::with_table().await;
    for sql in [
        "SELECT * FROM t",
        "SELECT s, count(*) AS c, array_agg(s) AS l FROM t GROUP BY s",
        "SELECT named_struct('a', s, 'b', n + 1) AS x, arrow_cast(s, 'Dictionary(Int32, Utf8)') AS d FROM t",
        "SHOW TABLES",
        "DESCRIBE t",
        "EXPLAIN SELECT * FROM t",
        "SELECT * FROM t WHERE n > 100",
        "CREATE TABLE IF NOT EXISTS t (n INT)",
    ] {
        let info = client.execute(sql.into(), None).await.unwrap();
        let mut messages = client
            .inner_mut()
            .do_get(ticket(&info))
            .await
            .unwrap()
            .into_inner();
        let first = messages.message().await.unwrap().unwrap();
        let advertised = info.schema.clone();
        // FlightInfo's schema is encapsulated: a marker and a length of 4 bytes each come first.
        assert_eq!(
            &advertised[8..8 + first.data_header.len()],
            &first.data_header[..],
            "{sql}"
        );
        let schema = Schema::try_from(IpcMessage(advertised)).unwrap();
        let views = schema.fields().iter().filter(|field| {
            matches!(
                field.data_type(),
                DataType::Utf8View | DataType::Dictionary(..)
            )
        });
        assert_eq!(views.count(), 0, "{sql}");
    }
}

#[tokio::test]
async fn get_schema_says_what_a_query_would_return_and_runs_nothing() {
    let (_server, mut client) = Server::with_table().await;
    for (sql, columns) in [("SELECT n, s AS text FROM t", 2), ("DROP TABLE t", 0)] {
        let command = CommandStatementQuery {
            query: sql.into(),
            transaction_id: None,
        };
        let command: Any = command.as_any();
        let descriptor = FlightDescriptor::new_cmd(command.encode_to_vec());
        let answer = client
            .inner_mut()
            .get_schema(descriptor)
            .await
            .unwrap()
            .into_inner();
        let schema = Schema::try_from(IpcMessage(answer.schema)).unwrap();
        assert_eq!(schema.fields().len(), columns);
    }
    assert_eq!(text(&mut client, "SELECT count(*) FROM t").await, ["3"]);
}

#[tokio::test]
async fn a_query_without_rows_still_has_its_columns() {
    let (_server, mut client) = Server::with_table().await;
    let info = client
        .execute("SELECT * FROM t WHERE n > 100".into(), None)
        .await
        .unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    let batches: Vec<RecordBatch> = (&mut rows).try_collect().await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
    assert_eq!(rows.schema().unwrap().fields().len(), 2);
}

#[tokio::test]
async fn a_statement_without_rows_sent_as_a_query_is_done_once_and_counts_its_rows() {
    let (_server, mut client) = Server::with_table().await;
    let insert = "INSERT INTO t SELECT n + 10, s FROM t";
    let info = client.execute(insert.into(), None).await.unwrap();
    assert_eq!(info.total_records, 3);
    assert_eq!(text(&mut client, "SELECT count(*) FROM t").await, ["6"]);
    for _ in 0..2 {
        assert!(fetch(&mut client, &info).await.is_empty());
    }
    assert_eq!(text(&mut client, "SELECT count(*) FROM t").await, ["6"]);
}

#[tokio::test]
async fn a_large_result_arrives_whole_and_in_order() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let sql = "SELECT value, repeat('x', 100) AS s FROM generate_series(1, 200000) ORDER BY value";
    let batches = query(&mut client, sql).await.unwrap();
    assert_eq!(
        batches.iter().map(RecordBatch::num_rows).sum::<usize>(),
        200_000
    );
    let mut next = 1;
    for batch in &batches {
        use datafusion::arrow::{array::AsArray, datatypes::Int64Type};
        for value in batch.column(0).as_primitive::<Int64Type>().values() {
            assert_eq!(*value, next);
            next += 1;
        }
    }
}

#[tokio::test]
async fn two_clients_work_at_once() {
    let (server, mut a) = Server::with_table().await;
    let mut b = server.client().await;
    let (left, right) = tokio::join!(
        async {
            for i in 0..5 {
                let sql = format!("INSERT INTO t VALUES ({i}, 'left')");
                assert_eq!(a.execute_update(sql, None).await.unwrap(), 1);
            }
            text(&mut a, "SELECT count(*) FROM t WHERE s = 'left'").await
        },
        async {
            for i in 0..5 {
                let sql = format!("INSERT INTO t VALUES ({i}, 'right')");
                assert_eq!(b.execute_update(sql, None).await.unwrap(), 1);
            }
            text(&mut b, "SELECT count(*) FROM t WHERE s = 'right'").await
        }
    );
    assert_eq!((left, right), (vec!["5".to_owned()], vec!["5".to_owned()]));
    assert_eq!(text(&mut a, "SELECT count(*) FROM t").await, ["13"]);
}
