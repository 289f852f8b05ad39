//! Arrow Flight SQL over the engine, and the parts of the `spotql` program.
//!
//! This crate is thin: it moves statements in and rows out. How anything is computed is known
//! below, in `spotql_sql` and the crates it stands on.

pub mod commands;
mod network;
pub mod output;
pub mod scheduler;
pub mod service;
