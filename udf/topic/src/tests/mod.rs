//! The topic models against reference runs, and what must hold for every corpus.

mod corpus;
mod golden;
mod heldout;
mod steering;
mod training;
mod variational;

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use super::em::{self, Parameters};
use super::{Corpus, Error, Fitted};

/// Numbers without a pattern, the same in every run.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        // Knuth's MMIX congruence; the upper half is good enough to make corpora.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }

    /// Small numbers often, large ones seldom.
    fn skewed(&mut self, limit: usize) -> usize {
        let within = self.below(limit) + 1;
        self.below(within)
    }
}

/// A corpus with heavy-tailed documents and words, one document that has every word, one word
/// that every document has, and a document and a word with nothing.
pub(super) fn uneven(documents: usize, words: usize, pairs: usize, seed: u64) -> Corpus {
    let mut numbers = Numbers(seed);
    let mut triples: Vec<(u32, u32, u64)> = (0..pairs)
        .map(|_| {
            let (document, word) = (numbers.skewed(documents), numbers.skewed(words));
            (document as u32, word as u32, 1 + numbers.skewed(9) as u64)
        })
        .collect();
    triples.extend((0..words as u32).map(|word| (2, word, 1)));
    triples.extend((0..documents as u32).map(|document| (document, 3, 2)));
    Corpus::from_pairs(documents + 1, words + 1, triples).unwrap()
}

/// Trains to the end.
pub(super) fn train(corpus: &Corpus, parameters: &Parameters) -> Result<Fitted, Error> {
    let observer = &mut |_: &em::Iteration| ControlFlow::Continue(());
    em::train(corpus, parameters, observer, &AtomicBool::new(false))
}

/// Everything but the time, as bits.
pub(super) fn bits(fitted: &Fitted) -> Vec<u64> {
    let reports = fitted
        .iterations
        .iter()
        .flat_map(|one| [one.log_likelihood, one.log_prior]);
    let mixtures = fitted
        .theta
        .iter()
        .chain(&fitted.phi)
        .chain(&fitted.topic_tokens);
    mixtures.copied().chain(reports).map(f64::to_bits).collect()
}
