//! The demo's report: its scripts say the truth about the leads and the attacks planted in the day.

use std::collections::BTreeMap;

use crate::support::{DATE, rows, run, session, texts};
use spotql_sql::Session;

const VARIABLES: [(&str, &str); 5] = [
    ("date", DATE),
    ("database", "demo"),
    ("flows", "20000"),
    ("dns", "20000"),
    ("proxy", "20000"),
];

async fn run_all(session: &Session, scripts: &[&str], more: &[(&str, &str)]) {
    for script in scripts {
        let variables = [&VARIABLES, more].concat();
        run(session, script, &variables).await;
    }
}

/// The best rank of each attack, by the script of the demo.
async fn reported(session: &Session, log: &str) -> BTreeMap<String, Option<i64>> {
    let script = format!("demo/{log}_attacks.sql");
    let list = run(session, &script, &VARIABLES).await.unwrap();
    let ranks = texts(&list, "rank").into_iter();
    let ranks = ranks.map(|rank| rank.map(|it| it.parse().unwrap()));
    let names = texts(&list, "attack").into_iter().flatten();
    let mut best = BTreeMap::new();
    for (name, rank) in names.zip(ranks) {
        let known: &mut Option<i64> = best.entry(name).or_insert(rank);
        *known = [*known, rank].into_iter().flatten().min();
    }
    best
}

/// The same by the leads themselves: which records have which lead, as the detection numbers them.
async fn actual(session: &Session, log: &str, key: &str) -> BTreeMap<String, Option<i64>> {
    let join: Vec<String> = key
        .split_whitespace()
        .map(|column| match column.split_once('=') {
            Some((ours, theirs)) => format!("s.{ours} = p.{theirs}"),
            None => format!("s.{column} = p.{column}"),
        })
        .collect();
    let sql = format!(
        "WITH scored AS (
           SELECT * FROM lda_score((SELECT * FROM demo.{log}), source => '{log}', lead => true, seed => 1)
         ),
         listed AS (
           SELECT lead, row_number() OVER (ORDER BY min(score), lead) AS rank FROM scored
           GROUP BY lead ORDER BY rank LIMIT 300
         )
         SELECT p.attack, CAST(min(l.rank) AS STRING) AS best
         FROM demo.{log}_planted p
         JOIN scored s ON {}
         LEFT JOIN listed l ON l.lead = s.lead
         GROUP BY p.attack",
        join.join(" AND ")
    );
    let list = rows(session, &sql).await;
    let ranks = texts(&list, "best").into_iter();
    let names = texts(&list, "attack").into_iter().flatten();
    names
        .zip(ranks.map(|rank| rank.map(|it| it.parse().unwrap())))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_knows_which_leads_hold_the_planted_attacks() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(&folder).await;
    for (log, key) in [
        ("flow", "treceived sip dip sport dport proto ipkt ibyt"),
        (
            "dns",
            "frame_time frame_len ip_dst dns_qry_name dns_qry_type dns_qry_rcode",
        ),
        ("proxy", "p_time clientip fulluri reqmethod scbytes csbytes"),
    ] {
        let scripts = [
            format!("schema/{log}.sql"),
            format!("demo/{log}.sql"),
            format!("detect/{log}_leads.sql"),
        ];
        let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
        run_all(&session, &scripts, &[("seed", "1")]).await;
        let reported = reported(&session, log).await;
        assert_eq!(reported, actual(&session, log, key).await, "{log}");
        assert!(reported.values().flatten().count() > 0, "{log}");

        let summary = run(&session, &format!("demo/{log}_summary.sql"), &VARIABLES).await;
        let ranks: Vec<_> = texts(&summary.unwrap(), "rank")
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(ranks, ["1", "2", "3", "4", "5"], "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hunt_that_the_report_names_finds_the_domain_generators() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(&folder).await;
    // As many as the demo has.
    let more = [("dns", "100000"), ("seed", "1")];
    run_all(&session, &["schema/dns.sql", "demo/dns.sql"], &more).await;
    let attacks = run(&session, "demo/dns_attacks.sql", &VARIABLES).await;
    let attacks = attacks.unwrap();
    let hunts = texts(&attacks, "hunt").into_iter();
    let named: Vec<String> = texts(&attacks, "attack")
        .into_iter()
        .flatten()
        .zip(hunts)
        .filter_map(|(attack, hunt)| (hunt? == "hunt/dns_generated.sql").then_some(attack))
        .collect();
    assert_eq!(named.len(), 3, "{named:?}");
    let hunt = run(&session, "hunt/dns_generated.sql", &VARIABLES).await;
    let found = texts(&hunt.unwrap(), "ip_dst");
    for attack in named {
        let sql = format!("SELECT DISTINCT ip_dst FROM demo.dns_planted WHERE attack = '{attack}'");
        let clients = texts(&rows(&session, &sql).await, "ip_dst");
        assert_eq!(clients.len(), 1, "{attack}");
        assert!(
            found.contains(&clients[0]),
            "{attack}: {clients:?} of {found:?}"
        );
    }
}
