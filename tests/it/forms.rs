//! A day whose addresses, names and protocols are written in other forms gives what the same day gives in the usual ones.

use spotql_sql::Session;

use crate::support::{DATE, contents, day_of, execute, rows, run, texts};

/// A copy of the default database's table in the database `other`, with these columns written otherwise.
async fn copy_otherwise(session: &Session, source: &str, otherwise: &[(&str, &str)]) {
    run(
        session,
        &format!("schema/{source}.sql"),
        &[("database", "other")],
    )
    .await;
    let columns = rows(session, &format!("DESCRIBE {source}")).await;
    let mut columns: Vec<String> = texts(&columns, "col_name").into_iter().flatten().collect();
    columns.truncate(
        columns
            .iter()
            .position(|it| it.starts_with('#'))
            .unwrap_or(columns.len()),
    );
    let columns: Vec<&str> = columns
        .iter()
        .map(|column| {
            let known = otherwise.iter().find(|(name, _)| name == column);
            known.map_or(column.as_str(), |(_, form)| *form)
        })
        .collect();
    execute(
        session,
        &format!(
            "INSERT INTO other.{source} PARTITION (y, m, d, h) SELECT {} FROM {source}",
            columns.join(", ")
        ),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_in_other_forms_are_the_same_flows() {
    let (_folder, session) = day_of("flow", 8_000).await;
    copy_otherwise(
        &session,
        "flow",
        &[
            ("sip", "CASE ibyt % 3 WHEN 0 THEN sip WHEN 1 THEN CASE WHEN strpos(sip, ':') > 0 THEN upper(sip) ELSE concat('::ffff:', sip) END ELSE concat(sip, ' ') END"),
            ("dip", "CASE ibyt % 3 WHEN 1 THEN dip WHEN 2 THEN CASE WHEN strpos(dip, ':') > 0 THEN upper(dip) ELSE concat('::ffff:', dip) END ELSE concat(' ', dip) END"),
            (
                "proto",
                "CASE ibyt % 3 WHEN 0 THEN lower(proto) WHEN 1 THEN concat(' ', proto) ELSE
                   CASE proto WHEN 'TCP' THEN '6' WHEN 'UDP' THEN '17' WHEN 'ICMP' THEN '1' ELSE proto END END",
            ),
        ],
    )
    .await;
    execute(
        &session,
        "INSERT INTO flow_threat_investigation PARTITION (y = 2024, m = 5, d = 14)
         SELECT treceived, sip, dip, sport, dport, 3 FROM flow WHERE dport = 22 ORDER BY treceived, sip LIMIT 5",
    )
    .await;
    execute(
        &session,
        "INSERT INTO other.flow_threat_investigation PARTITION (y, m, d)
         SELECT tstart, CASE WHEN strpos(srcip, ':') > 0 THEN upper(srcip) ELSE concat('::ffff:', srcip) END, dstip, srcport, dstport, score, y, m, d FROM flow_threat_investigation",
    )
    .await;
    for script in [
        "detect/flow.sql",
        "detect/flow_leads.sql",
        "review/flow_edge.sql",
        "review/flow_chords.sql",
    ] {
        for database in ["default", "other"] {
            run(&session, script, &[("date", DATE), ("database", database)]).await;
        }
    }
    let threat = rows(
        &session,
        "SELECT srcip FROM flow_scores WHERE strpos(srcip, ':') = 0 ORDER BY rank LIMIT 1",
    )
    .await;
    let threat = texts(&threat, "srcip")[0].clone().unwrap();
    for (database, threat) in [
        ("default", threat.clone()),
        ("other", format!("::FFFF:{threat}")),
    ] {
        let variables = [("date", DATE), ("database", database), ("threat", &threat)];
        run(&session, "review/flow_timeline.sql", &variables).await;
    }
    // Results hold the records as they are written, so that they can be joined with them.
    let written = "canonical_address(srcip) AS s, canonical_address(dstip) AS d, canonical_protocol(proto) AS p";
    for (table, columns) in [
        (
            "flow_scores",
            format!("tstart, {written}, sport, dport, ipkt, ibyt, ml_score"),
        ),
        (
            "flow_edge",
            format!("tstart, {written}, sport, dport, ipkt, ibyt"),
        ),
        ("flow_leads", "*".to_owned()),
        ("flow_chords", "*".to_owned()),
        ("flow_timeline", "*".to_owned()),
    ] {
        let of = |database: &str| format!("(SELECT {columns} FROM {database}.{table})");
        let usual = contents(&session, &of("default")).await;
        assert!(usual.len() > 500, "{table}: {usual}");
        assert_eq!(usual, contents(&session, &of("other")).await, "{table}");
    }
    for script in [
        "review/flow_search.sql",
        "review/flow_impact.sql",
        "review/flow_progression.sql",
    ] {
        let usual = run(&session, script, &[("date", DATE), ("threat", &threat)]).await;
        let mapped = format!("::ffff:{threat}");
        let variables = [
            ("date", DATE),
            ("threat", mapped.as_str()),
            ("database", "other"),
        ];
        let other = run(&session, script, &variables).await;
        assert!(
            usual.as_ref().is_some_and(|rows| rows.num_rows() > 0),
            "{script}"
        );
        assert_eq!(usual, other, "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_other_forms_are_the_same_requests() {
    let (_folder, session) = day_of("proxy", 5_000).await;
    copy_otherwise(
        &session,
        "proxy",
        &[
            ("clientip", "CASE WHEN strpos(clientip, ':') > 0 THEN upper(clientip) ELSE concat('::ffff:', clientip) END"),
            ("reqmethod", "lower(reqmethod)"),
            ("host", "concat(upper(host), ' ')"),
            ("resconttype", "upper(resconttype)"),
            (
                "useragent",
                "CASE useragent WHEN '-' THEN '' ELSE useragent END",
            ),
        ],
    )
    .await;
    for database in ["default", "other"] {
        run(
            &session,
            "detect/proxy.sql",
            &[("date", DATE), ("database", database)],
        )
        .await;
    }
    let scores = |database: &str| {
        format!(
            "(SELECT time, canonical_address(clientip) AS c, useragent, respcode, fulluri, word, ml_score, uri_rep FROM {database}.proxy_scores)"
        )
    };
    let usual = contents(&session, &scores("default")).await;
    assert!(usual.len() > 500, "{usual}");
    assert_eq!(usual, contents(&session, &scores("other")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_in_other_forms_are_the_same_answers() {
    let (_folder, session) = day_of("dns", 5_000).await;
    copy_otherwise(
        &session,
        "dns",
        &[
            ("ip_dst", "CASE WHEN strpos(ip_dst, ':') > 0 THEN upper(ip_dst) ELSE concat('::ffff:', ip_dst) END"),
            ("dns_qry_name", "concat(upper(dns_qry_name), '.')"),
            ("dns_a", "coalesce(nullif(dns_a, ''), '-')"),
        ],
    )
    .await;
    for database in ["default", "other"] {
        run(
            &session,
            "detect/dns.sql",
            &[("date", DATE), ("database", database)],
        )
        .await;
    }
    let scores = |database: &str| {
        format!(
            "(SELECT unix_tstamp, canonical_address(ip_dst) AS c, canonical_name(dns_qry_name) AS name, dns_qry_type, ml_score, tld, query_rep
              FROM {database}.dns_scores)"
        )
    };
    let usual = contents(&session, &scores("default")).await;
    assert!(usual.len() > 500, "{usual}");
    assert_eq!(usual, contents(&session, &scores("other")).await);
}
