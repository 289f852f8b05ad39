//! Which documents a step sees: every pass takes all documents that have words, in an order
//! drawn from the seed, cut into batches of even size.

use std::borrow::Cow;

use crate::compute::random::hash;
use crate::{Corpus, Rows};

/// Deals out batches, pass after pass.
#[derive(Debug)]
pub(super) struct Batches {
    seed: u64,
    /// Documents that have words; within a pass in the pass's order.
    documents: Vec<u32>,
    /// How many batches a pass has.
    pub(super) a_pass: usize,
    dealt: usize,
}

/// Some documents with their words, renumbered.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    /// The documents' numbers in the corpus, in the batch's order; none: all of the corpus'.
    pub(super) documents: Option<&'a [u32]>,
    /// The words' numbers in the corpus, ascending; none: all of the corpus'.
    pub(super) words: Option<Vec<u32>>,
    /// The pairs by document.
    pub(super) by_document: Cow<'a, Rows>,
    /// The pairs by word.
    pub(super) by_word: Cow<'a, Rows>,
}

impl<'a> Batch<'a> {
    /// The whole corpus.
    pub(super) fn all(corpus: &'a Corpus) -> Self {
        Self {
            documents: None,
            words: None,
            by_document: Cow::Borrowed(corpus.by_document()),
            by_word: Cow::Borrowed(corpus.by_word()),
        }
    }
}

impl Batches {
    /// For batches of this share of the documents, at least one document each.
    pub(super) fn new(corpus: &Corpus, fraction: f64, seed: u64) -> Self {
        let offsets = corpus.by_document().offsets().windows(2);
        let documents: Vec<u32> = (0..)
            .zip(offsets)
            .filter(|(_, bounds)| bounds[0] < bounds[1])
            .map(|(document, _)| document)
            .collect();
        let size = (fraction * documents.len() as f64).round().max(1.0);
        let a_pass = (documents.len() as f64 / size).round().max(1.0) as usize;
        Self {
            seed: hash(seed ^ 0x0062_6174_6368_6573),
            documents,
            a_pass,
            dealt: 0,
        }
    }

    /// How many documents have words.
    pub(super) fn documents(&self) -> usize {
        self.documents.len()
    }

    /// The next batch. `places` is working memory, one entry a word of the corpus.
    pub(super) fn next<'a>(&'a mut self, corpus: &'a Corpus, places: &mut [u32]) -> Batch<'a> {
        if self.a_pass == 1 {
            return Batch::all(corpus);
        }
        let (pass, batch) = (self.dealt / self.a_pass, self.dealt % self.a_pass);
        self.dealt += 1;
        if batch == 0 {
            let stream = hash(self.seed ^ pass as u64);
            for place in (1..self.documents.len()).rev() {
                let bits = hash(stream.wrapping_add(place as u64));
                // The upper half of a product instead of a remainder: even enough, and quick.
                let other = (u128::from(bits) * (place as u128 + 1)) >> 64;
                self.documents.swap(place, other as usize);
            }
        }
        let bound = |batch: usize| {
            (batch as u128 * self.documents.len() as u128 / self.a_pass as u128) as usize
        };
        let documents = &self.documents[bound(batch)..bound(batch + 1)];
        select(corpus, documents, places)
    }
}

/// Puts together some documents' pairs. All `places` are 0 before and after.
fn select<'a>(corpus: &Corpus, documents: &'a [u32], places: &mut [u32]) -> Batch<'a> {
    let rows = corpus.by_document();
    let mut words = Vec::new();
    for &document in documents {
        let bounds = &rows.offsets()[document as usize..];
        for &word in &rows.columns()[bounds[0]..bounds[1]] {
            if places[word as usize] == 0 {
                places[word as usize] = 1;
                words.push(word);
            }
        }
    }
    words.sort_unstable();
    for (place, &word) in (0..).zip(&words) {
        places[word as usize] = place;
    }
    let by_document = rows.selected(documents, |word| places[word as usize]);
    let by_word = by_document.transposed(words.len());
    for &word in &words {
        places[word as usize] = 0;
    }
    Batch {
        documents: Some(documents),
        words: Some(words),
        by_document: Cow::Owned(by_document),
        by_word: Cow::Owned(by_word),
    }
}
