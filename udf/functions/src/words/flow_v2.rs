//! `flow_src_word_v2` and `flow_dst_word_v2`.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use spotql_words::flow::Side;
use spotql_words::flow_v2::FlowRecord;

use super::column::Words;
use crate::canonical;
use crate::scalar::{Call, Declaration, Needs, Parameter, Takes, parameter, text_at, whole_at};

const PARAMETERS: &[Parameter] = &[
    parameter(
        "sport",
        Takes::Whole,
        "port of the sender; a number that is no port, such as 0, means none",
    ),
    parameter("dport", Takes::Whole, "port of the receiver, likewise"),
    parameter(
        "proto",
        Takes::TextOrWhole,
        "protocol, such as 'TCP', in any case, or its number; NULL, '' and '-' are written 'null'",
    ),
    parameter("ibyt", Takes::Whole, "bytes from sender to receiver"),
    parameter(
        "opkt",
        Takes::Whole,
        "packets back; NULL, like 0, means that no answer was seen",
    ),
    parameter(
        "obyt",
        Takes::Whole,
        "bytes back; NULL and negative numbers are unknown",
    ),
    parameter(
        "flag",
        Takes::Text,
        "TCP flags as nfdump writes them, such as '.AP.SF'; NULL means none",
    ),
    parameter(
        "tdur",
        Takes::Real,
        "duration in seconds; NULL, NaN and negative numbers are unknown",
    ),
];

pub(super) const SOURCE: Declaration = Declaration {
    name: "flow_src_word_v2",
    parameters: PARAMETERS,
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "The word of generation v2 for a netflow record and its sender (document: sip). Its fields are role, port, \
            protocol, bytes in steps of 4, reply, flags, and duration in steps of 10 (- unknown). Role: c asks, s \
            serves, p both ends have one port. Port: that of the service, which is the lower one, with ~ in front above \
            1024. Reply: n none, d much larger, u much smaller, b about as large, - unknown. Flags: s SYN alone, r \
            reset, f complete, o a part, - none. NULL if sport, dport or ibyt is NULL",
    example: (
        "flow_src_word_v2(50000, 445, 'TCP', 20000, 30, 18000, '.AP.SF', 0.5)",
        "c_445_TCP_7_b_f_2",
    ),
    kernel: |call| words(call, Side::Source),
};

pub(super) const DESTINATION: Declaration = Declaration {
    name: "flow_dst_word_v2",
    about: "The word of generation v2 of a netflow record for its receiver (document: dip); its \
            fields are those of flow_src_word_v2, its role the receiver's. NULL if sport, dport \
            or ibyt is NULL",
    example: (
        "flow_dst_word_v2(50000, 445, 'TCP', 20000, 30, 18000, '.AP.SF', 0.5)",
        "s_445_TCP_7_b_f_2",
    ),
    kernel: |call| words(call, Side::Destination),
    ..SOURCE
};

fn words(call: &Call, side: Side) -> Result<ArrayRef> {
    let (sports, dports) = (call.whole(0), call.whole(1));
    let named = canonical::protocols(call.text(2))?;
    let protos = named
        .as_ref()
        .map_or(call.text(2), |it| it.as_string_view());
    let (bytes, reply_packets, reply_bytes) = (call.whole(3), call.whole(4), call.whole(5));
    let (flags, durations) = (call.text(6), call.real(7));
    let mut words = Words::with_capacity(call.rows());
    for row in 0..call.rows() {
        let missing = sports.is_null(row) || dports.is_null(row) || bytes.is_null(row);
        words.push_unless(missing, |word| {
            let flow = FlowRecord {
                sport: sports.value(row),
                dport: dports.value(row),
                proto: text_at(protos, row),
                ibyt: bytes.value(row),
                opkt: whole_at(reply_packets, row).unwrap_or_default(),
                obyt: whole_at(reply_bytes, row),
                flags: text_at(flags, row).unwrap_or_default(),
                duration: if durations.is_valid(row) {
                    durations.value(row) as f32
                } else {
                    f32::NAN
                },
            };
            flow.write_word(side, word);
        });
    }
    words.finish()
}
