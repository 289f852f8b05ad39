//! The hours of a day that have just come in: what runs of them list, replace and leave in place.

use crate::support::{
    DATE, contents, day_of, execute, lines, number, rows, run, session, texts, try_run,
};
use spotql_sql::Session;

/// A kind of log, and what its lists are asked.
struct Log {
    name: &'static str,
    /// The hour of a row of its scores, and of a lead.
    hour: &'static str,
    lead_hour: &'static str,
    /// A rating of the first lead of one record.
    rating: &'static str,
    /// Is `r` a rating of the row `s` of the scores, and is it one of all of the lead `l`?
    rates: &'static str,
    rates_lead: &'static str,
}

const LOGS: [Log; 3] = [
    Log {
        name: "flow",
        hour: "hour(tstart)",
        lead_hour: "hour(first_seen)",
        rating: "SELECT first_seen, srcip, dstip, sport, dport, 1 FROM flow_leads \
                 WHERE flows = 1 ORDER BY rank LIMIT 1",
        rates: "r.tstart = s.tstart AND r.srcip = s.srcip AND r.dstip = s.dstip \
                AND r.srcport = s.sport AND r.dstport = s.dport",
        rates_lead: "r.tstart = l.first_seen AND r.srcip = l.srcip AND r.dstip = l.dstip \
                     AND r.srcport = l.sport AND r.dstport = l.dport",
    },
    Log {
        name: "dns",
        hour: "hh",
        lead_hour: "CAST(substr(first_seen, 13, 2) AS INT)",
        rating: "SELECT f.unix_tstamp, f.ip_dst, f.dns_qry_name, 0, 1 FROM dns f \
                 JOIN (SELECT * FROM dns_leads WHERE answers = 1 ORDER BY rank LIMIT 1) l \
                 ON f.frame_time = l.first_seen AND f.ip_dst = l.ip_dst \
                   AND f.dns_qry_name = l.name_first LIMIT 1",
        rates: "r.unix_tstamp = s.unix_tstamp AND r.ip_dst = s.ip_dst \
                AND r.dns_qry_name = s.dns_qry_name",
        rates_lead: "r.ip_dst = l.ip_dst AND r.dns_qry_name = l.name_first \
                     AND r.dns_qry_name = l.name_last \
                     AND to_char(to_timestamp_seconds(r.unix_tstamp), '%H:%M:%S') \
                       BETWEEN substr(l.first_seen, 13, 8) AND substr(l.last_seen, 13, 8)",
    },
    Log {
        name: "proxy",
        hour: "hour(time)",
        lead_hour: "hour(first_seen)",
        rating: "SELECT '2024-05-14', uri_first, 1 FROM proxy_leads \
                 WHERE requests = 1 ORDER BY rank LIMIT 1",
        rates: "r.tdate = s.tdate AND r.fulluri = s.fulluri",
        rates_lead: "r.fulluri = l.uri_first AND r.fulluri = l.uri_last",
    },
];

impl Log {
    /// Its two lists, with the hour of a row of each.
    fn lists(&self) -> [(String, &'static str); 2] {
        [
            (format!("{}_scores", self.name), self.hour),
            (format!("{}_leads", self.name), self.lead_hour),
        ]
    }

    /// Detection and leads, of these hours.
    async fn detect(&self, session: &Session, hours: &str) {
        for script in self.detection() {
            run(session, &script, &[("date", DATE), ("hours", hours)]).await;
        }
    }

    fn detection(&self) -> [String; 2] {
        ["", "_leads"].map(|kind| format!("detect/{}{kind}.sql", self.name))
    }

    /// Both lists, with their ranks.
    async fn listed(&self, session: &Session) -> [String; 2] {
        let [(scores, _), (leads, _)] = self.lists();
        [
            contents(session, &scores).await,
            contents(session, &leads).await,
        ]
    }
}

/// The rows of a list that fit a filter, without their ranks.
async fn unranked(session: &Session, list: &str, filter: &str) -> Vec<String> {
    let all = rows(session, &format!("SELECT * FROM {list} WHERE {filter}")).await;
    let schema = all.schema();
    let columns: Vec<usize> = (0..all.num_columns())
        .filter(|&column| schema.field(column).name() != "rank")
        .collect();
    lines(&all.project(&columns).unwrap())
}

/// Are the ranks of a list 1 to n, in the order of the scores?
async fn is_ranked(session: &Session, list: &str) -> bool {
    let wrong = format!(
        "SELECT count(*) FROM (
           SELECT rank, ml_score, row_number() OVER (ORDER BY rank) AS place,
             lag(ml_score) OVER (ORDER BY rank) AS previous
           FROM {list}
         ) WHERE rank <> place OR previous > ml_score"
    );
    number(session, &wrong).await == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_one_after_the_other_leave_the_rows_of_those_before_in_place() {
    for log in &LOGS {
        let (_folder, session) = day_of(log.name, 5000).await;
        let day = |hours| {
            [
                ("date", DATE),
                ("source", log.name),
                ("limit", "40"),
                ("hours", hours),
            ]
        };
        run(&session, "day.sql", &day("8,9")).await;
        let mut before = Vec::new();
        for (list, hour) in log.lists() {
            let first = unranked(&session, &list, "true").await;
            assert_eq!(first.len(), 40, "{list}");
            let inside = unranked(&session, &list, &format!("{hour} IN (8, 9)")).await;
            assert!(inside == first, "{list}");
            before.push(first);
        }

        // Each run has a limit of its own, and ranks are those of the whole day.
        run(&session, "day.sql", &day("10,11")).await;
        for ((list, hour), before) in log.lists().iter().zip(before) {
            let kept = unranked(&session, list, &format!("{hour} IN (8, 9)")).await;
            assert!(kept == before, "{list}");
            let new = unranked(&session, list, &format!("{hour} IN (10, 11)")).await;
            assert_eq!(new.len(), 40, "{list}");
            let all = unranked(&session, list, "true").await;
            assert_eq!(all.len(), 80, "{list}");
        }
        assert!(is_ranked(&session, &format!("{}_leads", log.name)).await);
        // What an analyst drills into follows the list of the whole day.
        for hours in ["8, 9", "10, 11"] {
            let drilled = format!(
                "SELECT count(*) FROM {}_edge WHERE hh IN ({hours})",
                log.name
            );
            assert!(number(&session, &drilled).await > 0, "{drilled}");
        }
        if log.name == "flow" {
            assert!(is_ranked(&session, "flow_scores").await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_hours_again_give_the_same_lists_whatever_their_order() {
    for log in &LOGS {
        let (_folder, session) = day_of(log.name, 2000).await;
        log.detect(&session, "8,9").await;
        log.detect(&session, "10,11").await;
        let once = log.listed(&session).await;
        for hours in ["11,10", "08, 09"] {
            log.detect(&session, hours).await;
            let again = log.listed(&session).await;
            assert!(again == once, "{} {hours}", log.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_hours_are_the_whole_day() {
    let hours: Vec<String> = (0..24).map(|hour| hour.to_string()).collect();
    for log in &LOGS {
        let (_folder, session) = day_of(log.name, 2000).await;
        for script in log.detection() {
            run(&session, &script, &[("date", DATE)]).await;
        }
        let whole = log.listed(&session).await;
        log.detect(&session, &hours.join(",")).await;
        assert!(log.listed(&session).await == whole, "{}", log.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_without_records_say_so_and_change_nothing() {
    for log in &LOGS {
        let (_folder, session) = day_of(log.name, 2000).await;
        log.detect(&session, "8").await;
        let before = log.listed(&session).await;
        let [scores, leads] = log.detection();
        for script in ["day.sql", &scores, &leads] {
            let variables = [("date", DATE), ("hours", "24,25"), ("source", log.name)];
            let failure = try_run(&session, script, &variables).await.unwrap_err();
            assert!(failure.source.is_no_data(), "{failure}");
        }
        assert!(log.listed(&session).await == before, "{}", log.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rated_leaves_also_when_other_hours_are_run() {
    for log in &LOGS {
        let (_folder, session) = day_of(log.name, 2000).await;
        log.detect(&session, "8,9").await;
        let rate = format!(
            "INSERT INTO {}_threat_investigation PARTITION (y = 2024, m = 5, d = 14) {}",
            log.name, log.rating
        );
        execute(&session, &rate).await;
        let mut left = Vec::new();
        for ((list, _), (row, rates)) in log
            .lists()
            .iter()
            .zip([("s", log.rates), ("l", log.rates_lead)])
        {
            let rating = format!(
                "EXISTS (SELECT 1 FROM {}_threat_investigation r WHERE {rates})",
                log.name
            );
            let aliased = format!("{list} {row}");
            let rated = unranked(&session, &aliased, &rating).await;
            assert!(!rated.is_empty(), "{list}");
            left.push(unranked(&session, &aliased, &format!("NOT {rating}")).await);
        }

        log.detect(&session, "10").await;
        for ((list, hour), left) in log.lists().iter().zip(left) {
            let kept = unranked(&session, list, &format!("{hour} IN (8, 9)")).await;
            assert!(kept == left, "{list}");
        }
        assert!(is_ranked(&session, &format!("{}_leads", log.name)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_other_hours_are_told_what_is_known_by_now() {
    let (_folder, session) = day_of("flow", 2000).await;
    let variables = |hours| [("date", DATE), ("hours", hours)];
    run(&session, "detect/flow.sql", &variables("8")).await;
    let first = rows(
        &session,
        "SELECT dstip FROM flow_scores WHERE NOT is_internal(dstip) LIMIT 1",
    )
    .await;
    let outside = texts(&first, "dstip")[0].clone().unwrap();
    execute(
        &session,
        &format!("CREATE INDICATOR LIST feed AS SELECT '{outside}' AS indicator, 'bot' AS text"),
    )
    .await;
    run(&session, "detect/flow.sql", &variables("9")).await;
    let known = format!(
        "SELECT count(*) FROM flow_scores
         WHERE hour(tstart) = 8 AND dstip = '{outside}' AND dst_rep LIKE '%bot%'"
    );
    assert!(number(&session, &known).await > 0);
}

/// As a careless load leaves them: the whole day has them, no hour does.
#[tokio::test(flavor = "multi_thread")]
async fn records_of_no_hour_are_of_the_day_and_of_no_run_of_hours() {
    for log in &LOGS {
        let name = log.name;
        let folder = tempfile::tempdir().unwrap();
        let session = session(&folder).await;
        run(&session, &format!("schema/{name}.sql"), &[]).await;
        let made = format!("SELECT * FROM synthetic_{name}(1000, 3, '{DATE}')");
        execute(
            &session,
            &format!("INSERT INTO {name} PARTITION (y, m, d, h) {made}"),
        )
        .await;
        let empty = rows(&session, &format!("SELECT * FROM {name} LIMIT 0")).await;
        let schema = empty.schema();
        let columns: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| match field.name().as_str() {
                "h" => "NULL AS h",
                column => column,
            })
            .collect();
        let hour = if name == "proxy" { "'05'" } else { "5" };
        execute(
            &session,
            &format!(
                "INSERT INTO {name} PARTITION (y, m, d, h) SELECT {} FROM {name} WHERE h = {hour}",
                columns.join(", ")
            ),
        )
        .await;
        let count = |filter: &str| format!("SELECT count(*) FROM {name} WHERE {filter}");
        let all = number(&session, &count("true")).await;
        let with_hour = number(&session, &count("h IS NOT NULL")).await;
        assert!(with_hour < all, "{name}");

        let listed = format!("SELECT count(*) FROM {name}_scores");
        let detect = format!("detect/{name}.sql");
        let of_hour = number(&session, &count(&format!("h = {hour}"))).await;
        let variables = [("date", DATE), ("limit", "5000"), ("hours", "5")];
        run(&session, &detect, &variables).await;
        assert_eq!(number(&session, &listed).await, of_hour, "{name}");
        run(&session, &detect, &variables[..2]).await;
        assert_eq!(number(&session, &listed).await, all, "{name}");
    }
}
