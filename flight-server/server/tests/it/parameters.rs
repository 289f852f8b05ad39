//! Values for the parameters of prepared queries.

use std::sync::Arc;

use arrow_flight::sql::client::PreparedStatement;
use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    Float64Array, Int8Array, Int64Array, ListArray, NullArray, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Int32Type, Schema, TimeUnit};
use futures::TryStreamExt;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::server::{Client, Server, fetch, lines, status};

pub(crate) fn row(values: Vec<ArrayRef>) -> RecordBatch {
    let names = (0..values.len()).map(|i| i.to_string());
    RecordBatch::try_from_iter(names.zip(values)).unwrap()
}

pub(crate) fn numbers(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

pub(crate) fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub(crate) async fn prepare(client: &mut Client, sql: &str) -> PreparedStatement<Channel> {
    client.prepare(sql.into(), None).await.unwrap()
}

/// The rows of a query with these values.
async fn bound(client: &mut Client, sql: &str, values: Vec<ArrayRef>) -> Vec<String> {
    let mut statement = prepare(client, sql).await;
    statement.set_parameters(row(values)).unwrap();
    let info = statement
        .execute()
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    lines(&fetch(client, &info).await)
}

pub(crate) async fn refused(client: &mut Client, sql: &str, values: Vec<ArrayRef>) -> Status {
    let mut statement = prepare(client, sql).await;
    statement.set_parameters(row(values)).unwrap();
    match statement.execute().await {
        Err(error) => status(error),
        Ok(info) => {
            let rows = client.do_get(crate::server::ticket(&info)).await;
            match rows {
                Err(error) => status(error),
                Ok(rows) => status(rows.try_collect::<Vec<_>>().await.unwrap_err()),
            }
        }
    }
}

fn types(schema: &Schema) -> Vec<(&str, &DataType)> {
    let fields = schema.fields().iter();
    fields
        .map(|it| (it.name().as_str(), it.data_type()))
        .collect()
}

#[tokio::test]
async fn preparing_tells_the_parameters_in_the_order_of_the_text() {
    let (_server, mut client) = Server::with_table().await;
    let sql = "SELECT s FROM t WHERE s LIKE ? AND n BETWEEN ? AND ? ORDER BY n LIMIT ?";
    let statement = prepare(&mut client, sql).await;
    assert_eq!(
        types(statement.parameter_schema().unwrap()),
        [
            ("1", &DataType::Utf8),
            ("2", &DataType::Int32),
            ("3", &DataType::Int32),
            ("4", &DataType::Int64)
        ]
    );
    assert_eq!(statement.dataset_schema().unwrap().field(0).name(), "s");
    let insert = prepare(&mut client, "INSERT INTO t VALUES (:number, :text)").await;
    assert_eq!(
        types(insert.parameter_schema().unwrap()),
        [("number", &DataType::Int32), ("text", &DataType::Utf8)]
    );
    // An empty dataset schema is how JDBC recognises an update.
    assert!(insert.dataset_schema().unwrap().fields().is_empty());
    let insert = prepare(
        &mut client,
        "INSERT INTO t (s, n) SELECT s, ? FROM t WHERE n = ?",
    )
    .await;
    assert_eq!(
        types(insert.parameter_schema().unwrap()),
        [("1", &DataType::Int32), ("2", &DataType::Int32)]
    );
}

#[tokio::test]
async fn a_type_that_nothing_tells_is_text_and_takes_any_value() {
    let (_server, mut client) = Server::with_table().await;
    let statement = prepare(&mut client, "SELECT coalesce(?, 'none')").await;
    assert_eq!(
        types(statement.parameter_schema().unwrap()),
        [("1", &DataType::Utf8)]
    );
    let cast = prepare(
        &mut client,
        "SELECT CAST(? AS DATE), CAST(? AS DECIMAL(5, 2)), CAST(? AS TIMESTAMP)",
    )
    .await;
    // In milliseconds: the JDBC driver writes those, whatever it is asked for.
    let moment = DataType::Timestamp(TimeUnit::Millisecond, None);
    assert_eq!(
        types(cast.parameter_schema().unwrap()),
        [
            ("1", &DataType::Date32),
            ("2", &DataType::Decimal128(5, 2)),
            ("3", &moment)
        ]
    );
    assert_eq!(
        bound(&mut client, "SELECT ? + 1", vec![numbers(&[41])]).await,
        ["42"]
    );
    assert_eq!(
        bound(&mut client, "SELECT upper(?)", vec![texts(&["a"])]).await,
        ["A"]
    );
}

#[tokio::test]
async fn values_go_where_literals_can_stand() {
    let (_server, mut client) = Server::with_table().await;
    for (sql, values, expected) in [
        (
            "SELECT n FROM t WHERE n = ?",
            vec![numbers(&[2])],
            vec!["2"],
        ),
        (
            "SELECT n FROM t WHERE s IN (?, ?) ORDER BY n",
            vec![texts(&["a"]), texts(&["b"])],
            vec!["1", "2"],
        ),
        (
            "SELECT n FROM t WHERE n BETWEEN $2 AND $1 ORDER BY n",
            vec![numbers(&[3]), numbers(&[2])],
            vec!["2", "3"],
        ),
        (
            "SELECT n FROM t WHERE s LIKE ?",
            vec![texts(&["%b"])],
            vec!["2"],
        ),
        (
            "SELECT n FROM t WHERE concat(s, '_/x') LIKE '%' || ? || '%' ESCAPE '/'",
            vec![texts(&["a/_//"])],
            vec!["1"],
        ),
        (
            "SELECT n FROM t WHERE s NOT LIKE ? ESCAPE '!'",
            vec![texts(&["!%"])],
            vec!["1", "2"],
        ),
        (
            "SELECT n FROM t WHERE s RLIKE ?",
            vec![texts(&["^[ab]$"])],
            vec!["1", "2"],
        ),
        (
            "SELECT n FROM t ORDER BY n LIMIT ? OFFSET ?",
            vec![numbers(&[1]), numbers(&[1])],
            vec!["2"],
        ),
        (
            "SELECT CAST(? AS INT) + n FROM t WHERE n = 1",
            vec![texts(&["41"])],
            vec!["42"],
        ),
        (
            "SELECT count(*) FROM t GROUP BY n > ? ORDER BY 1",
            vec![numbers(&[2])],
            vec!["1", "2"],
        ),
        (
            "SELECT n FROM (SELECT n FROM t WHERE n > :x) u WHERE n < :x + 2",
            vec![numbers(&[1])],
            vec!["2"],
        ),
        (
            "SELECT '?', `?` FROM (SELECT n AS `?` FROM t) u WHERE `?` = ? -- ?",
            vec![numbers(&[1])],
            vec!["? 1"],
        ),
        (
            "WITH w AS (SELECT ? AS a) SELECT a FROM w",
            vec![numbers(&[7])],
            vec!["7"],
        ),
        (
            "SELECT n FROM t WHERE (n, s) = (?, ?)",
            vec![numbers(&[1]), texts(&["a"])],
            vec!["1"],
        ),
        (
            "SELECT n FROM t WHERE n = -?",
            vec![numbers(&[-3])],
            vec!["3"],
        ),
    ] {
        assert_eq!(bound(&mut client, sql, values).await, expected, "{sql}");
    }
    let many: Vec<ArrayRef> = (1..=12).map(|n| numbers(&[n])).collect();
    let sql = "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";
    assert_eq!(
        bound(&mut client, sql, many).await,
        ["1 2 3 4 5 6 7 8 9 10 11 12"]
    );
}

#[tokio::test]
async fn values_of_all_types_come_back_as_they_were_sent() {
    let (_server, mut client) = Server::with_table().await;
    let micros = 1_467_936_000_123_456;
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None])]);
    let dictionary: DictionaryArray<Int32Type> = ["x"].into_iter().collect();
    let values: Vec<(ArrayRef, &str, DataType)> = vec![
        (
            Arc::new(BooleanArray::from(vec![true])),
            "true",
            DataType::Boolean,
        ),
        (Arc::new(Int8Array::from(vec![-8])), "-8", DataType::Int8),
        (
            numbers(&[i64::MIN]),
            "-9223372036854775808",
            DataType::Int64,
        ),
        (
            Arc::new(UInt64Array::from(vec![u64::MAX])),
            "18446744073709551615",
            DataType::UInt64,
        ),
        (
            Arc::new(Float64Array::from(vec![-0.1])),
            "-0.1",
            DataType::Float64,
        ),
        (
            Arc::new(Float64Array::from(vec![f64::INFINITY])),
            "inf",
            DataType::Float64,
        ),
        (
            Arc::new(
                Decimal128Array::from(vec![-12345])
                    .with_precision_and_scale(30, 2)
                    .unwrap(),
            ),
            "-123.45",
            DataType::Decimal128(30, 2),
        ),
        (
            texts(&["it's \\ `?` \" ; DROP"]),
            "it's \\ `?` \" ; DROP",
            DataType::Utf8,
        ),
        (
            Arc::new(StringViewArray::from(vec!["a long text in a view"])),
            "a long text in a view",
            DataType::Utf8,
        ),
        (Arc::new(dictionary), "x", DataType::Utf8),
        (
            Arc::new(BinaryArray::from(vec![b"\0\xff".as_slice()])),
            "00ff",
            DataType::Binary,
        ),
        (
            Arc::new(Date32Array::from(vec![-1])),
            "1969-12-31",
            DataType::Date32,
        ),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![micros])),
            "2016-07-08T00:00:00.123456",
            "Timestamp(Microsecond, None)".parse().unwrap(),
        ),
        (
            Arc::new(TimestampNanosecondArray::from(vec![-1]).with_timezone("UTC")),
            "1969-12-31T23:59:59.999999",
            "Timestamp(Microsecond, None)".parse().unwrap(),
        ),
        (Arc::new(NullArray::new(1)), "", DataType::Null),
        (Arc::new(Int8Array::from(vec![None])), "", DataType::Int8),
        (
            Arc::new(list),
            "[1, ]",
            DataType::new_list(DataType::Int32, true),
        ),
    ];
    for (value, expected, data_type) in values {
        let sent = value.data_type().clone();
        let mut statement = prepare(&mut client, "SELECT ? AS v").await;
        statement.set_parameters(row(vec![value])).unwrap();
        let info = statement
            .execute()
            .await
            .unwrap_or_else(|error| panic!("{sent}: {error}"));
        let rows = fetch(&mut client, &info).await;
        assert_eq!(lines(&rows), [expected], "{sent}");
        let got = rows[0].schema().field(0).data_type().clone();
        assert!(got.equals_datatype(&data_type), "{sent} came back as {got}");
    }
}

#[tokio::test]
async fn a_name_is_bound_by_name_and_by_place() {
    let (_server, mut client) = Server::with_table().await;
    let mut statement = prepare(&mut client, "SELECT :low AS a, :high AS b, :low AS c").await;
    for (names, expected) in [(["high", "low"], "1 9 1"), (["0", "1"], "9 1 9")] {
        let columns = names.into_iter().zip([numbers(&[9]), numbers(&[1])]);
        statement
            .set_parameters(RecordBatch::try_from_iter(columns).unwrap())
            .unwrap();
        let info = statement.execute().await.unwrap();
        assert_eq!(lines(&fetch(&mut client, &info).await), [expected]);
    }
}

#[tokio::test]
async fn a_query_runs_once_for_each_row_of_values_in_order() {
    let (_server, mut client) = Server::with_table().await;
    let sql = "SELECT ? AS asked, count(*) AS n FROM t WHERE n >= ?";
    let asked = bound(
        &mut client,
        sql,
        vec![numbers(&[3, 1, 2]), numbers(&[3, 1, 2])],
    )
    .await;
    assert_eq!(asked, ["3 1", "1 3", "2 2"]);
    // A NULL among them changes no type.
    let values: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    let sql = "SELECT n FROM t WHERE n = ?";
    assert_eq!(bound(&mut client, sql, vec![values]).await, ["1"]);
}

#[tokio::test]
async fn values_stay_with_the_statement_until_others_are_bound() {
    let (_server, mut client) = Server::with_table().await;
    let mut statement = prepare(&mut client, "SELECT s FROM t WHERE n = ?").await;
    let error = status(statement.execute().await.unwrap_err());
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(
        error.message().contains("no values are bound"),
        "{}",
        error.message()
    );
    for (number, expected) in [(1, "a"), (2, "b")] {
        statement
            .set_parameters(row(vec![numbers(&[number])]))
            .unwrap();
        for _ in 0..2 {
            let info = statement.execute().await.unwrap();
            assert_eq!(lines(&fetch(&mut client, &info).await), [expected]);
        }
    }
}

#[tokio::test]
async fn wrong_numbers_and_types_of_values_are_refused_with_the_reason() {
    let (_server, mut client) = Server::with_table().await;
    let when: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]));
    for (sql, values, said) in [
        (
            "SELECT n FROM t WHERE n = ?",
            vec![numbers(&[1]), numbers(&[2])],
            "1 parameter(s) and 2 value(s)",
        ),
        (
            "SELECT n FROM t WHERE n = ? OR n = ?",
            vec![numbers(&[1])],
            "2 parameter(s) and 1 value(s)",
        ),
        (
            "SELECT n FROM t",
            vec![numbers(&[1])],
            "0 parameter(s) and 1 value(s)",
        ),
        (
            "SELECT n FROM t WHERE n = ?",
            vec![texts(&["many"])],
            "parameter 1: a value of type Int32 is needed",
        ),
        (
            "SELECT n FROM t WHERE n = ?",
            vec![when],
            "parameter 1: a value of type Int32 is needed",
        ),
        (
            "SELECT n FROM t LIMIT ?",
            vec![texts(&["few"])],
            "the text 'few' is none",
        ),
        (
            "INSERT INTO t VALUES (?, ?)",
            vec![numbers(&[1])],
            "2 parameter(s) and 1 value(s)",
        ),
    ] {
        let error = refused(&mut client, sql, values).await;
        assert_eq!(
            error.code(),
            Code::InvalidArgument,
            "{sql}: {}",
            error.message()
        );
        assert!(error.message().contains(said), "{sql}: {}", error.message());
    }
}

#[tokio::test]
async fn statements_without_parameters_refuse_them() {
    let (_server, mut client) = Server::with_table().await;
    for sql in [
        "DROP TABLE ?",
        "CREATE DATABASE ?",
        "LOAD FILES ? INTO TABLE t",
        "USE ?",
        "SHOW TABLES IN ?",
    ] {
        let error = status(client.prepare(sql.into(), None).await.unwrap_err());
        assert_eq!(error.code(), Code::InvalidArgument, "{sql}");
        assert!(
            error.message().contains("takes no parameters"),
            "{sql}: {}",
            error.message()
        );
    }
    let error = status(
        client
            .prepare("SELECT ? + $1".into(), None)
            .await
            .unwrap_err(),
    );
    assert!(
        error.message().contains("in one way"),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn a_parameter_may_be_an_option_of_a_table_function() {
    let (_server, mut client) = Server::with_table().await;
    let create = "CREATE TABLE words (document STRING, word STRING)";
    client.execute_update(create.into(), None).await.unwrap();
    let insert = "INSERT INTO words VALUES ('a', 'x'), ('a', 'y'), ('b', 'x'), ('c', 'z')";
    client.execute_update(insert.into(), None).await.unwrap();
    let sql =
        "SELECT count(*) FROM lda_score(words, documents => document, words => word, topics => ?)";
    assert_eq!(bound(&mut client, sql, vec![numbers(&[2])]).await, ["4"]);
}
