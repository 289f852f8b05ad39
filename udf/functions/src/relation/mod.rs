//! Table functions that take a query: how a call is written, what it may hold, and what its input is.
//!
//! `lda_score(flow, source => 'flow')` stands in a FROM clause. DataFusion's own table functions see expressions alone, so
//! that calls of ours are planned by a relation planner (`planner.rs`): the input becomes a plan like any other.

mod arguments;
mod columns;
mod described;
mod error;
mod function;
mod hidden;
mod input;

pub(crate) use arguments::{Arguments, as_queries};
pub(crate) use columns::{any_of, names, untaken};
pub(crate) use described::Described;
pub use error::Error;
pub(crate) use error::Result;
pub(crate) use function::QueryFunction;
pub(crate) use hidden::{HIDDEN, all_columns, extended, extended_physical, is_hidden, needed};
pub(crate) use input::{expression, expressions, extension, plan_query, repeatable};
