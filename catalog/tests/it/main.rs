//! The warehouse from outside: real folders, real files, real queries, real processes.

mod concurrent;
mod crash;
mod ddl;
mod foreign;
mod insert;
mod partitions;
mod scan;
mod support;
