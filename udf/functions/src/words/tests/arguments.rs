//! What callers may do to the arguments, and to the settings.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, StringViewArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use spotql_words::flow::{FlowBins, Side};
use spotql_words::writer::WordWriter;

use super::super::{declarations, functions};
use super::{error, evaluate, session, value};
use crate::scalar::Takes;
use crate::settings::SpotqlOptions;

#[tokio::test]
async fn the_examples_of_the_documentation_hold() {
    for (declaration, _) in declarations() {
        let (call, expected) = declaration.example;
        assert_eq!(
            value(&format!("SELECT {call}")).await.unwrap(),
            expected,
            "{call}"
        );
    }
}

#[tokio::test]
async fn every_numeric_type_gives_the_same_word() {
    let types = [
        "TINYINT",
        "SMALLINT",
        "INT",
        "BIGINT",
        "TINYINT UNSIGNED",
        "SMALLINT UNSIGNED",
        "INT UNSIGNED",
        "BIGINT UNSIGNED",
        "FLOAT",
        "DOUBLE",
        "DECIMAL(10, 2)",
    ];
    for name in types {
        let n = |value: i64| format!("CAST({value} AS {name})");
        let call = format!(
            "flow_src_word({}, {}, {}, 'TCP', {}, {})",
            n(14),
            n(100),
            n(22),
            n(100),
            n(2)
        );
        let word = value(&format!("SELECT {call}")).await.unwrap();
        assert_eq!(word, "111111_TCP_14_7_2", "{name}");
        for (function, expected) in [
            ("ceil_log2", "7"),
            ("floor_log2", "6"),
            ("entropy_bin", "19"),
        ] {
            let result = value(&format!("SELECT {function}({})", n(100)))
                .await
                .unwrap();
            assert_eq!(result, expected, "{function} of {name}");
        }
    }
    assert_eq!(
        value("SELECT ceil_log2(18446744073709551615)")
            .await
            .unwrap(),
        "64"
    );
}

#[tokio::test]
async fn columns_and_constants_mix() {
    let sql = "SELECT flow_dst_word(14, sport, 443, proto, 1500, ipkt)
               FROM (VALUES (50000, 'TCP', 2), (80, NULL, 2), (NULL, 'UDP', 2)) t(sport, proto, ipkt)";
    let batch = evaluate(&session(SpotqlOptions::default()), sql)
        .await
        .unwrap();
    let words: Vec<Option<&str>> = batch.column(0).as_string_view().iter().collect();
    assert_eq!(
        words,
        [
            Some("-1_443_TCP_14_11_2"),
            Some("111111_null_14_11_2"),
            None
        ]
    );
}

#[tokio::test]
async fn arguments_may_be_named() {
    let call = "flow_src_word(ipkt => 2, ibyt => 1500, proto => 'TCP', dport => 443, \
                sport => 50000, trhour => 14)";
    assert_eq!(
        value(&format!("SELECT {call}")).await.unwrap(),
        "443_TCP_14_11_2"
    );
}

#[tokio::test]
async fn null_arguments_give_null_but_where_the_word_has_a_text_for_them() {
    for (call, expected) in [
        ("flow_src_word(NULL, 1, 2, 'TCP', 3, 4)", "NULL"),
        ("flow_src_word(1, 1, 2, NULL, 3, 4)", "111111_null_1_2_3"),
        (
            "dns_word('a b c 7', 100, 'example.com', NULL, NULL)",
            "1_6_7_0_0_1_-1_-1",
        ),
        ("dns_word('a b c d', 100, 'example.com', 1, 0)", "NULL"),
        ("dns_word('a b c 7', NULL, 'example.com', 1, 0)", "NULL"),
        (
            "proxy_word('h', '7:00', 'GET', 'h', 'text', NULL, '200')",
            "NULL",
        ),
        (
            "proxy_word('h', '7:00', 'GET', 'h', 'text', 4, 404)",
            "0_7_GET_0_text_2_0_404",
        ),
        (
            "proxy_word('h', '7:00', 'GET', 'h', NULL, 4, '200')",
            "NULL",
        ),
        ("entropy(NULL)", "NULL"),
        ("entropy_bin(NULL)", "NULL"),
        ("entropy_bin(CAST('NaN' AS DOUBLE))", "-1"),
        ("ceil_log2(NULL)", "NULL"),
        ("floor_log2(0.3)", "-1"),
        ("domain_class(NULL)", "NULL"),
        ("domain('localhost')", "None"),
        ("domain(NULL)", "NULL"),
        ("subdomain('example.com')", "None"),
    ] {
        assert_eq!(
            value(&format!("SELECT {call}")).await.unwrap(),
            expected,
            "{call}"
        );
    }
}

#[tokio::test]
async fn valid_records_have_no_reason_and_invalid_ones_the_first() {
    let flow = |fields: &str| format!("flow_invalid({fields})");
    for (call, expected) in [
        (
            flow("'2016-07-08', 23, 59, 59, '10.0.0.1', '10.0.0.2', 0, 0, 0, 0"),
            "NULL",
        ),
        (
            flow("'2016-07-08', 23, 59, 59, NULL, '10.0.0.2', 0, -1, 0, 0"),
            "sip is null",
        ),
        (
            flow("now(), 23, 59, 60, '10.0.0.1', '10.0.0.2', 0, -1, 0, 0"),
            "trsec 60 is not in 0..59",
        ),
        (
            "dns_invalid('t', 0, 0, 'c', 'n', NULL, NULL, 0)".into(),
            "NULL",
        ),
        (
            "dns_invalid('t', 0, 0, 'c', '(empty)', 1, 1, 0)".into(),
            "dns_qry_name is '(empty)'",
        ),
        (
            "dns_invalid('t', 0, 0, 'c', 'n', '-', NULL, -1)".into(),
            "dns_qry_class, dns_qry_type and dns_qry_rcode all say nothing",
        ),
        ("proxy_invalid('d', 't', 'c', 'h', 'u')".into(), "NULL"),
        (
            "proxy_invalid('d', 't', 'c', NULL, NULL)".into(),
            "host is null",
        ),
    ] {
        assert_eq!(
            value(&format!("SELECT {call}")).await.unwrap(),
            expected,
            "{call}"
        );
    }
}

#[tokio::test]
async fn a_null_in_a_dictionary_is_missing_too() {
    let session = session(SpotqlOptions::default());
    let hosts: ArrayRef = Arc::new(StringArray::from(vec![Some("h"), None]));
    let keys = arrow::array::Int32Array::from(vec![1, 0]);
    let hosts = arrow::array::DictionaryArray::new(keys, hosts);
    let batch = RecordBatch::try_from_iter([("host", Arc::new(hosts) as ArrayRef)]).unwrap();
    session.register_batch("log", batch).unwrap();
    let sql = "SELECT proxy_invalid('d', 't', 'c', host, 'u') FROM log";
    let batch = evaluate(&session, sql).await.unwrap();
    let reasons: Vec<Option<&str>> = batch.column(0).as_string_view().iter().collect();
    assert_eq!(reasons, [Some("host is null"), None]);
}

#[tokio::test]
async fn tables_without_rows_give_columns_without_rows() {
    let session = session(SpotqlOptions::default());
    let numbers: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
    let texts: ArrayRef = Arc::new(StringViewArray::from(Vec::<&str>::new()));
    let batch = RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap();
    session.register_batch("log", batch).unwrap();
    for (declaration, _) in declarations() {
        let arguments: Vec<&str> = declaration
            .parameters
            .iter()
            .map(|parameter| match parameter.takes {
                Takes::Whole | Takes::Number | Takes::Real => "n",
                _ => "t",
            })
            .collect();
        let call = format!("{}({})", declaration.name, arguments.join(", "));
        let batch = evaluate(&session, &format!("SELECT {call} FROM log"))
            .await
            .unwrap();
        assert_eq!(batch.num_rows(), 0, "{call}");
        assert_eq!(*batch.column(0).data_type(), declaration.returns, "{call}");
    }
}

#[tokio::test]
async fn a_column_of_nulls_gives_a_column_of_nulls() {
    let sql = "SELECT flow_src_word(n, n, n, 'TCP', n, n) FROM (VALUES (NULL), (NULL)) t(n)";
    let batch = evaluate(&session(SpotqlOptions::default()), sql)
        .await
        .unwrap();
    assert_eq!(
        (batch.num_rows(), batch.column(0).logical_null_count()),
        (2, 2)
    );
}

#[tokio::test]
async fn wrong_arguments_are_told_what_is_accepted() {
    let message = error("SELECT flow_src_word(1, 2)").await;
    assert!(message.contains("takes 6 argument(s), not 2"), "{message}");
    let usage = "flow_src_word(trhour BIGINT, sport BIGINT, dport BIGINT, proto STRING, \
                 ibyt BIGINT, ipkt BIGINT)";
    assert!(message.contains(usage), "{message}");

    let message = error("SELECT flow_src_word(14, 'http', 443, 'TCP', 1, 1)").await;
    assert!(
        message.contains("sport is Utf8; it takes a number"),
        "{message}"
    );
    let message = error("SELECT dns_word(now(), 100, 'a', 1, 0)").await;
    assert!(message.contains("frame_time is Timestamp"), "{message}");
    assert!(
        message.contains("it takes a text (STRING or VARCHAR)"),
        "{message}"
    );
    let message = error("SELECT entropy()").await;
    assert!(message.contains("takes 1 argument(s), not 0"), "{message}");
    let message = error("SELECT flow_src_word(hour => 1)").await;
    assert!(
        message.contains("trhour, sport, dport, proto, ibyt, ipkt"),
        "{message}"
    );
}

#[tokio::test]
async fn settings_take_effect_from_the_next_statement() {
    let session = session(SpotqlOptions::default());
    let class = |batch: RecordBatch| batch.column(0).as_primitive::<Int32Type>().value(0);
    let sql = "SELECT domain_class('www.intel.com')";
    assert_eq!(class(evaluate(&session, sql).await.unwrap()), 1);
    evaluate(&session, "SET spotql.top_domains = 'none'")
        .await
        .unwrap();
    assert_eq!(class(evaluate(&session, sql).await.unwrap()), 0);
    evaluate(&session, "SET spotql.user_domains = 'intel'")
        .await
        .unwrap();
    assert_eq!(class(evaluate(&session, sql).await.unwrap()), 2);

    let message = evaluate(&session, "SET spotql.top_domains = 'no/such/list.csv'")
        .await
        .unwrap_err()
        .strip_backtrace();
    assert!(
        message.contains("'no/such/list.csv' cannot be read"),
        "{message}"
    );
}

#[tokio::test]
async fn functions_describe_themselves() {
    let sql = "SELECT count(*) FROM information_schema.routines
               WHERE routine_name = 'dns_word' AND description LIKE '%spotql.top_domains%'
                 AND syntax_example LIKE 'dns_word(frame_time, frame_len,%'";
    assert_ne!(value(sql).await.unwrap(), "0");
}

#[test]
fn only_functions_that_read_settings_are_stable() {
    use datafusion::logical_expr::Volatility;
    for function in functions() {
        let stable = [
            "dns_word",
            "proxy_word",
            "dns_word_v2",
            "proxy_word_v2",
            "domain_class",
        ]
        .contains(&function.name());
        let expected = if stable {
            Volatility::Stable
        } else {
            Volatility::Immutable
        };
        assert_eq!(
            function.signature().volatility,
            expected,
            "{}",
            function.name()
        );
    }
}

#[tokio::test]
async fn a_batch_of_all_kinds_of_words_is_written_as_the_recipe_writes_them() {
    let sql = "SELECT h, s, d, b, p, flow_dst_word(h, s, d, p, b, 1) AS word FROM (
                 SELECT value % 24 AS h, value * 31 % 3000 AS s, value * 17 % 2000 AS d,
                   value * value * 1009 AS b,
                   CASE value % 4 WHEN 0 THEN 'TCP' WHEN 1 THEN NULL WHEN 2 THEN ''
                     ELSE 'A-LONG-PROTOCOL' END AS p
                 FROM generate_series(1, 30000) AS t(value))";
    let batch = evaluate(&session(SpotqlOptions::default()), sql)
        .await
        .unwrap();
    let [hours, sports, dports, bytes] =
        [0, 1, 2, 3].map(|column| batch.column(column).as_primitive::<Int64Type>());
    let protos = cast(batch.column(4), &DataType::Utf8).unwrap();
    let (protos, words) = (protos.as_string::<i32>(), batch.column(5).as_string_view());
    for row in 0..batch.num_rows() {
        let flow = FlowBins::of(
            hours.value(row),
            sports.value(row),
            dports.value(row),
            bytes.value(row),
            1,
        );
        let proto = protos.is_valid(row).then(|| protos.value(row));
        let mut writer = WordWriter::default();
        flow.write_word(Side::Destination, proto, &mut writer);
        writer.finish_word();
        let expected = String::from_utf8(writer.into_bytes()).unwrap();
        assert_eq!(words.value(row), expected);
    }
}
