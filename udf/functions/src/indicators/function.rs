//! `shareable_indicator`, `indicator_kind`, `indicator_time`, `stix_indicator` and `stix_bundle`.

use std::sync::Arc;

use arrow::array::{StringViewArray, StringViewBuilder};
use arrow::datatypes::DataType;

use datafusion::logical_expr::ScalarUDF;

use super::stix::{self, Known};
use super::time;
use super::value::Value;
use crate::context::Context;
use crate::scalar::distinct::texts_by_distinct;
use crate::scalar::{
    Declaration, Needs, Parameter, ScalarFunction, Takes, parameter, section, text_at, whole_at,
};
use crate::settings::SpotqlOptions;

const DECLARATIONS: [&Declaration; 5] = [&SHAREABLE, &KIND, &TIME, &STIX_INDICATOR, &STIX_BUNDLE];

/// All of them, ready to be registered with a session.
pub(crate) fn functions() -> Vec<Arc<ScalarUDF>> {
    DECLARATIONS
        .map(|it| {
            Arc::new(ScalarUDF::new_from_impl(ScalarFunction::new(
                it,
                section::INDICATORS,
            )))
        })
        .to_vec()
}

const INDICATOR: Parameter = parameter(
    "indicator",
    Takes::Text,
    "an address, a CIDR block, a name or a URL, by its form",
);

const SHAREABLE: Declaration = Declaration {
    name: "shareable_indicator",
    parameters: &[INDICATOR],
    returns: DataType::Utf8View,
    reads_settings: true,
    needs: Needs::NETWORKS,
    about: "An address, CIDR block, name or URL as an indicator that others can use. Hosts are in lower case, without \
            the dot at a name's end, without user and password. A URL without a path is its host. NULL for what is none, \
            for what means another host in every network, and for what is the organisation's own. Such are addresses \
            that is_internal knows, private, multicast and reserved ones, and names below spotql.user_domains. Reverse \
            names (arpa), names of zones that are a network's own (local, localhost, internal, lan, …), and URLs on such \
            hosts are left out as well",
    example: (
        "shareable_indicator('Evil.example.com.')",
        "evil.example.com",
    ),
    kernel: |call| {
        let (context, domains) = (
            Context::of(call.config()),
            SpotqlOptions::of(call.config()).domain_classes()?,
        );
        texts_by_distinct(call.text(0), |text| {
            let value = Value::parse(text).filter(|it| it.is_shareable(&context, &domains))?;
            Some(value.to_string())
        })
    },
};

const KIND: Declaration = Declaration {
    name: "indicator_kind",
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "The kind of an indicator, in STIX's words: ipv4-addr, ipv6-addr, domain-name or url. NULL for what is none",
    example: ("indicator_kind('192.0.2.7')", "ipv4-addr"),
    kernel: |call| texts_by_distinct(call.text(0), |text| Some(Value::parse(text)?.kind())),
    ..SHAREABLE
};

const TIME: Declaration = Declaration {
    name: "indicator_time",
    parameters: &[parameter(
        "time",
        Takes::TextOrWhole,
        "a date, a date and a time (UTC if it does not say), or seconds since 1970",
    )],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "A time as YYYY-MM-DD HH:MM:SS, UTC, as indicators have it. NULL for what is none, or not of the years 1970 to 9999",
    example: ("indicator_time(1715681472)", "2024-05-14 10:11:12"),
    kernel: |call| texts_by_distinct(call.text(0), |text| time::read(text).map(time::sql)),
};

const STIX_INDICATOR: Declaration = Declaration {
    name: "stix_indicator",
    parameters: &[
        INDICATOR,
        parameter(
            "text",
            Takes::Text,
            "what it is about: the object's name; NULL is the indicator itself",
        ),
        parameter(
            "severity",
            Takes::Whole,
            "1 low, 2 medium, 3 high: a confidence of 15, 50 or 85; none for anything else",
        ),
        parameter(
            "first_seen",
            Takes::TextOrWhole,
            "when it was created and from when on it is valid, as indicator_time reads it; NULL is last_seen, or 1970",
        ),
        parameter(
            "last_seen",
            Takes::TextOrWhole,
            "when it was modified; NULL is first_seen",
        ),
    ],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "An indicator as JSON text of a STIX 2.1 object of type indicator. Its id depends on the indicator alone, and \
            the same arguments give the same bytes. A URL without a scheme is sought with http and https. NULL for what is \
            no indicator, a range that is no CIDR block, or a path without a host. It takes indicators that \
            must not be shared as well; shareable_indicator leaves them out",
    example: (
        "stix_indicator('192.0.2.7', 'C2', 3, '2024-05-14', NULL)",
        r#"{"type":"indicator","spec_version":"2.1","id":"indicator--98ca2c21-2543-5a10-8c1f-baa290349f0d","created":"2024-05-14T00:00:00.000Z","modified":"2024-05-14T00:00:00.000Z","name":"C2","description":"ipv4-addr 192.0.2.7, severity high, seen 2024-05-14 00:00:00 to 2024-05-14 00:00:00 UTC","indicator_types":["malicious-activity"],"pattern":"[ipv4-addr:value = '192.0.2.7']","pattern_type":"stix","pattern_version":"2.1","valid_from":"2024-05-14T00:00:00.000Z","confidence":85}"#,
    ),
    kernel: |call| {
        let (values, texts, severities) = (call.text(0), call.text(1), call.whole(2));
        let (first_seen, last_seen) = (call.text(3), call.text(4));
        let mut objects = StringViewBuilder::with_capacity(call.rows());
        for row in 0..call.rows() {
            let known = Known {
                text: text_at(texts, row),
                severity: whole_at(severities, row),
                first_seen: text_at(first_seen, row),
                last_seen: text_at(last_seen, row),
            };
            let object = match text_at(values, row) {
                Some(value) => stix::indicator(value, &known)?,
                None => None,
            };
            objects.append_option(object);
        }
        Ok(Arc::new(objects.finish()))
    },
};

const STIX_BUNDLE: Declaration = Declaration {
    name: "stix_bundle",
    parameters: &[parameter(
        "objects",
        Takes::Text,
        "STIX objects as JSON with commas between, as string_agg(stix_indicator(…), ',' ORDER BY …) gives them; NULL and \
         the empty text are no object",
    )],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "A STIX 2.1 bundle of objects, as JSON text; its id depends on the objects. An error for what is no STIX objects",
    example: (
        "stix_bundle(NULL)",
        "{\"type\":\"bundle\",\"id\":\"bundle--d45371dd-3b7f-5bf9-8910-97a7439c08d3\"}",
    ),
    kernel: |call| {
        let objects = call.text(0);
        let bundles = (0..call.rows()).map(|row| stix::bundle(text_at(objects, row)).map(Some));
        Ok(Arc::new(bundles.collect::<Result<StringViewArray, _>>()?))
    },
};
