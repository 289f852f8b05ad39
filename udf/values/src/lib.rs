//! Values as logs and lists write them, and the one form that they are compared in.
//!
//! Records, indicators and networks name the same things: addresses, names, protocols, times. What reads them is here, for
//! words and context alike. This crate knows neither Arrow nor DataFusion.

pub mod absent;
pub mod address;
pub mod form;
pub mod iana;
pub mod interner;
pub mod protocol;
pub mod time;
