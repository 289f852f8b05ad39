//! What SQL can call: functions that turn log records into words, topic models over them,
//! and suspicion scores.
//!
//! This crate knows DataFusion, and neither catalog, nor SQL text, nor network.

pub mod aggregate;
pub mod canonical;
pub mod enrich;
pub mod event;
pub mod files;
pub mod hive;
mod planner;
pub mod read;
mod scalar;
pub mod suspicion;
pub mod synthetic;
pub mod time;
pub mod word;

pub use planner::SpotqlPlanner;
