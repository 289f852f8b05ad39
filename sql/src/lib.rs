//! SpotQL's language: Hive and Impala's statements over the catalog, the detection functions and
//! DataFusion.
//!
//! [`Engine`] opens a warehouse, [`Session`] runs statements, [`script`] runs files of them. This
//! crate knows nothing of networks or terminals.

mod dialect;
mod engine;
mod erased;
mod error;
mod execute;
pub mod network;
mod options;
mod parameters;
mod parse;
mod plan_size;
mod quotes;
mod rules;
pub mod schedule;
pub mod script;
mod sent;
mod service;
mod session;
mod sources;
mod statement;
mod subqueries;
mod timing;
mod wording;
mod work;

pub use dialect::SpotDialect;
pub use engine::{CATALOG, DEFAULT_DATABASE, Engine, EngineOptions};
pub use error::{Error, Result};
pub use execute::Prepared;
pub use parameters::Description;
pub use parse::Kind;
pub use sent::{IfExists, Ingest, SentRows};
pub use session::{Done, Outcome, Session};
pub use spotql_catalog::{AllowedPath, PathRule, Warehouse};
pub use spotql_functions::Error as SuspicionError;
pub use spotql_functions::control::Stop;
pub use spotql_functions::settings::SpotqlOptions;
pub use wording::names_what_is_absent;
pub use work::{Concurrency, Rows};
