//! Detection and feedback, through the shipped scripts, on synthetic days of all three kinds of log.

use std::sync::Arc;

use crate::support::{rows, run, try_run};
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use spotql_sql::{Engine, EngineOptions, Session};

const MONDAY: &str = "2024-05-13";
const TUESDAY: &str = "2024-05-14";
/// The lists hold all that these words are made of, and so tell which records are alike.
const WORDS: &str = "spot";

/// A kind of log, and how its results are rated.
struct Log {
    name: &'static str,
    scores: &'static str,
    /// Rates the first of a list; `{rating}` is the rating.
    rate: &'static str,
    /// The order of the list.
    order: &'static str,
    /// What a record of the list is known by, the day left out.
    key: &'static str,
    /// Equal for records of the same documents and words.
    like: &'static str,
}

const LOGS: [Log; 3] = [
    Log {
        name: "flow",
        scores: "flow_scores",
        rate: "INSERT OVERWRITE flow_threat_investigation PARTITION (y = 2024, m = 5, d = 13) \
               SELECT tstart, srcip, dstip, sport, dport, {rating} FROM flow_scores \
               WHERE d = 13 AND rank = 1",
        order: "rank",
        key: "concat_ws('|', srcip, dstip, sport, dport, substr(tstart, 12))",
        like: "concat_ws('|', srcip, dstip, \
               flow_src_word(hour(tstart), sport, dport, proto, ibyt, ipkt), \
               flow_dst_word(hour(tstart), sport, dport, proto, ibyt, ipkt))",
    },
    Log {
        name: "dns",
        scores: "dns_scores",
        rate: "INSERT OVERWRITE dns_threat_investigation PARTITION (y = 2024, m = 5, d = 13) \
               SELECT unix_tstamp, ip_dst, dns_qry_name, 0, {rating} FROM dns_scores \
               WHERE d = 13 ORDER BY ml_score, unix_tstamp, frame_time, ip_dst LIMIT 1",
        order: "ml_score, unix_tstamp, frame_time, ip_dst",
        key: "concat_ws('|', ip_dst, dns_qry_name, frame_len, unix_tstamp % 86400)",
        like: "concat_ws('|', ip_dst, \
               dns_word(frame_time, frame_len, dns_qry_name, dns_qry_type, dns_qry_rcode))",
    },
    Log {
        name: "proxy",
        scores: "proxy_scores",
        rate: "INSERT OVERWRITE proxy_threat_investigation PARTITION (y = 2024, m = 5, d = 13) \
               SELECT tdate, fulluri, {rating} FROM proxy_scores \
               WHERE d = 13 ORDER BY ml_score, time, clientip LIMIT 1",
        order: "ml_score, time, clientip",
        key: "concat_ws('|', clientip, fulluri, time)",
        like: "concat_ws('|', clientip, word)",
    },
];

async fn engine(folder: &tempfile::TempDir) -> Arc<Engine> {
    Engine::open(EngineOptions::new(folder.path().join("warehouse")))
        .await
        .unwrap()
}

async fn execute(session: &Session, sql: &str) {
    if let Err(error) = session.execute(sql).await {
        panic!("{sql}: {error}");
    }
}

/// Monday's records, and the very same ones as Tuesday's.
async fn two_days_alike(session: &Session, log: &Log) {
    let name = log.name;
    run(session, &format!("schema/{name}.sql"), &[]).await;
    execute(
        session,
        &format!("INSERT INTO {name} PARTITION (y, m, d, h) SELECT * FROM synthetic_{name}(3000, 5, '{MONDAY}')"),
    )
    .await;
    let empty = rows(session, &format!("SELECT * FROM {name} LIMIT 0")).await;
    let schema = empty.schema();
    let columns: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .filter(|name| !["y", "m", "d"].contains(name))
        .collect();
    let day = if name == "proxy" {
        "y = '2024', m = '05', d = '14'"
    } else {
        "y = 2024, m = 5, d = 14"
    };
    execute(
        session,
        &format!(
            "INSERT INTO {name} PARTITION ({day}, h) SELECT {} FROM {name}",
            columns.join(", ")
        ),
    )
    .await;
    // A partition of no day at all, as a careless load leaves one, must not matter.
    let odd = match name {
        "proxy" => "y = '-', m = 'x', d = '0', h = '99'",
        _ => "y = 2024, m = 0, d = 31, h = 0",
    };
    execute(
        session,
        &format!("ALTER TABLE {name} ADD PARTITION ({odd})"),
    )
    .await;
}

/// A record of a list.
#[derive(Debug, Clone, PartialEq)]
struct Listed {
    key: String,
    like: String,
    score: f64,
}

async fn list(session: &Session, log: &Log, day: u32) -> Vec<Listed> {
    let sql = format!(
        "SELECT {}, {}, ml_score FROM {} WHERE y = 2024 AND m = 5 AND d = {day} ORDER BY {}",
        log.key, log.like, log.scores, log.order
    );
    let batch = rows(session, &sql).await;
    let text = |column: usize| cast(batch.column(column), &DataType::Utf8).unwrap();
    let (keys, likes) = (text(0), text(1));
    let scores = batch.column(2).as_primitive::<Float64Type>();
    (0..batch.num_rows())
        .map(|row| Listed {
            key: keys.as_string::<i32>().value(row).to_owned(),
            like: likes.as_string::<i32>().value(row).to_owned(),
            score: scores.value(row),
        })
        .collect()
}

async fn detect(session: &Session, log: &Log, date: &str) {
    run(
        session,
        &format!("detect/{}.sql", log.name),
        &[("date", date), ("words", WORDS)],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rated_harmless_leaves_the_list_with_its_like_and_other_ratings_change_nothing() {
    for log in &LOGS {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder).await;
        let session = engine.session();
        two_days_alike(&session, log).await;
        detect(&session, log, MONDAY).await;
        detect(&session, log, TUESDAY).await;
        let (monday, tuesday) = (list(&session, log, 13).await, list(&session, log, 14).await);
        assert_eq!(monday.len(), 300, "{}", log.name);
        assert_eq!(monday[0], tuesday[0], "{}", log.name);
        let top = &monday[0];

        // High and medium: it leaves the day's list, all the others keep their scores, and the next
        // day is as it was.
        for rating in ["1", "2"] {
            execute(&session, &log.rate.replace("{rating}", rating)).await;
            detect(&session, log, MONDAY).await;
            let rated = list(&session, log, 13).await;
            assert!(
                rated.iter().all(|other| other.key != top.key),
                "{}: {top:?}",
                log.name
            );
            assert_eq!(rated.len(), 300);
            let (left, kept): (Vec<_>, Vec<_>) =
                monday.iter().partition(|record| !rated.contains(record));
            assert!(
                left.len() < 20 && kept.len() > 280,
                "{}: {left:?}",
                log.name
            );
            detect(&session, log, TUESDAY).await;
            assert_eq!(list(&session, log, 14).await, tuesday, "{}", log.name);
            // Back to the list with the first in place.
            let none = log.rate.replace("{rating}", "0");
            execute(&session, &none.replace("d = 13 ", "false AND d = 13 ")).await;
            detect(&session, log, MONDAY).await;
            assert_eq!(list(&session, log, 13).await, monday, "{}", log.name);
        }

        // Low: Tuesday's twin of it falls, and so do the records of the same host and word.
        execute(&session, &log.rate.replace("{rating}", "3")).await;
        detect(&session, log, TUESDAY).await;
        let after = list(&session, log, 14).await;
        let place = |list: &[Listed]| list.iter().position(|other| other.like == top.like);
        let falls = place(&after).is_none_or(|place| place > 100);
        assert!(
            falls,
            "{}: {top:?} is still at {:?}",
            log.name,
            place(&after)
        );
        // It does so on no more days than asked for.
        let variables = [("date", TUESDAY), ("words", WORDS), ("feedback_days", "0")];
        run(&session, &format!("detect/{}.sql", log.name), &variables).await;
        assert_eq!(list(&session, log, 14).await, tuesday, "{}", log.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_days_get_a_clear_answer() {
    for log in &LOGS {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder).await;
        let session = engine.session();
        let name = log.name;
        run(&session, &format!("schema/{name}.sql"), &[]).await;
        let detect = format!("detect/{name}.sql");
        let variables = [("date", TUESDAY)];

        let error = try_run(&session, &detect, &variables)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("0 records read, none of them usable"),
            "{error}"
        );
        assert!(error.contains("Check the date"), "{error}");

        // One record: certain to be what that host does, listed all the same.
        execute(
            &session,
            &format!("INSERT INTO {name} PARTITION (y, m, d, h) SELECT * FROM synthetic_{name}(3000, 5, '{TUESDAY}') LIMIT 1"),
        )
        .await;
        run(&session, &detect, &variables).await;
        let one = rows(&session, &format!("SELECT ml_score FROM {}", log.scores)).await;
        assert_eq!(one.num_rows(), 1, "{name}");
        let score = one.column(0).as_primitive::<Float64Type>().value(0);
        assert!(score > 0.0 && score <= 1.0 + 1e-12, "{name}: {score}");

        // All invalid: nothing is listed, and it is said how many there were.
        let spoiled = match name {
            "flow" => "trhour",
            "dns" => "dns_qry_name",
            _ => "host",
        };
        let columns = rows(&session, &format!("SELECT * FROM {name} LIMIT 0")).await;
        let schema = columns.schema();
        let columns: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| match field.name().as_str() {
                column if column == spoiled => format!("NULL AS {column}"),
                column => column.to_owned(),
            })
            .collect();
        execute(
            &session,
            &format!(
                "INSERT OVERWRITE {name} PARTITION (y, m, d, h) SELECT {} FROM {name}",
                columns.join(", ")
            ),
        )
        .await;
        let error = try_run(&session, &detect, &variables)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("1 records read, none of them usable"),
            "{error}"
        );
        let before = rows(&session, &format!("SELECT count(*) FROM {}", log.scores)).await;
        let count = before.column(0).as_primitive::<Int64Type>().value(0);
        assert_eq!(count, 1, "a failed detection leaves the list as it was");

        let summary = format!("detect/{name}_summary.sql");
        run(&session, &summary, &variables).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_rows_and_threads_do_not_show() {
    for log in &LOGS {
        let mut lists: Vec<RecordBatch> = Vec::new();
        for (threads, order) in [(1, "ASC"), (3, "DESC")] {
            let folder = tempfile::tempdir().unwrap();
            let mut options = EngineOptions::new(folder.path().join("warehouse"));
            options.threads = Some(threads);
            let engine = Engine::open(options).await.unwrap();
            let session = engine.session();
            let name = log.name;
            run(&session, &format!("schema/{name}.sql"), &[]).await;
            execute(
                &session,
                &format!("INSERT INTO {name} PARTITION (y, m, d, h) SELECT * FROM synthetic_{name}(2000, 7, '{TUESDAY}') ORDER BY 1 {order}, 5 {order}"),
            )
            .await;
            detect(&session, log, TUESDAY).await;
            let sql = format!(
                "SELECT * FROM {} ORDER BY {}, 1, 2, 3, 4, 5",
                log.scores, log.order
            );
            lists.push(rows(&session, &sql).await);
        }
        assert_eq!(lists[0], lists[1], "{}", log.name);
    }
}

fn column(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = cast(batch.column_by_name(name).unwrap(), &DataType::Utf8).unwrap();
    let texts = column.as_string::<i32>().iter();
    texts.map(|text| text.map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_log_goes_from_raw_text_to_a_ranked_list() {
    let folder = tempfile::tempdir().unwrap();
    let session = engine(&folder).await.session();
    let log = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/access_log.gz");
    let log = log.display().to_string();
    let name = "examples/access_log.sql";
    let list = run(&session, name, &[("files", &log), ("limit", "5")])
        .await
        .unwrap();
    assert_eq!(list.num_rows(), 5);
    // A comment spammer's tool and a broken link were the day's oddest requests.
    let uris = column(&list, "uri");
    let among = |part: &str| uris.iter().flatten().any(|uri| uri.contains(part));
    assert!(
        among("ReCaptcha") && among("format(%22truetype"),
        "{uris:?}"
    );
    let all = run(&session, name, &[("files", &log), ("limit", "100000")])
        .await
        .unwrap();
    assert_eq!(all.num_rows(), 2893, "every line is read and scored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_model_scores_an_hour_and_says_what_it_had_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    let session = engine(&folder).await.session();
    run(&session, "schema/flow.sql", &[]).await;
    // Monday and Tuesday are days of different organisations: all of Tuesday's private addresses
    // may have been seen, hardly any of the others.
    for date in [MONDAY, TUESDAY] {
        let load = format!(
            "INSERT INTO flow PARTITION (y, m, d, h) SELECT * FROM synthetic_flow(3000, 5, '{date}')"
        );
        execute(&session, &load).await;
    }
    let variables = |date, hour| {
        [
            ("trained_on", MONDAY),
            ("date", date),
            ("hour", hour),
            ("limit", "100000"),
        ]
    };
    let name = "examples/stored_model.sql";
    let known = run(&session, name, &variables(MONDAY, "15")).await.unwrap();
    assert!(known.num_rows() > 50);
    assert!(column(&known, "unseen").iter().all(Option::is_none));

    let hour = run(&session, name, &variables(TUESDAY, "15"))
        .await
        .unwrap();
    let scores = hour.column_by_name("score").unwrap();
    let scores = scores.as_primitive::<Float64Type>();
    assert!(
        scores
            .values()
            .iter()
            .all(|score| *score > 0.0 && *score < 1.0)
    );
    let unseen = column(&hour, "unseen");
    let count = |what: &str| {
        unseen
            .iter()
            .flatten()
            .filter(|known| *known == what)
            .count()
    };
    assert!(count("document") > 10 && count("both") > 0, "{unseen:?}");
    // Not all of the unseen tie, as they would with the original's 0.
    let distinct: std::collections::HashSet<u64> = scores
        .values()
        .iter()
        .map(|score| score.to_bits())
        .collect();
    assert!(distinct.len() > 20, "{}", distinct.len());
}
