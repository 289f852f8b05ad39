//! Files that other programs have written, good and bad.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Int16Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow::datatypes::Int32Type as ArrowInt32;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::data_type::{ByteArray, ByteArrayType, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use spotql_catalog::Table;

use crate::support::{Setup, definition};

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let columns = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

async fn external(setup: &Setup, columns: &[&str]) -> Arc<Table> {
    let mut external = definition("t", columns, &[]);
    external.external = true;
    setup.create(external).await
}

#[tokio::test]
async fn columns_are_matched_by_name_whatever_their_order_case_and_number() {
    let setup = Setup::new().await;
    write(
        &setup.path("t/a.parquet"),
        vec![
            ("EXTRA", Arc::new(Int32Array::from(vec![0])) as ArrayRef),
            ("B", Arc::new(StringArray::from(vec!["x"]))),
            ("A", Arc::new(Int32Array::from(vec![1]))),
        ],
    );
    write(
        &setup.path("t/b.parquet"),
        vec![("a", Arc::new(Int16Array::from(vec![2])) as ArrayRef)],
    );
    external(&setup, &["a bigint", "b string", "c double"]).await;
    assert_eq!(
        setup.rows("SELECT * FROM t ORDER BY a").await,
        ["1|x|NULL", "2|NULL|NULL"]
    );
    assert_eq!(setup.rows("SELECT a FROM t WHERE b = 'x'").await, ["1"]);
    assert_eq!(setup.rows("SELECT a FROM t WHERE b IS NULL").await, ["2"]);
    assert_eq!(
        setup
            .rows("SELECT count(*) FROM t WHERE c IS NULL AND a > 1")
            .await,
        ["1"]
    );
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_null() {
    let setup = Setup::new().await;
    write(
        &setup.path("t/a.parquet"),
        vec![
            (
                "i",
                Arc::new(Int64Array::from(vec![Some(1), Some(1 << 40), None])) as ArrayRef,
            ),
            ("n", Arc::new(StringArray::from(vec!["7", "seven", "8"]))),
            ("s", Arc::new(Int32Array::from(vec![1, 2, 3]))),
        ],
    );
    external(&setup, &["i int", "n bigint", "s string"]).await;
    assert_eq!(
        setup.rows("SELECT * FROM t ORDER BY s").await,
        ["1|7|1", "NULL|NULL|2", "NULL|8|3"]
    );
    assert_eq!(
        setup
            .rows("SELECT s FROM t WHERE i IS NULL ORDER BY s")
            .await,
        ["2", "3"]
    );
    assert_eq!(setup.rows("SELECT s FROM t WHERE i = 1").await, ["1"]);
    assert_eq!(
        setup.rows("SELECT count(*) FROM t WHERE n > 5").await,
        ["2"]
    );
    assert_eq!(setup.rows("SELECT s FROM t WHERE s = '3'").await, ["3"]);
}

#[tokio::test]
async fn dictionaries_are_strings_and_timestamps_of_any_unit_are_microseconds() {
    let setup = Setup::new().await;
    let words: DictionaryArray<ArrowInt32> = vec!["u", "v", "u"].into_iter().collect();
    let nanos = TimestampNanosecondArray::from(vec![1_001, 2_002, 3_003]);
    let zoned = TimestampMicrosecondArray::from(vec![1, 2, 3]).with_timezone("UTC");
    write(
        &setup.path("t/a.parquet"),
        vec![
            ("w", Arc::new(words) as ArrayRef),
            ("z", Arc::new(nanos)),
            ("u", Arc::new(zoned)),
        ],
    );
    external(&setup, &["w string", "z timestamp", "u timestamp"]).await;
    assert_eq!(
        setup.rows("SELECT w, z, u FROM t WHERE w = 'v'").await,
        ["v|1970-01-01T00:00:00.000002|1970-01-01T00:00:00.000002"]
    );
    // 2,002 ns is 2 us: what is cut off must not make the row disappear.
    let equal = "SELECT w FROM t WHERE z = arrow_cast(2, 'Timestamp(Microsecond, None)')";
    assert_eq!(setup.rows(equal).await, ["v"]);
}

#[tokio::test]
async fn int96_timestamps_and_strings_without_annotation_are_read() {
    let setup = Setup::new().await;
    let path = setup.path("t/impala.parq");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let message = "message schema { optional int96 Z; optional binary S; }";
    let schema = Arc::new(parse_message_type(message).unwrap());
    let file = std::fs::File::create(&path).unwrap();
    let mut writer =
        SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::builder().build()))
            .unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut times = group.next_column().unwrap().unwrap();
    // 2016-07-08 00:04:17.5 is Julian day 2457578, 257.5 s into it; year 9999 is beyond nanoseconds.
    let nanos = 257_500_000_000u64;
    let time = |day: u32, nanos: u64| {
        let mut value = Int96::new();
        value.set_data(nanos as u32, (nanos >> 32) as u32, day);
        value
    };
    times
        .typed::<Int96Type>()
        .write_batch(
            &[time(2_457_578, nanos), time(5_373_484, 0)],
            Some(&[1, 0, 1]),
            None,
        )
        .unwrap();
    times.close().unwrap();
    let mut words = group.next_column().unwrap().unwrap();
    let text: Vec<ByteArray> = ["x", "y", "z"].into_iter().map(ByteArray::from).collect();
    words
        .typed::<ByteArrayType>()
        .write_batch(&text, Some(&[1, 1, 1]), None)
        .unwrap();
    words.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    external(&setup, &["s string", "z timestamp"]).await;
    assert_eq!(
        setup.rows("SELECT s, z FROM t ORDER BY s").await,
        [
            "x|2016-07-08T00:04:17.500",
            "y|NULL",
            "z|9999-12-31T00:00:00"
        ]
    );
    assert_eq!(
        setup
            .rows("SELECT s FROM t WHERE z > TIMESTAMP '2016-07-08 00:00:00' ORDER BY s")
            .await,
        ["x", "z"]
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let setup = Setup::new().await;
    let good = || {
        vec![(
            "a",
            Arc::new(Int64Array::from_iter_values(0..10_000)) as ArrayRef,
        )]
    };
    write(&setup.path("t/good.parquet"), good());
    write(&setup.path("t/broken.parquet"), good());
    let table = external(&setup, &["a bigint"]).await;
    let whole = std::fs::read(setup.path("t/broken.parquet")).unwrap();

    let damaged: [(&str, Vec<u8>); 4] = [
        ("truncated", whole[..whole.len() / 2].to_vec()),
        ("no Parquet", b"this is no Parquet file at all".to_vec()),
        ("a damaged page", {
            let mut bytes = whole.clone();
            let middle = bytes.len() / 3;
            bytes[4..middle].fill(0xff);
            bytes
        }),
        ("tiny", b"PAR1".to_vec()),
    ];
    for (what, bytes) in damaged {
        std::fs::write(setup.path("t/broken.parquet"), bytes).unwrap();
        for refreshed in [false, true] {
            if refreshed {
                setup.warehouse.refresh(&table, None).await.unwrap();
            }
            let error = setup.error("SELECT sum(a) FROM t").await;
            assert!(
                error.contains("t/broken.parquet' cannot be read"),
                "{what}: {error}"
            );
        }
    }
    write(&setup.path("t/broken.parquet"), good());
    setup.warehouse.refresh(&table, None).await.unwrap();
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["20000"]);
    std::fs::remove_file(setup.path("t/broken.parquet")).unwrap();
    let error = setup.error("SELECT sum(a) FROM t").await;
    assert!(
        error.contains("broken.parquet' cannot be read: it is not there"),
        "{error}"
    );
    assert!(error.contains("REFRESH"), "{error}");
    setup.warehouse.refresh(&table, None).await.unwrap();
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["10000"]);
}

#[tokio::test]
async fn a_column_that_cannot_be_converted_is_named_with_its_file() {
    let setup = Setup::new().await;
    let list = arrow::array::ListArray::from_iter_primitive::<ArrowInt32, _, _>([Some([Some(1)])]);
    write(
        &setup.path("t/odd.parquet"),
        vec![("a", Arc::new(list) as ArrayRef)],
    );
    external(&setup, &["a bigint"]).await;
    let error = setup.error("SELECT a FROM t").await;
    assert!(
        error.contains("odd.parquet") && error.contains("column 'a'"),
        "{error}"
    );
}

#[tokio::test]
async fn an_expression_that_fails_is_not_blamed_on_the_file() {
    let setup = Setup::new().await;
    write(
        &setup.path("t/a.parquet"),
        vec![("a", Arc::new(Int64Array::from(vec![0, 1])) as ArrayRef)],
    );
    external(&setup, &["a bigint"]).await;
    let error = setup.error("SELECT 1 / a FROM t").await;
    assert!(!error.contains("cannot be read"), "{error}");
}

#[tokio::test]
async fn real_flows_are_read_through_a_table_of_other_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/flow");
    let Ok(folder) = folder.canonicalize() else {
        println!("skipped: ../shared is absent");
        return;
    };
    let setup = Setup::new().await;
    let table = setup
        .table(
            "flow",
            &[
                "treceived string",
                "SIP string",
                "dip string",
                "sport int",
                "ipkt bigint",
                "ibyt bigint",
                "tdur float",
            ],
            &["d int"],
        )
        .await;
    let name = "CTU-IoT-Malware-Capture-42-1.flows.parquet";
    std::fs::create_dir_all(setup.path("flow/d=1")).unwrap();
    std::fs::copy(folder.join(name), setup.path("flow/d=1/f.parquet")).unwrap();
    setup.warehouse.repair(&table).await.unwrap();
    let direct = folder.join(name).display().to_string();
    let plain = datafusion::prelude::SessionContext::new();
    plain
        .register_parquet("direct", &direct, Default::default())
        .await
        .unwrap();
    for sql in [
        "SELECT count(*), sum(ipkt), min(sip), max(treceived), count(DISTINCT dip) FROM",
        "SELECT count(*), sum(ibyt) FROM",
    ] {
        let ours = setup.rows(&format!("{sql} flow WHERE sport > 1000")).await;
        let theirs = plain
            .sql(&format!("{sql} direct WHERE sport > 1000"))
            .await
            .unwrap();
        assert_eq!(
            ours,
            crate::support::lines(&theirs.collect().await.unwrap())
        );
    }
}

/// A file with one plain BYTE_ARRAY column, as Impala writes STRING.
fn write_bytes(path: &Path, rows: &[&[u8]]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let schema = Arc::new(parse_message_type("message schema { optional binary S; }").unwrap());
    let file = std::fs::File::create(path).unwrap();
    let mut writer =
        SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::builder().build()))
            .unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values: Vec<ByteArray> = rows
        .iter()
        .map(|row| ByteArray::from(row.to_vec()))
        .collect();
    column
        .typed::<ByteArrayType>()
        .write_batch(&values, Some(&vec![1; rows.len()]), None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_text_are_an_error_that_names_file_and_column() {
    let setup = Setup::new().await;
    // Short ones lie in the view itself, long ones beside it.
    let cut = "größenordnung".as_bytes();
    write_bytes(
        &setup.path("t/bad.parq"),
        &[
            b"fine",
            b"\xff\xfe",
            &cut[..4],
            b"a long one that is no text \xc3\x28 at all",
        ],
    );
    external(&setup, &["s string"]).await;
    for call in [
        "max(upper(s))",
        "min(lower(s))",
        "max(length(s))",
        "max(character_length(s))",
        "max(reverse(s))",
        "max(substr(s, 2))",
        "max(s || 'x')",
        "count(DISTINCT s)",
        "max(initcap(s))",
        "max(trim(s))",
        "max(lpad(s, 40, s))",
        "max(strpos(s, 'n'))",
        "max(replace(s, 'n', 'm'))",
        "max(split_part(s, 'n', 1))",
        "max(translate(s, 'n', 'm'))",
        "max(left(s, 3))",
        "max(right(s, 3))",
        "max(ascii(s))",
        "max(regexp_replace(s, '.', 'x'))",
        "max(levenshtein(s, 'x'))",
        "max(md5(s))",
        "max(to_hex(length(s)))",
        "count(*) FILTER (WHERE s LIKE '%n%')",
        "count(*) FILTER (WHERE s ~ '.n')",
        "max(s)",
        "min(s)",
        "array_agg(s)",
        "string_agg(s, ',')",
    ] {
        let error = setup.error(&format!("SELECT {call} FROM t")).await;
        assert!(
            error.contains("t/bad.parq") && error.contains("(S)"),
            "{call}: {error}"
        );
    }
    let error = setup
        .error("SELECT s FROM t WHERE s = 'fine' ORDER BY s")
        .await;
    assert!(error.contains("not UTF-8"), "{error}");
    // Rows may be counted, and the bytes be read as what they are.
    assert_eq!(setup.rows("SELECT count(*) FROM t").await, ["4"]);
    let mut bytes = definition("raw", &["s binary"], &[]);
    bytes.external = true;
    bytes.location = Some(setup.path("t").display().to_string());
    setup.create(bytes).await;
    assert_eq!(
        setup.rows("SELECT count(s) FROM raw WHERE s > X'61'").await,
        ["4"]
    );
}

#[tokio::test]
async fn plain_bytes_that_are_text_are_text() {
    let setup = Setup::new().await;
    let long = "ein sehr langes Wort: größenordnungsmäßig".as_bytes();
    write_bytes(&setup.path("t/good.parq"), &["größe".as_bytes(), long, b""]);
    external(&setup, &["s string"]).await;
    assert_eq!(
        setup
            .rows("SELECT upper(s) FROM t WHERE s >= 'g' ORDER BY s")
            .await,
        ["GRÖSSE"]
    );
    assert_eq!(setup.rows("SELECT max(length(s)) FROM t").await, ["41"]);
}
