//! The words' half of a step: what new mixes change in the counts of some words.

use std::ops::Range;

use crate::Rows;
use crate::compute::lanes::{Kernel, Lanes};

/// Brings some words' counts up to date.
pub(super) struct Update<'a> {
    /// The corpus by document.
    pub(super) pairs: &'a Rows,
    /// The documents whose mixes are new.
    pub(super) documents: Range<usize>,
    /// The words to look after.
    pub(super) words: Range<usize>,
    /// `N_wk` of these words.
    pub(super) counts: &'a mut [f64],
    /// The mixes of the documents' pairs, row after row.
    pub(super) new: &'a [f32],
    /// The same, as they were.
    pub(super) old: &'a [f32],
    /// How wide a row is.
    pub(super) width: usize,
}

impl Kernel<f64> for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn call<L: Lanes<f64>>(self, _: L) {
        let (offsets, width) = (self.pairs.offsets(), self.width);
        let (columns, counts) = (self.pairs.columns(), self.pairs.counts());
        let first_pair = offsets[self.documents.start];
        for document in self.documents {
            let pairs = offsets[document]..offsets[document + 1];
            let before = |word: &u32| (*word as usize) < self.words.start;
            let first = pairs.start + columns[pairs.clone()].partition_point(before);
            for pair in first..pairs.end {
                let word = columns[pair] as usize;
                if word >= self.words.end {
                    break;
                }
                let count = f64::from(counts[pair]);
                let at = (pair - first_pair) * width;
                let sums = &mut self.counts[(word - self.words.start) * width..][..width];
                let (new, old) = (&self.new[at..][..width], &self.old[at..][..width]);
                for ((sum, new), old) in sums.iter_mut().zip(new).zip(old) {
                    *sum += count * (f64::from(*new) - f64::from(*old));
                }
            }
        }
    }
}
