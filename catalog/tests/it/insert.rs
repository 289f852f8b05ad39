//! INSERT INTO, INSERT OVERWRITE, CREATE TABLE AS.

use spotql_catalog::{Error, InsertMode};

use crate::support::{Setup, all_files, definition};

#[tokio::test]
async fn rows_written_are_rows_read() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint", "b string"], &[]).await;
    let report = setup
        .insert(
            &table,
            InsertMode::Into,
            &[],
            "SELECT * FROM (VALUES (1,'x'),(2,NULL)) v(a,b)",
        )
        .await
        .unwrap();
    assert_eq!((report.rows, report.files, report.partitions), (2, 1, 1));
    assert_eq!(
        setup.rows("SELECT * FROM t ORDER BY a").await,
        ["1|x", "2|NULL"]
    );
    setup
        .insert(&table, InsertMode::Into, &[], "SELECT 3 a, 'y' b")
        .await
        .unwrap();
    assert_eq!(setup.rows("SELECT count(*), sum(a) FROM t").await, ["3|6"]);
    assert_eq!(setup.visible("t").len(), 2);
}

#[tokio::test]
async fn overwrite_replaces_all_of_an_unpartitioned_table_even_by_nothing() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    for _ in 0..2 {
        setup
            .insert(&table, InsertMode::Into, &[], "SELECT 1::bigint a")
            .await
            .unwrap();
    }
    setup
        .insert(&table, InsertMode::Overwrite, &[], "SELECT 9::bigint a")
        .await
        .unwrap();
    assert_eq!(setup.rows("SELECT a FROM t").await, ["9"]);
    assert_eq!(setup.visible("t").len(), 1);
    setup
        .insert(
            &table,
            InsertMode::Overwrite,
            &[],
            "SELECT 9::bigint a WHERE false",
        )
        .await
        .unwrap();
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["0"]);
    setup.warehouse.maintain().await;
    assert!(
        all_files(&setup.path("t")).is_empty(),
        "{:?}",
        all_files(&setup.path("t"))
    );
}

#[tokio::test]
async fn a_static_partition_takes_its_columns_type() {
    let setup = Setup::new().await;
    let number = setup
        .table("n", &["a bigint"], &["y smallint", "m tinyint"])
        .await;
    let text = setup.table("s", &["a bigint"], &["m string"]).await;
    let one = "SELECT 1::bigint a";
    setup
        .insert(
            &number,
            InsertMode::Into,
            &[("Y", "2016"), ("m", "07")],
            one,
        )
        .await
        .unwrap();
    setup
        .insert(&text, InsertMode::Into, &[("m", "07")], one)
        .await
        .unwrap();
    assert!(setup.path("n/y=2016/m=7").is_dir());
    assert!(setup.path("s/m=07").is_dir());
    assert_eq!(setup.rows("SELECT * FROM n WHERE m=07").await, ["1|2016|7"]);
    let error = setup
        .insert(
            &number,
            InsertMode::Into,
            &[("y", "2016"), ("m", "300")],
            one,
        )
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::InvalidPartitionValue { .. }),
        "{error}"
    );
    let error = setup
        .insert(&number, InsertMode::Into, &[("x", "1")], one)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("'x' is no partition column"),
        "{error}"
    );
}

#[tokio::test]
async fn dynamic_partitions_come_from_the_rows_and_overwrite_only_those() {
    let setup = Setup::new().await;
    let table = setup
        .table("t", &["a bigint"], &["y smallint", "m tinyint", "s string"])
        .await;
    let report = setup
        .insert(
            &table,
            InsertMode::Into,
            &[("y", "2016")],
            "SELECT value a, CAST(value % 3 AS TINYINT) m, \
             CASE WHEN value % 2 = 0 THEN 'p:q' END s FROM generate_series(1, 6000)",
        )
        .await
        .unwrap();
    assert_eq!((report.rows, report.partitions), (6000, 6));
    assert_eq!(
        setup
            .rows("SELECT m, s, count(*), sum(a) FROM t GROUP BY m, s ORDER BY m, s")
            .await,
        [
            "0|p:q|1000|3003000",
            "0|NULL|1000|3000000",
            "1|p:q|1000|3001000",
            "1|NULL|1000|2998000",
            "2|p:q|1000|2999000",
            "2|NULL|1000|3002000"
        ]
    );
    assert!(setup.path("t/y=2016/m=1/s=p%3Aq").is_dir());
    assert!(
        setup
            .path("t/y=2016/m=1/s=__HIVE_DEFAULT_PARTITION__")
            .is_dir()
    );
    let one = "SELECT 7::bigint a, CAST(1 AS TINYINT) m, 'p:q' s";
    setup
        .insert(&table, InsertMode::Overwrite, &[("y", "2016")], one)
        .await
        .unwrap();
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["5001"]);
    assert_eq!(
        setup
            .rows("SELECT a FROM t WHERE m = 1 AND s = 'p:q'")
            .await,
        ["7"]
    );
    let none = format!("{one} WHERE false");
    let report = setup
        .insert(&table, InsertMode::Overwrite, &[("y", "2016")], &none)
        .await
        .unwrap();
    assert_eq!(report.partitions, 0);
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["5001"]);
    let none = "SELECT 1::bigint a WHERE false";
    let fixed = [("y", "2016"), ("m", "1"), ("s", "p:q")];
    setup
        .insert(&table, InsertMode::Overwrite, &fixed, none)
        .await
        .unwrap();
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["5000"]);
}

#[tokio::test]
async fn more_partitions_than_open_files_are_written() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &["p int"]).await;
    let report = setup
        .insert(
            &table,
            InsertMode::Into,
            &[],
            "SELECT value a, CAST(value % 300 AS INT) p FROM generate_series(1, 30000)",
        )
        .await
        .unwrap();
    assert_eq!((report.rows, report.partitions), (30_000, 300));
    let counts = setup
        .rows("SELECT count(*), min(n), max(n) FROM (SELECT count(*) n FROM t GROUP BY p)")
        .await;
    assert_eq!(counts, ["300|100|100"]);
}

#[tokio::test]
async fn a_table_can_be_overwritten_by_itself() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    setup
        .insert(
            &table,
            InsertMode::Into,
            &[],
            "SELECT value a FROM generate_series(1, 1000)",
        )
        .await
        .unwrap();
    setup
        .insert(
            &table,
            InsertMode::Overwrite,
            &[],
            "SELECT a + 1 AS a FROM t",
        )
        .await
        .unwrap();
    assert_eq!(
        setup.rows("SELECT count(*), min(a), max(a) FROM t").await,
        ["1000|2|1001"]
    );
}

#[tokio::test]
async fn an_overwrite_that_read_an_older_state_conflicts() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    setup
        .insert(&table, InsertMode::Into, &[], "SELECT 1::bigint a")
        .await
        .unwrap();
    let plan = setup.plan("SELECT a FROM t").await;
    setup
        .insert(&table, InsertMode::Into, &[], "SELECT 2::bigint a")
        .await
        .unwrap();
    let error = setup
        .warehouse
        .insert(
            &table,
            InsertMode::Overwrite,
            vec![],
            plan,
            setup.session.task_ctx(),
        )
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert_eq!(setup.rows("SELECT a FROM t ORDER BY a").await, ["1", "2"]);
    assert_eq!(
        all_files(&setup.path("t")).len(),
        2,
        "nothing of the failed write remains"
    );
}

#[tokio::test]
async fn a_failing_query_leaves_nothing() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    let bad = "SELECT 100 / (value - 90000) AS a FROM generate_series(1, 100000)";
    let error = setup
        .insert(&table, InsertMode::Into, &[], bad)
        .await
        .unwrap_err();
    assert!(
        error.to_string().to_lowercase().contains("divide"),
        "{error}"
    );
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["0"]);
    assert!(all_files(&setup.path("t")).is_empty());
    assert!(all_files(&setup.path("_spotql_locks")).is_empty());
}

#[tokio::test]
async fn an_insert_that_is_cancelled_leaves_nothing() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &[]).await;
    let long = setup
        .plan("SELECT value a FROM generate_series(1, 100000000)")
        .await;
    let insert = setup.warehouse.insert(
        &table,
        InsertMode::Into,
        vec![],
        long,
        setup.session.task_ctx(),
    );
    tokio::time::timeout(std::time::Duration::from_millis(300), insert)
        .await
        .unwrap_err();
    for _ in 0..100 {
        setup.warehouse.maintain().await;
        if all_files(&setup.path("t")).is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(all_files(&setup.path("t")).is_empty());
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["0"]);
}

#[tokio::test]
async fn columns_that_do_not_fit_are_named() {
    let setup = Setup::new().await;
    let table = setup
        .table("t", &["a bigint", "b string"], &["p int"])
        .await;
    for (sql, text) in [
        ("SELECT 1::bigint a", "1 columns, 3 are expected: a, b, p"),
        (
            "SELECT 1::bigint b, 'x' a, 1::int p",
            "column 1 of the query is 'b', 'a' is expected",
        ),
        (
            "SELECT 1.5::double a, 'x' b, 1::int p",
            "column 'a' of the query is Float64, Int64",
        ),
    ] {
        let error = setup
            .insert(&table, InsertMode::Into, &[], sql)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(text), "{error}");
        assert!(error.contains("default.t"), "{error}");
    }
}

#[tokio::test]
async fn what_is_not_the_tables_survives_overwrite_and_drop() {
    let setup = Setup::new().await;
    // A folder of notes and settings, some of them named like data, with one file of rows among them.
    let folder = setup.path("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    for name in ["notes.txt", "a.conf", "broken.parquet"] {
        std::fs::write(folder.join(name), b"do not lose this").unwrap();
    }
    let others = ["a.conf", "broken.parquet", "notes.txt"];
    for external in [true, false] {
        let mut here = definition("here", &["a bigint"], &[]);
        here.location = Some(folder.display().to_string());
        here.external = external;
        let table = setup.create(here).await;
        for a in 1..3 {
            setup
                .insert(
                    &table,
                    InsertMode::Overwrite,
                    &[],
                    &format!("SELECT {a}::bigint a"),
                )
                .await
                .unwrap();
            assert_eq!(setup.rows("SELECT a FROM here").await, [a.to_string()]);
        }
        let warehouse = &setup.warehouse;
        warehouse
            .drop_table("default", "here", false)
            .await
            .unwrap();
        warehouse.maintain().await;
        for file in all_files(&folder) {
            // What an EXTERNAL table wrote stays; here it would be the next table's.
            if file.starts_with("part-") {
                std::fs::remove_file(folder.join(file)).unwrap();
            }
        }
        let mut left = all_files(&folder);
        left.retain(|name| !name.starts_with('_'));
        assert_eq!(left, others, "external: {external}");
    }
}

#[tokio::test]
async fn overwrite_leaves_files_that_the_table_does_not_know() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &["p int"]).await;
    let five = [("p", "5")];
    setup
        .insert(&table, InsertMode::Into, &five, "SELECT 1::bigint a")
        .await
        .unwrap();
    std::fs::write(setup.path("t/p=5/foreign.parquet"), b"not known").unwrap();
    std::fs::create_dir(setup.path("t/p=6")).unwrap();
    std::fs::write(setup.path("t/p=6/foreign.parquet"), b"not known").unwrap();
    for p in ["5", "6"] {
        let one = "SELECT 2::bigint a";
        setup
            .insert(&table, InsertMode::Overwrite, &[("p", p)], one)
            .await
            .unwrap();
    }
    assert_eq!(setup.visible("t").len(), 4);
    assert_eq!(setup.rows("SELECT a FROM t").await, ["2", "2"]);
}

#[tokio::test]
async fn create_table_as_makes_table_and_rows_at_once_or_nothing() {
    let setup = Setup::new().await;
    let mut ctas = definition("c", &["a bigint", "b string"], &["p int"]);
    let plan = setup.plan("SELECT 1::bigint a, 'x' b, 3::int p").await;
    let report = setup
        .warehouse
        .create_table_as(ctas.clone(), plan.clone(), setup.session.task_ctx())
        .await
        .unwrap();
    assert_eq!(report.rows, 1);
    assert_eq!(setup.rows("SELECT * FROM c").await, ["1|x|3"]);
    let again = setup
        .warehouse
        .create_table_as(ctas.clone(), plan, setup.session.task_ctx())
        .await
        .unwrap_err();
    assert!(matches!(again, Error::TableExists { .. }), "{again}");

    ctas.name = "d".into();
    let bad = setup
        .plan("SELECT 1 / (value - 5) a, 'x' b, 3::int p FROM generate_series(1,9)")
        .await;
    setup
        .warehouse
        .create_table_as(ctas.clone(), bad, setup.session.task_ctx())
        .await
        .unwrap_err();
    assert!(
        setup
            .warehouse
            .table("default", "d")
            .await
            .unwrap()
            .is_none()
    );
    assert!(!setup.path("d").exists());

    ctas.name = "e".into();
    ctas.partition_columns.clear();
    let none = setup.plan("SELECT 1::bigint a, 'x' b WHERE false").await;
    setup
        .warehouse
        .create_table_as(ctas, none, setup.session.task_ctx())
        .await
        .unwrap();
    assert_eq!(setup.rows("SELECT count(*) FROM e").await, ["0"]);
}

#[tokio::test]
async fn every_type_survives_a_round_trip() {
    let setup = Setup::new().await;
    let columns = [
        "b boolean",
        "t tinyint",
        "s smallint",
        "i int",
        "l bigint",
        "f float",
        "d double",
        "n decimal(10,2)",
        "c varchar(5)",
        "x binary",
        "k date",
        "z timestamp",
        "r array<double>",
        "o struct<p:int,q:string>",
    ];
    let table = setup.table("t", &columns, &[]).await;
    let select = "SELECT true b, arrow_cast(1,'Int8') t, arrow_cast(2,'Int16') s, arrow_cast(3,'Int32') i, \
        4::bigint l, arrow_cast(1.5,'Float32') f, 2.5::double d, arrow_cast(3.25,'Decimal128(10, 2)') n, \
        'é' c, arrow_cast('ab','Binary') x, DATE '2016-07-08' k, \
        arrow_cast('2016-07-08T01:02:03.000004','Timestamp(Microsecond, None)') z, \
        [1.0, NULL] r, \
        arrow_cast(named_struct('p', 1, 'q', 'w'), 'Struct(\"p\": Int32, \"q\": Utf8View)') o";
    setup
        .insert(&table, InsertMode::Into, &[], select)
        .await
        .unwrap();
    assert_eq!(
        setup.rows("SELECT * FROM t").await,
        [
            "true|1|2|3|4|1.5|2.5|3.25|é|6162|2016-07-08|2016-07-08T01:02:03.000004|[1.0, NULL]|{p: 1, q: w}"
        ]
    );
}

#[tokio::test]
async fn a_small_memory_pool_makes_small_row_groups_and_no_failure() {
    use datafusion::execution::context::{SessionConfig, SessionContext};
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    let setup = Setup::new().await;
    let table = setup
        .table("t", &["a bigint", "b string"], &["p int"])
        .await;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_limit(8 << 20, 1.0)
        .build_arc()
        .unwrap();
    let small = SessionContext::new_with_config_rt(SessionConfig::new(), runtime);
    let plan = setup
        .plan(
            "SELECT value a, concat('some text number ', value) b, CAST(value % 40 AS INT) p \
             FROM generate_series(1, 200000)",
        )
        .await;
    let report = setup
        .warehouse
        .insert(&table, InsertMode::Into, vec![], plan, small.task_ctx())
        .await
        .unwrap();
    assert_eq!(report.rows, 200_000);
    assert_eq!(small.runtime_env().memory_pool.reserved(), 0);
    assert_eq!(
        setup.rows("SELECT count(DISTINCT b) FROM t").await,
        ["200000"]
    );
}

#[tokio::test]
async fn a_partition_that_cannot_have_a_directory_is_refused_before_the_commit() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &["p string"]).await;
    // A file stands where a directory should go, and one above it.
    std::fs::write(setup.path("t/p=taken"), b"a note").unwrap();
    for (value, why) in [
        ("x".repeat(254), "255 is the most"),
        (":".repeat(85), "255 is the most"),
        ("é".repeat(127), "255 is the most"),
        ("taken".to_owned(), "p=taken"),
    ] {
        for mode in [InsertMode::Into, InsertMode::Overwrite] {
            let query = format!("SELECT a, p FROM (VALUES (1, 'fine'), (2, '{value}')) t(a, p)");
            let error = setup.insert(&table, mode, &[], &query).await.unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["0"]);
            assert_eq!(all_files(&setup.path("t")), ["p=taken"]);
            assert!(!setup.path("t/p=fine").exists());
        }
    }
    // The longest that goes, and the table is as usable as before.
    let value = "x".repeat(253);
    let query = format!("SELECT 1::bigint a, '{value}' p");
    setup
        .insert(&table, InsertMode::Into, &[], &query)
        .await
        .unwrap();
    assert_eq!(setup.rows("SELECT length(p) FROM t").await, ["253"]);
    assert!(
        setup
            .warehouse
            .drop_table("default", "t", false)
            .await
            .unwrap()
    );
    assert_eq!(all_files(&setup.path("t")), ["p=taken"]);
}
