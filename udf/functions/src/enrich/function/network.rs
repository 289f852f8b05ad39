//! `network_context` and `is_internal`.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::datatypes::DataType;
use spotql_values::address::Address;

use super::ADDRESS;
use crate::context::Context;
use crate::scalar::distinct::{by_distinct, texts_by_distinct};
use crate::scalar::{Declaration, Needs};

pub(super) const CONTEXT: Declaration = Declaration {
    name: "network_context",
    parameters: ADDRESS,
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NETWORKS,
    about: "The name of the most specific network that holds an address, by the network lists (CREATE NETWORK LIST). \
            NULL where none does",
    example: ("network_context('10.1.2.3')", "print server"),
    kernel: |call| {
        let context = Context::of(call.config());
        texts_by_distinct(call.text(0), |text| {
            context.network(Address::parse(text)?).map(str::to_owned)
        })
    },
};

pub(super) const INTERNAL: Declaration = Declaration {
    name: "is_internal",
    returns: DataType::Boolean,
    about: "Whether an address is in one of the organisation's own networks: those of the network lists with OPTIONS \
            ('internal' = 'true'). If there is no such list, private ranges (RFC 1918, RFC 4193), loopback and \
            link-local are its own. NULL for what is no address",
    example: ("is_internal('10.1.2.3')", "true"),
    kernel: |call| {
        let context = Context::of(call.config());
        by_distinct(
            call.text(0),
            |text| Some(context.is_internal(Address::parse(text)?)),
            |results| Arc::new(BooleanArray::from(results)),
        )
    },
    ..CONTEXT
};
