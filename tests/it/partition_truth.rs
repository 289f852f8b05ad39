//! Every operator and type gives the same on a partition column as on a column of the files, and the same as a filter as
//! in a SELECT list: partitions are pruned by their values, files by their statistics, and both must know NULL.

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int32Type;
use futures::TryStreamExt;
use spotql_sql::{Outcome, Session};

use crate::support::{execute, session};

/// A type, and values of it as SQL, in ascending order; NULL comes to them.
const TYPES: &[(&str, &[&str])] = &[
    ("TINYINT", &["-128", "0", "7"]),
    ("SMALLINT", &["-32768", "0", "2016"]),
    ("INT", &["-1", "0", "2147483647"]),
    (
        "BIGINT",
        &["-9223372036854775808", "0", "9223372036854775807"],
    ),
    ("FLOAT", &["-1.5", "0.0", "2.25"]),
    ("DOUBLE", &["-1.5", "0.1", "1e20"]),
    ("DECIMAL(5,2)", &["-1.50", "0.00", "123.45"]),
    (
        "DECIMAL(38,18)",
        &[
            "-0.000000000000000001",
            "0.1",
            "12345678901234567890.123456789012345678",
        ],
    ),
    ("STRING", &["'10'", "'9'", "'a b=c/d%'", "'ü'"]),
    ("VARCHAR(10)", &["'07'", "'7'", "'x'"]),
    ("CHAR(3)", &["'a'", "'b'", "'c'"]),
    ("BOOLEAN", &["false", "true"]),
    ("DATE", &["'0001-01-01'", "'2016-07-08'", "'9999-12-31'"]),
    (
        "TIMESTAMP",
        &[
            "'0001-01-01 00:00:00'",
            "'2016-07-08 12:34:56.789'",
            "'9999-12-31 23:59:59'",
        ],
    ),
];

/// Predicates of a column `{c}` with two values `{v}` and `{w}` of its type.
const PREDICATES: &[&str] = &[
    "{c} = {v}",
    "{v} = {c}",
    "{c} <> {v}",
    "{c} < {v}",
    "{c} <= {v}",
    "{c} > {v}",
    "{c} >= {v}",
    "{c} <=> {v}",
    "{c} = NULL",
    "{c} <> NULL",
    "{c} < NULL",
    "{c} IS NULL",
    "{c} IS NOT NULL",
    "{c} IS DISTINCT FROM {v}",
    "{c} IS NOT DISTINCT FROM {v}",
    "{c} IS DISTINCT FROM NULL",
    "{c} IS NOT DISTINCT FROM NULL",
    "{c} BETWEEN {v} AND {w}",
    "{c} NOT BETWEEN {v} AND {w}",
    "{c} BETWEEN {v} AND NULL",
    "{c} NOT BETWEEN NULL AND {w}",
    "{c} IN ({v}, {w})",
    "{c} NOT IN ({v}, {w})",
    "{c} IN ({v}, NULL)",
    "{c} NOT IN ({v}, NULL)",
    "{c} NOT IN (NULL)",
    "{c} IN (SELECT x FROM listed)",
    "{c} NOT IN (SELECT x FROM listed WHERE x IS NOT NULL)",
    "{c} NOT IN (SELECT x FROM listed)",
    "EXISTS (SELECT 1 FROM listed WHERE x = {c})",
    "NOT EXISTS (SELECT 1 FROM listed WHERE x = {c})",
    "{c} = (SELECT max(x) FROM listed)",
    "{c} = {v} OR {c} IS NULL",
    "{c} = {v} OR NULL",
    "{c} = {v} AND NULL",
    "{c} = {v} AND a = 1",
    "{c} = {v} OR a = 1",
    "NOT ({c} = {v} AND a < 3)",
    "coalesce({c}, {v}) = {v}",
    "nullif({c}, {v}) IS NULL",
    "CASE WHEN {c} = {v} THEN true WHEN {c} IS NULL THEN NULL ELSE false END",
    "CASE {c} WHEN {v} THEN true ELSE false END",
    "CAST({c} AS STRING) = CAST({v} AS STRING)",
    "greatest({c}, {v}) = {c}",
    "{c} = {c}",
    "{c} <> {c}",
    "({c} = {v}) IS NULL",
    "({c} = {v}) IS NOT TRUE",
    "({c} = {v}) IS UNKNOWN",
    "length(CAST({c} AS STRING)) > 2",
];

/// Those of texts.
const OF_TEXTS: &[&str] = &[
    "{c} LIKE '%'",
    "{c} NOT LIKE 'a%'",
    "{c} LIKE NULL",
    "{c} ILIKE 'A%'",
    "{c} RLIKE '^[0-9]'",
    "upper({c}) = upper({v})",
    "concat({c}, 'x') = concat({v}, 'x')",
    "starts_with({c}, '1')",
    "{c} = 7",
];

/// Those of numbers.
const OF_NUMBERS: &[&str] = &[
    "{c} + 1 > {v}",
    "abs({c}) = 0",
    "{c} % 2 = 0",
    "-{c} > 0",
    "{c} = 0.1",
    "{c} < 0.05",
    "{c} = CAST(0 AS TINYINT)",
    "{c} = CAST('0.1' AS DECIMAL(38,18))",
    "{c} < CAST(2016 AS DOUBLE)",
    "{c} IN (0, 7, 2016)",
];

/// Those of dates and times.
const OF_TIMES: &[&str] = &[
    "year({c}) = 2016",
    "{c} > DATE '2016-01-01'",
    "{c} < TIMESTAMP '2016-07-08 12:00:00'",
    "{c} = '2016-07-08'",
    "{c} < now()",
    "date_trunc('month', {c}) = TIMESTAMP '2016-07-01 00:00:00'",
];

fn of_type(data_type: &str) -> &'static [&'static str] {
    match data_type {
        "STRING" | "VARCHAR(10)" | "CHAR(3)" => OF_TEXTS,
        "DATE" | "TIMESTAMP" => OF_TIMES,
        "BOOLEAN" => &[
            "{c}",
            "NOT {c}",
            "{c} IS TRUE",
            "{c} IS NOT FALSE",
            "{c} OR NULL",
        ],
        // The smallest has no positive, and the largest no successor.
        "BIGINT" | "TINYINT" | "SMALLINT" => &OF_NUMBERS[4..],
        _ => OF_NUMBERS,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operator_means_the_same_on_a_partition_column() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(&folder).await;
    let (mut asked, mut failures) = (0, Vec::new());
    for (at, (data_type, values)) in TYPES.iter().enumerate() {
        let table = format!("t{at}");
        execute(
            &session,
            &format!("CREATE TABLE {table} (a INT, q {data_type}) PARTITIONED BY (p {data_type})"),
        )
        .await;
        let every = values.iter().copied().chain(["NULL"]).enumerate();
        let every: Vec<String> = every
            .map(|(a, value)| format!("({a}, {value}, {value})"))
            .collect();
        execute(
            &session,
            &format!(
                "INSERT INTO {table} PARTITION (p) VALUES {}",
                every.join(", ")
            ),
        )
        .await;
        execute(&session, "DROP TABLE IF EXISTS listed").await;
        execute(
            &session,
            &format!("CREATE TABLE listed AS SELECT q AS x FROM {table} WHERE a <> 1"),
        )
        .await;
        // A number is an empty text in a partition's name only, where it is NULL.
        let value = |value: &str| format!("CAST({value} AS {data_type})");
        for predicate in PREDICATES.iter().chain(of_type(data_type)) {
            // One of two pairs, in turn.
            for pair in values.windows(2).skip(asked % 2).take(1) {
                let predicate = predicate
                    .replace("{v}", &value(pair[0]))
                    .replace("{w}", &value(pair[1]));
                let mut answers = Vec::new();
                for column in ["q", "p"] {
                    let predicate = predicate.replace("{c}", &format!("{table}.{column}"));
                    for sql in [
                        format!("SELECT a FROM {table} WHERE {predicate}"),
                        format!("SELECT a FROM {table} WHERE NOT ({predicate})"),
                        format!("SELECT CAST(count(*) AS INT) FROM {table} WHERE {predicate}"),
                        format!(
                            "SELECT CAST(count({column}) AS INT) FROM {table} WHERE ({predicate}) IS NULL"
                        ),
                        format!(
                            "SELECT a FROM (SELECT a, ({predicate}) AS truth FROM {table}) WHERE truth"
                        ),
                    ] {
                        answers.push((sql.clone(), answer(&session, &sql).await));
                    }
                }
                asked += 1;
                let (of_files, of_partitions) = answers.split_at(answers.len() / 2);
                for (one, other) in of_files.iter().zip(of_partitions) {
                    if one.1 != other.1 {
                        failures.push(format!(
                            "{}\n  {}\n{}\n  {}",
                            one.0, one.1, other.0, other.1
                        ));
                    }
                }
                // A subquery in a SELECT list may be refused.
                if of_files[4].1 != "failed" && of_files[0].1 != of_files[4].1 {
                    failures.push(format!(
                        "{}\n  {}\n{}\n  {}",
                        of_files[0].0, of_files[0].1, of_files[4].0, of_files[4].1
                    ));
                }
            }
        }
    }
    assert!(asked > 600, "{asked} predicates");
    assert!(
        failures.is_empty(),
        "{} of {asked}\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// The rows, or that it is refused: for both columns or for neither.
async fn answer(session: &Session, sql: &str) -> String {
    let rows: Vec<RecordBatch> = match session.execute(sql).await {
        Ok(Outcome::Rows(rows)) => match rows.try_collect().await {
            Ok(rows) => rows,
            Err(_) => return "failed".to_owned(),
        },
        Ok(Outcome::Done(_)) => panic!("no rows: {sql}"),
        Err(_) => return "failed".to_owned(),
    };
    let mut answers: Vec<Option<i32>> = rows
        .iter()
        .flat_map(|batch| batch.column(0).as_primitive::<Int32Type>().iter())
        .collect();
    answers.sort_unstable();
    format!("{answers:?}")
}
