//! What a training can be told, and which values it accepts.

use crate::{Error, limits};

/// What one iteration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unit {
    /// A pass: every document is visited once.
    #[default]
    Pass,
    /// One mini-batch, as in the original.
    Batch,
}

/// The parameters of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// Topics, 1 to 1000.
    pub topics: usize,
    /// Iterations, 1 to 100 000.
    pub iterations: usize,
    /// What an iteration is.
    pub unit: Unit,
    /// The document concentration to begin with, the same for every topic; none: `1 / topics`.
    pub alpha: Option<f64>,
    /// Whether the document concentration is then learned, for every topic its own.
    pub optimize_alpha: bool,
    /// The topic concentration; none: `1 / topics`.
    pub beta: Option<f64>,
    /// The same seed gives the same bits.
    pub seed: u64,
    /// The share of the documents in a mini-batch, above 0 and at most 1; at least one document.
    pub fraction: f64,
    /// How fast the steps shrink: step number `t`, from 0, has the size `(tau0 + t)^-kappa`.
    /// Above 0.5, at most 1: the steps must shrink for the training to settle, and not too soon.
    pub kappa: f64,
    /// How small the first steps are: from 1 (the first batch replaces the start) to a billion.
    pub tau0: f64,
    /// Threads, 1 to 1024; they change the time and nothing else.
    pub threads: usize,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            topics: 20,
            iterations: 20,
            unit: Unit::Pass,
            alpha: None,
            optimize_alpha: true,
            beta: None,
            seed: 0,
            fraction: 0.1,
            kappa: 0.51,
            tau0: 64.0,
            threads: 1,
        }
    }
}

impl Parameters {
    /// The original's schedule for a corpus of so many documents: 20 mini-batches of
    /// `(0.05 + 1) / documents` of the corpus, that is of one document, and small steps.
    /// Such a training sees 20 documents: it is here for comparisons.
    pub fn original(documents: usize) -> Self {
        Self {
            unit: Unit::Batch,
            fraction: (1.05 / documents.max(1) as f64).min(1.0),
            tau0: 1024.0,
            ..Self::default()
        }
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::Parameter`], which names the parameter, its value and what is accepted.
    pub fn validate(&self) -> Result<(), Error> {
        limits::check(self.topics, self.iterations, self.threads)?;
        // Written so that NaN is refused.
        for (name, value) in [("alpha", self.alpha), ("beta", self.beta)] {
            if let Some(value) = value
                && !(1e-6..=1e6).contains(&value)
            {
                let accepted = "a number from 0.000001 to 1000000: the online optimizer takes the \
                                concentration itself (0.05, say), not one above 1 as em does";
                return Err(limits::refused(name, value.to_string(), accepted));
            }
        }
        for (name, value, accepted_here, accepted) in [
            (
                "fraction",
                self.fraction,
                self.fraction > 0.0 && self.fraction <= 1.0,
                "a share of the documents above 0 and at most 1",
            ),
            (
                "kappa",
                self.kappa,
                self.kappa > 0.5 && self.kappa <= 1.0,
                "a number above 0.5 and at most 1: otherwise the steps do not settle",
            ),
            (
                "tau0",
                self.tau0,
                (1.0..=1e9).contains(&self.tau0),
                "a number from 1 to 1000000000",
            ),
        ] {
            if !accepted_here {
                return Err(limits::refused(name, value.to_string(), accepted));
            }
        }
        Ok(())
    }

    /// The document concentration to begin with.
    pub fn first_alpha(&self) -> f64 {
        self.alpha.unwrap_or(1.0 / self.topics as f64)
    }

    /// The topic concentration in use.
    pub fn beta(&self) -> f64 {
        self.beta.unwrap_or(1.0 / self.topics as f64)
    }
}
