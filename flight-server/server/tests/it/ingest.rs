//! Bulk ingestion: tables made of rows that a client sends, and rows added to tables.

use std::sync::Arc;
use std::time::Duration;

use arrow_flight::error::FlightError;
use arrow_flight::sql::{
    CommandStatementIngest, TableDefinitionOptions, TableExistsOption, TableNotExistOption,
};
use datafusion::arrow::array::{
    ArrayRef, Date64Array, DurationSecondArray, FixedSizeBinaryArray, Float64Array, Int32Array,
    Int64Array, RecordBatch, StringArray, StructArray, Time64MicrosecondArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, UInt8Array, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Field};
use futures::{StreamExt, stream};
use tonic::{Code, Status};

use crate::server::{Client, Server, status, text};

type Change = fn(&mut CommandStatementIngest);

const CREATE: (TableNotExistOption, TableExistsOption) =
    (TableNotExistOption::Create, TableExistsOption::Fail);
const APPEND: (TableNotExistOption, TableExistsOption) =
    (TableNotExistOption::Fail, TableExistsOption::Append);
const REPLACE: (TableNotExistOption, TableExistsOption) =
    (TableNotExistOption::Create, TableExistsOption::Replace);
const CREATE_APPEND: (TableNotExistOption, TableExistsOption) =
    (TableNotExistOption::Create, TableExistsOption::Append);

fn command(table: &str, mode: (TableNotExistOption, TableExistsOption)) -> CommandStatementIngest {
    CommandStatementIngest {
        table_definition_options: Some(TableDefinitionOptions {
            if_not_exist: mode.0 as i32,
            if_exists: mode.1 as i32,
        }),
        table: table.into(),
        ..CommandStatementIngest::default()
    }
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn rows(from: i64, count: i64) -> RecordBatch {
    let numbers: Vec<i64> = (from..from + count).collect();
    let texts: Vec<String> = numbers.iter().map(|n| format!("row {n}")).collect();
    batch(vec![
        ("n", Arc::new(Int64Array::from(numbers))),
        ("s", Arc::new(StringArray::from(texts))),
    ])
}

async fn ingest(
    client: &mut Client,
    command: CommandStatementIngest,
    batches: Vec<RecordBatch>,
) -> Result<i64, Status> {
    let batches = stream::iter(batches.into_iter().map(Ok));
    client
        .execute_ingest(command, batches)
        .await
        .map_err(status)
}

#[tokio::test]
async fn a_table_is_made_added_to_and_replaced() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let counted = "SELECT count(*), min(n), max(s) FROM logs";
    let missing = ingest(&mut client, command("logs", APPEND), vec![rows(0, 1)])
        .await
        .unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let made = ingest(
        &mut client,
        command("logs", CREATE),
        vec![rows(0, 3), rows(3, 2)],
    )
    .await;
    assert_eq!(made.unwrap(), 5);
    assert_eq!(text(&mut client, counted).await, ["5 0 row 4"]);
    let again = ingest(&mut client, command("Logs", CREATE), vec![rows(0, 1)])
        .await
        .unwrap_err();
    assert_eq!(again.code(), Code::AlreadyExists);
    assert_eq!(
        ingest(&mut client, command("LOGS", APPEND), vec![rows(5, 2)])
            .await
            .unwrap(),
        2
    );
    assert_eq!(text(&mut client, counted).await, ["7 0 row 6"]);
    assert_eq!(
        ingest(
            &mut client,
            command("logs", CREATE_APPEND),
            vec![rows(7, 1)]
        )
        .await
        .unwrap(),
        1
    );
    assert_eq!(
        ingest(
            &mut client,
            command("other", CREATE_APPEND),
            vec![rows(7, 1)]
        )
        .await
        .unwrap(),
        1
    );
    // Replacing brings other columns along.
    let other = batch(vec![("a", Arc::new(Float64Array::from(vec![0.5])))]);
    assert_eq!(
        ingest(&mut client, command("logs", REPLACE), vec![other])
            .await
            .unwrap(),
        1
    );
    assert_eq!(text(&mut client, "SELECT * FROM logs").await, ["0.5"]);
    assert_eq!(
        ingest(&mut client, command("new", REPLACE), vec![rows(0, 2)])
            .await
            .unwrap(),
        2
    );
    // No rows make an empty table.
    assert_eq!(
        ingest(&mut client, command("none", CREATE), vec![rows(0, 0)])
            .await
            .unwrap(),
        0
    );
    assert_eq!(text(&mut client, "SELECT count(*) FROM none").await, ["0"]);
    assert_eq!(text(&mut client, "SHOW WRITES").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_query_that_reads_a_table_while_it_is_replaced_sees_the_old_one() {
    let (_server, mut client) = Server::with_table().await;
    let info = client
        .execute("SELECT s FROM t WHERE n = 1".into(), None)
        .await
        .unwrap();
    assert_eq!(
        ingest(&mut client, command("t", REPLACE), vec![rows(0, 2)])
            .await
            .unwrap(),
        2
    );
    let old = crate::server::fetch(&mut client, &info).await;
    assert_eq!(crate::server::lines(&old), ["a"]);
    assert_eq!(
        text(&mut client, "SELECT s FROM t WHERE n = 1").await,
        ["row 1"]
    );
    assert_eq!(
        ingest(&mut client, command("t", REPLACE), vec![rows(5, 1)])
            .await
            .unwrap(),
        1
    );
    assert_eq!(text(&mut client, "SELECT n FROM t").await, ["5"]);
    client
        .execute_update("DROP TABLE t".into(), None)
        .await
        .unwrap();
    assert_eq!(
        ingest(&mut client, command("t", CREATE), vec![rows(8, 1)])
            .await
            .unwrap(),
        1
    );
    assert_eq!(text(&mut client, "SELECT n FROM t").await, ["8"]);
}

#[tokio::test]
async fn rows_go_to_columns_of_their_names_and_types_are_cast_as_insert_casts() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let create =
        "CREATE TABLE f (sip STRING, n INT, t TIMESTAMP) PARTITIONED BY (y SMALLINT, day STRING)";
    client.execute_update(create.into(), None).await.unwrap();
    let rows = batch(vec![
        ("DAY", Arc::new(StringArray::from(vec!["08", "09"]))),
        ("n", Arc::new(StringArray::from(vec!["7", "seven"]))),
        ("Y", Arc::new(Int64Array::from(vec![2016, 2016]))),
    ]);
    assert_eq!(
        ingest(&mut client, command("f", APPEND), vec![rows])
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        text(
            &mut client,
            "SELECT sip IS NULL, n, t IS NULL, y, day FROM f ORDER BY day"
        )
        .await,
        ["true 7 true 2016 08", "true  true 2016 09"]
    );
    assert_eq!(text(&mut client, "SHOW PARTITIONS f").await.len(), 2);
    let number: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    for (columns, code, said) in [
        (
            vec![("x", number.clone())],
            Code::InvalidArgument,
            "has no column 'x'",
        ),
        (
            vec![("n", number.clone())],
            Code::InvalidArgument,
            "column 'y'",
        ),
        (
            vec![("n", number.clone()), ("N", number.clone())],
            Code::InvalidArgument,
            "two columns of this name",
        ),
        (
            vec![
                ("t", number.clone()),
                ("y", number.clone()),
                ("day", number.clone()),
            ],
            Code::InvalidArgument,
            "column 't'",
        ),
        (vec![], Code::InvalidArgument, "without columns"),
    ] {
        let rows = match columns.is_empty() {
            true => RecordBatch::new_empty(Arc::new(datafusion::arrow::datatypes::Schema::empty())),
            false => batch(columns),
        };
        let error = ingest(&mut client, command("f", APPEND), vec![rows])
            .await
            .unwrap_err();
        assert!(error.message().contains(said), "{}", error.message());
        // ADBC's cursors would conclude from UNIMPLEMENTED that nothing is ingested at all.
        assert!(
            error.code() == code || said == "without columns",
            "{error:?}"
        );
    }
    assert_eq!(text(&mut client, "SELECT count(*) FROM f").await, ["2"]);
}

#[tokio::test]
async fn types_that_tables_do_not_have_become_the_next_wider_one_or_are_refused_by_name() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("byte", Arc::new(UInt8Array::from(vec![200]))),
        ("big", Arc::new(UInt64Array::from(vec![u64::MAX]))),
        ("day", Arc::new(Date64Array::from(vec![86_400_000]))),
        ("ns", Arc::new(TimestampNanosecondArray::from(vec![1_500]))),
        (
            "utc",
            Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("Europe/Berlin")),
        ),
        (
            "mac",
            Arc::new(FixedSizeBinaryArray::try_from_iter([[1_u8, 2]].into_iter()).unwrap()),
        ),
    ];
    assert_eq!(
        ingest(&mut client, command("w", CREATE), vec![batch(columns)])
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        text(&mut client, "SELECT * FROM w").await,
        ["200 18446744073709551615 1970-01-02 1970-01-01T00:00:00.000001 1970-01-01T00:00:00 0102"]
    );
    let described = text(&mut client, "DESCRIBE w").await;
    let types: Vec<&str> = described
        .iter()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(
        types,
        [
            "smallint",
            "decimal(20,0)",
            "date",
            "timestamp",
            "timestamp",
            "binary"
        ]
    );
    let member = Arc::new(Field::new("a", DataType::Int32, true));
    let fields: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let refused: Vec<ArrayRef> = vec![
        Arc::new(Time64MicrosecondArray::from(vec![1])),
        Arc::new(DurationSecondArray::from(vec![1])),
        Arc::new(StructArray::from(vec![(member, fields)])),
    ];
    for column in refused {
        let data_type = column.data_type().clone();
        let rows = vec![batch(vec![("odd", column)])];
        let error = ingest(&mut client, command("x", CREATE), rows)
            .await
            .unwrap_err();
        assert!(
            error.message().contains("'odd'"),
            "{data_type}: {}",
            error.message()
        );
    }
    assert_eq!(text(&mut client, "SHOW TABLES").await, ["w"]);
}

#[tokio::test]
async fn databases_are_named_and_what_cannot_be_done_is_refused_with_a_sentence() {
    let server = Server::start().await;
    let mut client = server.client().await;
    client
        .execute_update("CREATE DATABASE logs".into(), None)
        .await
        .unwrap();
    let to_logs = CommandStatementIngest {
        schema: Some("logs".into()),
        catalog: Some("spotql".into()),
        ..command("t", CREATE)
    };
    assert_eq!(
        ingest(&mut client, to_logs.clone(), vec![rows(0, 2)])
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        text(&mut client, "SELECT count(*) FROM logs.t").await,
        ["2"]
    );
    let changes: [(Change, Code, &str); 6] = [
        (
            |it| it.catalog = Some("other".into()),
            Code::Unimplemented,
            "catalog 'other'",
        ),
        (|it| it.schema = Some("none".into()), Code::NotFound, "none"),
        (|it| it.temporary = true, Code::Unimplemented, "temporary"),
        (
            |it| it.table = String::new(),
            Code::InvalidArgument,
            "name of a table",
        ),
        (
            |it| it.table_definition_options = None,
            Code::InvalidArgument,
            "both options",
        ),
        (
            |it| {
                it.options.insert("speed".into(), "high".into());
            },
            Code::InvalidArgument,
            "'speed'",
        ),
    ];
    for (change, code, said) in changes {
        let mut asked = CommandStatementIngest {
            table: "u".into(),
            ..to_logs.clone()
        };
        change(&mut asked);
        let error = ingest(&mut client, asked, vec![rows(0, 1)])
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{}", error.message());
        assert!(error.message().contains(said), "{}", error.message());
    }
}

#[tokio::test]
async fn a_client_that_goes_away_in_the_middle_leaves_nothing() {
    let (server, mut client) = Server::with_table().await;
    for (table, mode) in [("t", APPEND), ("t", REPLACE), ("new", CREATE)] {
        let mut leaving = server.client().await;
        let (sent, mut arrived) = tokio::sync::mpsc::channel(1);
        // A few batches, and then silence.
        let batches =
            stream::iter((0..20).map(|n| Ok(rows(n * 100, 100)))).chain(stream::once(async move {
                sent.send(()).await.unwrap();
                futures::future::pending::<Result<RecordBatch, FlightError>>().await
            }));
        let command = command(table, mode);
        let call = tokio::spawn(async move { leaving.execute_ingest(command, batches).await });
        arrived.recv().await.unwrap();
        call.abort();
        assert!(call.await.is_err());
        // The write is undone by a task of its own.
        while !text(&mut client, "SHOW WRITES").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(
        text(&mut client, "SELECT count(*), max(s) FROM t").await,
        ["3 b"]
    );
    assert_eq!(text(&mut client, "SHOW TABLES").await, ["t"]);
}
