//! Parameters of statements: `?`, `$1` and `:name`.
//!
//! A client prepares a statement once and then sends rows of values, each of which is one execution of it. Three steps
//! lie between the text and a plan:
//!
//! 1. [`mod@number`] gives every parameter its place: `?` from left to right, `$n` its own number, `:name` (also `$name` and
//!    `@name`) the place of its first occurrence. DataFusion would make one parameter of all `?`.
//! 2. [`describe`] finds their types from what they are compared with, assigned to, cast to or limited by. A parameter
//!    whose type nothing tells takes a value of any type, and is described as text.
//! 3. [`bind`] puts the values into the syntax tree, as the literals that a writer of the statement would have put
//!    there. Everything that works with a literal (LIMIT, options of table functions, folding, pruning of partitions) so
//!    works with a value, and text stays text: a value is never parsed as SQL.
//!
//! `INSERT … VALUES (?, …)` is the exception: there the rows of values are read as a relation while they arrive, so that
//! any number of them is one write.

mod bind;
mod describe;
mod literal;
mod number;
mod relation;
mod value;
mod write;

pub use describe::Description;

pub(crate) use number::{Names, is_marked, number};
pub(crate) use write::rows_plan;
