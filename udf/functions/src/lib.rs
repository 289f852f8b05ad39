//! What SQL can call: functions that turn log records into words, topic models over them, suspicion scores, context.
//!
//! [`register()`] gives a DataFusion session all of it. This crate knows DataFusion, and neither catalog, nor SQL text, nor
//! network: tables, the data of the context ([`context`]) and the way to services ([`services`]) are handed to it.
//!
//! From the ground up: `scalar` makes a declaration into a function of DataFusion; `words`, `canonical`, `event`, `enrich` and
//! others declare functions. `log` describes kinds of log. `relation` reads the calls of table functions that take a
//! query; `lda`, `rhythm`, `enrich`, `rating` and `indicators` declare and plan them. `planner` knows all of these, and
//! `reference` describes them.

mod aggregate;
mod bounded;
mod canonical;
pub mod context;
pub mod control;
mod description;
mod enrich;
mod event;
pub mod files;
pub mod floats;
mod hive;
mod indicators;
pub mod inquiry;
mod lda;
pub mod log;
mod planner;
mod rating;
mod read;
pub mod reference;
mod register;
mod relation;
mod rhythm;
mod scalar;
pub mod services;
pub mod settings;
mod time;
mod words;

pub use planner::{SpotqlExtensionPlanner, relations_as_queries};
pub use register::{SpotqlQueryPlanner, register, register_with};
pub use relation::Error;
pub use scalar::Needs;
