//! Context for what was found: where an address is and whose, what is known against it, what it is to the organisation.
//!
//! The data comes from sources that the user names: geo databases ([`geo`]), indicator lists ([`indicator`]), network lists
//! ([`network`]). This crate reads and searches them. It knows neither Arrow nor DataFusion, and opens no connection.

mod error;
pub mod geo;
pub mod indicator;
pub mod network;
pub mod own;
mod ranges;

pub use error::Error;
