//! What a training can be told, and which values it accepts.

use crate::heldout::Smoothing;
use crate::{Error, limits};

/// The parameters of a training. The default concentrations were best or within 1 % of it on logs
/// and drawn corpora, among alpha from 0.02 to 0.5 and beta from 0.001 to 0.05 (the original's
/// pseudo-counts for `em`, 0.02 and 0.001, are too small for this purpose there, too).
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// Topics, 1 to 1000.
    pub topics: usize,
    /// Iterations, 1 to 100 000.
    pub iterations: usize,
    /// Document concentration, 0.000001 to a million: the pseudo-count of every topic of a
    /// document. Corresponds to `alpha - 1` of expectation maximisation.
    pub alpha: f64,
    /// Topic concentration, 0.000001 to a million: the pseudo-count of every word of a topic.
    /// Corresponds to `beta - 1` of expectation maximisation.
    pub beta: f64,
    /// The same seed gives the same bits.
    pub seed: u64,
    /// Threads, 1 to 1024; they change the time and nothing else.
    pub threads: usize,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            topics: 20,
            iterations: 20,
            alpha: 0.2,
            beta: 0.01,
            seed: 0,
            threads: 1,
        }
    }
}

impl Parameters {
    /// What a prediction adds to the counts.
    pub fn smoothing(&self) -> Smoothing {
        Smoothing {
            documents: self.alpha,
            words: self.beta,
        }
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::Parameter`], which names the parameter, its value and what is accepted.
    pub fn validate(&self) -> Result<(), Error> {
        limits::check(self.topics, self.iterations, self.threads)?;
        for (name, value) in [("alpha", self.alpha), ("beta", self.beta)] {
            // Also refuses NaN.
            if !(1e-6..=1e6).contains(&value) {
                let accepted = "a number from 0.000001 to 1000000: cvb0 takes the pseudo-count \
                                itself (0.2, say), not one above 1 as em does";
                return Err(limits::refused(name, value.to_string(), accepted));
            }
        }
        Ok(())
    }
}
