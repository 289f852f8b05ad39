//! The iterations of a training, for either precision.

use std::f64::consts::LN_2;
use std::ops::ControlFlow;
use std::time::Instant;

use super::start::{self, Random, Side, Start};
use super::{Iteration, Parameters};
use crate::compute::crew::{Cancelled, Crew};
use crate::compute::kernel::Order;
use crate::compute::lanes::{Group, Real};
use crate::compute::ln::ln;
use crate::compute::logs::Logs;
use crate::compute::matrix::{self, Matrix};
use crate::compute::pass;
use crate::compute::plan::Plan;
use crate::model::Mixtures;
use crate::{Corpus, Error, Fitted};

/// Trains a model. The parameters and the start are valid.
pub(super) fn train<T: Real>(
    corpus: &Corpus,
    parameters: &Parameters,
    start: Option<&Start<'_>>,
    observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    crew: Crew<'_>,
) -> Result<Fitted, Error> {
    let mut iterations = Vec::new();
    let mut training = Training::<T>::new(corpus, parameters, crew);
    let done = match start {
        Some(start) => {
            training.given(start);
            Ok(())
        }
        None => training.random(parameters.seed),
    };
    let mixtures = done
        .and_then(|()| training.iterate(parameters.iterations, &mut iterations, observer))
        .and_then(|()| training.fitted(&mut iterations, observer));
    Fitted::complete(
        mixtures,
        parameters.topics,
        parameters.iterations,
        iterations,
    )
}

/// What stays the same from iteration to iteration.
struct Setting<'a> {
    corpus: &'a Corpus,
    crew: Crew<'a>,
    topics: usize,
    alpha: f64,
    beta: f64,
    began: Instant,
    document_plan: Plan,
    word_plan: Plan,
    /// How many tokens each document has.
    document_tokens: Vec<f64>,
}

/// A training under way.
struct Training<'a, T: Real> {
    setting: Setting<'a>,
    /// `b_dk = N_dk + alpha - 1`.
    documents: Matrix<T>,
    /// `a_wk = N_wk + beta - 1`.
    words: Matrix<T>,
    /// The smaller of the two as it was before its pass: the other side pulls from it.
    before: Matrix<T>,
    /// `Σ_w a_wk`, topic by topic, then padding.
    totals: Vec<f64>,
}

impl<'a, T: Real> Training<'a, T> {
    fn new(corpus: &'a Corpus, parameters: &Parameters, crew: Crew<'a>) -> Self {
        let topics = parameters.topics;
        let by_document = corpus.by_document();
        let document_tokens = by_document
            .offsets()
            .windows(2)
            .map(|bounds| {
                let counts = &by_document.counts()[bounds[0]..bounds[1]];
                counts.iter().map(|&count| u64::from(count)).sum::<u64>() as f64
            })
            .collect();
        Self {
            setting: Setting {
                corpus,
                crew,
                topics,
                alpha: parameters.alpha,
                beta: parameters.beta,
                began: Instant::now(),
                document_plan: Plan::new(by_document.offsets()),
                word_plan: Plan::new(corpus.by_word().offsets()),
                document_tokens,
            },
            documents: Matrix::zeros(corpus.documents(), topics),
            words: Matrix::zeros(corpus.words(), topics),
            before: Matrix::zeros(0, topics),
            totals: Vec::new(),
        }
    }

    fn given(&mut self, start: &Start<'_>) {
        let Setting {
            topics,
            alpha,
            beta,
            ..
        } = self.setting;
        start::given(&mut self.documents, topics, start.documents, alpha - 1.0);
        self.totals = start::given(&mut self.words, topics, start.words, beta - 1.0);
    }

    fn random(&mut self, seed: u64) -> Result<(), Cancelled> {
        let setting = &self.setting;
        let scale = setting.row(|_| 1.0);
        let prior = setting.row(|_| setting.alpha - 1.0);
        let draw = Random {
            side: Side::Documents,
            seed,
            crew: setting.crew,
        };
        let order = setting.documents_order(&[], &scale, &prior);
        draw.fill(&setting.document_plan, order, &mut self.documents)?;
        let prior = setting.row(|_| setting.beta - 1.0);
        let draw = Random {
            side: Side::Words,
            ..draw
        };
        let order = setting.words_order(&[], &scale, &prior);
        self.totals = draw
            .fill(&setting.word_plan, order, &mut self.words)?
            .columns();
        Ok(())
    }

    /// Makes all iterations. The last one leaves the counts without the priors, so that counts
    /// far below the priors keep all their digits.
    fn iterate(
        &mut self,
        iterations: usize,
        known: &mut Vec<Iteration>,
        observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    ) -> Result<(), Cancelled> {
        let mut last = iterations;
        let mut number = 0;
        while number < last {
            number += 1;
            let entered = Iteration {
                number: known.len(),
                ..self.iteration(number == last)?
            };
            known.push(entered);
            if observer(&entered).is_break() {
                last = last.min(number + 1);
            }
        }
        Ok(())
    }

    /// Makes an iteration; returns what is known of the parameters that entered it.
    fn iteration(&mut self, last: bool) -> Result<Iteration, Cancelled> {
        let setting = &self.setting;
        let scale = setting.scale(&self.totals);
        let prior = |concentration: f64| if last { 0.0 } else { concentration - 1.0 };
        let (alpha, beta) = (
            setting.row(|_| prior(setting.alpha)),
            setting.row(|_| prior(setting.beta)),
        );
        let over_documents = |documents: &mut Matrix<T>, words: &Matrix<T>| {
            let order = setting.documents_order(&words.cells, &scale, &alpha);
            pass::pull(setting.crew, &setting.document_plan, order, documents)
        };
        let over_words = |words: &mut Matrix<T>, documents: &Matrix<T>| {
            let order = setting.words_order(&documents.cells, &scale, &beta);
            pass::pull(setting.crew, &setting.word_plan, order, words)
        };
        // Both passes read what entered the iteration: the first one's side is kept.
        let (of_documents, of_words) = if setting.corpus.documents() <= setting.corpus.words() {
            self.before.copy_from(&self.documents);
            let of_documents = over_documents(&mut self.documents, &self.words)?;
            (of_documents, over_words(&mut self.words, &self.before)?)
        } else {
            self.before.copy_from(&self.words);
            let of_words = over_words(&mut self.words, &self.documents)?;
            (over_documents(&mut self.documents, &self.before)?, of_words)
        };
        let entered = setting.report(&of_documents.logs(), &of_words.logs(), &self.totals);
        self.totals = of_words.columns();
        Ok(entered)
    }

    /// Turns the counts (without priors) into mixtures, and finds out how likely they are.
    fn fitted(
        mut self,
        known: &mut Vec<Iteration>,
        observer: &mut dyn FnMut(&Iteration) -> ControlFlow<()>,
    ) -> Result<Mixtures, Cancelled> {
        let setting = &self.setting;
        drop(self.before);
        let topic_tokens = self.totals[..setting.topics].to_vec();
        let theta = self.documents.unpadded(setting.topics, |row| {
            let sum: f64 = row.iter().sum();
            let uniform = 1.0 / row.len() as f64;
            row.iter_mut()
                .for_each(|cell| *cell = if sum > 0.0 { *cell / sum } else { uniform });
        });
        let phi = self.words.unpadded(setting.topics, |row| {
            for (cell, total) in row.iter_mut().zip(&topic_tokens) {
                *cell = if *total > 0.0 { *cell / total } else { 0.0 };
            }
        });

        let (alpha, beta) = (
            setting.row(|_| setting.alpha - 1.0),
            setting.row(|_| setting.beta - 1.0),
        );
        self.documents.add_to_rows(&alpha);
        self.words.add_to_rows(&beta);
        let smoothing = setting.corpus.words() as f64 * (setting.beta - 1.0);
        self.totals[..setting.topics]
            .iter_mut()
            .for_each(|total| *total += smoothing);
        let scale = setting.scale(&self.totals);
        let order = setting.documents_order(&self.words.cells, &scale, &alpha);
        let of_documents = pass::pull(
            setting.crew,
            &setting.document_plan,
            order,
            &mut self.documents,
        )?;
        let order = Order {
            pull: false,
            ..setting.words_order(&[], &scale, &beta)
        };
        let of_words = pass::pull(setting.crew, &setting.word_plan, order, &mut self.words)?;
        let report = setting.report(&of_documents.logs(), &of_words.logs(), &self.totals);
        let last = Iteration {
            number: known.len(),
            ..report
        };
        known.push(last);
        // Nothing is left to break off.
        let _ = observer(&last);
        Ok((theta, phi, topic_tokens))
    }
}

impl Setting<'_> {
    /// A padded row.
    fn row<T: Real>(&self, value: impl Fn(usize) -> f64) -> Vec<Group<T>> {
        matrix::row(self.topics, value)
    }

    /// `1 / Σ_w a_wk` times a power of two as large as the corpus: the products stay in the
    /// middle of an `f32`'s range, and a power of two does not round.
    fn scale<T: Real>(&self, totals: &[f64]) -> Vec<Group<T>> {
        let magnitude = self.magnitude() as f64;
        self.row(|topic| magnitude / totals[topic])
    }

    fn magnitude(&self) -> u64 {
        self.corpus.tokens().next_power_of_two()
    }

    fn documents_order<'b, T: Real>(
        &'b self,
        others: &'b [Group<T>],
        scale: &'b [Group<T>],
        prior: &'b [Group<T>],
    ) -> Order<'b, T> {
        let pairs = self.corpus.by_document();
        let tokens = Some(self.document_tokens.as_slice());
        Order {
            pairs,
            others,
            scale,
            prior,
            topics: self.topics,
            tokens,
            pull: true,
        }
    }

    fn words_order<'b, T: Real>(
        &'b self,
        others: &'b [Group<T>],
        scale: &'b [Group<T>],
        prior: &'b [Group<T>],
    ) -> Order<'b, T> {
        let pairs = self.corpus.by_word();
        Order {
            pairs,
            others,
            scale,
            prior,
            topics: self.topics,
            tokens: None,
            pull: true,
        }
    }

    /// Puts the sums of logarithms together. `totals` are those that entered the pass.
    fn report(&self, of_documents: &Logs, of_words: &Logs, totals: &[f64]) -> Iteration {
        let magnitude = f64::from(self.magnitude().trailing_zeros()) * LN_2;
        let log_likelihood =
            of_documents.pairs - self.corpus.tokens() as f64 * magnitude - of_documents.tokens;
        let theta = of_documents.cells - self.topics as f64 * of_documents.rows;
        let totals: f64 = totals[..self.topics].iter().map(|total| ln(*total)).sum();
        let phi = of_words.cells - self.corpus.words() as f64 * totals;
        Iteration {
            number: 0,
            log_likelihood,
            log_prior: (self.alpha - 1.0) * theta + (self.beta - 1.0) * phi,
            seconds: self.began.elapsed().as_secs_f64(),
        }
    }
}
