//! Pruning, statistics, push-down, and what EXPLAIN tells.

use std::time::Instant;

use spotql_catalog::InsertMode;

use crate::support::{Setup, spec};

async fn days() -> Setup {
    let setup = Setup::new().await;
    let table = setup
        .table("t", &["a bigint", "b string"], &["m tinyint", "h tinyint"])
        .await;
    let rows = "SELECT value a, concat('k', value) b, CAST(value / 1000 AS TINYINT) m, \
                CAST(value % 4 AS TINYINT) h FROM generate_series(0, 5999)";
    setup
        .insert(&table, InsertMode::Into, &[], rows)
        .await
        .unwrap();
    setup
}

fn scan_line(explain: &str) -> String {
    explain
        .lines()
        .find(|line| line.contains("DataSourceExec"))
        .unwrap_or_default()
        .to_string()
}

#[tokio::test]
async fn partitions_are_pruned_by_typed_comparison_and_explain_says_how_many_remain() {
    let setup = days().await;
    for (filter, partitions, rows) in [
        ("m=03 AND h=00", "1/24", "250"),
        ("m IN (1, 2)", "8/24", "2000"),
        ("m BETWEEN 1 AND 3 AND h <> 1", "9/24", "2250"),
        ("m = 1 OR h = 2", "9/24", "2250"),
        ("CAST(m AS BIGINT) + h = 8", "1/24", "250"),
        ("m = 300", "0/24", "0"),
        ("m = '2'", "4/24", "1000"),
        ("m IS NULL", "0/24", "0"),
    ] {
        let sql = format!("SELECT count(*) FROM t WHERE {filter}");
        assert_eq!(setup.rows(&sql).await, [rows], "{filter}");
        let plan = setup
            .explain(&format!("SELECT a FROM t WHERE {filter}"))
            .await;
        let line = scan_line(&plan);
        // A filter that can never hold may be gone before there is a scan.
        assert!(
            line.contains(&format!("partitions={partitions}")) || (rows == "0" && line.is_empty()),
            "{filter}: {plan}"
        );
        assert!(
            !plan.contains("FilterExec"),
            "{filter} is decided by the partitions: {plan}"
        );
    }
}

#[tokio::test]
async fn files_are_pruned_by_their_bounds() {
    let setup = days().await;
    let plan = setup.explain("SELECT b FROM t WHERE a = 4321").await;
    let line = scan_line(&plan);
    assert!(line.contains("partitions=24/24"), "{plan}");
    let files = line
        .split("files=")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    assert!(files.parse::<usize>().unwrap() <= 4, "{plan}");
    assert_eq!(
        setup.rows("SELECT b FROM t WHERE a = 4321").await,
        ["k4321"]
    );
    assert_eq!(
        setup
            .rows("SELECT count(*) FROM t WHERE a < 10 OR m = 5")
            .await,
        ["1010"]
    );
    assert_eq!(
        setup.rows("SELECT count(*) FROM t WHERE b = 'nope'").await,
        ["0"]
    );
    assert_eq!(
        setup.rows("SELECT count(*) FROM t WHERE b IS NULL").await,
        ["0"]
    );
}

#[tokio::test]
async fn counts_and_bounds_come_from_the_metastore() {
    let setup = days().await;
    let plan = setup
        .explain("SELECT count(*), min(a), max(a), max(m) FROM t")
        .await;
    assert!(
        plan.contains("PlaceholderRowExec") && !plan.contains("DataSourceExec"),
        "{plan}"
    );
    assert_eq!(
        setup
            .rows("SELECT count(*), min(a), max(a), max(m) FROM t WHERE m < 3")
            .await,
        ["3000|0|2999|2"]
    );
}

#[tokio::test]
async fn a_limit_below_a_count_counts() {
    let setup = days().await;
    assert_eq!(
        setup
            .rows("SELECT count(*) FROM (SELECT a FROM t LIMIT 5)")
            .await,
        ["5"]
    );
    assert_eq!(
        setup
            .rows("SELECT count(*) FROM (SELECT a FROM t WHERE m = 1 LIMIT 700)")
            .await,
        ["700"]
    );
    assert_eq!(
        setup
            .rows("SELECT count(*) FROM (SELECT a FROM t WHERE a < 9 LIMIT 700)")
            .await,
        ["9"]
    );
    assert_eq!(
        setup
            .rows("SELECT max(m) FROM (SELECT m FROM t WHERE h = 3 LIMIT 10000)")
            .await,
        ["5"]
    );
}

#[tokio::test]
async fn nan_is_neither_a_bound_nor_lost() {
    let setup = Setup::new().await;
    let table = setup.table("f", &["x double"], &[]).await;
    let rows = "SELECT x FROM (VALUES (1.0), (arrow_cast('NaN', 'Float64')), (1.0)) v(x)";
    setup
        .insert(&table, InsertMode::Into, &[], rows)
        .await
        .unwrap();
    assert_eq!(
        setup.rows("SELECT count(*) FROM f WHERE isnan(x)").await,
        ["1"]
    );
    assert_eq!(
        setup.rows("SELECT x FROM f ORDER BY x").await,
        ["1.0", "1.0", "NaN"]
    );
    assert_eq!(setup.rows("SELECT max(x) FROM f").await, ["NaN"]);
}

#[tokio::test]
async fn projections_predicates_and_dynamic_filters_reach_the_reader() {
    let setup = days().await;
    let plan = setup.explain("SELECT b, h FROM t WHERE a > 5500").await;
    let line = scan_line(&plan);
    assert!(line.contains("predicate=a@0 > 5500"), "{plan}");
    assert!(line.contains("projection=["), "{plan}");
    let plan = setup.explain("SELECT h FROM t").await;
    assert!(scan_line(&plan).contains("projection=[h]"), "{plan}");
    let plan = setup
        .explain("SELECT a, b FROM t ORDER BY a DESC LIMIT 3")
        .await;
    assert!(scan_line(&plan).contains("DynamicFilter"), "{plan}");
    assert_eq!(
        setup
            .rows("SELECT a, b FROM t ORDER BY a DESC LIMIT 2")
            .await,
        ["5999|k5999", "5998|k5998"]
    );
    let plan = setup.explain("SELECT a FROM t LIMIT 1").await;
    assert!(scan_line(&plan).contains("files=1/"), "{plan}");
}

#[tokio::test]
async fn joins_unions_and_self_joins_work() {
    let setup = days().await;
    assert_eq!(
        setup
            .rows("SELECT count(*) FROM t x JOIN t y ON x.a = y.a AND x.m = y.m WHERE x.h = 1")
            .await,
        ["1500"]
    );
    assert_eq!(
        setup
            .rows("SELECT count(*) FROM t WHERE a IN (SELECT max(a) FROM t GROUP BY m)")
            .await,
        ["6"]
    );
    assert_eq!(
        setup
            .rows("SELECT count(*) FROM t WHERE m = (SELECT max(m) FROM t)")
            .await,
        ["1000"]
    );
}

#[tokio::test]
async fn ten_thousand_partitions_plan_quickly() {
    let setup = Setup::new().await;
    let one = setup.table("one", &["a bigint"], &[]).await;
    setup
        .insert(&one, InsertMode::Into, &[], "SELECT 5::bigint a")
        .await
        .unwrap();
    let file = setup.path("one").join(&setup.visible("one")[0]);
    let table = setup.table("t", &["a bigint"], &["y int", "d int"]).await;
    for d in 0..10_000 {
        let folder = setup.path(&format!("t/y={}/d={d}", d / 1000));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(&file, folder.join("f.parquet")).unwrap();
    }
    assert_eq!(
        setup.warehouse.repair(&table).await.unwrap().added.len(),
        10_000
    );
    let snapshot = setup.warehouse.snapshot(&table).await.unwrap();
    assert_eq!(snapshot.partitions.len(), 10_000);
    // A plan on a state that is not in memory, and then one on the same state.
    setup
        .warehouse
        .add_partition(&table, spec(&[("y", "99"), ("d", "1")]), None, false)
        .await
        .unwrap();
    for (round, allowed) in [("first", 5000), ("second", 1000)] {
        let start = Instant::now();
        let plan = setup
            .explain("SELECT a FROM t WHERE y = 3 AND d < 3005")
            .await;
        let elapsed = start.elapsed().as_millis();
        println!("{round} plan over 10,000 partitions: {elapsed} ms");
        assert!(plan.contains("partitions=5/10001"), "{plan}");
        assert!(elapsed < allowed, "{round}: {elapsed} ms");
    }
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["10000"]);
    assert_eq!(
        setup
            .rows("SELECT count(*), sum(a) FROM t WHERE d < 100")
            .await,
        ["100|500"]
    );
}
