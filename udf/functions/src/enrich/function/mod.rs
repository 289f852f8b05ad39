//! Context as scalar functions: geolocation, networks, reputation, names of numbers.
//!
//! A log names few hosts again and again, so every function works its result out once for each distinct value of a
//! batch ([`crate::scalar::distinct`]). What is no address (or name, or number) gives NULL, as NULL does.

mod geo;
mod names;
mod network;
mod reputation;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use crate::scalar::{Declaration, Parameter, ScalarFunction, Takes, parameter, section};

/// What most of them take.
const ADDRESS: &[Parameter] = &[parameter(
    "address",
    Takes::Text,
    "an IPv4 or IPv6 address; anything else has no place, as NULL",
)];

const DECLARATIONS: [&Declaration; 15] = [
    &geo::LOCATION,
    &geo::COUNTRY,
    &geo::REGION,
    &geo::CITY,
    &geo::OWNER,
    &geo::DOMAIN,
    &geo::ASN,
    &network::CONTEXT,
    &network::INTERNAL,
    &names::DNS_CLASS,
    &names::DNS_TYPE,
    &names::DNS_RCODE,
    &names::HTTP_STATUS,
    &names::PROTOCOL,
    &names::PORT,
];

/// All of them, ready to be registered with a session; they read [`crate::context::Context`] from the session that
/// runs them.
pub(crate) fn functions() -> Vec<Arc<ScalarUDF>> {
    let functions = DECLARATIONS.iter().chain(&reputation::PARTS);
    functions
        .map(|it| {
            Arc::new(ScalarUDF::new_from_impl(ScalarFunction::new(
                it,
                section::CONTEXT,
            )))
        })
        .collect()
}

#[cfg(test)]
mod tests;
