//! Words: what a log record looks like to the topic model.
//!
//! A word sums a record up in a few coarse fields, so that similar records share one. Each kind
//! of log has its recipe in a file of its own ([`flow`], [`dns`], [`proxy`]): plain functions that
//! know neither Arrow nor SQL.
//!
//! There are two generations. The first is Apache Spot's, faults included, so that results can be compared record by
//! record. The second ([`flow_v2`], [`dns_v2`], [`proxy_v2`]) is ours. It names services instead of classes of ports,
//! splits names by the Public Suffix List, and looks at what came back. It leaves out the hour, which split the
//! evidence 24 ways. [`text`] says in plain language what a word of either means.
//!
//! A record whose word cannot be made has none (NULL); it is never made up. Validity is
//! a question of its own, which [`invalid`] answers.

pub mod classes;
pub mod country;
pub mod dns;
pub mod dns_v2;
pub mod domain;
pub mod domain_set;
pub mod entropy;
mod error;
pub mod flow;
pub mod flow_v2;
#[cfg(test)]
mod golden;
pub mod hour;
pub mod invalid;
pub mod math;
pub mod name;
pub mod proxy;
pub mod proxy_v2;
mod registrable;
pub mod text;
pub mod writer;

pub use error::Error;
pub use writer::FOLDABLE;
