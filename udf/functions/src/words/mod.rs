//! The words on columns: scalar SQL functions over the recipes of [`spotql_words`].
//!
//! A function is a [`Declaration`] (name, parameters, documentation, kernel) in the file of its
//! recipe. What they share is done once, in [`crate::scalar`]: checking and casting arguments, scalars
//! among columns, documentation. Kernels see whole columns.

mod column;
mod dns;
mod dns_v2;
mod domain;
mod flow;
mod flow_v2;
mod invalid;
mod numbers;
mod proxy;
mod proxy_v2;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use crate::scalar::{Declaration, ScalarFunction, Section, section};

const WORDS: [&Declaration; 15] = [
    &flow::SOURCE,
    &flow::DESTINATION,
    &dns::WORD,
    &proxy::WORD,
    &flow_v2::SOURCE,
    &flow_v2::DESTINATION,
    &dns_v2::WORD,
    &dns_v2::DOMAIN_WORD,
    &proxy_v2::WORD,
    &text::FLOW,
    &text::DNS,
    &text::PROXY,
    &invalid::FLOW,
    &invalid::DNS,
    &invalid::PROXY,
];

const NAMES: [&Declaration; 8] = [
    &domain::CLASS,
    &domain::DOMAIN,
    &domain::SUBDOMAIN,
    &domain::REGISTRABLE,
    &numbers::ENTROPY,
    &numbers::ENTROPY_BIN,
    &numbers::CEIL_LOG2,
    &numbers::FLOOR_LOG2,
];

/// All word functions, ready to be registered with a session.
///
/// Those that depend on [`SpotqlOptions`](crate::settings::SpotqlOptions) read them from the session that
/// runs them, and take the defaults where the session was made without them.
pub(crate) fn functions() -> Vec<Arc<ScalarUDF>> {
    declarations()
        .map(|(it, section)| Arc::new(ScalarUDF::new_from_impl(ScalarFunction::new(it, section))))
        .collect()
}

/// The declarations with their chapters.
fn declarations() -> impl Iterator<Item = (&'static Declaration, Section)> {
    let words = WORDS.map(|it| (it, section::WORDS));
    let names = NAMES.map(|it| (it, section::NAMES));
    words.into_iter().chain(names)
}
