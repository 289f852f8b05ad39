//! The Flight SQL server, over real sockets, with arrow-flight's own client.

mod catalog;
mod errors;
mod lifetime;
mod prepared;
mod query;
mod server;
mod session;
mod update;
