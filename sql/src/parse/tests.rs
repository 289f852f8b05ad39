//! Texts that must not be misread, whatever stands before, between or after their tokens.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::{Kind, Limits, Statement};
use crate::dialect::SpotDialect;
use crate::error::Result;

fn parse(sql: &str) -> Result<Statement> {
    super::parse(sql, &Limits::default())
}

/// At least one of every kind of statement.
const STATEMENTS: &[(&str, Kind)] = &[
    (
        "SELECT a, 'x''y' FROM t WHERE b > -1 ORDER BY 1 LIMIT 3",
        Kind::Query,
    ),
    ("WITH c AS (SELECT 1) SELECT * FROM c", Kind::Query),
    ("VALUES (1, 'a'), (2, NULL)", Kind::Query),
    ("EXPLAIN SELECT 1", Kind::Query),
    (
        "SELECT * FROM lda_score((SELECT * FROM flow), source => 'flow')",
        Kind::Query,
    ),
    ("SHOW DATABASES LIKE 'a*'", Kind::Query),
    ("SHOW TABLES IN d LIKE 'a*'", Kind::Query),
    ("SHOW PARTITIONS d.t", Kind::Query),
    ("SHOW CREATE TABLE t", Kind::Query),
    ("SHOW FUNCTIONS", Kind::Query),
    ("SHOW SCHEDULES", Kind::Query),
    ("SHOW INDICATOR LISTS", Kind::Query),
    ("DESCRIBE FORMATTED d.t", Kind::Query),
    ("DESC t", Kind::Query),
    ("SET", Kind::Query),
    ("SET a", Kind::Query),
    ("SET a.b = 'c'", Kind::Session),
    ("USE d", Kind::Session),
    ("SET SCHEMA d", Kind::Session),
    ("SET TIME ZONE 'UTC'", Kind::Session),
    (
        "INSERT INTO t PARTITION (y = 2016, m) SELECT 1, 2",
        Kind::Write,
    ),
    ("INSERT OVERWRITE TABLE t (a) VALUES (1)", Kind::Write),
    ("CREATE TABLE t AS SELECT 1 AS a", Kind::Write),
    (
        "PUBLISH TO 'mqtt://h/t' OPTIONS (user = 'x') AS SELECT 'a'",
        Kind::Write,
    ),
    (
        "CREATE EXTERNAL TABLE IF NOT EXISTS d.t (a INT COMMENT 'x') PARTITIONED BY (y SMALLINT) \
         STORED AS PARQUET LOCATION '/x'",
        Kind::Ddl,
    ),
    ("DROP TABLE IF EXISTS d.t PURGE", Kind::Ddl),
    (
        "CREATE DATABASE IF NOT EXISTS d COMMENT 'x' LOCATION '/x'",
        Kind::Ddl,
    ),
    ("DROP DATABASE IF EXISTS d CASCADE", Kind::Ddl),
    ("MSCK REPAIR TABLE d.t", Kind::Ddl),
    ("REFRESH d.t PARTITION (y = 1)", Kind::Ddl),
    ("INVALIDATE METADATA d.t", Kind::Ddl),
    (
        "ALTER TABLE d.t ADD IF NOT EXISTS PARTITION (y = 1) LOCATION '/x' PARTITION (y = 2)",
        Kind::Ddl,
    ),
    (
        "ALTER TABLE t DROP IF EXISTS PARTITION (y = 1), PARTITION (y = 2) PURGE",
        Kind::Ddl,
    ),
    ("ALTER TABLE t RECOVER PARTITIONS", Kind::Ddl),
    (
        "CREATE OR REPLACE INDICATOR LIST IF NOT EXISTS x LOCATION '/x' OPTIONS (severity = 2)",
        Kind::Ddl,
    ),
    (
        "CREATE NETWORK LIST x OPTIONS (internal = true) AS SELECT a FROM t",
        Kind::Ddl,
    ),
    ("CREATE GEO DATABASE x LOCATION '/x'", Kind::Ddl),
    ("REFRESH REPUTATION SERVICE x", Kind::Ddl),
    ("DROP GEO DATABASE IF EXISTS x", Kind::Ddl),
    (
        "CREATE SCHEDULE x EVERY '4 hours' OPTIONS (source = 'flow') AS RUN 'day.sql'",
        Kind::Ddl,
    ),
    ("DROP SCHEDULE IF EXISTS x", Kind::Ddl),
];

#[test]
fn blanks_and_comments_change_nothing() {
    let gaps = [
        " ",
        "\n",
        "\t\r\n ",
        "-- a comment\n",
        "/* a; comment */",
        " ; ",
        ";;\n",
    ];
    for (sql, kind) in STATEMENTS {
        for gap in gaps {
            let parsed = parse(&format!("{gap}{sql}"));
            assert_eq!(parsed.unwrap().kind(), *kind, "{gap:?} before {sql}");
            let parsed = parse(&format!("{gap}{gap}{sql}{gap}"));
            assert_eq!(parsed.unwrap().kind(), *kind, "{gap:?} around {sql}");
        }
        // SET takes everything up to the end as written.
        let between = tokens(sql).join(" /* x */ ");
        if !sql.starts_with("SET") {
            assert_eq!(parse(&between).unwrap().kind(), *kind, "{between}");
        }
    }
}

#[test]
fn no_cut_panics() {
    let junk = [
        "",
        " ",
        "(",
        ")",
        "'",
        ",",
        ";",
        ".",
        "=",
        "NOT",
        "PARTITION",
        "`",
        "\0",
        "é",
        "1e",
        "--",
        "/*",
    ];
    for (sql, _) in STATEMENTS {
        let tokens = tokens(sql);
        for cut in 0..=tokens.len() {
            for gap in ["", "\n", "/**/"] {
                for junk in junk {
                    let head = tokens[..cut].join(" ");
                    let tail = tokens[cut..].join(" ");
                    let without = tokens.get(cut + 1..).unwrap_or_default().join(" ");
                    for text in [
                        format!("{gap}{head} {junk}"),
                        format!("{gap}{junk} {tail}"),
                        format!("{gap}{head} {junk} {tail}"),
                        format!("{gap}{head} {junk} {without}"),
                    ] {
                        let _ = parse(&text);
                    }
                }
            }
        }
        // Cut within a token.
        for (byte, _) in sql.char_indices() {
            let _ = parse(&sql[..byte]);
            let _ = parse(&sql[byte..]);
        }
    }
}

fn tokens(sql: &str) -> Vec<String> {
    let dialect = SpotDialect::default();
    let mut tokenizer = Tokenizer::new(&dialect, sql).with_unescape(false);
    let tokens = tokenizer.tokenize().unwrap().into_iter();
    let words = tokens.filter(|token| !matches!(token, Token::Whitespace(_)));
    words.map(|token| token.to_string()).collect()
}

#[test]
fn what_is_too_large_is_refused_with_its_limit() {
    let error = |sql: String| parse(&sql).unwrap_err().to_string();
    let chain = |link: &str, count: usize| format!("SELECT 1{}", link.repeat(count));
    for link in [
        "+1",
        " OR 1",
        " AND a.b = 1",
        "||'x'",
        "::int",
        "[1]",
        " IS NULL",
    ] {
        assert!(
            error(chain(link, 40_000)).contains("more than 2000 operators"),
            "{link}"
        );
        assert!(parse(&chain(link, 300)).is_ok(), "{link}");
    }
    assert!(error(chain(" UNION ALL SELECT 1", 100_000)).contains("more than 500 UNION"));
    assert!(error(chain(",1", 100_000)).contains("more than 5000 columns"));
    let tables = format!("SELECT 1 FROM t{}", ", t".repeat(1_000));
    assert!(error(tables).contains("more than 500 tables"));
    for (open, close) in [
        ("(", ")"),
        ("NOT ", ""),
        ("- ", ""),
        ("array(", ")"),
        ("CASE WHEN ", " THEN 1 END"),
    ] {
        let nested = format!("SELECT {}1{}", open.repeat(20_000), close.repeat(20_000));
        assert!(parse(&nested).is_err(), "{open}");
    }
    // Many values are one statement.
    let values = format!(
        "INSERT INTO t VALUES (1, 'a'){}",
        ", (2, 'b')".repeat(20_000)
    );
    assert!(parse(&values).is_ok());
    let list = format!("SELECT a FROM t WHERE a IN (1{})", ", 2".repeat(50_000));
    assert!(parse(&list).is_ok());
}

#[test]
fn what_would_be_ignored_is_refused() {
    for (sql, what) in [
        (
            "SELECT a, count(*) FROM t GROUP BY a WITH ROLLUP",
            "WITH ROLLUP",
        ),
        (
            "SELECT 1 WHERE 1 IN (SELECT a FROM t GROUP BY a WITH CUBE)",
            "WITH CUBE",
        ),
        (
            "SELECT a FROM t GROUP BY a GROUPING SETS ((a), ())",
            "GROUPING SETS",
        ),
        (
            "INSERT INTO u SELECT a FROM t GROUP BY a WITH ROLLUP",
            "WITH ROLLUP",
        ),
        (
            "CREATE TABLE u AS SELECT a FROM t TABLESAMPLE (10 PERCENT)",
            "TABLESAMPLE",
        ),
        ("SELECT * FROM t TABLESAMPLE (10 ROWS) s", "TABLESAMPLE"),
        ("SHOW FUNCTIONS LIKE 'a*'", "SHOW FUNCTIONS LIKE"),
        ("SET SCHEMA x y", "SET SCHEMA x y"),
    ] {
        let error = parse(sql).unwrap_err().to_string();
        assert!(
            error.contains(what) && error.contains("is not supported"),
            "{sql}: {error}"
        );
    }
}
