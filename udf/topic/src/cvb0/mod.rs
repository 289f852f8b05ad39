//! Latent Dirichlet allocation by collapsed variational Bayes of order zero (CVB0; Asuncion,
//! Welling, Smyth and Teh, "On smoothing and inference for topic models", UAI 2009).
//!
//! # How it works
//! Every pair of a document and a word has a mix of topics `gamma`, and the counts are its sums,
//! as in [`super::em`]; but a token is explained by the counts of all *other* tokens:
//!
//! ```text
//! gamma_k ∝ (N_wk - gamma_k + beta) (N_dk - gamma_k + alpha) / (N_k - gamma_k + V beta)
//! ```
//!
//! In EM a token that is alone in its document is its own evidence: its topic becomes certain, whatever it is, and more
//! so with every iteration. Here it says nothing about itself. A log is full of such pairs, as most addresses have a
//! few words. So held-out tokens are predicted better for the same number of iterations, and stay so when there are
//! more of them (`benchmarks/README.md` has figures). A pair's tokens share one mix, of which one token's part is left
//! out.
//!
//! # How an iteration is computed
//! The documents are cut into eight blocks. The documents of a block are visited in parallel, pair after pair, each new
//! mix at once in the document's own counts, while the words' counts stay as they were. Then these are brought up to
//! date, every word by one thread, in the documents' order. So the same seed gives the same bits on any number of
//! threads. (Foulds, Boyles, DuBois, Smyth and Welling 2013 keep no mixes and give up leaving a token out, and with it
//! the better prediction.)
//!
//! # What it costs
//! A `gamma` of 32 bits for every pair and topic (320 MB for 4 million pairs and 20 topics) and
//! two to three times the time of an iteration of EM.
//!
//! # What it refuses
//! Concentrations below a millionth, empty corpora, more than 1000 topics.

mod parameters;
mod training;
mod update;
mod visit;

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

pub use parameters::Parameters;

use super::compute::crew::Crew;
use super::compute::lanes::Instructions;
use super::model::Iteration;
use super::{Corpus, Error, Fitted};

/// Trains a model from a random start: that of [`super::em`] with the same seed.
///
/// `observer` sees every [`Iteration`] in order, numbers 0 to `iterations`, as that of
/// [`super::em::train`] does. Its `log_likelihood` is `Σ n ln p(w|d)` with each token's own part
/// left out: an estimate of the prediction of unseen tokens, taken while the counts are on their
/// way, which may fall again; its `log_prior` is 0. `Break` at number `n` gives a model after
/// `n + 2` iterations, or `iterations` if that is less. `cancel` is looked at after some thousand
/// pairs. Blocks the calling thread, which works along.
///
/// In the result a document's shares and a topic's are shares of counts, without the priors:
/// [`Parameters::smoothing`] has what a prediction adds.
///
/// The same corpus, parameters and seed give the same bits on any number of threads and any
/// processor (but for [`Iteration::seconds`]).
///
/// # Errors
/// Parameters that [`Parameters::validate`] refuses; [`Error::Cancelled`].
pub fn train(
    corpus: &Corpus,
    parameters: &Parameters,
    observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    cancel: &AtomicBool,
) -> Result<Fitted, Error> {
    train_with(corpus, parameters, observer, cancel, Instructions::detect())
}

/// [`train`] with the processor's instructions chosen by the caller (the tests compare them).
pub(crate) fn train_with(
    corpus: &Corpus,
    parameters: &Parameters,
    observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    cancel: &AtomicBool,
    instructions: Instructions,
) -> Result<Fitted, Error> {
    parameters.validate()?;
    let crew = Crew {
        threads: parameters.threads,
        cancel,
        instructions,
    };
    training::train(corpus, parameters, observer, crew)
}

/// An upper bound of the bytes that a training takes at any moment, the corpus not counted (see
/// [`Corpus::predicted_bytes`]), its result counted, for up to `threads` threads.
pub fn memory_bytes(
    documents: usize,
    words: usize,
    pairs: usize,
    topics: usize,
    threads: usize,
) -> usize {
    training::bytes(documents, words, pairs, topics, threads)
}
