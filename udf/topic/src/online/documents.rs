//! The documents' half of a step: the posterior topic mix of each document, given the topics.
//!
//! With `x_k = exp E[ln theta_k]` and `y_wk = exp E[ln phi_wk]` a document repeats
//!
//! ```text
//! z_w = Σ_k x_k y_wk        gamma_k = alpha_k + x_k Σ_w (n_w / z_w) y_wk
//! ```
//!
//! until gamma stays (Hoffman, Blei and Bach 2010, the inner loop of algorithm 2). That is the pull of [`crate::em`],
//! whose innermost loops it uses. Every visit begins at an even mix. Beginning where the last visit ended takes half
//! the time, but a document that early topics drew to one corner then never leaves it (in trials the held-out
//! perplexity was up to 30 % higher). What a visit comes to depends on the topics alone, so no document is remembered.
//!
//! Rows of `x` and `y` are scaled so that their largest entry is 1: `gamma` does not notice,
//! and nothing underflows, however small the concentrations are.

use std::sync::atomic::{AtomicBool, Ordering};

use super::special::{digamma, exp, ln_gamma};
use crate::Rows;
use crate::compute::kernel::SEGMENT;
use crate::compute::lanes::{Group, Kernel, Lanes};
use crate::compute::ln::ln;
use crate::compute::pull::{Any, Fixed, Pull};

/// Lanes of a group.
pub(super) const LANES: usize = 4;

/// When a document's mix is settled: a round moves less than this share of its mass.
const SETTLED: f64 = 1e-3;
/// Rounds a visit has at most (as in Spark MLlib; most need ten to thirty).
const MOST_ROUNDS: usize = 100;

/// What is the same for all documents of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    /// The documents' pairs.
    pub(super) pairs: &'a Rows,
    /// `y`, a row for each of the words that `pairs` names.
    pub(super) words: &'a [Group<f64>],
    /// The concentrations, padded with ones.
    pub(super) alpha: &'a [f64],
    /// How many topics there are, padding not counted.
    pub(super) topics: usize,
    /// Looked at between rounds: a single document may take long.
    pub(super) cancel: &'a AtomicBool,
}

/// What some documents add up to.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    /// The documents' part of the bound, but for the scale of the words' rows.
    pub(super) likelihood: f64,
    /// `- KL(q(theta) | p(theta))`.
    pub(super) prior: f64,
    /// Documents that have words.
    pub(super) documents: f64,
    /// `Σ_d E[ln theta_dk]` over these.
    pub(super) log_mixes: Vec<f64>,
    /// `Σ_d (gamma_dk - alpha_k)`: the tokens of each topic.
    pub(super) tokens: Vec<f64>,
}

impl Sums {
    /// Nothing, for so many lanes.
    pub(super) fn zeros(lanes: usize) -> Self {
        Self {
            log_mixes: vec![0.0; lanes],
            tokens: vec![0.0; lanes],
            ..Self::default()
        }
    }

    /// Adds another part's sums.
    pub(super) fn add(&mut self, other: &Self) {
        self.likelihood += other.likelihood;
        self.prior += other.prior;
        self.documents += other.documents;
        let pairs = self.log_mixes.iter_mut().zip(&other.log_mixes);
        pairs.for_each(|(sum, part)| *sum += part);
        let pairs = self.tokens.iter_mut().zip(&other.tokens);
        pairs.for_each(|(sum, part)| *sum += part);
    }
}

/// A thread's working memory.
#[derive(Debug)]
pub(super) struct Scratch {
    /// `x`, as the pull wants it.
    x: Vec<Group<f64>>,
    sum: Vec<Group<f64>>,
    gamma: Vec<f64>,
    before: Vec<f64>,
    digammas: Vec<f64>,
    /// `z` of every pair of the document at hand.
    z: Vec<f64>,
}

impl Scratch {
    /// For rows of so many groups and documents of so many pairs.
    pub(super) fn new(groups: usize, pairs: usize) -> Self {
        Self {
            x: vec![Group([0.0; LANES]); groups],
            sum: vec![Group([0.0; LANES]); groups],
            gamma: vec![0.0; groups * LANES],
            before: vec![0.0; groups * LANES],
            digammas: vec![0.0; groups * LANES],
            z: vec![0.0; pairs],
        }
    }

    /// How many bytes one takes.
    pub(super) fn bytes(groups: usize, pairs: usize) -> usize {
        (groups * LANES * 5).saturating_add(pairs).saturating_mul(8)
    }
}

/// Finds the mixes of some documents.
pub(super) struct Documents<'a> {
    /// What is the same for all.
    pub(super) setting: Setting<'a>,
    /// The first document's row in `setting.pairs`.
    pub(super) first: usize,
    /// Where gamma goes, row after row.
    pub(super) gamma: &'a mut [Group<f64>],
    /// For the words' half: `x` of the resulting gamma, row after row; empty if nobody needs it.
    pub(super) x: &'a mut [Group<f64>],
    /// What the documents add up to.
    pub(super) sums: &'a mut Sums,
    /// Working memory.
    pub(super) scratch: &'a mut Scratch,
}

impl Kernel<f64> for Documents<'_> {
    type Output = ();

    #[inline(always)]
    fn call<L: Lanes<f64>>(self, lanes: L) {
        let words = self.setting.words;
        match self.scratch.x.len() {
            1 => self.rows(lanes, &Fixed::<f64, 1>(words.as_chunks().0)),
            2 => self.rows(lanes, &Fixed::<f64, 2>(words.as_chunks().0)),
            3 => self.rows(lanes, &Fixed::<f64, 3>(words.as_chunks().0)),
            4 => self.rows(lanes, &Fixed::<f64, 4>(words.as_chunks().0)),
            5 => self.rows(lanes, &Fixed::<f64, 5>(words.as_chunks().0)),
            _ => self.rows(lanes, &Any(words)),
        }
    }
}

impl Documents<'_> {
    #[inline(always)]
    fn rows<L: Lanes<f64>, P: Pull<f64>>(self, lanes: L, words: &P) {
        let Self {
            setting,
            first,
            gamma,
            x,
            sums,
            scratch,
        } = self;
        let groups = scratch.x.len();
        let topics = setting.topics;
        let alpha_total: f64 = setting.alpha[..topics].iter().sum();
        let of_alpha = ln_gamma(alpha_total)
            - setting.alpha[..topics]
                .iter()
                .map(|one| ln_gamma(*one))
                .sum::<f64>();
        let mut x = x.chunks_exact_mut(groups);
        for (row, gamma) in gamma.chunks_exact_mut(groups).enumerate() {
            let offsets = &setting.pairs.offsets()[first + row..];
            let pairs = offsets[0]..offsets[1];
            let counts = &setting.pairs.counts()[pairs.clone()];
            let columns = &setting.pairs.columns()[pairs];
            let tokens = counts.iter().map(|&count| u64::from(count)).sum::<u64>() as f64;
            for (gamma, alpha) in scratch.gamma.iter_mut().zip(setting.alpha) {
                *gamma = alpha + tokens / topics as f64;
            }
            let total = alpha_total + tokens;
            let mut top = 0.0;
            // A document without words is settled at once: its gamma is alpha.
            for _ in 0..MOST_ROUNDS {
                top = scratch.weigh(topics);
                let change = scratch.round(lanes, words, setting.alpha, columns, counts);
                if change <= SETTLED * total || setting.cancel.load(Ordering::Relaxed) {
                    break;
                }
            }
            for (cells, new) in gamma.iter_mut().zip(scratch.gamma.as_chunks().0) {
                cells.0 = *new;
            }

            // The bound at the mix of the last round's pairs and the new gamma: its terms with
            // E[ln theta] cancel but for what the pairs' mix was made from.
            let mut likelihood = tokens * top;
            // Loops of their own become vectors; a sum in one fixed order does not.
            scratch.z[..counts.len()]
                .iter_mut()
                .for_each(|z| *z = ln(*z));
            for (count, z) in counts.iter().zip(&scratch.z) {
                likelihood += f64::from(*count) * z;
            }
            for (ln_gamma_of, gamma) in scratch.before.iter_mut().zip(&scratch.gamma) {
                *ln_gamma_of = ln_gamma(*gamma);
            }
            let mut prior = of_alpha - ln_gamma(total);
            for topic in 0..topics {
                let explained = scratch.gamma[topic] - setting.alpha[topic];
                sums.tokens[topic] += explained;
                likelihood -= explained * scratch.digammas[topic];
                prior += scratch.before[topic];
            }
            if tokens == 0.0 {
                // x weighs nothing in the words' half, which never reads it.
                x.next();
                continue;
            }
            sums.likelihood += likelihood;
            sums.prior += prior;
            sums.documents += 1.0;
            scratch.weigh(topics);
            if let Some(x) = x.next() {
                x.copy_from_slice(&scratch.x);
            }
            let of_total = digamma(total);
            for (sum, digamma) in sums.log_mixes.iter_mut().zip(&scratch.digammas) {
                *sum += digamma - of_total;
            }
        }
    }
}

impl Scratch {
    /// Makes `x` from gamma; returns the largest digamma, by which it is scaled.
    #[inline(always)]
    fn weigh(&mut self, topics: usize) -> f64 {
        for (digamma_of, gamma) in self.digammas.iter_mut().zip(&self.gamma) {
            *digamma_of = digamma(*gamma);
        }
        let top = self.digammas[..topics]
            .iter()
            .fold(f64::MIN, |top, one| top.max(*one));
        // Padding gets a weight, too: it meets only zeros.
        self.before.copy_from_slice(&self.gamma);
        for (gamma, digamma) in self.gamma.iter_mut().zip(&self.digammas) {
            *gamma = exp(digamma - top);
        }
        for (x, weights) in self.x.iter_mut().zip(self.gamma.as_chunks().0) {
            x.0 = *weights;
        }
        top
    }

    /// One round: the new gamma; returns `Σ_k |new - old|`.
    #[inline(always)]
    fn round<L: Lanes<f64>, P: Pull<f64>>(
        &mut self,
        lanes: L,
        words: &P,
        alpha: &[f64],
        columns: &[u32],
        counts: &[u32],
    ) -> f64 {
        self.gamma.copy_from_slice(alpha);
        for ((columns, counts), z) in columns
            .chunks(SEGMENT)
            .zip(counts.chunks(SEGMENT))
            .zip(self.z.chunks_mut(SEGMENT))
        {
            let z = &mut z[..columns.len()];
            words.pull(lanes, &self.x, columns, counts, &mut self.sum, z);
            for ((gamma, x), sum) in self
                .gamma
                .as_chunks_mut::<LANES>()
                .0
                .iter_mut()
                .zip(&self.x)
                .zip(&self.sum)
            {
                for ((gamma, x), sum) in gamma.iter_mut().zip(x.0).zip(sum.0) {
                    *gamma += x * sum;
                }
            }
        }
        let mut change = [0.0; LANES];
        for (new, old) in self
            .gamma
            .as_chunks::<LANES>()
            .0
            .iter()
            .zip(self.before.as_chunks::<LANES>().0)
        {
            for lane in 0..LANES {
                change[lane] += (new[lane] - old[lane]).abs();
            }
        }
        (change[0] + change[2]) + (change[1] + change[3])
    }
}
