//! The steps of a training.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use super::Parameters;
use super::update::Update;
use super::visit::{LANES, Purpose, Setting, Sums, Visit};
use crate::compute::crew::{self, Cancelled, Crew, split_off};
use crate::compute::random::hash;
use crate::model::{Iteration, Mixtures};
use crate::{Corpus, Error, Fitted, Rows};

/// Steps an iteration has: after each the words' counts are brought up to date. One would do;
/// eight save about a third of the iterations, and more hardly any.
const STEPS: usize = 8;
/// Pairs and documents a task has at least.
const SMALLEST_TASK: usize = 1024;
/// Tasks a step has at most, about.
const MOST_TASKS: usize = 256;

/// Trains a model. The parameters are valid.
pub(super) fn train(
    corpus: &Corpus,
    parameters: &Parameters,
    observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    crew: Crew<'_>,
) -> Result<Fitted, Error> {
    let mut iterations = Vec::new();
    let mixtures = Training::new(corpus, parameters, crew).run(&mut iterations, observer);
    Fitted::complete(
        mixtures,
        parameters.topics,
        parameters.iterations,
        iterations,
    )
}

/// Mixes that are copied at a time.
const COPIED: usize = 1 << 18;

/// A training under way. All rows are padded to whole lanes.
struct Training<'a> {
    corpus: &'a Corpus,
    parameters: &'a Parameters,
    crew: Crew<'a>,
    began: Instant,
    width: usize,
    alpha: Vec<f64>,
    /// The documents of each step.
    blocks: Vec<Range<usize>>,
    /// The mixes of all pairs.
    mixes: Vec<f32>,
    /// Where the new mixes of a block are made.
    fresh: Vec<f32>,
    /// `N_dk`, `N_wk`, `N_k`.
    documents: Vec<f64>,
    words: Vec<f64>,
    totals: Vec<f64>,
}

impl<'a> Training<'a> {
    fn new(corpus: &'a Corpus, parameters: &'a Parameters, crew: Crew<'a>) -> Self {
        let width = parameters.topics.next_multiple_of(LANES);
        let mut alpha = vec![0.0; width];
        alpha[..parameters.topics].fill(parameters.alpha);
        let rows = corpus.by_document();
        let weight = rows.offsets()[rows.len()] + rows.len();
        let all = 0..rows.len();
        let blocks = cut(rows, all, weight.div_ceil(STEPS));
        let lengths = blocks.iter().map(|block| pairs(rows, block).len() * width);
        let longest = lengths.max().unwrap_or(0);
        Self {
            corpus,
            parameters,
            crew,
            began: Instant::now(),
            width,
            alpha,
            blocks,
            mixes: vec![0.0; corpus.pairs() * width],
            fresh: vec![0.0; longest],
            documents: vec![0.0; corpus.documents() * width],
            words: vec![0.0; corpus.words() * width],
            totals: vec![0.0; width],
        }
    }

    fn run(
        mut self,
        known: &mut Vec<Iteration>,
        observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    ) -> Result<Mixtures, Cancelled> {
        let seed = hash(self.parameters.seed);
        self.sweep(Purpose::Start { seed })?;
        let mut last = self.parameters.iterations;
        let mut number = 0;
        while number <= last {
            let purpose = if number < last {
                Purpose::Update
            } else {
                Purpose::Judge
            };
            let entered = Iteration {
                number,
                log_likelihood: self.sweep(purpose)?,
                log_prior: 0.0,
                seconds: self.began.elapsed().as_secs_f64(),
            };
            known.push(entered);
            number += 1;
            if observer(&entered).is_break() {
                last = last.min(number + 1);
            }
        }
        Ok(self.fitted())
    }

    /// Visits all documents, block after block; returns the likelihood of what was met.
    fn sweep(&mut self, purpose: Purpose) -> Result<f64, Cancelled> {
        let mut log_likelihood = 0.0;
        for block in 0..self.blocks.len() {
            log_likelihood += self.visit(block, purpose)?;
            if purpose != Purpose::Judge {
                self.update(block)?;
                self.keep(block)?;
            }
        }
        Ok(log_likelihood)
    }

    /// The documents' half of a step.
    fn visit(&mut self, block: usize, purpose: Purpose) -> Result<f64, Cancelled> {
        let Self { width, .. } = *self;
        let rows = self.corpus.by_document();
        let documents = &self.blocks[block];
        let mixes = &self.mixes[self.mixes_of(block)];
        let setting = Setting {
            purpose,
            pairs: rows,
            words: &self.words,
            totals: &self.totals,
            alpha: &self.alpha,
            beta: self.parameters.beta,
            beta_total: self.parameters.beta * self.corpus.words() as f64,
            topics: self.parameters.topics,
        };
        let weight = pairs(rows, documents).len() + documents.len();
        let size = (weight / MOST_TASKS).max(SMALLEST_TASK);
        let tasks = cut(rows, documents.clone(), size);
        let none = Sums {
            totals: vec![0.0; width],
            log_likelihood: 0.0,
        };
        let mut sums = vec![none; tasks.len()];
        let all = documents.start * width..documents.end * width;
        let mut counts = &mut self.documents[all];
        let (mut new, mut old) = (self.fresh.as_mut_slice(), mixes);
        let mut jobs: Vec<_> = tasks
            .iter()
            .zip(&mut sums)
            .map(|(task, sums)| {
                let length = pairs(rows, task).len() * width;
                let (first, rest) = old.split_at(length);
                old = rest;
                let counts = split_off(&mut counts, task.len() * width);
                (task.start, counts, first, split_off(&mut new, length), sums)
            })
            .collect();
        // The longest documents first: nobody waits for one at the end.
        jobs.sort_by_key(|(_, _, old, ..)| std::cmp::Reverse(old.len()));
        let crew = self.crew;
        crew::share(
            crew,
            jobs,
            Vec::new,
            |(first, documents, old, new, sums), scratch| {
                crew.instructions.run(Visit {
                    setting,
                    first,
                    documents,
                    old,
                    new,
                    sums,
                    scratch,
                });
            },
        )?;
        let mut log_likelihood = 0.0;
        for sums in &sums {
            log_likelihood += sums.log_likelihood;
            for (total, change) in self.totals.iter_mut().zip(&sums.totals) {
                *total += change;
            }
        }
        Ok(log_likelihood)
    }

    /// The words' half of a step: every thread goes through all of the block's documents and
    /// looks after some of the words. A word's changes are added in the documents' order,
    /// whoever does it: how many share the words is not seen in the bits.
    fn update(&mut self, block: usize) -> Result<(), Cancelled> {
        let Self { width, crew, .. } = *self;
        let documents = &self.blocks[block];
        let mixes = &self.mixes[self.mixes_of(block)];
        let (rows, fresh) = (self.corpus.by_document(), &self.fresh);
        let all = pairs(rows, documents);
        let parts = if all.len() < SMALLEST_TASK {
            1
        } else {
            crew.threads
        };
        let of_words = self.corpus.by_word().offsets();
        let bound = |part: usize| {
            let pairs = self.corpus.pairs() as u128 * part as u128 / parts as u128;
            of_words.partition_point(|offset| *offset < pairs as usize)
        };
        let mut counts = self.words.as_mut_slice();
        let jobs = (0..parts).map(|part| {
            let begin = if part == 0 { 0 } else { bound(part) };
            let end = if part + 1 == parts {
                self.corpus.words()
            } else {
                bound(part + 1)
            };
            let words = begin..end.max(begin);
            let counts = split_off(&mut counts, words.len() * width);
            (words, counts)
        });
        crew::share(
            crew,
            jobs.collect(),
            || (),
            |(words, counts), ()| {
                crew.instructions.run(Update {
                    pairs: rows,
                    documents: documents.clone(),
                    words,
                    counts,
                    new: fresh,
                    old: mixes,
                    width,
                });
            },
        )
    }

    /// Where a block's mixes are.
    fn mixes_of(&self, block: usize) -> Range<usize> {
        let pairs = pairs(self.corpus.by_document(), &self.blocks[block]);
        pairs.start * self.width..pairs.end * self.width
    }

    /// Puts a block's new mixes in the place of the old ones.
    fn keep(&mut self, block: usize) -> Result<(), Cancelled> {
        let place = self.mixes_of(block);
        let old = self.mixes[place].chunks_mut(COPIED);
        let jobs = old.zip(self.fresh.chunks(COPIED));
        crew::share(
            self.crew,
            jobs.collect(),
            || (),
            |(old, new), ()| old.copy_from_slice(&new[..old.len()]),
        )
    }

    /// Turns the counts into mixtures.
    fn fitted(self) -> Mixtures {
        let topics = self.parameters.topics;
        let plain = |counts: &[f64]| -> Vec<f64> {
            let mut plain = Vec::with_capacity(counts.len() / self.width * topics);
            for row in counts.chunks_exact(self.width) {
                // Sums of changes: rounding may have left less than nothing.
                plain.extend(row[..topics].iter().map(|count| count.max(0.0)));
            }
            plain
        };
        drop((self.mixes, self.fresh));
        let mut theta = plain(&self.documents);
        drop(self.documents);
        for row in theta.chunks_exact_mut(topics) {
            let sum: f64 = row.iter().sum();
            let uniform = 1.0 / topics as f64;
            row.iter_mut()
                .for_each(|cell| *cell = if sum > 0.0 { *cell / sum } else { uniform });
        }
        let mut phi = plain(&self.words);
        let mut totals = vec![0.0; topics];
        for row in phi.chunks_exact(topics) {
            totals
                .iter_mut()
                .zip(row)
                .for_each(|(total, cell)| *total += cell);
        }
        for row in phi.chunks_exact_mut(topics) {
            for (cell, total) in row.iter_mut().zip(&totals) {
                *cell = if *total > 0.0 { *cell / total } else { 0.0 };
            }
        }
        (theta, phi, totals)
    }
}

/// See [`super::memory_bytes`].
pub(super) fn bytes(
    documents: usize,
    words: usize,
    pairs: usize,
    topics: usize,
    threads: usize,
) -> usize {
    let width = topics.next_multiple_of(LANES);
    let rows = documents.saturating_add(words);
    let counts = rows.saturating_mul(width * size_of::<f64>());
    // A block has an eighth of the pairs and documents and at most one document more.
    let block = (pairs.saturating_add(documents) / STEPS).saturating_add(words.min(pairs));
    let mixes = pairs.saturating_add(block.min(pairs));
    let iterating = mixes.saturating_mul(width * size_of::<f32>());
    let result = rows.saturating_mul(topics * size_of::<f64>());
    let tasks = 2 * MOST_TASKS * (width * size_of::<f64>() + 256);
    counts
        .saturating_add(iterating.max(result))
        .saturating_add(tasks)
        .saturating_add(threads * (2 * width * size_of::<f64>() + (16 << 10)))
        .saturating_add(64 << 10)
}

/// The pairs of some rows.
fn pairs(rows: &Rows, documents: &Range<usize>) -> Range<usize> {
    rows.offsets()[documents.start]..rows.offsets()[documents.end]
}

/// Cuts documents into parts of about this size: by the corpus alone, never by the number of
/// threads. A long document is a part of its own.
fn cut(rows: &Rows, documents: Range<usize>, size: usize) -> Vec<Range<usize>> {
    let weight = |row: usize| rows.offsets()[row] + row;
    let mut parts = Vec::new();
    let mut begin = documents.start;
    for row in documents.start + 1..=documents.end {
        if row == documents.end || weight(row + 1) - weight(begin) > size {
            parts.push(begin..row);
            begin = row;
        }
    }
    parts
}
