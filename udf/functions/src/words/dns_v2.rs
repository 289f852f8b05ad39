//! `dns_word_v2` and `dns_domain_word_v2`.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use spotql_words::dns_v2::DnsRecord;
use spotql_words::entropy::EntropyMeter;
use spotql_words::name::LowerCase;

use super::column::Words;
use crate::scalar::{Call, Declaration, Needs, Parameter, Takes, parameter, text_at, whole_at};
use crate::settings::SpotqlOptions;

const FRAME_LEN: Parameter = parameter("frame_len", Takes::Whole, "length of the frame in bytes");
const NAME: Parameter = parameter(
    "dns_qry_name",
    Takes::Text,
    "the name asked for, in any case",
);
const TYPE: Parameter = parameter(
    "dns_qry_type",
    Takes::Whole,
    "query type; NULL is written -1",
);
const RCODE: Parameter = parameter(
    "dns_qry_rcode",
    Takes::Whole,
    "response code; NULL is written -1",
);
const ADDRESSES: Parameter = parameter(
    "dns_a",
    Takes::Text,
    "addresses in the answer; NULL, like '' and '-', means none",
);

pub(super) const WORD: Declaration = Declaration {
    name: "dns_word_v2",
    parameters: &[FRAME_LEN, NAME, TYPE, RCODE, ADDRESSES],
    returns: DataType::Utf8View,
    reads_settings: true,
    needs: Needs::NOTHING,
    about: "The word of generation v2 for a DNS answer and the client that asked (document: ip_dst). Its first field \
            says whose the name is, by the Public Suffix List: a a reverse name, l a single label, u below \
            spotql.user_domains, t below spotql.top_domains, o any other. Bins of the subdomain's length and entropy, \
            the number of labels and a bin of the frame length follow. Type, response code, and y or n for an address in \
            the answer come last. NULL if frame_len or dns_qry_name is NULL",
    example: (
        "dns_word_v2(100, 'mail.example.com', 1, 0, '192.0.2.1')",
        "t_2_2_3_6_1_0_y",
    ),
    kernel: words,
};

pub(super) const DOMAIN_WORD: Declaration = Declaration {
    name: "dns_domain_word_v2",
    parameters: &[NAME, TYPE, RCODE, ADDRESSES],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "The word of generation v2 for a DNS answer and the domain asked about (document: \
            registrable_domain(dns_qry_name)). It begins with n, or with r for a reverse name. Bins of the subdomain's \
            length and entropy follow, two empty fields, type, response code, and y or n for an address in the answer. \
            NULL if dns_qry_name is NULL",
    example: (
        "dns_domain_word_v2('mail.example.com', 1, 0, '192.0.2.1')",
        "n_2_2___1_0_y",
    ),
    kernel: |call| {
        let (names, types, codes) = (call.text(0), call.whole(1), call.whole(2));
        let addresses = call.text(3);
        let (mut lower, mut meter) = (LowerCase::default(), EntropyMeter::default());
        let mut words = Words::with_capacity(call.rows());
        for row in 0..call.rows() {
            words.push_unless(names.is_null(row), |word| {
                let record = DnsRecord {
                    frame_len: 0,
                    name: names.value(row),
                    query_type: whole_at(types, row),
                    response_code: whole_at(codes, row),
                    addresses: text_at(addresses, row).unwrap_or_default(),
                };
                record.write_domain_word(&mut lower, &mut meter, word);
            });
        }
        words.finish()
    },
};

fn words(call: &Call) -> Result<ArrayRef> {
    let (lengths, names, types) = (call.whole(0), call.text(1), call.whole(2));
    let (codes, addresses) = (call.whole(3), call.text(4));
    let classes = SpotqlOptions::of(call.config()).domain_classes()?;
    let (mut lower, mut meter) = (LowerCase::default(), EntropyMeter::default());
    let mut words = Words::with_capacity(call.rows());
    for row in 0..call.rows() {
        let missing = lengths.is_null(row) || names.is_null(row);
        words.push_unless(missing, |word| {
            let record = DnsRecord {
                frame_len: lengths.value(row),
                name: names.value(row),
                query_type: whole_at(types, row),
                response_code: whole_at(codes, row),
                addresses: text_at(addresses, row).unwrap_or_default(),
            };
            record.write_word(&classes, &mut lower, &mut meter, word);
        });
    }
    words.finish()
}
