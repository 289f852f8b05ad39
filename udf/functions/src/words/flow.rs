//! `flow_src_word` and `flow_dst_word`.

use arrow::array::{Array, ArrayRef};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use spotql_words::flow::{FlowBins, Side};

use super::column::Words;
use crate::scalar::{Call, Declaration, Needs, Parameter, Takes, parameter};

const PARAMETERS: &[Parameter] = &[
    parameter("trhour", Takes::Whole, "hour of the day"),
    parameter("sport", Takes::Whole, "port of the sender"),
    parameter("dport", Takes::Whole, "port of the receiver"),
    parameter(
        "proto",
        Takes::Text,
        "protocol, such as 'TCP'; NULL is written 'null'",
    ),
    parameter("ibyt", Takes::Whole, "bytes"),
    parameter("ipkt", Takes::Whole, "packets"),
];

pub(super) const SOURCE: Declaration = Declaration {
    name: "flow_src_word",
    parameters: PARAMETERS,
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "The word of Apache Spot for a netflow record and its sender (document: sip). It holds the class of the \
            ports, the protocol, the hour, and bins of bytes and packets. -1_ stands in front if the sender has the port \
            of the service. NULL if a number is NULL",
    example: (
        "flow_src_word(14, 50000, 443, 'TCP', 1500, 2)",
        "443_TCP_14_11_2",
    ),
    kernel: |call| words(call, Side::Source),
};

pub(super) const DESTINATION: Declaration = Declaration {
    name: "flow_dst_word",
    about: "The word of Apache Spot for a netflow record and its receiver (document: dip). It holds the class of the \
            ports, the protocol, the hour, and bins of bytes and packets. -1_ stands in front if the receiver has the \
            port of the service. NULL if a number is NULL",
    example: (
        "flow_dst_word(14, 50000, 443, 'TCP', 1500, 2)",
        "-1_443_TCP_14_11_2",
    ),
    kernel: |call| words(call, Side::Destination),
    ..SOURCE
};

fn words(call: &Call, side: Side) -> Result<ArrayRef> {
    let [hours, sports, dports] = [call.whole(0), call.whole(1), call.whole(2)];
    let (protos, bytes, packets) = (call.text(3), call.whole(4), call.whole(5));
    let nulls = [hours, sports, dports, bytes, packets]
        .into_iter()
        .fold(None, |nulls, column| {
            NullBuffer::union(nulls.as_ref(), column.nulls())
        });

    let mut words = Words::with_capacity(call.rows());
    let ports = sports.values().iter().zip(dports.values());
    let sizes = bytes.values().iter().zip(packets.values());
    let numbers = hours.values().iter().zip(ports).zip(sizes);
    for (row, ((hour, (sport, dport)), (ibyt, ipkt))) in numbers.enumerate() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            words.push_null();
            continue;
        }
        let flow = FlowBins::of(*hour, *sport, *dport, *ibyt, *ipkt);
        words.push(|word| {
            flow.write_word(side, protos.is_valid(row).then(|| protos.value(row)), word);
            true
        });
    }
    words.finish()
}
