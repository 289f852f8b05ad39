//! Where a training starts: a random, independent, normalised mix of topics for every pair, or
//! counts given from outside.
//!
//! The random mix of a pair depends on the seed, the document's and the word's number, and on nothing else. It is
//! computed twice, once when the document gathers its pairs and once when the word does, instead of being stored. The
//! generator is SplitMix64 (Steele, Lea and Flood 2014) used as a hash: the pair picks the stream, the topic the place
//! in it. Each 64-bit number gives two uniform numbers in (0, 1), of 31 bits each: a start needs variety, not
//! precision. Whole-number arithmetic throughout, so the start is the same on every platform.

use super::kernel::{Order, Scratch};
use super::lanes::{Group, Real};
use super::matrix::{self, Matrix};
use super::pass::{self, Cancelled, Crew, Job, Results};
use super::plan::Plan;
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
                super::kernel::add_columns(own, columns);
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

/// Fills `mix` with the numbers of a pair, 0 to 2^31 - 1, two from each hash.
pub(crate) fn numbers(seed: u64, document: u64, word: u64, mix: &mut [[i32; 2]]) {
    let stream = hash(seed ^ hash(document << 32 | word));
    for (place, two) in (1..).zip(mix) {
        let bits = hash(stream.wrapping_add(GOLDEN.wrapping_mul(place)));
        *two = [(bits >> 33) as i32, (bits as u32 >> 1) as i32];
    }
}

/// 2^64 divided by the golden ratio: SplitMix64's step.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64's output function: every bit of the input reaches every bit of the output.
pub(crate) fn hash(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn the_numbers_of_different_pairs_are_uniform_and_independent() {
        let mut mixes = [[[0; 2]; 10]; 2];
        let (mut sum, mut product, mut count) = (0.0, 0.0, 0.0);
        for document in 0..100 {
            for word in 0..100 {
                numbers(1, document, word, &mut mixes[0]);
                numbers(1, document, word + 1, &mut mixes[1]);
                let [one, other] = &mixes;
                for (one, other) in one.as_flattened().iter().zip(other.as_flattened()) {
                    let unit = |u: i32| f64::from(u) / f64::from(1u32 << 31);
                    sum += unit(*one);
                    product += (unit(*one) - 0.5) * (unit(*other) - 0.5);
                    count += 1.0;
                }
            }
        }
        // Three standard errors of the mean, and of the covariance.
        assert!((sum / count - 0.5).abs() < 3.0 * (1.0 / 12.0f64 / count).sqrt());
        assert!((product / count).abs() < 3.0 / 12.0 / f64::sqrt(count));
    }
}
