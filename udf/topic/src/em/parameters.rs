//! What a training can be told, and which values it accepts.

use crate::heldout::Smoothing;
use crate::{Error, limits};

/// How many bits the counts have while training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// 32 bits: half the memory, up to twice the speed. On the reference runs (20 iterations) mixes
    /// agree with 64 bits to 2e-4 and log-likelihoods to one part in a million.
    Single,
    /// 64 bits: reproduces reference runs to 10 digits.
    #[default]
    Double,
}

/// The parameters of a training. [`Parameters::default`] has the original's values.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// Topics, 1 to 1000.
    pub topics: usize,
    /// Iterations, 1 to 100 000.
    pub iterations: usize,
    /// Document concentration: above 1, at most a million.
    pub alpha: f64,
    /// Topic concentration: above 1, at most a million.
    pub beta: f64,
    /// The same seed gives the same bits.
    pub seed: u64,
    /// 32 or 64 bits.
    pub precision: Precision,
    /// Threads, 1 to 1024; they change the time and nothing else.
    pub threads: usize,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            topics: 20,
            iterations: 20,
            alpha: 1.02,
            beta: 1.001,
            seed: 0,
            precision: Precision::Double,
            threads: 1,
        }
    }
}

/// The smallest concentration that is told apart from 1 with some digits to spare.
const LEAST: f64 = 1.0 + 1e-9;

impl Parameters {
    /// What a prediction adds to the counts.
    pub fn smoothing(&self) -> Smoothing {
        Smoothing {
            documents: self.alpha - 1.0,
            words: self.beta - 1.0,
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
            if !(LEAST..=1e6).contains(&value) {
                let accepted = "a number above 1 (by at least 1e-9) and at most 1000000. EM looks for \
                                the most probable mix, and a concentration of 1 or less has none \
                                (the density has no maximum inside)";
                return Err(limits::refused(name, value.to_string(), accepted));
            }
        }
        Ok(())
    }
}
