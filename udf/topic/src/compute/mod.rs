//! The machinery of the three ways to train: arithmetic in lanes, matrices of topic weights, and
//! passes over a sparse matrix that give the same bits on any number of threads.
//!
//! - [`lanes`], [`ln`] and [`random`] are arithmetic: the same bits on every processor;
//! - [`matrix`] holds a side's topic weights, a row after the other;
//! - [`kernel`] computes the new rows of a task, [`pull`] is its innermost loop, [`logs`] are the
//!   sums of logarithms that it takes on the way;
//! - [`plan`] cuts a side into tasks, [`crew`] hands them to threads, [`pass`] does both.
//!
//! [`crate::em`] explains the pass. Nothing here knows an algorithm: `em`, `online` and `cvb0`
//! import from here, and never from each other.

pub(crate) mod crew;
pub(crate) mod kernel;
pub(crate) mod lanes;
pub(crate) mod ln;
pub(crate) mod logs;
pub(crate) mod matrix;
pub(crate) mod pass;
pub(crate) mod plan;
pub(crate) mod pull;
pub(crate) mod random;
