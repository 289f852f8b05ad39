//! What crosses crates: SQL in, rows out; killed processes; real data.

// Tells clippy that helpers are tests as well: they may stop at a surprise.
#![cfg(test)]

mod demo;
mod detection;
mod explain;
mod forms;
mod hours;
mod hunt;
mod partition_truth;
mod real_days;
mod reference;
mod review;
mod spot_demo;
mod sql_logic;
mod support;
