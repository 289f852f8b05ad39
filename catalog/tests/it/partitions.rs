//! ADD and DROP PARTITION, MSCK, REFRESH: what other programs do to the directories.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use spotql_catalog::{Error, InsertMode, Table};

use crate::support::{Setup, definition, spec};

fn write(setup: &Setup, path: &str, values: Vec<i64>) {
    let path = setup.path(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let column: ArrayRef = Arc::new(Int64Array::from(values));
    let batch = RecordBatch::try_from_iter([("a", column)]).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

async fn names(setup: &Setup, table: &Table) -> Vec<String> {
    let snapshot = setup.warehouse.partitions(table).await.unwrap();
    snapshot
        .partitions
        .iter()
        .map(|partition| partition.name.clone())
        .collect()
}

async fn external(setup: &Setup, name: &str, partitions: &[&str]) -> Arc<Table> {
    let mut external = definition(name, &["a bigint"], partitions);
    external.external = true;
    setup.create(external).await
}

#[tokio::test]
async fn msck_finds_partitions_and_passes_over_what_is_none() {
    let setup = Setup::new().await;
    for path in [
        "m=7",
        "m=07",
        "M=8",
        "m=__HIVE_DEFAULT_PARTITION__",
        "oa/m=9",
        "_tmp/m=10",
        "m=x",
        "q=1",
    ] {
        write(&setup, &format!("t/{path}/f.parquet"), vec![1]);
    }
    let table = external(&setup, "t", &["m tinyint"]).await;
    assert_eq!(
        setup.rows("SELECT count(*) FROM t").await,
        ["0"],
        "as in Hive, none is found by itself"
    );
    let report = setup.warehouse.repair(&table).await.unwrap();
    let mut added = report.added.clone();
    added.sort();
    assert_eq!(
        added,
        ["M=8", "m=07", "m=7", "m=__HIVE_DEFAULT_PARTITION__"]
    );
    let skipped: Vec<&str> = report
        .skipped
        .iter()
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(skipped, ["m=x", "oa", "q=1"]);
    assert_eq!(
        setup
            .rows("SELECT m, count(*) FROM t GROUP BY m ORDER BY m")
            .await,
        ["7|2", "8|1", "NULL|1"]
    );
    assert_eq!(
        setup.rows("SELECT count(*) FROM t WHERE m IS NULL").await,
        ["1"]
    );
    assert!(
        setup
            .warehouse
            .repair(&table)
            .await
            .unwrap()
            .added
            .is_empty()
    );
    // Both directories are partition 7: an OVERWRITE replaces both.
    let seven = [("m", "007")];
    setup
        .insert(&table, InsertMode::Overwrite, &seven, "SELECT 5::bigint a")
        .await
        .unwrap();
    assert_eq!(setup.rows("SELECT a FROM t WHERE m = 7").await, ["5"]);
    assert_eq!(
        setup.visible("t/m=07").len() + setup.visible("t/m=7").len(),
        1
    );
}

#[tokio::test]
async fn refresh_sees_new_changed_and_vanished_files_and_directories() {
    let setup = Setup::new().await;
    let table = external(&setup, "t", &["y int", "m int"]).await;
    write(&setup, "t/y=1/m=1/a.parquet", vec![1, 2]);
    write(&setup, "t/y=1/m=2/a.parquet", vec![3]);
    let report = setup.warehouse.refresh(&table, None).await.unwrap();
    assert_eq!((report.partitions_added, report.files_added), (2, 2));
    assert_eq!(setup.rows("SELECT sum(a) FROM t").await, ["6"]);

    write(&setup, "t/y=1/m=1/b.parquet", vec![10]);
    write(&setup, "t/y=1/m=1/a.parquet", vec![100, 200, 300]);
    std::fs::remove_dir_all(setup.path("t/y=1/m=2")).unwrap();
    write(&setup, "t/y=2/m=1/a.parquet", vec![7]);
    let one = setup
        .warehouse
        .refresh(&table, Some(spec(&[("y", "1"), ("m", "01")])))
        .await
        .unwrap();
    assert_eq!(
        (one.files_added, one.files_changed, one.partitions_added),
        (1, 1, 0)
    );
    let all = setup.warehouse.refresh(&table, None).await.unwrap();
    assert_eq!((all.files_removed, all.partitions_added), (1, 1));
    assert_eq!(
        setup
            .rows("SELECT y, m, sum(a) FROM t GROUP BY y, m ORDER BY y, m")
            .await,
        ["1|1|610", "2|1|7"]
    );
    assert_eq!(
        names(&setup, &table).await,
        ["y=1/m=1", "y=1/m=2", "y=2/m=1"],
        "an empty partition stays"
    );
    assert_eq!(
        setup.warehouse.refresh(&table, None).await.unwrap(),
        Default::default()
    );
    let error = setup
        .warehouse
        .refresh(&table, Some(spec(&[("y", "9")])))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::PartitionNotFound { .. }), "{error}");
}

#[tokio::test]
async fn refresh_keeps_what_this_program_wrote() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &["m int"]).await;
    setup
        .insert(
            &table,
            InsertMode::Into,
            &[("m", "1")],
            "SELECT 1::bigint a",
        )
        .await
        .unwrap();
    setup
        .insert(
            &table,
            InsertMode::Overwrite,
            &[("m", "1")],
            "SELECT 2::bigint a",
        )
        .await
        .unwrap();
    assert_eq!(
        setup.warehouse.refresh(&table, None).await.unwrap(),
        Default::default()
    );
    setup.warehouse.invalidate(None).await.unwrap();
    assert_eq!(setup.rows("SELECT a FROM t").await, ["2"]);
}

#[tokio::test]
async fn the_place_of_another_table_is_no_data_of_its_parent() {
    let setup = Setup::new().await;
    let parent = external(&setup, "parent", &[]).await;
    let mut child = definition("child", &["a bigint"], &[]);
    child.location = Some("parent/below".into());
    let child = setup.create(child).await;
    setup
        .insert(&child, InsertMode::Into, &[], "SELECT 1::bigint a")
        .await
        .unwrap();
    write(&setup, "parent/own.parquet", vec![5]);
    write(&setup, "parent/sub/own.parquet", vec![6]);
    setup.warehouse.refresh(&parent, None).await.unwrap();
    assert_eq!(setup.rows("SELECT sum(a) FROM parent").await, ["11"]);
}

#[tokio::test]
async fn partitions_are_added_with_the_files_that_lie_there() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &["d date", "h int"]).await;
    write(&setup, "t/d=2016-07-08/h=1/a.parquet", vec![1]);
    write(&setup, "elsewhere/a.parquet", vec![2]);
    let warehouse = &setup.warehouse;
    let first = spec(&[("h", "01"), ("d", "2016-07-08")]);
    assert!(
        warehouse
            .add_partition(&table, first.clone(), None, false)
            .await
            .unwrap()
    );
    assert!(
        !warehouse
            .add_partition(&table, first.clone(), None, true)
            .await
            .unwrap()
    );
    let error = warehouse
        .add_partition(&table, first, None, false)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::PartitionExists { .. }), "{error}");
    let place = setup.path("elsewhere").display().to_string();
    let second = spec(&[("d", "2016-07-08"), ("h", "2")]);
    assert!(
        warehouse
            .add_partition(&table, second, Some(place), false)
            .await
            .unwrap()
    );
    assert_eq!(
        setup.rows("SELECT h, a FROM t ORDER BY h").await,
        ["1|1", "2|2"]
    );
    // Rows inserted go to the partition's own place.
    let into = [("d", "2016-07-08"), ("h", "2")];
    setup
        .insert(&table, InsertMode::Into, &into, "SELECT 3::bigint a")
        .await
        .unwrap();
    assert_eq!(setup.visible("elsewhere").len(), 2);
    assert_eq!(setup.rows("SELECT sum(a) FROM t WHERE h = 2").await, ["5"]);
    let missing = spec(&[("d", "2016-07-08")]);
    let error = warehouse
        .add_partition(&table, missing, None, false)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("'h' is missing"), "{error}");
    let bad = spec(&[("d", "yesterday"), ("h", "2")]);
    let error = warehouse
        .add_partition(&table, bad, None, false)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::InvalidPartitionValue { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn partitions_are_dropped_by_part_of_their_values() {
    let setup = Setup::new().await;
    let table = setup.table("t", &["a bigint"], &["y int", "m int"]).await;
    let dynamic = "SELECT value a, CAST(value / 10 AS INT) y, CAST(value % 3 AS INT) m \
                   FROM generate_series(10, 39)";
    setup
        .insert(&table, InsertMode::Into, &[], dynamic)
        .await
        .unwrap();
    let dropped = setup
        .warehouse
        .drop_partitions(&table, spec(&[("y", "02")]), false)
        .await
        .unwrap();
    assert_eq!(dropped.len(), 3);
    assert_eq!(
        setup.rows("SELECT DISTINCT y FROM t ORDER BY y").await,
        ["1", "3"]
    );
    assert!(!setup.path("t/y=2").exists());
    let gone = setup
        .warehouse
        .drop_partitions(&table, spec(&[("y", "2")]), false)
        .await
        .unwrap_err();
    assert!(matches!(gone, Error::PartitionNotFound { .. }), "{gone}");
    assert!(
        setup
            .warehouse
            .drop_partitions(&table, spec(&[("y", "2")]), true)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        setup
            .warehouse
            .drop_partitions(&table, vec![], true)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn dropping_a_partition_of_an_external_table_leaves_its_files() {
    let setup = Setup::new().await;
    let table = external(&setup, "t", &["m int"]).await;
    write(&setup, "t/m=1/a.parquet", vec![1]);
    setup.warehouse.repair(&table).await.unwrap();
    setup
        .warehouse
        .drop_partitions(&table, spec(&[("m", "1")]), false)
        .await
        .unwrap();
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["0"]);
    assert_eq!(setup.visible("t"), ["m=1/a.parquet"]);
}

#[tokio::test]
async fn escaped_directory_names_are_read_and_written_as_hive_does() {
    let setup = Setup::new().await;
    let table = external(&setup, "t", &["ts string"]).await;
    write(&setup, "t/ts=2016-07-08 00%3A04/a.parquet", vec![1]);
    setup.warehouse.repair(&table).await.unwrap();
    assert_eq!(
        setup
            .rows("SELECT a FROM t WHERE ts = '2016-07-08 00:04'")
            .await,
        ["1"]
    );
    let into = [("ts", "2016-07-08 00:04")];
    setup
        .insert(&table, InsertMode::Into, &into, "SELECT 2::bigint a")
        .await
        .unwrap();
    assert_eq!(setup.visible("t/ts=2016-07-08 00%3A04").len(), 2);
}
