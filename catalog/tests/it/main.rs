//! The warehouse from outside: real folders, real files, real queries, real processes.

// Tells clippy that helpers are tests as well: they may stop at a surprise.
#![cfg(test)]

mod backup;
mod concurrent;
mod crash;
mod ddl;
mod foreign;
mod insert;
mod load;
mod partitions;
mod provider;
mod scan;
mod support;
mod upgrade;
