//! The table functions through SQL, as everybody calls them: what holds for every kind of log here,
//! the rest by kind.

mod dns;
mod flow;
mod proxy;

use super::table_functions;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::prelude::{SessionConfig, SessionContext};

pub(super) fn session(batch_size: usize, partitions: usize) -> SessionContext {
    let config = SessionConfig::new()
        .with_batch_size(batch_size)
        .with_target_partitions(partitions);
    let session = SessionContext::new_with_config(config);
    for (name, function) in table_functions() {
        session.register_udtf(name, function);
    }
    session
}

pub(super) async fn rows(session: &SessionContext, sql: &str) -> RecordBatch {
    let frame = session.sql(sql).await.unwrap();
    let schema = frame.schema().inner().clone();
    concat_batches(&schema, &frame.collect().await.unwrap()).unwrap()
}

/// The first row of a query as integers.
pub(super) async fn numbers(session: &SessionContext, sql: &str) -> Vec<i64> {
    let batch = rows(session, sql).await;
    let number = |column: &dyn Array| {
        let long = arrow::compute::cast(column, &DataType::Int64).unwrap();
        long.as_primitive::<Int64Type>().value(0)
    };
    batch
        .columns()
        .iter()
        .map(|column| number(column.as_ref()))
        .collect()
}

pub(super) async fn error(sql: &str) -> String {
    match session(8192, 2).sql(sql).await {
        Ok(_) => panic!("{sql} was accepted"),
        Err(error) => error.strip_backtrace(),
    }
}

/// A day's rows as one number (FNV-1a over the text of every value, hour by hour).
pub(super) async fn digest(log: &str, arguments: &str) -> u64 {
    let session = session(8192, 1);
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut queries: Vec<String> = (0..24)
        .map(|h| format!("SELECT * FROM synthetic_{log}({arguments}) WHERE h = {h}"))
        .collect();
    queries.push(format!("SELECT * FROM synthetic_{log}_truth({arguments})"));
    for query in queries {
        let batch = rows(&session, &query).await;
        for column in batch.columns() {
            let text = arrow::compute::cast(column, &DataType::Utf8).unwrap();
            for value in text.as_string::<i32>() {
                for byte in value.unwrap_or("NULL").bytes().chain([b'|']) {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
                }
            }
        }
    }
    hash
}

/// The columns of a function with their types.
async fn columns(call: &str) -> String {
    let sql = format!("SELECT * FROM {call}");
    let frame = session(8192, 2).sql(&sql).await.unwrap();
    let columns: Vec<String> = frame
        .schema()
        .fields()
        .iter()
        .map(|field| format!("{} {}", field.name(), field.data_type()))
        .collect();
    columns.join(", ")
}

/// The kinds with names, and how an hour is chosen.
const NAMED: [(&str, &str); 2] = [("dns", "h = 9"), ("proxy", "h = '09'")];

#[tokio::test]
async fn named_logs_have_the_same_rows_whatever_the_batches_and_threads() {
    for (log, nine) in NAMED {
        let hour = format!("SELECT * FROM synthetic_{log}(8000, 7, '2016-07-08') WHERE {nine}");
        let first = rows(&session(8192, 1), &hour).await;
        assert!(first.num_rows() > 200);
        for (batch_size, partitions) in [(8192, 1), (1, 1), (100, 1), (1000, 4)] {
            let again = rows(&session(batch_size, partitions), &hour).await;
            assert!(
                first == again,
                "{log}: batches of {batch_size}, {partitions} partitions"
            );
        }
        let truth = format!("SELECT * FROM synthetic_{log}_truth(8000, 7, '2016-07-08')");
        let first = rows(&session(8192, 1), &truth).await;
        assert!(first == rows(&session(10, 5), &truth).await);
    }
}

#[tokio::test]
async fn columns_of_named_logs_are_the_same_whether_read_alone_or_together() {
    let session = session(8192, 1);
    for (log, nine) in NAMED {
        let source = format!("synthetic_{log}(2000, 7, '2016-07-08') WHERE {nine}");
        let all = rows(&session, &format!("SELECT * FROM {source}")).await;
        for (i, field) in all.schema().fields().iter().enumerate() {
            let one = rows(&session, &format!("SELECT {} FROM {source}", field.name())).await;
            assert!(one.column(0) == all.column(i), "{}", field.name());
        }
    }
}

#[tokio::test]
async fn a_day_with_names_has_as_many_background_rows_as_asked() {
    let session = session(8192, 2);
    for (log, _) in NAMED {
        for count in [1, 2, 23, 1_000, 100_000] {
            let arguments = format!("{count}, 3, '2016-07-08'");
            let all = format!("SELECT count(*) FROM synthetic_{log}({arguments})");
            let planted = format!("SELECT count(*) FROM synthetic_{log}_truth({arguments})");
            let planted = numbers(&session, &planted).await[0];
            assert_eq!(numbers(&session, &all).await[0], count + planted);
        }
    }
}

#[tokio::test]
async fn attacks_on_names_are_a_handful_to_some_dozens_of_rows() {
    let session = session(8192, 2);
    for (log, _) in NAMED {
        for seed in 0..10 {
            let sql = format!(
                "SELECT max(n), min(n), sum(n), count(*) FROM (SELECT attack, count(*) AS n
                 FROM synthetic_{log}_truth(300000, {seed}, '2016-07-08') GROUP BY attack)"
            );
            let [most, least, all, kinds] = numbers(&session, &sql).await[..] else {
                panic!()
            };
            assert!(
                most <= 100 && least >= 4 && (150..900).contains(&all) && kinds == 12,
                "{log} {seed}: {most} {least} {all} {kinds}"
            );
        }
    }
}

#[tokio::test]
async fn no_attack_runs_into_the_end_of_the_day() {
    let session = session(8192, 2);
    for (log, time) in [("dns", "substr(frame_time, 13, 8)"), ("proxy", "p_time")] {
        for seed in 0..30 {
            let sql = format!(
                "SELECT count(*) FROM synthetic_{log}_truth(1000, {seed}, '2016-07-08')
                 WHERE {time} = '23:59:59'"
            );
            let last = numbers(&session, &sql).await[0];
            assert!(last < 3, "{log} {seed}: {last}");
        }
    }
}

#[tokio::test]
async fn attackers_machines_do_other_things_as_well() {
    let session = session(8192, 2);
    for (log, client) in [("dns", "ip_dst"), ("proxy", "clientip")] {
        let arguments = "100000, 3, '2016-07-08'";
        let sql = format!(
            "SELECT min(alls - planted) FROM (
               SELECT {client} AS who, count(*) AS planted
               FROM synthetic_{log}_truth({arguments}) GROUP BY 1)
             JOIN (SELECT {client} AS client, count(*) AS alls
               FROM synthetic_{log}({arguments}) GROUP BY 1) ON who = client"
        );
        let least = numbers(&session, &sql).await[0];
        assert!(least > 5, "{log}: {least}");
    }
}

#[tokio::test]
async fn wrong_arguments_of_named_logs_are_named_alike() {
    assert_eq!(
        error("SELECT * FROM synthetic_dns(0, 1, '2016-07-08')").await,
        "Error during planning: synthetic_dns: argument responses is 0; it takes an integer \
         literal from 1 to 1000000000, the number of background rows"
    );
    assert_eq!(
        error("SELECT * FROM synthetic_proxy_truth(10)").await,
        "Error during planning: synthetic_proxy_truth takes 3 arguments, got 1: \
         synthetic_proxy_truth(requests, seed, date), for example \
         synthetic_proxy_truth(300000, 42, '2016-07-08')"
    );
}

#[tokio::test]
async fn the_same_organisation_is_behind_every_log_of_the_same_arguments() {
    let sql = "SELECT count(DISTINCT ip_dst) FROM synthetic_dns(100000, 5, '2016-07-08')
         WHERE ip_dst LIKE '10.10.%'
           AND ip_dst NOT IN (SELECT sip FROM synthetic_flow(100000, 5, '2016-07-08'))";
    let [strangers] = numbers(&session(8192, 2), sql).await[..] else {
        panic!()
    };
    assert!(strangers < 15, "{strangers}");
}
