//! `proxy_word`.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use spotql_words::entropy::EntropyMeter;
use spotql_words::proxy::ProxyRequest;

use super::column::Words;
use crate::scalar::{Call, Declaration, Needs, Takes, parameter};
use crate::settings::SpotqlOptions;

pub(super) const WORD: Declaration = Declaration {
    name: "proxy_word",
    parameters: &[
        parameter("host", Takes::Text, "the host asked for"),
        parameter("p_time", Takes::Text, "time of day, 'HH:MM:SS'"),
        parameter(
            "reqmethod",
            Takes::Text,
            "method, such as 'GET'; NULL is written 'null'",
        ),
        parameter("fulluri", Takes::Text, "the whole address"),
        parameter(
            "resconttype",
            Takes::Text,
            "content type, such as 'text/html'; for missing ones give coalesce(resconttype, '-')",
        ),
        parameter(
            "agent_count",
            Takes::Whole,
            "how often the user agent occurs in the whole input: \
             count(*) OVER (PARTITION BY coalesce(useragent, '-'))",
        ),
        parameter(
            "respcode",
            Takes::TextOrWhole,
            "response code; NULL is written 'unknown_response_code'",
        ),
    ],
    returns: DataType::Utf8View,
    reads_settings: true,
    needs: Needs::NOTHING,
    about: "The word of Apache Spot for a web request and the client that made it (document: clientip). It holds how \
            well known the host's domain is (settings spotql.user_domains and spotql.top_domains), the hour, the method, \
            and a bin of the address's entropy. The content, bins of the agent count and of the address's length, and \
            the response code follow. NULL if p_time has no hour, or if host, p_time, fulluri, resconttype or \
            agent_count is NULL",
    example: (
        "proxy_word('www.example.com', '14:23:11', 'GET', 'www.example.com/', 'text/html', 1000, '200')",
        "1_14_GET_12_text_9_4_200",
    ),
    kernel: words,
};

fn words(call: &Call) -> Result<ArrayRef> {
    let (hosts, times, methods, uris) = (call.text(0), call.text(1), call.text(2), call.text(3));
    let (contents, agents, codes) = (call.text(4), call.whole(5), call.text(6));
    let classes = SpotqlOptions::of(call.config()).domain_classes()?;
    let mut meter = EntropyMeter::default();
    let mut words = Words::with_capacity(call.rows());
    for row in 0..call.rows() {
        let missing = hosts.is_null(row)
            || times.is_null(row)
            || uris.is_null(row)
            || contents.is_null(row)
            || agents.is_null(row);
        if missing {
            words.push_null();
            continue;
        }
        let request = ProxyRequest {
            host: hosts.value(row),
            time: times.value(row),
            method: methods.is_valid(row).then(|| methods.value(row)),
            uri: uris.value(row),
            content_type: contents.value(row),
            agent_count: agents.value(row),
            response_code: codes.is_valid(row).then(|| codes.value(row)),
        };
        words.push(|word| request.write_word(&classes, &mut meter, word));
    }
    words.finish()
}
