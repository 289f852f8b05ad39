//! A trained topic model: which topics a document has, which words a topic has.

use super::compute::crew::Cancelled;
use super::{Corpus, Error};

/// `theta`, `phi` and the topics' tokens: see [`Fitted`].
pub(super) type Mixtures = (Vec<f64>, Vec<f64>, Vec<f64>);

/// What is known about the parameters that an iteration made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Iteration {
    /// How many iterations these parameters have been through: 0 is the start.
    pub number: usize,
    /// `Σ n ln p(w|d)` over all pairs, natural logarithm, with `theta ∝ N_dk + alpha - 1` and
    /// `phi ∝ N_wk + beta - 1`.
    pub log_likelihood: f64,
    /// `(alpha - 1) Σ ln theta + (beta - 1) Σ ln phi`: the priors' densities but for a constant.
    pub log_prior: f64,
    /// Seconds since the training began: for reports only.
    pub seconds: f64,
}

impl Iteration {
    /// What EM climbs: from iteration to iteration this never falls (but for rounding; the
    /// likelihood alone may).
    pub fn objective(&self) -> f64 {
        self.log_likelihood + self.log_prior
    }
}

/// A trained model. Rows are in the corpus' numbering; nothing here is null or NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// How many topics.
    pub topics: usize,
    /// `p(k|d) = N_dk / Σ_k N_dk`, documents × topics, row after row. Every row sums to 1; a
    /// document without words gets the uniform mix `1 / topics`. (From [`super::online`]: the
    /// posterior's mean, that of the prior for a document without words.)
    pub theta: Vec<f64>,
    /// `p(w|k) = N_wk / Σ_w N_wk`, words × topics, row after row (so that a word's row lies
    /// together). Every column sums to 1; a word that never occurs has probability 0. (From
    /// [`super::online`]: the posterior's mean, which is 0 for no word.)
    pub phi: Vec<f64>,
    /// `N_k = Σ_w N_wk`: how many tokens each topic explains. `p(w|k) · N_k = N_wk` (but for the
    /// prior in [`super::online`]'s).
    pub topic_tokens: Vec<f64>,
    /// How the training went: the start (number 0) and every iteration.
    pub iterations: Vec<Iteration>,
}

impl Fitted {
    /// What a training of so many topics and iterations came to, with what is known of each.
    pub(super) fn complete(
        mixtures: Result<Mixtures, Cancelled>,
        topics: usize,
        of: usize,
        iterations: Vec<Iteration>,
    ) -> Result<Self, Error> {
        match mixtures {
            Ok((theta, phi, topic_tokens)) => Ok(Self {
                topics,
                theta,
                phi,
                topic_tokens,
                iterations,
            }),
            Err(Cancelled) => Err(Error::Cancelled {
                iterations: iterations.len().saturating_sub(1),
                of,
            }),
        }
    }

    /// The [`score`] of every pair of `corpus`, which the model was fitted to, in the order of
    /// [`Corpus::by_document`].
    pub fn pair_scores(&self, corpus: &Corpus, scores: &mut [f64]) {
        let rows = corpus.by_document();
        let mixes = self.theta.chunks_exact(self.topics);
        for (mix, bounds) in mixes.zip(rows.offsets().windows(2)) {
            let pairs = bounds[0]..bounds[1];
            let words = rows.columns()[pairs.clone()].iter();
            for (probability, &word) in scores[pairs].iter_mut().zip(words) {
                let word = &self.phi[word as usize * self.topics..][..self.topics];
                // Rounding may lead a little above certainty.
                *probability = score(mix, word).min(1.0);
            }
        }
    }

    /// The topic mix of a document, or `None` if the corpus has no such document.
    pub fn document(&self, document: usize) -> Option<&[f64]> {
        self.theta.chunks_exact(self.topics).nth(document)
    }

    /// A word's probability in each topic, or `None` if the corpus has no such word.
    pub fn word(&self, word: usize) -> Option<&[f64]> {
        self.phi.chunks_exact(self.topics).nth(word)
    }
}

/// `Σ_k p(k|d) p(w|k)`, the estimated probability of a word in a document; low is suspicious.
///
/// The sum is taken from the first topic to the last, one rounding at a time, so that its bits
/// are those of the reference vectors. Where the lengths differ the shorter one counts; an
/// empty row gives 0.
pub fn score(theta: &[f64], phi: &[f64]) -> f64 {
    theta
        .iter()
        .zip(phi)
        .fold(0.0, |sum, (mix, word)| sum + mix * word)
}
