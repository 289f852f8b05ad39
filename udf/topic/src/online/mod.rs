//! Latent Dirichlet allocation by online variational Bayes (Hoffman, Blei and Bach, "Online learning for latent
//! Dirichlet allocation", NIPS 2010). The documents' concentration is learned as Spark MLlib's
//! `optimizeDocConcentration` does (Blei, Ng and Jordan 2003, appendix A.4.2).
//!
//! # How a step is computed
//! Given the topics (Dirichlet posteriors `lambda_k` over words) every document of a mini-batch finds its posterior mix
//! `gamma_d`. The contribution of its words, scaled from the batch to the corpus, is blended into lambda with the
//! weight `(tau0 + t)^-kappa`, and alpha takes a Newton step of the same weight. Where a batch is the whole corpus
//! nothing is blended: each step is one of batch variational Bayes, and its bound rises.
//!
//! Both halves of a step are the pulls of [`super::em`], with `exp E[ln ·]` in place of the counts, and the same
//! kernels compute them. Each sum of documents and of words has one owner and one order. So the same seed gives the same bits
//! on any number of threads.
//!
//! # Defaults, and where they differ from the original
//! The original takes mini-batches of `(0.05 + 1) / documents` of the corpus, that is one document, 20 of them, with
//! `tau0` 1024: it sees 20 documents, moves by 3 % with each, and ends near its random start. [`Parameters::original`]
//! does so. By default an iteration is a pass over all documents in ten batches, and `tau0` is 64. Other schedules were
//! tried on logs and on drawn corpora of 70 to 100,000 documents (batches of 0.25 % to all of the documents, `tau0` 1
//! to 1024). This one was best or close to it everywhere. More and smaller batches lose where lengths are skewed: a
//! batch seldom has its share of the giants.
//!
//! The concentrations are those of the Dirichlet distributions, not one more as in `em`; alpha
//! begins and beta stays at `1 / topics` (as with Hoffman and Spark).
//!
//! # What it refuses
//! Concentrations below a millionth, steps that do not settle, empty corpora, more than 1000
//! topics.

mod batches;
mod concentration;
mod documents;
mod parameters;
mod special;
mod topics;
mod training;

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

pub use parameters::{Parameters, Unit};

use super::compute::crew::Crew;
use super::compute::lanes::Instructions;
pub use super::model::Iteration;
use super::{Corpus, Error, Fitted};

/// Trains a model from a random start.
///
/// `observer` sees an [`Iteration`] for every pass (or batch, see [`Unit`]) in order, numbers 0
/// to `iterations`, as that of [`super::em::train`] does. Its `objective()` is the bound of the
/// corpus' likelihood that variational Bayes climbs: `log_likelihood` what the pairs contribute,
/// `log_prior` less the divergences of the posteriors from the priors. Number `n` is measured
/// on the documents that iteration `n + 1` sees, while the topics move; the last number on all
/// documents and the final topics. `Break` at number `n` gives a model after `n + 2` iterations,
/// or `iterations` if that is less. `cancel` is looked at between documents' rounds. Blocks the
/// calling thread, which works along.
///
/// In the result `theta` and `phi` are posterior means, priors included: no word has probability
/// 0, and a document without words has the mix of alpha. `topic_tokens` are the tokens that the
/// topics explain.
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
    fraction: f64,
    threads: usize,
) -> usize {
    training::bytes(documents, words, pairs, topics, fraction, threads)
}
