//! Web requests.

use super::{columns, digest, numbers, rows, session};
use arrow::array::AsArray;

#[tokio::test]
async fn proxy_has_the_columns_of_the_ingest_table_then_its_partitions() {
    assert_eq!(
        columns("synthetic_proxy(1, 1, '2016-07-08')").await,
        "p_date Utf8, p_time Utf8, clientip Utf8, host Utf8, reqmethod Utf8, useragent Utf8, \
         resconttype Utf8, duration Int32, username Utf8, authgroup Utf8, exceptionid Utf8, \
         filterresult Utf8, webcat Utf8, referer Utf8, respcode Utf8, action Utf8, \
         urischeme Utf8, uriport Utf8, uripath Utf8, uriquery Utf8, uriextension Utf8, \
         serverip Utf8, scbytes Int32, csbytes Int32, virusid Utf8, bcappname Utf8, \
         bcappoper Utf8, fulluri Utf8, y Utf8, m Utf8, d Utf8, h Utf8"
    );
    assert_eq!(
        columns("synthetic_proxy_truth(1, 1, '2016-07-08')").await,
        "attack Utf8, story Utf8, p_date Utf8, p_time Utf8, clientip Utf8, host Utf8, \
         reqmethod Utf8, useragent Utf8, fulluri Utf8, scbytes Int32, csbytes Int32"
    );
}

#[tokio::test]
async fn every_truth_row_is_found_in_the_requests_exactly_once() {
    let session = session(8192, 2);
    for seed in 1..=3 {
        let arguments = format!("30000, {seed}, '2016-07-08'");
        let counts = numbers(
            &session,
            &format!(
                "SELECT count(*), sum(CASE WHEN n = 1 THEN 1 ELSE 0 END), count(DISTINCT attack)
                 FROM (SELECT t.attack, count(r.duration) AS n
                   FROM synthetic_proxy_truth({arguments}) t
                   LEFT JOIN synthetic_proxy({arguments}) r
                   ON t.p_date = r.p_date AND t.p_time = r.p_time AND t.clientip = r.clientip
                     AND t.host = r.host AND t.reqmethod = r.reqmethod
                     AND t.useragent = r.useragent AND t.fulluri = r.fulluri
                     AND t.scbytes = r.scbytes AND t.csbytes = r.csbytes
                   GROUP BY t.attack, t.p_time, t.clientip, t.host, t.reqmethod, t.fulluri,
                     t.scbytes, t.csbytes, t.useragent)"
            ),
        )
        .await;
        let truth = format!("SELECT count(*) FROM synthetic_proxy_truth({arguments})");
        let truth = numbers(&session, &truth).await[0];
        assert_eq!(counts, [truth, truth, 12], "seed {seed}");
    }
}

#[tokio::test]
async fn every_request_is_valid_and_inside_the_day() {
    let bad = numbers(
        &session(8192, 2),
        "SELECT count(*) FROM synthetic_proxy(100000, 11, '2016-02-09') WHERE NOT coalesce(
           p_date = '2016-02-09' AND y = '2016' AND m = '02' AND d = '09'
           AND length(p_time) = 8 AND p_time LIKE '__:__:__' AND h = substr(p_time, 1, 2)
           AND fulluri = concat(host, CASE WHEN length(uripath) > 1 THEN uripath ELSE '' END,
             CASE WHEN length(uriquery) > 1 THEN uriquery ELSE '' END)
           AND uripath LIKE '/%' AND (uriquery = '-' OR uriquery LIKE '?%')
           AND (uriextension = '-' OR uripath LIKE concat('%.', uriextension))
           AND length(fulluri) < 2000 AND host <> '' AND useragent <> ''
           AND (reqmethod = 'CONNECT') = (urischeme = 'tcp')
           AND (reqmethod <> 'CONNECT' OR (uripath = '/' AND uriquery = '-'))
           AND (respcode <> '407' OR username = '-')
           AND (action = 'TCP_TUNNELED') = (reqmethod = 'CONNECT' AND respcode = '200')
           AND CAST(uriport AS INT) BETWEEN 1 AND 65535 AND CAST(respcode AS INT) > 0
           AND scbytes > 0 AND csbytes > 0 AND duration >= 0
           AND authgroup IN ('-', 'Staff') AND serverip LIKE '10.26.%', false)",
    )
    .await;
    assert_eq!(bad, [0]);
}

#[tokio::test]
async fn every_host_and_uri_is_well_formed() {
    let batch = rows(
        &session(8192, 2),
        "SELECT DISTINCT host, fulluri, useragent, referer
         FROM synthetic_proxy(100000, 11, '2016-07-08')",
    )
    .await;
    assert!(batch.num_rows() > 20_000);
    for host in batch.column(0).as_string::<i32>() {
        let host = host.unwrap();
        let good = host.len() <= 253
            && host.split('.').all(|label| (1..=63).contains(&label.len()))
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        assert!(good, "{host}");
    }
    for column in [1, 3] {
        for uri in batch.column(column).as_string::<i32>() {
            let uri = uri.unwrap();
            let good = uri
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
            assert!(good, "{uri}");
        }
    }
    for agent in batch.column(2).as_string::<i32>() {
        let agent = agent.unwrap();
        assert!(!agent.contains(['#', '"', '\t', '\n']), "{agent}");
    }
}

#[tokio::test]
async fn requests_of_an_hour_come_in_order_of_time() {
    let batch = rows(
        &session(8192, 1),
        "SELECT p_time FROM synthetic_proxy(300000, 5, '2016-07-08') WHERE h = '12'",
    )
    .await;
    let times: Vec<_> = batch.column(0).as_string::<i32>().iter().collect();
    assert!(times.len() > 2_000 && times.is_sorted());
}

#[tokio::test]
async fn requests_are_of_the_usual_kinds() {
    let [tunnels, posts, cached, refused, agents, rare, clients] = numbers(
        &session(8192, 2),
        "SELECT max(tunnels), max(posts), max(cached), max(refused), count(*),
           sum(CASE WHEN n <= 5 THEN 1 ELSE 0 END), max(clients)
         FROM (SELECT useragent, count(*) AS n
           FROM synthetic_proxy(200000, 2, '2016-07-08') GROUP BY useragent)
         CROSS JOIN (SELECT
             sum(CASE WHEN reqmethod = 'CONNECT' THEN 1000 ELSE 0 END) / count(*) AS tunnels,
             sum(CASE WHEN reqmethod = 'POST' THEN 1000 ELSE 0 END) / count(*) AS posts,
             sum(CASE WHEN respcode = '304' THEN 1000 ELSE 0 END) / count(*) AS cached,
             sum(CASE WHEN respcode IN ('403', '407') THEN 1000 ELSE 0 END) / count(*) AS refused,
             count(DISTINCT clientip) AS clients
           FROM synthetic_proxy(200000, 2, '2016-07-08'))",
    )
    .await[..] else {
        panic!()
    };
    assert!((100..300).contains(&tunnels), "{tunnels}");
    assert!((30..150).contains(&posts), "{posts}");
    assert!((30..150).contains(&cached), "{cached}");
    assert!((5..50).contains(&refused), "{refused}");
    assert!((100..1_500).contains(&agents), "{agents}");
    // The rarest agents are harmless programs, mostly.
    assert!(rare >= 50, "{rare}");
    assert!(clients > 400, "{clients}");
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[tokio::test]
async fn the_proxy_day_of_given_arguments_is_forever_the_same() {
    assert_eq!(
        digest("proxy", "4000, 7, '2016-07-08'").await,
        7_242_000_796_858_782_802
    );
}
