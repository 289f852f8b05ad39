//! `proxy_word_v2`.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use spotql_words::entropy::EntropyMeter;
use spotql_words::name::LowerCase;
use spotql_words::proxy_v2::ProxyRecord;

use super::column::Words;
use crate::scalar::{Call, Declaration, Needs, Takes, parameter, text_at, whole_at};
use crate::settings::SpotqlOptions;

pub(super) const WORD: Declaration = Declaration {
    name: "proxy_word_v2",
    parameters: &[
        parameter(
            "host",
            Takes::Text,
            "the host asked for: a name or an IP address, with or without a port",
        ),
        parameter(
            "reqmethod",
            Takes::Text,
            "method, such as 'GET', in any case; NULL is written '-'",
        ),
        parameter(
            "resconttype",
            Takes::Text,
            "content type, such as 'text/html'; NULL is written '-'",
        ),
        parameter(
            "respcode",
            Takes::TextOrWhole,
            "response code; NULL is written '-'",
        ),
        parameter(
            "agent_count",
            Takes::Whole,
            "how often the user agent occurs in the whole input: \
             count(*) OVER (PARTITION BY coalesce(useragent, '-')); NULL counts as 0",
        ),
        parameter("fulluri", Takes::Text, "the whole address"),
        parameter(
            "scbytes",
            Takes::Whole,
            "bytes to the client; NULL and negative numbers are unknown",
        ),
        parameter(
            "csbytes",
            Takes::Whole,
            "bytes from the client; NULL and negative numbers are unknown",
        ),
    ],
    returns: DataType::Utf8View,
    reads_settings: true,
    needs: Needs::NOTHING,
    about: "The word of generation v2 for a web request and the client that made it (document: clientip). Its first \
            field says whose the host is, by the Public Suffix List: i an IP address, a a reverse name, l a single \
            label, u below spotql.user_domains, t below spotql.top_domains, o any other. Method, content, response code, \
            and bins of the agent count and of the address's length and entropy follow. The last field is the direction \
            of most bytes: u to the host, d from it, b both, - unknown. NULL if host or fulluri is NULL",
    example: (
        "proxy_word_v2('www.example.com', 'GET', 'text/html', '200', 1000, 'www.example.com/', 5000, 300)",
        "t_GET_text_200_4_4_5_d",
    ),
    kernel: words,
};

fn words(call: &Call) -> Result<ArrayRef> {
    let (hosts, methods, contents) = (call.text(0), call.text(1), call.text(2));
    let (codes, agents, uris) = (call.text(3), call.whole(4), call.text(5));
    let (received, sent) = (call.whole(6), call.whole(7));
    let classes = SpotqlOptions::of(call.config()).domain_classes()?;
    let (mut lower, mut meter) = (LowerCase::default(), EntropyMeter::default());
    let mut words = Words::with_capacity(call.rows());
    for row in 0..call.rows() {
        let missing = hosts.is_null(row) || uris.is_null(row);
        words.push_unless(missing, |word| {
            let request = ProxyRecord {
                host: hosts.value(row),
                method: text_at(methods, row),
                content_type: text_at(contents, row),
                response_code: text_at(codes, row),
                agent_count: whole_at(agents, row).unwrap_or_default(),
                uri: uris.value(row),
                received: whole_at(received, row),
                sent: whole_at(sent, row),
            };
            request.write_word(&classes, &mut lower, &mut meter, word);
        });
    }
    words.finish()
}
