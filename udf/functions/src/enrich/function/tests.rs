//! The functions on columns: every encoding of texts, NULL, what is no address, and sources that are there or not.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};
use spotql_context::indicator::{Indicator, IndicatorListBuilder};
use spotql_context::network::NetworkListBuilder;
use spotql_values::address::AddressRange;

use super::*;
use crate::context::{Context, ContextOption, Named, Purpose};

fn context() -> Context {
    let mut threats = IndicatorListBuilder::default();
    for (value, text, severity) in [
        ("192.0.2.0/24", "bot: net", 2),
        ("evil.example.com", "phish", 3),
    ] {
        let indicator = Indicator {
            value,
            text,
            severity,
            first_seen: None,
            last_seen: None,
            valid_from: None,
            expires: None,
        };
        threats.add(&indicator).unwrap();
    }
    let mut networks = NetworkListBuilder::default();
    networks
        .add(AddressRange::parse("10.0.0.0/8").unwrap(), "offices")
        .unwrap();
    let (name, other) = ("feed".to_owned(), "nets".to_owned());
    Context {
        indicators: vec![(
            Purpose::Threat,
            Named {
                name,
                source: Arc::new(threats.build("feed").unwrap()),
            },
        )],
        networks: vec![(
            false,
            Named {
                name: other,
                source: Arc::new(networks.build()),
            },
        )],
        ..Context::default()
    }
}

fn call(function: &str, column: ArrayRef, context: Context) -> Vec<Option<String>> {
    let function = functions()
        .into_iter()
        .find(|it| it.name() == function)
        .unwrap();
    let types = function
        .coerce_types(&[column.data_type().clone()])
        .unwrap();
    let column = cast(&column, &types[0]).unwrap();
    let mut config = ConfigOptions::new();
    config.extensions.insert(ContextOption(Arc::new(context)));
    let returns = function.return_type(&types).unwrap();
    let rows = column.len();
    let result = function
        .invoke_with_args(ScalarFunctionArgs {
            args: vec![ColumnarValue::Array(column)],
            arg_fields: vec![Arc::new(Field::new("x", types[0].clone(), true))],
            number_rows: rows,
            return_field: Arc::new(Field::new("y", returns.clone(), true)),
            config_options: Arc::new(config),
        })
        .unwrap();
    let result = result.into_array(rows).unwrap();
    assert_eq!(*result.data_type(), returns);
    let texts = cast(&result, &DataType::Utf8).unwrap();
    texts
        .as_string::<i32>()
        .iter()
        .map(|it| it.map(str::to_owned))
        .collect()
}

const VALUES: [Option<&str>; 8] = [
    Some("192.0.2.7"),
    None,
    Some("10.1.2.3"),
    Some(""),
    Some("www.EVIL.example.com"),
    Some("2001:db8::1"),
    Some("http://evil.example.com/x"),
    Some("192.0.2.7"),
];

fn expect(function: &str, expected: [Option<&str>; 8]) {
    let plain: ArrayRef = Arc::new(StringArray::from(VALUES.to_vec()));
    let dictionary: DictionaryArray<Int32Type> = VALUES.into_iter().collect();
    let encodings = [
        Arc::clone(&plain),
        cast(&plain, &DataType::LargeUtf8).unwrap(),
        cast(&plain, &DataType::Utf8View).unwrap(),
        Arc::new(dictionary) as ArrayRef,
        // A slice must not be read from its beginning.
        {
            let longer: Vec<_> = [Some("10.9.9.9")].into_iter().chain(VALUES).collect();
            let longer: ArrayRef = Arc::new(StringArray::from(longer));
            longer.slice(1, VALUES.len())
        },
    ];
    for column in encodings {
        let kind = column.data_type().clone();
        let found = call(function, column, context());
        let found: Vec<_> = found.iter().map(Option::as_deref).collect();
        assert_eq!(found, expected, "{function} of {kind}");
    }
}

#[test]
fn lists_are_asked_for_addresses_names_and_urls() {
    let bot = Some("feed:bot  net:2");
    let phish = Some("feed:phish:3");
    let none = Some("feed::0");
    expect(
        "reputation",
        [bot, None, none, none, phish, none, phish, bot],
    );
    let [zero, two, three] = [Some("0"), Some("2"), Some("3")];
    expect(
        "reputation_severity",
        [two, None, zero, zero, three, zero, three, two],
    );
    let net = Some("192.0.2.0/24");
    let name = Some("evil.example.com");
    expect(
        "reputation_indicator",
        [net, None, None, None, name, None, name, net],
    );
    let feed = Some("feed");
    expect(
        "reputation_list",
        [feed, None, None, None, feed, None, feed, feed],
    );
}

#[test]
fn networks_are_of_addresses_alone() {
    expect(
        "network_context",
        [None, None, Some("offices"), None, None, None, None, None],
    );
    let (yes, no) = (Some("true"), Some("false"));
    expect("is_internal", [no, None, yes, None, None, no, None, no]);
}

#[test]
fn without_sources_nothing_is_known() {
    for function in [
        "reputation",
        "reputation_severity",
        "geolocation",
        "geo_asn",
        "network_context",
    ] {
        let column: ArrayRef = Arc::new(StringArray::from(VALUES.to_vec()));
        let known = call(function, column, Context::default());
        assert_eq!(known, vec![None; VALUES.len()], "{function}");
        let column: ArrayRef = Arc::new(StringArray::from(Vec::<&str>::new()));
        assert!(call(function, column, context()).is_empty(), "{function}");
    }
}

#[test]
fn numbers_have_names_also_as_text() {
    let column: ArrayRef = Arc::new(StringArray::from(vec![
        Some("0x00000001"),
        Some("255"),
        Some("2"),
        Some("x"),
        None,
    ]));
    let names = call("dns_class_name", column, Context::default());
    let names: Vec<_> = names.iter().map(Option::as_deref).collect();
    assert_eq!(
        names,
        [
            Some("IN"),
            Some("ANY"),
            Some("Unknown (2)"),
            Some("Unknown (x)"),
            None
        ]
    );
}
