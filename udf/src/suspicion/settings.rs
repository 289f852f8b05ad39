//! How a model is fitted: the named arguments of `lda_train` and `lda_score`, with their defaults.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::topic::em;

/// A floating-point parameter that can be compared and hashed by its bits, as plan nodes must.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Real(pub(crate) f64);

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Real {}

impl Hash for Real {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// The settings of one training.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Settings {
    /// What the words are, as the user named it: `source 'flow'`, or the expressions.
    pub(crate) recipe: String,
    pub(crate) topics: usize,
    pub(crate) iterations: usize,
    pub(crate) alpha: Real,
    pub(crate) beta: Real,
    pub(crate) seed: u64,
    pub(crate) precision: em::Precision,
}

impl Default for Settings {
    /// The original's defaults (Apache Spot), but for the seed: without one it gave another result
    /// each time; ours is 1.
    fn default() -> Self {
        Self {
            recipe: String::new(),
            topics: 20,
            iterations: 20,
            alpha: Real(1.02),
            beta: Real(1.001),
            seed: 1,
            precision: em::Precision::Double,
        }
    }
}

impl Settings {
    pub(crate) fn parameters(&self, threads: usize) -> em::Parameters {
        em::Parameters {
            topics: self.topics,
            iterations: self.iterations,
            alpha: self.alpha.0,
            beta: self.beta.0,
            seed: self.seed,
            precision: self.precision,
            threads,
        }
    }

    pub(crate) fn precision_name(&self) -> &'static str {
        match self.precision {
            em::Precision::Single => "single",
            em::Precision::Double => "double",
        }
    }

    /// The settings as (name, value), in the order of the documentation.
    pub(crate) fn named(&self) -> Vec<(&'static str, String)> {
        vec![
            ("recipe", self.recipe.clone()),
            ("topics", self.topics.to_string()),
            ("iterations", self.iterations.to_string()),
            ("alpha", self.alpha.0.to_string()),
            ("beta", self.beta.0.to_string()),
            ("seed", self.seed.to_string()),
            ("precision", self.precision_name().to_owned()),
        ]
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.named().into_iter().enumerate() {
            write!(f, "{}{name}={value}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
