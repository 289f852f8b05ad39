//! DNS answers.

use super::{columns, digest, numbers, rows, session};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

#[tokio::test]
async fn dns_has_the_columns_of_the_ingest_table_then_its_partitions() {
    assert_eq!(
        columns("synthetic_dns(1, 1, '2016-07-08')").await,
        "frame_time Utf8, unix_tstamp Int64, frame_len Int32, ip_dst Utf8, ip_src Utf8, \
         dns_qry_name Utf8, dns_qry_class Utf8, dns_qry_type Int32, dns_qry_rcode Int32, \
         dns_a Utf8, y Int16, m Int8, d Int8, h Int8"
    );
    assert_eq!(
        columns("synthetic_dns_truth(1, 1, '2016-07-08')").await,
        "attack Utf8, story Utf8, frame_time Utf8, unix_tstamp Int64, frame_len Int32, \
         ip_dst Utf8, dns_qry_name Utf8, dns_qry_type Int32, dns_qry_rcode Int32"
    );
}

#[tokio::test]
async fn every_truth_row_is_found_in_the_answers_exactly_once() {
    let session = session(8192, 2);
    for seed in 1..=3 {
        let arguments = format!("30000, {seed}, '2016-07-08'");
        let counts = numbers(
            &session,
            &format!(
                "SELECT count(*), sum(CASE WHEN n = 1 THEN 1 ELSE 0 END), count(DISTINCT attack)
                 FROM (SELECT t.attack, count(r.ip_src) AS n
                   FROM synthetic_dns_truth({arguments}) t
                   LEFT JOIN synthetic_dns({arguments}) r
                   ON t.frame_time = r.frame_time AND t.unix_tstamp = r.unix_tstamp
                     AND t.frame_len = r.frame_len AND t.ip_dst = r.ip_dst
                     AND t.dns_qry_name = r.dns_qry_name AND t.dns_qry_type = r.dns_qry_type
                     AND t.dns_qry_rcode = r.dns_qry_rcode
                   GROUP BY t.attack, t.frame_time, t.frame_len, t.ip_dst, t.dns_qry_name,
                     t.dns_qry_type, t.dns_qry_rcode)"
            ),
        )
        .await;
        let truth = format!("SELECT count(*) FROM synthetic_dns_truth({arguments})");
        let truth = numbers(&session, &truth).await[0];
        assert_eq!(counts, [truth, truth, 12], "seed {seed}");
    }
}

#[tokio::test]
async fn every_answer_is_valid_and_inside_the_day() {
    for (day, midnight, y, m, d) in [
        ("Jul  8 2016", 1_467_936_000, 2016, 7, 8),
        ("Feb 29 2024", 1_709_164_800, 2024, 2, 29),
    ] {
        let bad = numbers(
            &session(8192, 2),
            &format!(
                "SELECT count(*) FROM synthetic_dns(100000, 11, '{y}-{m:02}-{d:02}')
                 WHERE NOT coalesce(length(frame_time) = 34
                   AND frame_time LIKE '{day} __:__:__.______000 UTC'
                   AND unix_tstamp = {midnight} + CAST(substr(frame_time, 13, 2) AS INT) * 3600
                     + CAST(substr(frame_time, 16, 2) AS INT) * 60
                     + CAST(substr(frame_time, 19, 2) AS INT)
                   AND h = CAST(substr(frame_time, 13, 2) AS INT)
                   AND y = {y} AND m = {m} AND d = {d}
                   AND ip_dst <> ip_src AND dns_qry_class = '0x00000001'
                   AND dns_qry_type BETWEEN 1 AND 257 AND dns_qry_rcode IN (0, 2, 3, 5)
                   AND frame_len BETWEEN 60 + length(dns_qry_name) AND 1514
                   AND (dns_qry_rcode > 0 OR dns_qry_type <> 1 OR dns_a IS NOT NULL)
                   AND (dns_a IS NULL OR (dns_qry_type = 1 AND dns_qry_rcode = 0)), false)"
            ),
        )
        .await;
        assert_eq!(bad, [0]);
    }
}

#[tokio::test]
async fn every_name_could_be_asked() {
    let batch = rows(
        &session(8192, 2),
        "SELECT DISTINCT dns_qry_name FROM (SELECT * FROM synthetic_dns(200000, 11, '2016-07-08')
         UNION ALL SELECT * FROM synthetic_dns(20000, 12, '2016-07-08'))",
    )
    .await;
    assert!(batch.num_rows() > 20_000);
    for name in batch.column(0).as_string::<i32>() {
        let name = name.unwrap();
        let good = (1..=253).contains(&name.len())
            && name.split('.').all(|label| (1..=63).contains(&label.len()))
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        assert!(good, "{name}");
    }
}

#[tokio::test]
async fn answers_of_an_hour_come_in_order_of_time() {
    let batch = rows(
        &session(8192, 1),
        "SELECT unix_tstamp, frame_time FROM synthetic_dns(300000, 5, '2016-07-08') WHERE h = 12",
    )
    .await;
    let times = batch.column(0).as_primitive::<Int64Type>().values();
    assert!(times.len() > 3_000 && times.is_sorted());
    // One day: text sorts as time does, down to the fraction.
    let texts: Vec<_> = batch.column(1).as_string::<i32>().iter().collect();
    assert!(texts.is_sorted());
}

#[tokio::test]
async fn questions_are_of_the_usual_kinds() {
    let [a, aaaa, https, missing, failed, reverse, busiest, quietest] = numbers(
        &session(8192, 2),
        "SELECT sum(CASE WHEN dns_qry_type = 1 THEN 1000 ELSE 0 END) / count(*),
           sum(CASE WHEN dns_qry_type = 28 THEN 1000 ELSE 0 END) / count(*),
           sum(CASE WHEN dns_qry_type = 65 THEN 1000 ELSE 0 END) / count(*),
           sum(CASE WHEN dns_qry_rcode = 3 THEN 1000 ELSE 0 END) / count(*),
           sum(CASE WHEN dns_qry_rcode = 2 THEN 1000 ELSE 0 END) / count(*),
           sum(CASE WHEN dns_qry_name LIKE '%.arpa' THEN 1000 ELSE 0 END) / count(*),
           (SELECT max(n) FROM (SELECT count(*) AS n
             FROM synthetic_dns(200000, 2, '2016-07-08') GROUP BY h)),
           (SELECT min(n) FROM (SELECT count(*) AS n
             FROM synthetic_dns(200000, 2, '2016-07-08') GROUP BY h))
         FROM synthetic_dns(200000, 2, '2016-07-08')",
    )
    .await[..] else {
        panic!()
    };
    assert!((480..650).contains(&a), "{a}");
    assert!((200..330).contains(&aaaa), "{aaaa}");
    assert!((30..120).contains(&https), "{https}");
    assert!((60..160).contains(&missing), "{missing}");
    assert!((2..20).contains(&failed), "{failed}");
    assert!((30..110).contains(&reverse), "{reverse}");
    assert!(
        busiest > 4 * quietest && quietest > 500,
        "{busiest} {quietest}"
    );
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[tokio::test]
async fn the_dns_day_of_given_arguments_is_forever_the_same() {
    assert_eq!(
        digest("dns", "4000, 7, '2016-07-08'").await,
        722_217_532_384_223_828
    );
}
