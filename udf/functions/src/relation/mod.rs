//! Table functions that take a query: how a call is written, what it may hold, and what its input is.
//!
//! `lda_score(flow, source => 'flow')` stands in a FROM clause. DataFusion's own table functions see expressions alone, so
//! that calls of ours are planned by a relation planner ([`crate::SpotqlPlanner`]): the input becomes a plan like any other.

mod arguments;
mod columns;
mod error;
mod hidden;
mod input;

pub use arguments::relations_as_queries;
pub(crate) use arguments::{Arguments, Function};
pub(crate) use columns::{any_of, names, untaken};
pub use error::Error;
pub(crate) use error::Result;
pub(crate) use hidden::{HIDDEN, all_columns, extended, extended_physical, is_hidden, needed};
pub(crate) use input::{expression, expressions, extension, plan_query, repeatable};
