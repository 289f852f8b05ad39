//! The warehouse from outside: real folders, real files, real queries, real processes.

// The attributes tell clippy that helpers are tests as well: they may stop at a surprise.
#[cfg(test)]
mod concurrent;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod ddl;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod insert;
#[cfg(test)]
mod partitions;
#[cfg(test)]
mod scan;
#[cfg(test)]
mod support;
