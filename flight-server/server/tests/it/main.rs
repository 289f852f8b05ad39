//! The Flight SQL server, over real sockets, with arrow-flight's own client.

// Tells clippy that helpers are tests as well: they may stop at a surprise.
#![cfg(test)]

mod bound_rows;
mod cancel;
mod catalog;
mod errors;
mod ingest;
mod lifetime;
mod parameters;
mod prepared;
mod query;
mod server;
mod session;
mod sql_info;
mod transactions;
mod update;
mod user;
