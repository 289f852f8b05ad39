//! `flow_word_text`, `dns_word_text` and `proxy_word_text`.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use arrow::datatypes::DataType;
use spotql_words::text;

use crate::scalar::{Call, Declaration, Needs, Takes, parameter};

pub(super) const FLOW: Declaration = Declaration {
    name: "flow_word_text",
    parameters: &[parameter(
        "word",
        Takes::Text,
        "a word of either generation; another text comes back unchanged",
    )],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "The meaning of a netflow record's word, in plain language. A text that is no such \
            word comes back unchanged; NULL for NULL",
    example: (
        "flow_word_text('-1_445_TCP_3_15_4')",
        "serves TCP port 445, at 03h, 16-32 kB in 8-15 packets",
    ),
    kernel: |call| Ok(texts(call, text::flow_word_text)),
};

pub(super) const DNS: Declaration = Declaration {
    name: "dns_word_text",
    about: "The meaning of a DNS answer's word, in plain language. A text that is no such word \
            comes back unchanged; NULL for NULL",
    example: (
        "dns_word_text('u_0_0_2_6_28_0_y')",
        "asks for one of your own domains itself, 2 labels; type AAAA; answered without error, \
         with an address; frame of 63-126 bytes",
    ),
    kernel: |call| Ok(texts(call, text::dns_word_text)),
    ..FLOW
};

pub(super) const PROXY: Declaration = Declaration {
    name: "proxy_word_text",
    about: "The meaning of a web request's word, in plain language. A text that is no such word \
            comes back unchanged; NULL for NULL",
    example: (
        "proxy_word_text('o_GET_text_200_4_3_5_b')",
        "GET to an unknown domain; answered with text, code 200; user agent seen 256-1023 times; \
         address of 7-14 characters (3-3.6 bits a character); about as much sent as received",
    ),
    kernel: |call| Ok(texts(call, text::proxy_word_text)),
    ..FLOW
};

fn texts(call: &Call, text: fn(&str) -> Option<String>) -> ArrayRef {
    let text = |word| text(word).map_or(Cow::Borrowed(word), Cow::Owned);
    let column: StringViewArray = call.text(0).iter().map(|word| word.map(text)).collect();
    Arc::new(column)
}
