//! The documents' half of a step: a new mix of topics for every pair of some documents.

use crate::Rows;
use crate::compute::lanes::{Kernel, Lanes};
use crate::compute::ln::ln;
use crate::compute::random::numbers;

/// Lanes that are summed apart: a fixed order that the compiler can make vectors of.
pub(super) const LANES: usize = 4;

/// What is to become of the mixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Draw them; there were none.
    Start {
        /// The seed, hashed.
        seed: u64,
    },
    /// Estimate them anew.
    Update,
    /// Leave them, and find out how likely the pairs are.
    Judge,
}

/// What is the same for all documents of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    /// What to do.
    pub(super) purpose: Purpose,
    /// The corpus by document.
    pub(super) pairs: &'a Rows,
    /// `N_wk` as it was when the step began, in rows of padded width.
    pub(super) words: &'a [f64],
    /// `N_k`, the same.
    pub(super) totals: &'a [f64],
    /// The document concentration in every lane, 0 in the padding.
    pub(super) alpha: &'a [f64],
    /// The topic concentration.
    pub(super) beta: f64,
    /// `V beta`.
    pub(super) beta_total: f64,
    /// How many topics there are, padding not counted.
    pub(super) topics: usize,
}

/// What a task adds up to.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    /// The change of `N_k`.
    pub(super) totals: Vec<f64>,
    /// `Σ n ln p(w|d)`, each token's own share left out.
    pub(super) log_likelihood: f64,
}

/// Visits some documents.
pub(super) struct Visit<'a> {
    /// What is the same for all.
    pub(super) setting: Setting<'a>,
    /// The first document.
    pub(super) first: usize,
    /// `N_dk` of the documents: changed as their pairs are.
    pub(super) documents: &'a mut [f64],
    /// The mixes of their pairs, row after row.
    pub(super) old: &'a [f32],
    /// Where the new mixes go.
    pub(super) new: &'a mut [f32],
    /// What the task adds up to.
    pub(super) sums: &'a mut Sums,
    /// Working memory, as wide as a row.
    pub(super) scratch: &'a mut Vec<f64>,
}

impl Kernel<f64> for Visit<'_> {
    type Output = ();

    #[inline(always)]
    fn call<L: Lanes<f64>>(self, _: L) {
        let Self {
            setting,
            first,
            documents,
            old,
            new,
            sums,
            scratch,
        } = self;
        let width = setting.alpha.len();
        scratch.resize(width, 0.0);
        let mut draws = vec![[0; 2]; setting.topics.div_ceil(2)];
        let mut mixes = old.chunks_exact(width).zip(new.chunks_exact_mut(width));
        for (row, document) in documents.chunks_exact_mut(width).enumerate() {
            let offsets = &setting.pairs.offsets()[first + row..];
            let pairs = offsets[0]..offsets[1];
            let columns = &setting.pairs.columns()[pairs.clone()];
            let counts = &setting.pairs.counts()[pairs];
            let tokens = counts.iter().map(|&count| u64::from(count)).sum::<u64>() as f64;
            for (total, count) in sums.totals.iter_mut().zip(document.iter()) {
                *total -= count;
            }
            let mut log_likelihood = 0.0;
            for ((&word, &count), (old, new)) in columns.iter().zip(counts).zip(&mut mixes) {
                let count = f64::from(count);
                if let Purpose::Start { seed } = setting.purpose {
                    numbers(seed, (first + row) as u64, u64::from(word), &mut draws);
                    draw(&draws, setting.topics, new);
                } else {
                    let counts = &setting.words[word as usize * width..][..width];
                    let sum = setting.weigh(document, counts, old, scratch);
                    log_likelihood += count * ln(sum);
                    if setting.purpose == Purpose::Judge {
                        continue;
                    }
                    let share = 1.0 / sum;
                    for (new, weight) in new.iter_mut().zip(scratch.iter()) {
                        *new = (weight * share) as f32;
                    }
                }
                for ((document, new), old) in document.iter_mut().zip(new.iter()).zip(old) {
                    *document += count * (f64::from(*new) - f64::from(*old));
                }
            }
            if tokens > 0.0 && !matches!(setting.purpose, Purpose::Start { .. }) {
                let mass = tokens - 1.0 + setting.alpha.iter().sum::<f64>();
                sums.log_likelihood += log_likelihood - tokens * ln(mass);
            }
            for (total, count) in sums.totals.iter_mut().zip(document.iter()) {
                *total += count;
            }
        }
    }
}

impl Setting<'_> {
    /// Fills `weights` with a pair's unnormalised new mix; returns its sum.
    #[inline(always)]
    fn weigh(&self, document: &[f64], word: &[f64], old: &[f32], weights: &mut [f64]) -> f64 {
        // Counts are sums of changes: rounding may leave one a hair below the token's share.
        let rest = |count: f64, own: f64| {
            let rest = count - own;
            if rest > 0.0 { rest } else { 0.0 }
        };
        // One plain loop: the compiler makes vectors of it.
        let width = weights.len();
        let (document, word, old) = (&document[..width], &word[..width], &old[..width]);
        let (totals, alpha) = (&self.totals[..width], &self.alpha[..width]);
        for lane in 0..width {
            let own = f64::from(old[lane]);
            weights[lane] = (rest(document[lane], own) + alpha[lane])
                * (rest(word[lane], own) + self.beta)
                / (rest(totals[lane], own) + self.beta_total);
        }
        let mut sums = [0.0; LANES];
        for weights in weights.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                sums[lane] += weights[lane];
            }
        }
        (sums[0] + sums[2]) + (sums[1] + sums[3])
    }
}

/// Fills a mix with random shares. The same numbers as those of `em`.
fn draw(draws: &[[i32; 2]], topics: usize, mix: &mut [f32]) {
    let draws = &draws.as_flattened()[..topics];
    let total: i64 = draws.iter().map(|&u| i64::from(u)).sum();
    let scale = 1.0 / (2 * total + topics as i64) as f64;
    for (share, &u) in mix.iter_mut().zip(draws) {
        *share = (scale * (2.0 * f64::from(u) + 1.0)) as f32;
    }
}
