//! What a server does by itself: it runs the scripts of schedules when they are due.
//!
//! Schedules are made in SQL, and their history is kept in the metastore: this crate only keeps the time.

mod scheduler;

pub use scheduler::Scheduler;
