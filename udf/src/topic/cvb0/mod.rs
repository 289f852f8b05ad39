//! Latent Dirichlet allocation by collapsed variational Bayes.

mod parameters;
mod training;
mod visit;

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

pub use parameters::Parameters;

use super::em::Iteration;
use super::em::lanes::Instructions;
use super::em::pass::Crew;
use super::{Corpus, Error, Fitted};

/// Trains a model from a random start.
///
/// # Errors
/// Parameters that [`Parameters::validate`] refuses; [`Error::Cancelled`].
pub fn train(
    corpus: &Corpus,
    parameters: &Parameters,
    observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    cancel: &AtomicBool,
) -> Result<Fitted, Error> {
    parameters.validate()?;
    let crew = Crew {
        threads: parameters.threads,
        cancel,
        instructions: Instructions::detect(),
    };
    training::train(corpus, parameters, observer, crew)
}
