//! `dns_word`.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use spotql_words::dns::{DnsAnswer, UNKNOWN_CODE};
use spotql_words::entropy::EntropyMeter;

use super::column::Words;
use crate::scalar::{Call, Declaration, Needs, Takes, parameter};
use crate::settings::SpotqlOptions;

pub(super) const WORD: Declaration = Declaration {
    name: "dns_word",
    parameters: &[
        parameter(
            "frame_time",
            Takes::Text,
            "time as TShark writes it, such as 'Jul  8 2016 00:04:17.123000000 UTC'",
        ),
        parameter("frame_len", Takes::Whole, "length of the frame in bytes"),
        parameter("dns_qry_name", Takes::Text, "the name asked for"),
        parameter(
            "dns_qry_type",
            Takes::Whole,
            "query type; NULL is written -1",
        ),
        parameter(
            "dns_qry_rcode",
            Takes::Whole,
            "response code; NULL is written -1",
        ),
    ],
    returns: DataType::Utf8View,
    reads_settings: true,
    needs: Needs::NOTHING,
    about: "The word of Apache Spot for a DNS answer and the client that asked (document: ip_dst). It holds how well \
            known the domain is (settings spotql.user_domains and spotql.top_domains), and bins of the frame length and \
            the hour. Bins of the subdomain's length and entropy and of the number of parts follow, then type and \
            response code. NULL if frame_time has no hour, or if frame_time, frame_len or dns_qry_name is NULL",
    example: (
        "dns_word('Jul  8 2016 14:04:17.123 UTC', 100, 'mail.example.com', 1, 0)",
        "1_6_14_2_7_1_1_0",
    ),
    kernel: words,
};

fn words(call: &Call) -> Result<ArrayRef> {
    let (times, lengths, names) = (call.text(0), call.whole(1), call.text(2));
    let (types, codes) = (call.whole(3), call.whole(4));
    let classes = SpotqlOptions::of(call.config()).domain_classes()?;
    let mut meter = EntropyMeter::default();
    let mut words = Words::with_capacity(call.rows());
    for row in 0..call.rows() {
        if times.is_null(row) || lengths.is_null(row) || names.is_null(row) {
            words.push_null();
            continue;
        }
        let answer = DnsAnswer {
            frame_time: times.value(row),
            frame_len: lengths.value(row),
            name: names.value(row),
            query_type: if types.is_valid(row) {
                types.value(row)
            } else {
                UNKNOWN_CODE
            },
            response_code: if codes.is_valid(row) {
                codes.value(row)
            } else {
                UNKNOWN_CODE
            },
        };
        words.push(|word| answer.write_word(&classes, &mut meter, word));
    }
    words.finish()
}
