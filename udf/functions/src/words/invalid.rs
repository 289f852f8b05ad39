//! `flow_invalid`, `dns_invalid` and `proxy_invalid`.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewArray, StringViewBuilder};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use spotql_words::invalid::{DnsFields, Field, FlowFields, ProxyFields, Reason};

use crate::scalar::{Call, Declaration, Needs, Takes, parameter};

pub(super) const FLOW: Declaration = Declaration {
    name: "flow_invalid",
    parameters: &[
        parameter("treceived", Takes::Anything, "time received; must be there"),
        parameter("trhour", Takes::Whole, "hour, 0 to 23"),
        parameter("trminute", Takes::Whole, "minute, 0 to 59"),
        parameter("trsec", Takes::Whole, "second, 0 to 59"),
        parameter(
            "sip",
            Takes::Anything,
            "address of the sender; must be there",
        ),
        parameter(
            "dip",
            Takes::Anything,
            "address of the receiver; must be there",
        ),
        parameter("sport", Takes::Whole, "port of the sender, 0 or more"),
        parameter("dport", Takes::Whole, "port of the receiver, 0 or more"),
        parameter("ibyt", Takes::Whole, "bytes, 0 or more"),
        parameter("ipkt", Takes::Whole, "packets, 0 or more"),
    ],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "Why a netflow record is invalid: the first reason, in the order of the arguments. \
            NULL if it is valid. NULL, '', '-', '(empty)' and blanks are not there",
    example: (
        "flow_invalid('2016-07-08 25:00:00', 25, 0, 0, '10.0.0.1', '10.0.0.2', 80, 443, 1, 1)",
        "trhour 25 is not in 0..23",
    ),
    kernel: flow,
};

pub(super) const DNS: Declaration = Declaration {
    name: "dns_invalid",
    parameters: &[
        parameter("frame_time", Takes::Text, "time; must be there"),
        parameter("unix_tstamp", Takes::Whole, "seconds since 1970, 0 or more"),
        parameter(
            "frame_len",
            Takes::Whole,
            "length of the frame in bytes, 0 or more",
        ),
        parameter(
            "ip_dst",
            Takes::Text,
            "the client that asked; must be there",
        ),
        parameter(
            "dns_qry_name",
            Takes::Text,
            "the name asked for; must be there",
        ),
        parameter(
            "dns_qry_class",
            Takes::TextOrWhole,
            "class; says something unless '' or '-'",
        ),
        parameter(
            "dns_qry_type",
            Takes::Whole,
            "type; says something unless NULL",
        ),
        parameter(
            "dns_qry_rcode",
            Takes::Whole,
            "response code; says something if 0 or more",
        ),
    ],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "Why a DNS answer is invalid: the first reason, in the order of the arguments, the \
            last three of which only have to say something together. NULL if it is valid. NULL, '', \
            '-', '(empty)' and blanks are not there",
    example: (
        "dns_invalid('-', 0, 100, '10.0.0.1', 'example.com', '0x00000001', 1, 0)",
        "frame_time is '-'",
    ),
    kernel: dns,
};

pub(super) const PROXY: Declaration = Declaration {
    name: "proxy_invalid",
    parameters: &[
        parameter("p_date", Takes::Anything, "date; must be there"),
        parameter("p_time", Takes::Anything, "time; must be there"),
        parameter("clientip", Takes::Anything, "the client; must be there"),
        parameter("host", Takes::Anything, "the host asked for; must be there"),
        parameter(
            "fulluri",
            Takes::Anything,
            "the whole address; must be there",
        ),
    ],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "Why a web request is invalid: the first reason, in the order of the arguments. NULL \
            if it is valid. NULL, '', '-', '(empty)' and blanks are not there",
    example: (
        "proxy_invalid('2016-07-08', '14:23:11', '10.0.0.1', NULL, 'example.com/')",
        "host is null",
    ),
    kernel: proxy,
};

fn flow(call: &Call) -> Result<ArrayRef> {
    let treceived = Fields::of(call, 0)?;
    let (hours, minutes, seconds) = (call.whole(1), call.whole(2), call.whole(3));
    let (sips, dips) = (Fields::of(call, 4)?, Fields::of(call, 5)?);
    let (sports, dports) = (call.whole(6), call.whole(7));
    let (bytes, packets) = (call.whole(8), call.whole(9));
    Ok(reasons(call.rows(), |row| {
        let fields = FlowFields {
            treceived: treceived.at(row),
            trhour: number(hours, row),
            trminute: number(minutes, row),
            trsec: number(seconds, row),
            sip: sips.at(row),
            dip: dips.at(row),
            sport: number(sports, row),
            dport: number(dports, row),
            ibyt: number(bytes, row),
            ipkt: number(packets, row),
        };
        fields.check().err()
    }))
}

fn dns(call: &Call) -> Result<ArrayRef> {
    let (times, stamps, lengths) = (call.text(0), call.whole(1), call.whole(2));
    let (clients, names, classes) = (call.text(3), call.text(4), call.text(5));
    let (types, codes) = (call.whole(6), call.whole(7));
    Ok(reasons(call.rows(), |row| {
        let fields = DnsFields {
            frame_time: text(times, row),
            unix_tstamp: number(stamps, row),
            frame_len: number(lengths, row),
            ip_dst: text(clients, row),
            dns_qry_name: text(names, row),
            dns_qry_class: text(classes, row),
            dns_qry_type: number(types, row),
            dns_qry_rcode: number(codes, row),
        };
        fields.check().err()
    }))
}

fn proxy(call: &Call) -> Result<ArrayRef> {
    let (dates, times) = (Fields::of(call, 0)?, Fields::of(call, 1)?);
    let (clients, hosts) = (Fields::of(call, 2)?, Fields::of(call, 3)?);
    let addresses = Fields::of(call, 4)?;
    Ok(reasons(call.rows(), |row| {
        let fields = ProxyFields {
            p_date: dates.at(row),
            p_time: times.at(row),
            clientip: clients.at(row),
            host: hosts.at(row),
            fulluri: addresses.at(row),
        };
        fields.check().err()
    }))
}

/// The texts of the reasons; null where there is none, which is nearly everywhere.
fn reasons<'a>(rows: usize, reason: impl Fn(usize) -> Option<Reason<'a>>) -> ArrayRef {
    let mut column = StringViewBuilder::with_capacity(rows);
    let mut text = String::new();
    for row in 0..rows {
        text.clear();
        match reason(row).map(|reason| write!(text, "{reason}")) {
            Some(Ok(())) => column.append_value(&text),
            Some(Err(_)) | None => column.append_null(),
        }
    }
    Arc::new(column.finish())
}

#[inline]
fn number(numbers: &Int64Array, row: usize) -> Option<i64> {
    numbers.is_valid(row).then(|| numbers.value(row))
}

#[inline]
fn text(texts: &StringViewArray, row: usize) -> Option<&str> {
    texts.is_valid(row).then(|| texts.value(row))
}

/// A column of any type: where it has values, and of texts those.
struct Fields {
    nulls: Option<NullBuffer>,
    texts: Option<ArrayRef>,
}

impl Fields {
    fn of(call: &Call, index: usize) -> Result<Self> {
        let column = call.anything(index);
        let values = match column.data_type() {
            DataType::Dictionary(_, values) => values,
            other => other,
        };
        let texts = match values {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Some(cast(column, &DataType::Utf8View)?)
            }
            _ => None,
        };
        // Also for dictionaries whose values hold nulls.
        let nulls = column.logical_nulls();
        Ok(Self { nulls, texts })
    }

    #[inline]
    fn at(&self, row: usize) -> Field<'_> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Field::Null;
        }
        match &self.texts {
            Some(texts) => Field::Text(texts.as_string_view().value(row)),
            None => Field::Other,
        }
    }
}
