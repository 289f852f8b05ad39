//! Where a training starts: a random, independent, normalised mix of topics for every pair, or
//! counts given from outside.
//!
//! The random mix of a pair depends on the seed, the document's and the word's number, and on nothing else. It is
//! computed twice, once when the document gathers its pairs and once when the word does, instead of being stored (see
//! [`random`](crate::compute::random)).

use crate::compute::crew::{Cancelled, Crew};
use crate::compute::kernel::{self, Order, Scratch};
use crate::compute::lanes::{Group, Real};
use crate::compute::matrix::{self, Matrix};
use crate::compute::pass::{self, Job, Results};
use crate::compute::plan::Plan;
use crate::compute::random::{hash, numbers};
use crate::{Corpus, Error, Rows};

/// Counts to start from, in place of random ones: for example those of a reference run.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// `N_dk`, documents × topics, row after row: finite, not negative.
    pub documents: &'a [f64],
    /// `N_wk`, words × topics, row after row: finite, not negative. Its sum over the words
    /// should be that of `documents` over the documents.
    pub words: &'a [f64],
}

impl Start<'_> {
    /// Whether the counts fit the corpus.
    pub(crate) fn check(&self, corpus: &Corpus, topics: usize) -> Result<(), Error> {
        for (what, rows, counts) in [
            ("documents", corpus.documents(), self.documents),
            ("words", corpus.words(), self.words),
        ] {
            let problem = if counts.len() != rows * topics {
                format!(
                    "have {} counts; {rows} rows of {topics} topics need {}",
                    counts.len(),
                    rows * topics
                )
            } else if let Some(place) = counts
                .iter()
                .position(|count| !(count.is_finite() && *count >= 0.0))
            {
                format!(
                    "hold {} in row {}, topic {}; counts are finite and not negative",
                    counts[place],
                    place / topics,
                    place % topics
                )
            } else {
                continue;
            };
            return Err(Error::Start { what, problem });
        }
        Ok(())
    }
}

/// Fills a side with counts from outside, each plus `prior`; returns the column sums.
pub(crate) fn given<T: Real>(
    matrix: &mut Matrix<T>,
    topics: usize,
    counts: &[f64],
    prior: f64,
) -> Vec<f64> {
    let mut columns = vec![0.0; matrix.groups * T::LANES];
    for (row, counts) in matrix
        .cells
        .chunks_exact_mut(matrix.groups)
        .zip(counts.chunks_exact(topics))
    {
        for ((cell, count), sum) in matrix::lanes_mut(row).zip(counts).zip(&mut columns) {
            *cell = T::from_f64(count + prior);
            *sum += cell.to_f64();
        }
    }
    columns
}

/// Which number of a pair is the row's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Rows are documents, columns words.
    Documents,
    /// Rows are words, columns documents.
    Words,
}

/// A random start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Random<'a> {
    /// Which side is filled.
    pub(crate) side: Side,
    /// The seed, the same for both sides.
    pub(crate) seed: u64,
    /// Who draws.
    pub(crate) crew: Crew<'a>,
}

impl Random<'_> {
    /// Fills a side with the counts of a random mix for every pair, plus the order's prior.
    pub(crate) fn fill<T: Real>(
        self,
        plan: &Plan,
        order: Order<'_, T>,
        matrix: &mut Matrix<T>,
    ) -> Result<Results, Cancelled> {
        let groups = matrix.groups;
        let draw = Draw {
            seed: hash(self.seed),
            side: self.side,
            topics: order.topics,
            pairs: order.pairs,
        };
        let store = |row: &mut [Group<T>], sums: &[f64]| {
            let prior = matrix::lanes(order.prior);
            for ((cell, sum), prior) in matrix::lanes_mut(row).zip(sums).zip(prior) {
                *cell = T::from_f64(sum + prior.to_f64());
            }
        };
        let work = |job: Job<'_, T>, _: &mut Scratch<T>| match job {
            Job::Rows {
                first,
                own,
                columns,
                ..
            } => {
                let mut mix = vec![[0; 2]; order.topics.div_ceil(2)];
                let mut sums = vec![0.0; groups * T::LANES];
                for (row, own) in own.chunks_exact_mut(groups).enumerate() {
                    let bounds = &order.pairs.offsets()[first + row..];
                    sums.fill(0.0);
                    draw.gather(first + row, bounds[0]..bounds[1], &mut mix, &mut sums);
                    store(own, &sums);
                }
                kernel::add_columns(own, columns);
            }
            Job::Piece {
                row, pairs, sums, ..
            } => {
                draw.gather(
                    row,
                    pairs,
                    &mut vec![[0; 2]; order.topics.div_ceil(2)],
                    sums,
                );
            }
        };
        pass::for_each(
            self.crew,
            plan,
            matrix,
            self.side == Side::Words,
            work,
            store,
        )
    }
}

/// Draws the mixes of one side.
struct Draw<'a> {
    seed: u64,
    side: Side,
    topics: usize,
    pairs: &'a Rows,
}

impl Draw<'_> {
    /// Adds the weighted mixes of some pairs of a row. `mix` is working memory.
    fn gather(
        &self,
        row: usize,
        pairs: std::ops::Range<usize>,
        mix: &mut [[i32; 2]],
        sums: &mut [f64],
    ) {
        let (columns, counts) = (self.pairs.columns(), self.pairs.counts());
        for (&column, &count) in columns[pairs.clone()].iter().zip(&counts[pairs]) {
            let (document, word) = match self.side {
                Side::Documents => (row as u64, u64::from(column)),
                Side::Words => (u64::from(column), row as u64),
            };
            numbers(self.seed, document, word, mix);
            // A number u of 31 bits stands for (2 u + 1) / 2^32, and the division cancels. The
            // sum of whole numbers is exact and need not wait for itself.
            let mix = &mix.as_flattened()[..self.topics];
            let total: i64 = mix.iter().map(|&u| i64::from(u)).sum();
            let weight = f64::from(count) / (2 * total + self.topics as i64) as f64;
            for (sum, &u) in sums.iter_mut().zip(mix) {
                *sum += weight * (2.0 * f64::from(u) + 1.0);
            }
        }
    }
}
