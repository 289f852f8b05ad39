//! The steps of a training.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use super::batches::{Batch, Batches};
use super::concentration;
use super::documents::{Documents, LANES, Scratch, Setting, Sums};
use super::parameters::{Parameters, Unit};
use super::special::exp;
use super::topics::Topics;
use crate::compute::crew::{self, Cancelled, Crew, split_off};
use crate::compute::kernel::{self, Order};
use crate::compute::lanes::Group;
use crate::compute::ln::ln;
use crate::compute::matrix::{self, Matrix};
use crate::compute::pass;
use crate::compute::plan::{Plan, task_bounds};
use crate::model::{Iteration, Mixtures};
use crate::{Corpus, Error, Fitted, Rows};

/// Pairs a task of the documents' half has at least; a document weighs as much as a few pairs.
const SMALLEST_TASK: usize = 1024;
const DOCUMENT_WEIGHT: usize = 8;
/// Tasks of the documents' half at most, about.
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

/// A training under way.
struct Training<'a> {
    corpus: &'a Corpus,
    parameters: &'a Parameters,
    crew: Crew<'a>,
    began: Instant,
    /// The concentrations, padded with ones.
    alpha: Vec<f64>,
    topics: Topics,
    batches: Batches,
    steps: usize,
    /// Working memory: the batch's `y`, the logarithms of its rows' scales, its documents' gamma
    /// and `x`, and a place for every word.
    y: Matrix<f64>,
    scales: Vec<f64>,
    gamma: Matrix<f64>,
    x: Matrix<f64>,
    places: Vec<u32>,
}

impl<'a> Training<'a> {
    fn new(corpus: &'a Corpus, parameters: &'a Parameters, crew: Crew<'a>) -> Self {
        let topics = parameters.topics;
        let rows = corpus.by_word();
        let tokens: Vec<u64> = rows
            .offsets()
            .windows(2)
            .map(|bounds| {
                let counts = &rows.counts()[bounds[0]..bounds[1]];
                counts.iter().map(|&count| u64::from(count)).sum()
            })
            .collect();
        let mut alpha = vec![1.0; matrix::groups::<f64>(topics) * LANES];
        alpha[..topics].fill(parameters.first_alpha());
        let batches = Batches::new(corpus, parameters.fraction, parameters.seed);
        // Room for the largest batch, so that nothing grows.
        let largest = batches.documents().div_ceil(batches.a_pass);
        let rows = if batches.a_pass == 1 {
            corpus.documents()
        } else {
            largest
        };
        Self {
            corpus,
            parameters,
            crew,
            began: Instant::now(),
            alpha,
            topics: Topics::random(&tokens, topics, parameters.beta(), parameters.seed),
            batches,
            steps: 0,
            y: Matrix::zeros(corpus.words(), topics),
            scales: Vec::with_capacity(corpus.words()),
            gamma: Matrix::zeros(rows, topics),
            x: Matrix::zeros(rows, topics),
            places: vec![0; corpus.words()],
        }
    }

    fn run(
        mut self,
        known: &mut Vec<Iteration>,
        observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    ) -> Result<Mixtures, Cancelled> {
        let steps = match self.parameters.unit {
            Unit::Pass => self.batches.a_pass,
            Unit::Batch => 1,
        };
        let mut last = self.parameters.iterations;
        let mut number = 0;
        while number < last {
            number += 1;
            let log_prior = self.topics.log_prior(self.crew)?;
            let mut seen = Seen::default();
            for _ in 0..steps {
                self.step(&mut seen)?;
            }
            let entered = self.report(known.len(), &seen, log_prior);
            known.push(entered);
            if observer(&entered).is_break() {
                last = last.min(number + 1);
            }
        }
        self.fitted(known, observer)
    }

    /// One mini-batch.
    fn step(&mut self, seen: &mut Seen) -> Result<(), Cancelled> {
        let batch = self.batches.next(self.corpus, &mut self.places);
        let words = batch.words.as_deref();
        self.topics
            .weights(self.crew, words, &mut self.y, &mut self.scales)?;

        let rows = batch.by_document.len();
        let groups = self.gamma.groups;
        let zero = Group([0.0; LANES]);
        self.x.cells.resize(rows * groups, zero);
        self.gamma.cells.resize(rows * groups, zero);
        let setting = Setting {
            pairs: &batch.by_document,
            words: &self.y.cells,
            alpha: &self.alpha,
            topics: self.parameters.topics,
            cancel: self.crew.cancel,
        };
        let sums = documents(self.crew, setting, &mut self.gamma, &mut self.x)?;
        seen.add(&sums, &batch, &self.scales);

        let one = matrix::row(self.parameters.topics, |_| 1.0);
        let none = matrix::row(self.parameters.topics, |_| 0.0);
        let order = Order {
            pairs: &batch.by_word,
            others: &self.x.cells,
            scale: &one,
            prior: &none,
            topics: self.parameters.topics,
            tokens: None,
            pull: true,
        };
        let plan = Plan::new(batch.by_word.offsets());
        let counts = pass::pull(self.crew, &plan, order, &mut self.y)?.columns();
        // With all documents at hand there is no noise that smaller steps would average out.
        let rho = if batch.documents.is_none() {
            1.0
        } else {
            exp(-self.parameters.kappa * ln(self.parameters.tau0 + self.steps as f64))
        };
        self.steps += 1;
        // By documents, not by tokens: a batch with a giant among its documents would be taken for
        // the corpus as it is, as would every batch without one; this way the mean is right.
        let factor = self.batches.documents() as f64 / sums.documents;
        self.topics.step(words, &self.y, &counts, factor, rho);
        if self.parameters.optimize_alpha {
            let mut mean_logs = sums.log_mixes;
            mean_logs.truncate(self.parameters.topics);
            mean_logs.iter_mut().for_each(|sum| *sum /= sums.documents);
            let alpha = &mut self.alpha[..self.parameters.topics];
            concentration::improve(alpha, &mean_logs, rho);
        }
        Ok(())
    }

    /// What is known of an iteration's parameters, the batches that were seen standing for all.
    fn report(&self, number: usize, seen: &Seen, log_prior: f64) -> Iteration {
        let factor = self.corpus.tokens() as f64 / seen.tokens;
        Iteration {
            number,
            log_likelihood: seen.likelihood * factor,
            log_prior: seen.prior * factor + log_prior,
            seconds: self.began.elapsed().as_secs_f64(),
        }
    }

    /// A last visit to every document.
    fn fitted(
        mut self,
        known: &mut Vec<Iteration>,
        observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    ) -> Result<Mixtures, Cancelled> {
        self.x = Matrix::zeros(0, self.parameters.topics);
        self.gamma = Matrix::zeros(self.corpus.documents(), self.parameters.topics);
        let log_prior = self.topics.log_prior(self.crew)?;
        self.topics
            .weights(self.crew, None, &mut self.y, &mut self.scales)?;
        let setting = Setting {
            pairs: self.corpus.by_document(),
            words: &self.y.cells,
            alpha: &self.alpha,
            topics: self.parameters.topics,
            cancel: self.crew.cancel,
        };
        let sums = documents(self.crew, setting, &mut self.gamma, &mut self.x)?;
        let mut seen = Seen::default();
        seen.add(&sums, &Batch::all(self.corpus), &self.scales);
        let last = self.report(known.len(), &seen, log_prior);
        known.push(last);
        // Nothing is left to break off.
        let _ = observer(&last);
        self.y = Matrix::zeros(0, self.parameters.topics);
        let theta = self.gamma.unpadded(self.parameters.topics, |row| {
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|cell| *cell /= sum);
        });
        let mut topic_tokens = sums.tokens;
        topic_tokens.truncate(self.parameters.topics);
        Ok((theta, self.topics.means(), topic_tokens))
    }
}

/// What some batches add up to.
#[derive(Debug, Default)]
struct Seen {
    tokens: f64,
    likelihood: f64,
    prior: f64,
}

impl Seen {
    /// Adds a batch.
    fn add(&mut self, sums: &Sums, batch: &Batch<'_>, scales: &[f64]) {
        self.likelihood += sums.likelihood;
        self.prior += sums.prior;
        for (bounds, scale) in batch.by_word.offsets().windows(2).zip(scales) {
            let counts = &batch.by_word.counts()[bounds[0]..bounds[1]];
            let of_word: u64 = counts.iter().map(|&count| u64::from(count)).sum();
            self.tokens += of_word as f64;
            self.likelihood += of_word as f64 * scale;
        }
    }
}

/// Visits all documents of a batch. `x` has a row for each, or none.
fn documents(
    crew: Crew<'_>,
    setting: Setting<'_>,
    gamma: &mut Matrix<f64>,
    x: &mut Matrix<f64>,
) -> Result<Sums, Cancelled> {
    let groups = gamma.groups;
    let tasks = tasks(setting.pairs);
    let mut sums = vec![Sums::zeros(groups * LANES); tasks.len()];
    let (mut gamma, mut x) = (gamma.cells.as_mut_slice(), x.cells.as_mut_slice());
    let jobs = tasks.iter().zip(&mut sums).map(|(rows, sums)| {
        (
            rows.start,
            split_off(&mut gamma, rows.len() * groups),
            split_off(&mut x, rows.len() * groups),
            sums,
        )
    });
    let mut jobs: Vec<_> = jobs.collect();
    // The longest documents first: nobody waits for one at the end.
    jobs.sort_by_key(|(first, ..)| {
        let offsets = setting.pairs.offsets();
        std::cmp::Reverse(offsets[first + 1] - offsets[*first])
    });
    let longest = setting
        .pairs
        .offsets()
        .windows(2)
        .map(|bounds| bounds[1] - bounds[0])
        .max();
    crew::share(
        crew,
        jobs,
        || Scratch::new(groups, longest.unwrap_or(0)),
        |(first, gamma, x, sums), scratch| {
            crew.instructions.run(Documents {
                setting,
                first,
                gamma,
                x,
                sums,
                scratch,
            });
        },
    )?;
    let mut all = Sums::zeros(groups * LANES);
    sums.iter().for_each(|sums| all.add(sums));
    Ok(all)
}

/// Cuts documents into tasks: by the documents alone, never by the number of threads.
fn tasks(rows: &Rows) -> Vec<Range<usize>> {
    let offsets = rows.offsets();
    let weight = |row: usize| offsets[row] + DOCUMENT_WEIGHT * row;
    let size = (weight(rows.len()) / MOST_TASKS).max(SMALLEST_TASK);
    let mut tasks = Vec::new();
    let mut begin = 0;
    for row in 1..=rows.len() {
        let next_is_too_much = row == rows.len() || weight(row + 1) - weight(begin) > size;
        if next_is_too_much {
            tasks.push(begin..row);
            begin = row;
        }
    }
    tasks
}

/// See [`super::memory_bytes`].
pub(super) fn bytes(
    documents: usize,
    words: usize,
    pairs: usize,
    topics: usize,
    fraction: f64,
    threads: usize,
) -> usize {
    let groups = matrix::groups::<f64>(topics);
    let row = groups * size_of::<Group<f64>>();
    // Even batches are at most half as large again as was asked for.
    let batch = ((1.5 * fraction * documents as f64) as usize)
        .saturating_add(1)
        .min(documents);
    let of_documents = batch.saturating_mul(2).max(documents).saturating_mul(row);
    let of_words = words.saturating_mul(2 * row + 3 * size_of::<u64>());
    // Phi takes the place of y.
    let theta = documents.saturating_mul(topics * size_of::<f64>() + size_of::<u32>());
    let copied = if fraction < 1.0 {
        Corpus::predicted_bytes(batch, words, pairs).saturating_add(words.saturating_mul(12))
    } else {
        0
    };
    let (tasks, pieces) = task_bounds(pairs, words);
    let passes = pass::bytes::<f64>(tasks, pieces, groups);
    let scratch = Scratch::bytes(groups, words.min(pairs))
        .saturating_add(kernel::Scratch::<f64>::bytes(groups) + (16 << 10));
    of_documents
        .saturating_add(of_words)
        .saturating_add(theta)
        .saturating_add(copied)
        .saturating_add(passes)
        .saturating_add(threads.saturating_mul(scratch))
        .saturating_add(2 * MOST_TASKS * (2 * row + 256))
        .saturating_add(64 << 10)
}
