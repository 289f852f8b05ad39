//! The server and its scheduler, from outside.

// Tells clippy that helpers are tests as well: they may stop at a surprise.
#![cfg(test)]

mod schedules;
mod service;
