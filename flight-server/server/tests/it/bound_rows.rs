//! Writes with rows of values: many rows, one write, and what damaged ones do.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::sql::{
    ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult, Any,
    CommandPreparedStatementUpdate, DoPutUpdateResult, ProstMessageExt,
};
use arrow_flight::{Action, FlightData, FlightDescriptor};
use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, NullArray, RecordBatch, StringArray};
use datafusion::arrow::ipc::CompressionType;
use datafusion::arrow::ipc::writer::IpcWriteOptions;
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use tonic::{Code, Status};

use crate::parameters::{numbers, prepare, refused, row, texts};
use crate::server::{Client, Server, status, text};

#[tokio::test]
async fn an_insert_with_many_rows_of_values_is_one_write() {
    let (server, mut client) = Server::with_table().await;
    let mut insert = prepare(&mut client, "INSERT INTO t VALUES (?, upper(?))").await;
    let count = 10_000;
    let strings: Vec<String> = (0..count).map(|n| format!("s{n}")).collect();
    let strings: ArrayRef = Arc::new(StringArray::from(strings));
    let all: Vec<i64> = (0..count).collect();
    insert
        .set_parameters(row(vec![numbers(&all), strings]))
        .unwrap();
    let before = writes(&server);
    assert_eq!(insert.execute_update().await.unwrap(), count);
    assert_eq!(writes(&server), before + 1);
    let sql = "SELECT count(*), count(DISTINCT s), min(s) FROM t WHERE s LIKE 'S%'";
    assert_eq!(text(&mut client, sql).await, ["10000 10000 S0"]);
    // As ADBC's cursors do it: the values are bound, and GetFlightInfo runs it.
    insert
        .set_parameters(row(vec![numbers(&[-1]), texts(&["x"])]))
        .unwrap();
    assert_eq!(insert.execute().await.unwrap().total_records, 1);
    assert_eq!(
        text(&mut client, "SELECT s FROM t WHERE n = -1").await,
        ["X"]
    );
}

/// How many writes the files of the warehouse are of: the name of each tells.
fn writes(server: &Server) -> usize {
    fn collect(folder: &Path, writes: &mut HashSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                collect(&path, writes);
            } else if name.starts_with("part-") {
                writes.insert(name.split('-').nth(1).unwrap().to_owned());
            }
        }
    }
    let mut writes = HashSet::new();
    collect(server.folder(), &mut writes);
    writes.len()
}

/// Sends rows along with the command, as ADBC and JDBC do it; the Rust client binds them first.
async fn update(
    client: &mut Client,
    statement: &Bytes,
    batches: Vec<RecordBatch>,
    damage: impl Fn(usize, &mut FlightData),
) -> Result<i64, Status> {
    send(
        client,
        statement,
        batches,
        IpcWriteOptions::default(),
        damage,
    )
    .await
}

async fn send(
    client: &mut Client,
    statement: &Bytes,
    batches: Vec<RecordBatch>,
    options: IpcWriteOptions,
    damage: impl Fn(usize, &mut FlightData),
) -> Result<i64, Status> {
    let command = CommandPreparedStatementUpdate {
        prepared_statement_handle: statement.clone(),
    };
    let descriptor = FlightDescriptor::new_cmd(command.as_any().encode_to_vec());
    let schema = batches[0].schema();
    let messages = FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .with_options(options)
        .with_flight_descriptor(Some(descriptor))
        .build(stream::iter(batches.into_iter().map(Ok)));
    let mut messages: Vec<FlightData> = messages.try_collect().await.unwrap();
    for (index, message) in messages.iter_mut().enumerate() {
        damage(index, message);
    }
    let mut answer = client
        .inner_mut()
        .do_put(stream::iter(messages))
        .await?
        .into_inner();
    let answer = answer.next().await.unwrap()?;
    Ok(DoPutUpdateResult::decode(answer.app_metadata)
        .unwrap()
        .record_count)
}

/// The handle of a prepared statement, which arrow-flight's own client hides.
async fn handle(client: &mut Client, sql: &str) -> Bytes {
    let create = ActionCreatePreparedStatementRequest {
        query: sql.into(),
        transaction_id: None,
    };
    let create = Action::new("CreatePreparedStatement", create.as_any().encode_to_vec());
    let made = client.do_action(create).await.unwrap().message().await;
    let made = Any::decode(made.unwrap().unwrap().body).unwrap();
    let made: ActionCreatePreparedStatementResult = made.unpack().unwrap().unwrap();
    made.prepared_statement_handle
}

#[tokio::test]
async fn rows_that_come_with_the_update_are_written_at_once() {
    let (server, mut client) = Server::with_table().await;
    let insert = handle(&mut client, "INSERT INTO t (s, n) VALUES (?, ?)").await;
    let batches = (0..50).map(|n| row(vec![texts(&["x", "y"]), numbers(&[n, n])]));
    let before = writes(&server);
    let written = update(&mut client, &insert, batches.collect(), |_, _| {}).await;
    assert_eq!(written.unwrap(), 100);
    assert_eq!(writes(&server), before + 1);
    let select = handle(&mut client, "SELECT n FROM t WHERE n = ?").await;
    let error = update(
        &mut client,
        &select,
        vec![row(vec![numbers(&[1])])],
        |_, _| {},
    )
    .await;
    assert!(error.unwrap_err().message().contains("send it as a query"));
}

#[tokio::test]
async fn a_damaged_batch_writes_nothing_and_hurts_nobody() {
    let (_server, mut client) = Server::with_table().await;
    let insert = handle(&mut client, "INSERT INTO t VALUES (?, ?)").await;
    let batches = || vec![row(vec![numbers(&[7]), texts(&["seven"])]); 3];
    for flipped in 0..200 {
        let result = update(&mut client, &insert, batches(), |index, message| {
            if index < 3 {
                return;
            }
            let mut header = message.data_header.to_vec();
            let place = flipped % header.len();
            header[place] ^= 0x55;
            message.data_header = header.into();
        });
        // Some damage is none; what is an error has written nothing.
        if let Err(error) = result.await {
            assert_ne!(error.code(), Code::Internal, "{}", error.message());
        } else {
            assert_eq!(
                text(&mut client, "SELECT count(*) > 0 FROM t WHERE n = 7").await,
                ["true"]
            );
            text(&mut client, "INSERT OVERWRITE TABLE t VALUES (1, 'a')").await;
        }
    }
    assert_eq!(
        text(&mut client, "SELECT count(*) FROM t WHERE n = 7").await,
        ["0"]
    );
}

#[tokio::test]
async fn a_batch_that_names_sizes_beyond_reason_is_refused_before_it_is_unpacked() {
    let (_server, mut client) = Server::with_table().await;
    let insert = handle(&mut client, "INSERT INTO t (n) VALUES (?)").await;
    let nulls: ArrayRef = Arc::new(NullArray::new(1 << 30));
    let error = update(&mut client, &insert, vec![row(vec![nulls])], |_, _| {})
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(
        error.message().contains("send batches of at most"),
        "{}",
        error.message()
    );

    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME));
    let zeros = row(vec![numbers(&[0; 100_000])]);
    let (insert, options) = (&insert, options.unwrap());
    let written = packed(&mut client, insert, zeros.clone(), options.clone(), None).await;
    assert_eq!(written.unwrap(), 100_000);
    let error = packed(&mut client, insert, zeros, options, Some(1 << 50))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(
        error.message().contains("unpacks to more than"),
        "{}",
        error.message()
    );
}

/// Sends a compressed batch, with another size than its own in front of its values.
async fn packed(
    client: &mut Client,
    statement: &Bytes,
    batch: RecordBatch,
    options: IpcWriteOptions,
    size: Option<i64>,
) -> Result<i64, Status> {
    send(client, statement, vec![batch], options, |index, message| {
        if let Some(size) = size.filter(|_| index > 0) {
            let mut body = message.data_body.to_vec();
            body[..8].copy_from_slice(&size.to_le_bytes());
            message.data_body = body.into();
        }
    })
    .await
}

#[tokio::test]
async fn an_insert_of_a_query_with_several_rows_of_values_is_one_write_too() {
    let (_server, mut client) = Server::with_table().await;
    let mut insert = prepare(
        &mut client,
        "INSERT INTO t SELECT n + ?, s FROM t WHERE n = ?",
    )
    .await;
    insert
        .set_parameters(row(vec![numbers(&[10, 20]), numbers(&[1, 2])]))
        .unwrap();
    assert_eq!(insert.execute_update().await.unwrap(), 2);
    assert_eq!(
        text(&mut client, "SELECT n, s FROM t WHERE n > 3 ORDER BY n").await,
        ["11 a", "22 b"]
    );
    let many: Vec<i64> = vec![1; 201];
    insert
        .set_parameters(row(vec![numbers(&many), numbers(&many)]))
        .unwrap();
    let error = status(insert.execute_update().await.unwrap_err());
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(
        error.message().contains("INSERT … VALUES (?, …)"),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn a_partition_is_named_by_a_value() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let create = "CREATE TABLE p (n INT) PARTITIONED BY (day STRING)";
    client.execute_update(create.into(), None).await.unwrap();
    let mut fixed = prepare(&mut client, "INSERT INTO p PARTITION (day = ?) VALUES (?)").await;
    fixed
        .set_parameters(row(vec![texts(&["2016-07-08"]), numbers(&[1])]))
        .unwrap();
    assert_eq!(fixed.execute_update().await.unwrap(), 1);
    let mut dynamic = prepare(&mut client, "INSERT INTO p VALUES (?, ?)").await;
    dynamic
        .set_parameters(row(vec![numbers(&[2, 3]), texts(&["a", "it's"])]))
        .unwrap();
    assert_eq!(dynamic.execute_update().await.unwrap(), 2);
    assert_eq!(
        text(&mut client, "SELECT n, day FROM p ORDER BY n").await,
        ["1 2016-07-08", "2 a", "3 it's"]
    );
    let sql = "INSERT INTO p PARTITION (day = concat(?, '')) VALUES (1)";
    let error = refused(&mut client, sql, vec![texts(&["x"])]).await;
    assert!(
        error.message().contains("a parameter alone"),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn a_table_is_made_of_a_query_with_values() {
    let (_server, mut client) = Server::with_table().await;
    let mut create = prepare(&mut client, "CREATE TABLE u AS SELECT n FROM t WHERE n > ?").await;
    create.set_parameters(row(vec![numbers(&[1])])).unwrap();
    assert_eq!(create.execute_update().await.unwrap(), 2);
}
