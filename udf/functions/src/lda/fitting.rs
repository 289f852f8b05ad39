//! The ways to fit a model, behind one face.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use spotql_topic::{Corpus, Error, Fitted, cvb0, em, online};

/// How topics are estimated: `optimizer => …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Optimizer {
    /// Expectation maximisation, the original's default.
    #[default]
    Em,
    /// Online variational Bayes, the original's other one.
    Online,
    /// Collapsed variational Bayes of order zero.
    Cvb0,
}

impl Optimizer {
    pub(crate) const NAMES: &'static str = "'em', 'online' or 'cvb0'";

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Em, Self::Online, Self::Cvb0]
            .into_iter()
            .find(|known| name.eq_ignore_ascii_case(known.name()))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Em => "em",
            Self::Online => "online",
            Self::Cvb0 => "cvb0",
        }
    }
}

/// A way to fit a model, with its parameters.
#[derive(Debug, Clone)]
pub(crate) enum Fitting {
    Em(em::Parameters),
    Online(online::Parameters),
    Cvb0(cvb0::Parameters),
}

impl Fitting {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        match self {
            Self::Em(parameters) => parameters.validate(),
            Self::Online(parameters) => parameters.validate(),
            Self::Cvb0(parameters) => parameters.validate(),
        }
    }

    /// The document and topic concentrations in use, as this method takes them.
    pub(crate) fn concentrations(&self) -> (f64, f64) {
        match self {
            Self::Em(parameters) => (parameters.alpha, parameters.beta),
            Self::Online(parameters) => (parameters.first_alpha(), parameters.beta()),
            Self::Cvb0(parameters) => (parameters.alpha, parameters.beta),
        }
    }

    /// An upper bound of the bytes that a training takes, the corpus not counted.
    pub(crate) fn memory_bytes(&self, documents: usize, words: usize, pairs: usize) -> usize {
        match self {
            Self::Em(p) => {
                em::memory_bytes(documents, words, pairs, p.topics, p.precision, p.threads)
            }
            Self::Online(p) => {
                online::memory_bytes(documents, words, pairs, p.topics, p.fraction, p.threads)
            }
            Self::Cvb0(p) => cvb0::memory_bytes(documents, words, pairs, p.topics, p.threads),
        }
    }

    /// Fits a model. What it says of a word in a document is what this method predicts, with the
    /// priors where they are part of the prediction.
    pub(crate) fn train(
        &self,
        corpus: &Corpus,
        observer: &mut dyn FnMut(&em::Iteration) -> ControlFlow<()>,
        cancel: &AtomicBool,
    ) -> Result<Fitted, Error> {
        match self {
            Self::Em(parameters) => em::train(corpus, parameters, observer, cancel),
            Self::Online(parameters) => online::train(corpus, parameters, observer, cancel),
            Self::Cvb0(parameters) => {
                let mut fitted = cvb0::train(corpus, parameters, observer, cancel)?;
                parameters.smoothing().apply(&mut fitted, corpus);
                Ok(fitted)
            }
        }
    }
}
