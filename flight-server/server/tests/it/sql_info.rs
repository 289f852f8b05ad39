use crate::server::{Server, query, text};

/// A value of each type that CAST converts, by the names of SqlSupportsConvert.
const NUMBERS: [&str; 6] = [
    "BIGINT",
    "INT",
    "SMALLINT",
    "TINYINT",
    "DECIMAL(5,2)",
    "FLOAT",
];
const TIMES: [&str; 2] = ["DATE", "TIMESTAMP"];

#[tokio::test]
async fn what_sql_info_claims_of_statements_runs() {
    let (_server, mut client) = Server::with_table().await;
    for (sql, expected) in [
        (
            "SELECT count(*) FROM t GROUP BY s, n % 2 LIMIT 1",
            vec!["1"],
        ),
        (
            "SELECT 1 FROM t WHERE n = (SELECT max(n) FROM t)",
            vec!["1"],
        ),
        ("SELECT 1 WHERE EXISTS (SELECT 1 FROM t)", vec!["1"]),
        ("SELECT 1 WHERE 2 IN (SELECT n FROM t)", vec!["1"]),
        (
            "SELECT count(*) FROM t a WHERE n = (SELECT max(n) FROM t b WHERE b.n = a.n)",
            vec!["3"],
        ),
        ("SELECT count(*) FROM (SELECT 1 UNION SELECT 1)", vec!["1"]),
        (
            "SELECT count(*) FROM (SELECT 1 UNION ALL SELECT 1)",
            vec!["2"],
        ),
        (
            "SELECT count(*) FROM t LEFT JOIN (SELECT 1 AS m) ON n = m",
            vec!["3"],
        ),
        (
            "SELECT count(*) FROM t FULL JOIN (SELECT 9 AS m) ON n = m",
            vec!["4"],
        ),
        (
            "SELECT count(*) FROM t GROUP BY n ORDER BY n LIMIT 1",
            vec!["1"],
        ),
        ("SELECT s FROM t ORDER BY n DESC LIMIT 1", vec![""]),
        (
            "SELECT count(*) FROM t WHERE s LIKE 'a!_' ESCAPE '!'",
            vec!["0"],
        ),
        ("SELECT NULL + 1 IS NULL", vec!["true"]),
    ] {
        match query(&mut client, sql).await {
            Ok(_) => assert_eq!(text(&mut client, sql).await, expected, "{sql}"),
            Err(error) => panic!("{sql}: {error}"),
        }
    }
}

#[tokio::test]
async fn what_sql_info_claims_of_conversions_runs() {
    let (_server, mut client) = Server::with_table().await;
    for (value, types) in [
        ("1", NUMBERS.as_slice()),
        ("'2024-05-14'", TIMES.as_slice()),
    ] {
        for from in types {
            for to in types.iter().chain(&["STRING"]) {
                let sql = format!("SELECT CAST(CAST(CAST({value} AS STRING) AS {from}) AS {to})");
                assert!(query(&mut client, &sql).await.is_ok(), "{sql}");
            }
        }
    }
}
