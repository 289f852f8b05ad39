//! A kind of log that the program does not bring along: Zeek's `conn.log` in its own columns. The descriptor and its
//! registration are all that it takes; everything but the descriptor below is the test.

#![allow(clippy::unwrap_used, missing_docs)]

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use spotql_functions::log::{Domains, Enrichment, Log, Rating, Words};
use spotql_functions::register_with;

/// Connections, as Zeek's `conn.log` names their columns.
static CONN: Log = Log {
    name: "conn",
    synonyms: &[],
    words: &[Words {
        name: "state",
        recipe: "conn state",
        pairs: &[
            (
                "\"id.orig_h\"",
                "concat_ws('_', proto, \"id.resp_p\", conn_state)",
            ),
            (
                "\"id.resp_h\"",
                "concat_ws('_', proto, \"id.resp_p\", conn_state)",
            ),
        ],
        distinct: None,
        domains: Domains::Unread,
        folds: true,
    }],
    valid: "uid IS NOT NULL",
    advice: "A connection needs a uid",
    counted: None,
    meaning: |word| {
        let [proto, port, state] = word.split('_').collect::<Vec<_>>()[..] else {
            return None;
        };
        Some(format!("{proto} to port {port}, state {state}"))
    },
    rating: Some(Rating {
        keys: &["uid"],
        day: &[],
        severities: &["severity"],
    }),
    enrichment: &[Enrichment {
        name: "resp_internal",
        values: &["is_internal(\"id.resp_h\")"],
    }],
    sharing: None,
};

async fn session() -> SessionContext {
    let config = SessionConfig::new().set_str("datafusion.sql_parser.dialect", "Hive");
    let builder = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features();
    let context = SessionContext::new_with_state(register_with(builder, &[&CONN]).build());
    // Twenty hosts that look names up, and one that is scanned on a port that nobody else uses.
    let made = "CREATE TABLE conn AS
        SELECT concat('C', value) AS uid, concat('10.0.0.', value % 20) AS `id.orig_h`, '10.0.1.53' AS `id.resp_h`,
          53 AS `id.resp_p`, 'udp' AS proto, 'SF' AS conn_state FROM generate_series(1, 400)
        UNION ALL SELECT 'Cscan', '10.0.0.7', '198.51.100.9', 31337, 'tcp', 'S0'";
    context.sql(made).await.unwrap().collect().await.unwrap();
    let ratings = "CREATE TABLE ratings AS SELECT 'Cscan' AS uid, 3 AS severity";
    context.sql(ratings).await.unwrap().collect().await.unwrap();
    context
}

async fn text(context: &SessionContext, sql: &str) -> String {
    let rows = context.sql(sql).await.unwrap().collect().await.unwrap();
    let table = pretty_format_batches(&rows).unwrap().to_string();
    let lines = table.lines().filter(|line| !line.starts_with('+'));
    let cells = |line: &str| line.split('|').map(str::trim).collect::<Vec<_>>().join("|");
    lines.skip(1).map(cells).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_fourth_kind_of_log_is_one_descriptor() {
    let context = session().await;
    let found = "SELECT uid, meaning, resp_internal FROM enrich((
        SELECT * FROM lda_score((SELECT * FROM conn), source => 'conn', explain => true)
        ORDER BY score LIMIT 1), source => 'conn')";
    assert_eq!(
        text(&context, found).await,
        "|Cscan|tcp to port 31337, state S0|false|"
    );
}

#[tokio::test]
async fn its_ratings_make_what_is_harmless_probable_and_leave_the_list() {
    let context = session().await;
    let score = |feedback: &str| {
        format!(
            "SELECT score FROM lda_score((SELECT * FROM conn), source => 'conn'{feedback}) WHERE uid = 'Cscan'"
        )
    };
    let number = |text: String| text.trim_matches('|').parse::<f64>().unwrap();
    let before = number(text(&context, &score("")).await);
    let after = number(text(&context, &score(", feedback => (SELECT * FROM ratings)")).await);
    assert!(after > 10.0 * before, "{before} {after}");
    let left =
        "SELECT count(*), max(uid) = 'Cscan' FROM unrated((SELECT * FROM conn), source => 'conn',
        ratings => (SELECT * FROM ratings))";
    assert_eq!(text(&context, left).await, "|400|false|");
}

#[tokio::test]
async fn a_function_that_it_does_not_serve_says_so() {
    let context = session().await;
    let said = async |sql: &str| context.sql(sql).await.unwrap_err().to_string();
    let error = said("SELECT * FROM indicators((SELECT * FROM ratings), source => 'conn')").await;
    assert!(
        error.contains("indicators: ratings of source => 'conn' name no indicators"),
        "{error}"
    );
    let error = said("SELECT * FROM lda_score((SELECT * FROM conn), source => 'zeek')").await;
    assert!(
        error.contains("'flow', 'dns', 'proxy' or 'conn'"),
        "{error}"
    );
}
