//! Flows.

use super::{digest, error, numbers, rows, session};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

#[tokio::test]
async fn flow_has_the_columns_of_the_ingest_table_then_its_partitions() {
    let frame = session(8192, 2)
        .sql("SELECT * FROM synthetic_flow(1, 1, '2016-07-08')")
        .await;
    let columns: Vec<String> = frame
        .unwrap()
        .schema()
        .fields()
        .iter()
        .map(|field| format!("{} {}", field.name(), field.data_type()))
        .collect();
    assert_eq!(
        columns.join(", "),
        "treceived Utf8, unix_tstamp Int64, tryear Int32, trmonth Int32, trday Int32, trhour Int32, \
         trminute Int32, trsec Int32, tdur Float32, sip Utf8, dip Utf8, sport Int32, dport Int32, \
         proto Utf8, flag Utf8, fwd Int32, stos Int32, ipkt Int64, ibyt Int64, opkt Int64, \
         obyt Int64, input Int32, output Int32, sas Int32, das Int32, dtos Int32, dir Int32, \
         rip Utf8, y Int16, m Int8, d Int8, h Int8"
    );
}

#[tokio::test]
async fn the_same_arguments_give_the_same_rows_whatever_the_batches_and_threads() {
    // Partitions come in any order; within an hour the order is part of the promise.
    const HOUR: &str = "SELECT * FROM synthetic_flow(20000, 7, '2016-07-08') WHERE h = 9";
    let first = rows(&session(8192, 1), HOUR).await;
    assert!(first.num_rows() > 500);
    for (batch_size, partitions) in [(8192, 1), (1, 1), (100, 1), (1000, 4)] {
        let again = rows(&session(batch_size, partitions), HOUR).await;
        // Threads may interleave the batches of different hours, not the rows of one.
        assert!(
            first == again,
            "batches of {batch_size}, {partitions} partitions"
        );
    }
    const DAY: &str = "SELECT * FROM synthetic_flow(20000, 7, '2016-07-08') ORDER BY treceived, \
         sip, dip, sport, dport, proto, ipkt, ibyt, tdur, flag";
    let first = rows(&session(8192, 1), DAY).await;
    assert!(first == rows(&session(333, 5), DAY).await);
    const TRUTH: &str = "SELECT * FROM synthetic_flow_truth(20000, 7, '2016-07-08')";
    let first = rows(&session(8192, 1), TRUTH).await;
    assert!(first == rows(&session(10, 5), TRUTH).await);
}

#[tokio::test]
async fn columns_are_the_same_whether_read_alone_or_together() {
    let session = session(8192, 2);
    let sums = "sum(sport), sum(ipkt), sum(length(sip)), sum(hash), count(*)";
    let all = "SELECT *, trsec * dport AS hash FROM synthetic_flow(5000, 7, '2016-07-08')";
    let few = "SELECT dport, trsec, sip, ipkt, sport, trsec * dport AS hash \
               FROM synthetic_flow(5000, 7, '2016-07-08')";
    let all = numbers(&session, &format!("SELECT {sums} FROM ({all})")).await;
    assert_eq!(
        all,
        numbers(&session, &format!("SELECT {sums} FROM ({few})")).await
    );
    let count = "SELECT count(*) FROM synthetic_flow(5000, 7, '2016-07-08')";
    assert_eq!(numbers(&session, count).await[0], all[4]);
}

#[tokio::test]
async fn another_seed_date_or_size_is_another_day() {
    let session = session(8192, 2);
    let mut sums = Vec::new();
    for arguments in [
        "5000, 7, '2016-07-08'",
        "5000, -8, '2016-07-08'",
        "5000, 7, '2016-07-09'",
        "5001, 7, '2016-07-08'",
    ] {
        let sql =
            format!("SELECT sum(ibyt), sum(sport), sum(trsec) FROM synthetic_flow({arguments})");
        sums.push(numbers(&session, &sql).await);
    }
    for (i, sum) in sums.iter().enumerate() {
        assert!(!sums[..i].contains(sum), "{sums:?}");
    }
}

#[tokio::test]
async fn every_truth_row_is_found_in_the_flows_exactly_once() {
    let session = session(8192, 2);
    for seed in 1..=6 {
        let arguments = format!("30000, {seed}, '2016-07-08'");
        let counts = numbers(
            &session,
            &format!(
                "SELECT count(*), sum(CASE WHEN n = 1 THEN 1 ELSE 0 END), count(DISTINCT attack) FROM (
                   SELECT t.attack, count(f.tdur) AS n
                   FROM synthetic_flow_truth({arguments}) t
                   LEFT JOIN synthetic_flow({arguments}) f
                   ON t.treceived = f.treceived AND t.sip = f.sip AND t.dip = f.dip
                     AND t.sport = f.sport AND t.dport = f.dport AND t.proto = f.proto
                     AND t.ipkt = f.ipkt AND t.ibyt = f.ibyt
                   GROUP BY t.attack, t.treceived, t.sip, t.dip, t.sport, t.dport, t.proto,
                     t.ipkt, t.ibyt)"
            ),
        )
        .await;
        let truth = format!("SELECT count(*) FROM synthetic_flow_truth({arguments})");
        let truth = numbers(&session, &truth).await[0];
        assert_eq!(counts, [truth, truth, 10], "seed {seed}");
    }
}

#[tokio::test]
async fn a_day_has_as_many_background_rows_as_asked() {
    let session = session(8192, 2);
    for flows in [1, 2, 23, 1_000, 300_000] {
        let arguments = format!("{flows}, 3, '2016-07-08'");
        let all = format!("SELECT count(*) FROM synthetic_flow({arguments})");
        let planted = format!("SELECT count(*) FROM synthetic_flow_truth({arguments})");
        let planted = numbers(&session, &planted).await[0];
        assert_eq!(numbers(&session, &all).await[0], flows + planted);
    }
}

#[tokio::test]
async fn attacks_are_fewer_than_three_in_a_thousand_of_a_demo_day() {
    let session = session(8192, 2);
    for seed in 0..20 {
        let sql = format!(
            "SELECT max(n), min(n), sum(n) FROM (SELECT attack, count(*) AS n
             FROM synthetic_flow_truth(300000, {seed}, '2016-07-08') GROUP BY attack)"
        );
        let [most, least, all] = numbers(&session, &sql).await[..] else {
            panic!()
        };
        assert!(
            most <= 100 && least >= 4 && (150..900).contains(&all),
            "{seed}: {most} {least} {all}"
        );
    }
}

#[tokio::test]
async fn every_row_is_valid_and_inside_the_day() {
    let bad = numbers(
        &session(8192, 2),
        "SELECT count(*) FROM synthetic_flow(300000, 11, '2016-02-29') WHERE NOT coalesce(
           treceived = concat('2016-02-29 ', lpad(CAST(trhour AS STRING), 2, '0'), ':',
             lpad(CAST(trminute AS STRING), 2, '0'), ':', lpad(CAST(trsec AS STRING), 2, '0'))
           AND trhour BETWEEN 0 AND 23 AND trminute BETWEEN 0 AND 59 AND trsec BETWEEN 0 AND 59
           AND unix_tstamp = 1456704000 + trhour * 3600 + trminute * 60 + trsec
           AND tryear = 2016 AND trmonth = 2 AND trday = 29
           AND y = 2016 AND m = 2 AND d = 29 AND h = trhour
           AND sip <> dip AND sip <> '' AND dip <> ''
           AND sport BETWEEN 0 AND 65535 AND dport BETWEEN 0 AND 65535
           AND ipkt >= 1 AND ibyt >= 40 * ipkt AND ibyt <= 1500 * ipkt
           AND tdur >= 0 AND tdur <= 300 AND (ibyt < 1000000 OR ibyt / tdur < 60000000)
           AND opkt = 0 AND obyt = 0 AND proto IN ('TCP', 'UDP', 'ICMP', 'ESP')
           AND length(flag) = 6 AND (flag = '......') = (proto <> 'TCP')
           AND (proto IN ('ICMP', 'ESP') OR (sport > 0 AND dport > 0)), false)",
    )
    .await;
    assert_eq!(bad, [0]);
}

#[tokio::test]
async fn rows_of_an_hour_come_in_order_of_time_attacks_among_them() {
    let batch = rows(
        &session(8192, 1),
        "SELECT unix_tstamp FROM synthetic_flow(300000, 5, '2016-07-08') WHERE h = 12",
    )
    .await;
    let times = batch.column(0).as_primitive::<Int64Type>().values();
    assert!(times.len() > 5_000 && times.is_sorted());
}

#[tokio::test]
async fn office_hours_are_busy_and_nights_are_not_silent() {
    // The busiest hour against the quietest one.
    let [most, least, hours] = numbers(
        &session(8192, 2),
        "SELECT max(n), min(n), count(*) FROM (SELECT trhour, count(*) AS n
         FROM synthetic_flow(300000, 2, '2016-07-08') GROUP BY trhour)",
    )
    .await[..] else {
        panic!()
    };
    assert_eq!(hours, 24);
    assert!(most > 4 * least && least > 1_000, "{most} {least}");
}

#[tokio::test]
async fn a_few_hosts_have_most_of_the_flows() {
    let [top, all, hosts] = numbers(
        &session(8192, 2),
        "SELECT sum(CASE WHEN place <= hosts / 100 THEN n ELSE 0 END), sum(n), count(*) FROM (
           SELECT n, row_number() OVER (ORDER BY n DESC) AS place, count(*) OVER () AS hosts FROM (
             SELECT sip, count(*) AS n FROM synthetic_flow(300000, 2, '2016-07-08') GROUP BY sip))",
    )
    .await[..] else {
        panic!()
    };
    assert!(hosts > 3_000, "{hosts}");
    assert!(top > all * 35 / 100, "{top} of {all}");
}

#[tokio::test]
async fn backups_are_large_and_at_night() {
    // Local night is at most seven hours from UTC night.
    let [bytes, rest] = numbers(
        &session(8192, 2),
        "SELECT sum(CASE WHEN dport IN (10102, 10103) THEN ibyt ELSE 0 END) / 1000000000,
           count(DISTINCT CASE WHEN dport IN (10102, 10103) AND dip LIKE '10.28.%' THEN trhour END)
         FROM synthetic_flow(300000, 2, '2016-07-08')",
    )
    .await[..] else {
        panic!()
    };
    assert!(bytes > 100, "{bytes} GB");
    assert!((3..=4).contains(&rest), "{rest} hours");
}

#[tokio::test]
async fn wrong_arguments_are_named_with_what_is_accepted() {
    let flows = "it takes an integer literal from 1 to 1000000000, the number of background rows";
    let seed = "it takes a 64-bit integer literal";
    let date = "it takes a literal day 'YYYY-MM-DD' from '1970-01-01' to '9999-12-31'";
    for (arguments, message) in [
        (
            "0, 1, '2016-07-08'",
            format!("argument flows is 0; {flows}"),
        ),
        (
            "1000000001, 1, '2016-07-08'",
            format!("argument flows is 1000000001; {flows}"),
        ),
        (
            "'many', 1, '2016-07-08'",
            format!("argument flows is 'many'; {flows}"),
        ),
        (
            "10, 1.5, '2016-07-08'",
            format!("argument seed is 1.5; {seed}"),
        ),
        (
            "10, NULL, '2016-07-08'",
            format!("argument seed is NULL; {seed}"),
        ),
        (
            "10, 1, '2016-02-30'",
            format!("argument date is '2016-02-30'; {date}"),
        ),
        (
            "10, 1, '08.07.2016'",
            format!("argument date is '08.07.2016'; {date}"),
        ),
        (
            "10, 1, '1969-12-31'",
            format!("argument date is '1969-12-31'; {date}"),
        ),
        (
            "10, 1, '2016-07-08x'",
            format!("argument date is '2016-07-08x'; {date}"),
        ),
        (
            "10, 1, 20160708",
            format!("argument date is 20160708; {date}"),
        ),
    ] {
        for function in ["synthetic_flow", "synthetic_flow_truth"] {
            let text = error(&format!("SELECT * FROM {function}({arguments})")).await;
            assert_eq!(
                text,
                format!("Error during planning: {function}: {message}")
            );
        }
    }
    assert_eq!(
        error("SELECT * FROM synthetic_flow(10, 1)").await,
        "Error during planning: synthetic_flow takes 3 arguments, got 2: \
         synthetic_flow(flows, seed, date), for example synthetic_flow(300000, 42, '2016-07-08')"
    );
}

#[tokio::test]
async fn dates_may_be_typed_and_seeds_negative() {
    let session = session(8192, 2);
    let text = "SELECT sum(ibyt) FROM synthetic_flow(100, -3, '2016-07-08')";
    let typed = "SELECT sum(ibyt) FROM synthetic_flow(100, -3, DATE '2016-07-08')";
    assert_eq!(
        numbers(&session, text).await,
        numbers(&session, typed).await
    );
}

#[tokio::test]
async fn a_limit_does_not_make_the_whole_day() {
    // A billion rows would take minutes and be noticed.
    let sql = "SELECT * FROM synthetic_flow(1000000000, 1, '2016-07-08') LIMIT 10";
    assert_eq!(rows(&session(8192, 2), sql).await.num_rows(), 10);
}

/// Figures are published for days made by their arguments: whoever changes the day changes them.
/// (The platform's `ln`, `cos` and `exp` have a part in it: see `draw`.)
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[tokio::test]
async fn the_flow_day_of_given_arguments_is_forever_the_same() {
    assert_eq!(
        (
            digest("flow", "20000, 7, '2016-07-08'").await,
            digest("flow", "3000, -1, '2024-02-29'").await
        ),
        (7_675_242_471_751_099_150, 18_260_274_641_797_396_677)
    );
}
