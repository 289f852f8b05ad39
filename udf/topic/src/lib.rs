//! Topic models (latent Dirichlet allocation) on plain slices: counts of (document, word) pairs
//! in, mixtures out.
//!
//! - [`Corpus`] holds the counts, compressed and sparse, by document and by word;
//! - [`em`] estimates the model by expectation maximisation, as the original does;
//! - [`online`] by online variational Bayes, the original's other way;
//! - [`cvb0`] by collapsed variational Bayes, which predicts unseen records best;
//! - [`leave_one_out`] judges each pair by a model that has not seen it;
//! - [`heldout`] tells how well a model predicts what it has not seen;
//! - [`Fitted`] is the result, [`score`] the estimated probability of a word in a document.
//!
//! Documents and words are numbers from 0; whoever calls keeps the names, in one canonical
//! order: the order of the numbers is part of what "the same seed gives the same bits" means.
//! Nothing here knows Arrow, DataFusion, logs or addresses, and nothing here counts records:
//! that is the engine's work.

mod compute;
mod corpus;
pub mod cvb0;
pub mod em;
mod error;
pub mod heldout;
pub mod leave_one_out;
mod limits;
mod model;
pub mod online;
#[cfg(test)]
mod tests;

pub use corpus::{Corpus, Rows};
pub use error::Error;
pub use model::{Fitted, score};
