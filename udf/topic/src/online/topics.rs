//! The words' half of a step: lambda, the posterior of every topic's word distribution.
//!
//! A step of size `rho` is `lambda <- (1 - rho) lambda + rho (beta + counts)`. It is kept as
//! `lambda = beta + scale · cells`: the `beta` in it stays the same by itself and the factor `1 - rho` is one number's
//! business. So a mini-batch touches the rows of its own words and no others.

use super::documents::LANES;
use super::special::{digamma, exp, ln_gamma};
use crate::compute::crew::{self, Cancelled, Crew, split_off};
use crate::compute::lanes::{Group, Kernel, Lanes};
use crate::compute::matrix::Matrix;
use crate::compute::random::hash;

/// Words whose rows make one task.
const TASK: usize = 512;
/// Where `scale` is multiplied into the cells: far from the smallest float.
const SMALLEST_SCALE: f64 = 1e-60;

/// Lambda.
#[derive(Debug)]
pub(super) struct Topics {
    topics: usize,
    beta: f64,
    scale: f64,
    cells: Matrix<f64>,
    /// `Σ_w scale · cells_wk`, then padding.
    totals: Vec<f64>,
}

impl Topics {
    /// A random start: the words' frequencies, the same for every topic but for noise. (Hoffman
    /// et al. start with about one token for every word and topic, frequent or not: on a large
    /// vocabulary that outweighs the corpus, and small steps are long in forgetting it.)
    pub(super) fn random(tokens: &[u64], topics: usize, beta: f64, seed: u64) -> Self {
        let mut cells = Matrix::<f64>::zeros(tokens.len(), topics);
        let groups = cells.groups;
        let mut totals = vec![0.0; groups * LANES];
        let seed = hash(seed ^ 0x746F_7069_6373);
        for (word, (row, tokens)) in cells.cells.chunks_exact_mut(groups).zip(tokens).enumerate() {
            let stream = hash(seed ^ word as u64);
            let share = *tokens as f64 / topics as f64;
            for topic in 0..topics {
                let bits = hash(stream.wrapping_add(topic as u64 + 1));
                let noise = 0.5 + (bits >> 11) as f64 / (1u64 << 53) as f64;
                row[topic / LANES].0[topic % LANES] = share * noise;
                totals[topic] += share * noise;
            }
        }
        Self {
            topics,
            beta,
            scale: 1.0,
            cells,
            totals,
        }
    }

    /// How many words there are.
    pub(super) fn words(&self) -> usize {
        self.cells.cells.len() / self.cells.groups
    }

    /// `Σ_w lambda_wk`.
    fn totals(&self) -> impl Iterator<Item = f64> {
        let prior = self.words() as f64 * self.beta;
        self.totals[..self.topics]
            .iter()
            .map(move |total| total + prior)
    }

    /// Makes `y = exp E[ln phi]` of these words (all, if none are named), every row scaled so
    /// that its largest entry is 1, and the logarithm of each row's scale.
    pub(super) fn weights(
        &self,
        crew: Crew<'_>,
        words: Option<&[u32]>,
        y: &mut Matrix<f64>,
        scales: &mut Vec<f64>,
    ) -> Result<(), Cancelled> {
        let rows = words.map_or(self.words(), <[u32]>::len);
        let groups = self.cells.groups;
        let zero = Group([0.0; LANES]);
        y.groups = groups;
        y.cells.resize(rows * groups, zero);
        scales.resize(rows, 0.0);
        let of_totals: Vec<f64> = self.totals().map(digamma).collect();
        let (mut cells, mut rest) = (y.cells.as_mut_slice(), scales.as_mut_slice());
        let jobs = (0..rows).step_by(TASK).map(|first| Weights {
            topics: self,
            of_totals: &of_totals,
            words: words.map(|words| &words[first..]),
            first,
            y: split_off(&mut cells, TASK * groups),
            scales: split_off(&mut rest, TASK),
        });
        crew::share(
            crew,
            jobs.collect(),
            || (),
            |job, ()| {
                crew.instructions.run(job);
            },
        )
    }

    /// One step. `counts` are the batch's `Σ_d n phi` for each of its words, times `factor` the
    /// corpus'; `sums` their column sums.
    pub(super) fn step(
        &mut self,
        words: Option<&[u32]>,
        counts: &Matrix<f64>,
        sums: &[f64],
        factor: f64,
        rho: f64,
    ) {
        let kept = 1.0 - rho;
        self.scale *= kept;
        if self.scale < SMALLEST_SCALE {
            // Also a whole step: 0 wipes out all that was.
            for group in &mut self.cells.cells {
                group.0.iter_mut().for_each(|cell| *cell *= self.scale);
            }
            self.scale = 1.0;
        }
        for (total, sum) in self.totals.iter_mut().zip(sums) {
            *total = kept * *total + rho * factor * sum;
        }
        let groups = self.cells.groups;
        let share = rho * factor / self.scale;
        for (row, counts) in counts.cells.chunks_exact(groups).enumerate() {
            let word = words.map_or(row, |words| words[row] as usize);
            let cells = &mut self.cells.cells[word * groups..][..groups];
            for (cells, counts) in cells.iter_mut().zip(counts) {
                for (cell, count) in cells.0.iter_mut().zip(counts.0) {
                    *cell += share * count;
                }
            }
        }
    }

    /// `-KL(q(phi) | p(phi))`, summed over the topics.
    pub(super) fn log_prior(&self, crew: Crew<'_>) -> Result<f64, Cancelled> {
        let mut sums = vec![0.0; self.words().div_ceil(TASK)];
        let of_totals: Vec<f64> = self.totals().map(digamma).collect();
        let jobs = sums.iter_mut().enumerate().map(|(task, sum)| Divergence {
            topics: self,
            of_totals: &of_totals,
            first: task * TASK,
            sum,
        });
        crew::share(
            crew,
            jobs.collect(),
            || (),
            |job, ()| {
                crew.instructions.run(job);
            },
        )?;
        let words = self.words() as f64;
        let of_totals: f64 = self.totals().map(ln_gamma).sum();
        let of_prior = ln_gamma(words * self.beta) - words * ln_gamma(self.beta);
        Ok(sums.iter().sum::<f64>() + self.topics as f64 * of_prior - of_totals)
    }

    /// The means: `lambda_wk / Σ_w lambda_wk`. The sums are taken anew: those that were carried
    /// from step to step are a rounding away.
    pub(super) fn means(&self) -> Vec<f64> {
        let mut means = self.cells.unpadded(self.topics, |row| {
            let lambda = |cell: f64| self.beta + self.scale * cell;
            row.iter_mut().for_each(|cell| *cell = lambda(*cell));
        });
        let mut totals = vec![0.0; self.topics];
        for row in means.chunks_exact(self.topics) {
            let pairs = totals.iter_mut().zip(row);
            pairs.for_each(|(total, cell)| *total += cell);
        }
        for row in means.chunks_exact_mut(self.topics) {
            let pairs = row.iter_mut().zip(&totals);
            pairs.for_each(|(cell, total)| *cell /= total);
        }
        means
    }
}

/// A task of [`Topics::weights`].
struct Weights<'a> {
    topics: &'a Topics,
    of_totals: &'a [f64],
    words: Option<&'a [u32]>,
    first: usize,
    y: &'a mut [Group<f64>],
    scales: &'a mut [f64],
}

impl Kernel<f64> for Weights<'_> {
    type Output = ();

    #[inline(always)]
    fn call<L: Lanes<f64>>(self, _: L) {
        let Topics {
            topics,
            beta,
            scale,
            cells,
            ..
        } = self.topics;
        let groups = cells.groups;
        let mut logs = vec![0.0; groups * LANES];
        for (row, (y, row_scale)) in self
            .y
            .chunks_exact_mut(groups)
            .zip(self.scales.iter_mut())
            .enumerate()
        {
            let word = self
                .words
                .map_or(self.first + row, |words| words[row] as usize);
            let cells = &cells.cells[word * groups..][..groups];
            for (logs, cells) in logs.as_chunks_mut::<LANES>().0.iter_mut().zip(cells) {
                for (log, cell) in logs.iter_mut().zip(cells.0) {
                    *log = beta + scale * cell;
                }
            }
            for log in &mut logs {
                *log = digamma(*log);
            }
            for (log, of_total) in logs.iter_mut().zip(self.of_totals) {
                *log -= of_total;
            }
            let top = logs[..*topics]
                .iter()
                .fold(f64::MIN, |top, one| top.max(*one));
            for log in &mut logs {
                *log = exp(*log - top);
            }
            logs[*topics..].fill(0.0);
            for (y, logs) in y.iter_mut().zip(logs.as_chunks().0) {
                y.0 = *logs;
            }
            *row_scale = top;
        }
    }
}

/// A task of [`Topics::log_prior`].
struct Divergence<'a> {
    topics: &'a Topics,
    of_totals: &'a [f64],
    first: usize,
    sum: &'a mut f64,
}

impl Kernel<f64> for Divergence<'_> {
    type Output = ();

    #[inline(always)]
    fn call<L: Lanes<f64>>(self, _: L) {
        let Topics {
            topics,
            beta,
            scale,
            cells,
            ..
        } = self.topics;
        let groups = cells.groups;
        let mut terms = vec![0.0; groups * LANES];
        let mut of_totals = vec![0.0; groups * LANES];
        of_totals[..*topics].copy_from_slice(self.of_totals);
        let last = (self.first + TASK).min(self.topics.words());
        for cells in cells.cells[self.first * groups..last * groups].chunks_exact(groups) {
            for (terms, cells) in terms.as_chunks_mut::<LANES>().0.iter_mut().zip(cells) {
                for (term, cell) in terms.iter_mut().zip(cells.0) {
                    *term = beta + scale * cell;
                }
            }
            for (term, of_total) in terms.iter_mut().zip(&of_totals) {
                let lambda = *term;
                *term = ln_gamma(lambda) - (lambda - beta) * (digamma(lambda) - of_total);
            }
            *self.sum += terms[..*topics].iter().sum::<f64>();
        }
    }
}
