//! The forms as SQL functions.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use crate::scalar::{Call, Declaration, Needs, ScalarFunction, Takes, parameter, section};

const ADDRESS: Declaration = Declaration {
    name: "canonical_address",
    parameters: &[parameter(
        "address",
        Takes::Text,
        "an IPv4 or IPv6 address, or a host's name",
    )],
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "An address in the form of RFC 5952: IPv6 in lower case and shortened, IPv4 mapped into IPv6 as IPv4. A \
            host's name becomes what canonical_name gives. NULL for NULL and for what stands for nothing: '', '-', \
            '(empty)', blanks",
    example: ("canonical_address('::FFFF:10.0.0.1')", "10.0.0.1"),
    kernel: |call| form(call, super::addresses),
};

const NAME: Declaration = Declaration {
    name: "canonical_name",
    parameters: &[parameter("name", Takes::Text, "a name of the DNS")],
    about: "A name of the DNS in lower case, without blanks around it and the dot at its end. NULL for NULL and for what \
            stands for nothing: '', '-', '(empty)', blanks",
    example: ("canonical_name('WWW.Example.com.')", "www.example.com"),
    kernel: |call| form(call, super::names),
    ..ADDRESS
};

const PROTOCOL: Declaration = Declaration {
    name: "canonical_protocol",
    parameters: &[parameter(
        "protocol",
        Takes::TextOrWhole,
        "a name in any case, or a number",
    )],
    about: "An IP protocol by IANA's keyword: TCP for 'tcp', ' Tcp ', 6 and '6'. A number without a keyword stays, another \
            name is in upper case. NULL for NULL and for what stands for nothing: '', '-', '(empty)', blanks",
    example: ("canonical_protocol('6')", "TCP"),
    kernel: |call| form(call, super::protocols),
    ..ADDRESS
};

const PRESENT: Declaration = Declaration {
    name: "absent_as_null",
    parameters: &[parameter("text", Takes::Text, "any text")],
    about: "The text, and NULL for what stands for nothing: '', '-', '(empty)', blanks",
    example: ("absent_as_null('-')", "NULL"),
    kernel: |call| form(call, super::presents),
    ..ADDRESS
};

/// All of them, ready to be registered with a session.
pub(crate) fn functions() -> Vec<Arc<ScalarUDF>> {
    [&ADDRESS, &NAME, &PROTOCOL, &PRESENT]
        .map(function)
        .to_vec()
}

fn function(declaration: &'static Declaration) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(ScalarFunction::new(
        declaration,
        section::NAMES,
    )))
}

fn form(call: &Call, form: fn(&StringViewArray) -> Result<Option<ArrayRef>>) -> Result<ArrayRef> {
    Ok(form(call.text(0))?.unwrap_or_else(|| call.column(0)))
}
