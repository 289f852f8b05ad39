//! Latent Dirichlet allocation by expectation maximisation. It finds the most probable topic mix of every document and
//! word distribution of every topic (MAP). The method is Asuncion, Welling, Smyth and Teh, "On smoothing and inference
//! for topic models", UAI 2009, with the same updates as Spark MLlib's EM.
//!
//! # How an iteration is computed
//! With the counts `N_dk`, `N_wk`, `N_k = Σ_w N_wk` and `V` words, let
//!
//! ```text
//! a_wk = N_wk + beta - 1        b_dk = N_dk + alpha - 1        c_k = 1 / Σ_w a_wk
//! Z_dw = Σ_k a_wk b_dk c_k      r_dw = n_dw / Z_dw
//! N'_dk = b_dk c_k Σ_w r_dw a_wk            (a pass over the documents)
//! N'_wk = a_wk c_k Σ_d r_dw b_dk            (a pass over the words)
//! ```
//!
//! which is the textbook's gamma summed up, without storing or even forming it. Both passes are
//! one and the same loop with the sides exchanged: a row *pulls* from the rows
//! of the other side. Three decisions and their reasons:
//!
//! - **Pull, do not scatter.** A single pass over the documents that adds to the words' counts would compute each pair
//!   once. But every thread would need word counts of its own, added up in an order that depends on how many there are,
//!   and a 32-bit sum of a million terms is no sum. A pull has one owner and one order: the same bits on any number of
//!   threads.
//! - **Compute `Z` twice.** The second pass has both rows at hand anyway; fetching `r` from
//!   where the first pass left it would be one more access to memory far away for every pair.
//! - **Eight pairs at a time,** so that eight rows are under way from memory at once. On large
//!   corpora memory is the limit: a row of a matrix that does not fit the cache is two cache
//!   lines and often a page-table walk away. Where both matrices fit the second-level cache the
//!   same loops are three to four times as fast.
//!
//! `phi_wk = a_wk c_k` and `theta_dk = b_dk / Σ_k b_dk`, so that `ln p(w|d) = ln Z_dw − ln Σ_k
//! b_dk`: the likelihood of the parameters that *enter* an iteration is a by-product of it.
//!
//! # What it refuses
//! Concentrations of 1 and less, empty corpora, more than 1000 topics. It never looks at a clock
//! or a core count to decide what to compute.

mod parameters;
mod start;
#[cfg(test)]
mod tests;
mod training;

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

pub use parameters::{Parameters, Precision};
pub use start::Start;

pub use super::model::Iteration;
use super::{Corpus, Error, Fitted};
use crate::compute::crew::Crew;
use crate::compute::lanes::{Group, Instructions, Real};
use crate::compute::{kernel, matrix, pass, plan};

/// Trains a model from a random start.
///
/// `observer` sees every [`Iteration`] in order, numbers 0 to `iterations`, each as soon as it is
/// known, which is at the end of the *next* one. Where it answers `Break` (because the objective
/// has settled, say) one more iteration is made and the model is complete: `Break` at number `n`
/// gives a model after `n + 2` iterations, or `iterations` if that is less. `cancel` is looked at
/// about every tenth of a millisecond. Blocks the calling thread, which works along.
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
    train_with(
        corpus,
        parameters,
        None,
        observer,
        cancel,
        Instructions::detect(),
    )
}

/// Trains a model from given counts instead of random ones; the seed is not used. Otherwise as
/// [`train`].
///
/// # Errors
/// As [`train`], and [`Error::Start`] for counts that do not fit the corpus.
pub fn train_from(
    corpus: &Corpus,
    parameters: &Parameters,
    start: &Start<'_>,
    observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    cancel: &AtomicBool,
) -> Result<Fitted, Error> {
    train_with(
        corpus,
        parameters,
        Some(start),
        observer,
        cancel,
        Instructions::detect(),
    )
}

/// [`train`] with the processor's instructions chosen by the caller (the tests compare them).
fn train_with(
    corpus: &Corpus,
    parameters: &Parameters,
    start: Option<&Start<'_>>,
    observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    cancel: &AtomicBool,
    instructions: Instructions,
) -> Result<Fitted, Error> {
    parameters.validate()?;
    if let Some(start) = start {
        start.check(corpus, parameters.topics)?;
    }
    let crew = Crew {
        threads: parameters.threads,
        cancel,
        instructions,
    };
    match parameters.precision {
        Precision::Single => training::train::<f32>(corpus, parameters, start, observer, crew),
        Precision::Double => training::train::<f64>(corpus, parameters, start, observer, crew),
    }
}

/// An upper bound of the bytes that a training takes at any moment, the corpus not counted (see
/// [`Corpus::predicted_bytes`]), its result counted, for up to `threads` threads.
pub fn memory_bytes(
    documents: usize,
    words: usize,
    pairs: usize,
    topics: usize,
    precision: Precision,
    threads: usize,
) -> usize {
    match precision {
        Precision::Single => bytes::<f32>(documents, words, pairs, topics, threads),
        Precision::Double => bytes::<f64>(documents, words, pairs, topics, threads),
    }
}

fn bytes<T: Real>(
    documents: usize,
    words: usize,
    pairs: usize,
    topics: usize,
    threads: usize,
) -> usize {
    let groups = matrix::groups::<T>(topics);
    let rows = documents.saturating_add(words);
    let row = groups * size_of::<Group<T>>();
    let matrices = rows.saturating_mul(row);
    // The copy of the smaller side is gone before the result is made.
    let copy = documents.min(words).saturating_mul(row);
    let result = rows.saturating_mul(topics * size_of::<f64>());
    let (by_document, by_word) = (
        plan::task_bounds(pairs, documents),
        plan::task_bounds(pairs, words),
    );
    let passes = pass::bytes::<T>(
        by_document.0.saturating_add(by_word.0),
        by_document.1.max(by_word.1),
        groups,
    );
    let scratch = threads * (kernel::Scratch::<T>::bytes(groups) + (16 << 10));
    let tokens = documents.saturating_mul(size_of::<f64>());
    matrices
        .saturating_add(copy.max(result))
        .saturating_add(tokens)
        .saturating_add(passes)
        .saturating_add(scratch)
        .saturating_add(64 << 10)
}
