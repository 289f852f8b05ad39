//! Names of numbers in IANA's registries.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringViewBuilder};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use spotql_values::absent::{is_absent, trimmed};
use spotql_values::protocol::protocol_name;

use crate::scalar::distinct::texts_by_distinct;

use spotql_values::iana::{self, Registry};

use crate::canonical;
use crate::scalar::{Call, Declaration, Needs, Takes, parameter, text_at, whole_at};

pub(super) const DNS_CLASS: Declaration = Declaration {
    name: "dns_class_name",
    parameters: &[parameter(
        "class",
        Takes::TextOrWhole,
        "the number, also as text, decimal or hexadecimal (0x00000001)",
    )],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "The name of a DNS class (IANA): IN. 'Unknown (n)' for a number without one, and for what is no number; \
            NULL for NULL, '' and '-'",
    example: ("dns_class_name('0x00000001')", "IN"),
    kernel: |call| named(call, &iana::DNS_CLASSES),
};

pub(super) const DNS_TYPE: Declaration = Declaration {
    name: "dns_type_name",
    about: "The name of a DNS record type (IANA): A, AAAA, HTTPS. 'Unknown (n)' for a number without one, and for \
            what is no number; NULL for NULL",
    example: ("dns_type_name(28)", "AAAA"),
    kernel: |call| named(call, &iana::DNS_TYPES),
    ..DNS_CLASS
};

pub(super) const DNS_RCODE: Declaration = Declaration {
    name: "dns_rcode_name",
    about: "The name of a DNS response code (IANA): NoError, NXDomain. 'Unknown (n)' for a number without one, and \
            for what is no number; NULL for NULL",
    example: ("dns_rcode_name(3)", "NXDomain"),
    kernel: |call| named(call, &iana::DNS_RCODES),
    ..DNS_CLASS
};

pub(super) const HTTP_STATUS: Declaration = Declaration {
    name: "http_status_name",
    about: "The name of an HTTP status code (IANA): Not Found. 'Unknown (n)' for a number without one, and for what \
            is no number; NULL for NULL",
    example: ("http_status_name('404')", "Not Found"),
    kernel: |call| named(call, &iana::HTTP_STATUS),
    ..DNS_CLASS
};

pub(super) const PROTOCOL: Declaration = Declaration {
    name: "protocol_name",
    about: "The name of an IP protocol's number (IANA): TCP. So it is for a name in any case. 'Unknown (n)' for a number \
            without one, and for another name; NULL for NULL, '', '-', '(empty)' and blanks",
    example: ("protocol_name(6)", "TCP"),
    kernel: |call| {
        texts_by_distinct(call.text(0), |text| {
            let name = protocol_name(text)?;
            Some(if iana::PROTOCOLS.names().any(|known| known == name) {
                name.into_owned()
            } else {
                format!("Unknown ({})", trimmed(text))
            })
        })
    },
    ..DNS_CLASS
};

pub(super) const PORT: Declaration = Declaration {
    name: "port_name",
    parameters: &[
        parameter("port", Takes::Whole, "a port"),
        parameter(
            "protocol",
            Takes::TextOrWhole,
            "TCP, UDP, SCTP or DCCP, in any case, or its number",
        ),
    ],
    about: "The service that is registered for a port (IANA): https. NULL where there is none, and for NULL",
    example: ("port_name(443, 'TCP')", "https"),
    kernel: |call| {
        let ports = call.whole(0);
        let named = canonical::protocols(call.text(1))?;
        let protocols = named
            .as_ref()
            .map_or(call.text(1), |it| it.as_string_view());
        let mut names = StringViewBuilder::with_capacity(call.rows());
        for row in 0..call.rows() {
            let known = whole_at(ports, row).zip(text_at(protocols, row));
            names.append_option(known.and_then(|(port, it)| iana::port_name(port, it)));
        }
        Ok(Arc::new(names.finish()))
    },
    ..DNS_CLASS
};

fn named(call: &Call, registry: &Registry) -> Result<ArrayRef> {
    texts_by_distinct(call.text(0), |text| {
        if is_absent(text) {
            return None;
        }
        let text = trimmed(text);
        let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => i64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        Some(
            match (number.and_then(|number| registry.name(number)), number) {
                (Some(name), _) => name.to_owned(),
                (None, Some(number)) => format!("Unknown ({number})"),
                (None, None) => format!("Unknown ({text})"),
            },
        )
    })
}
