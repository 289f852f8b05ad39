//! One run of a training: counts its streams, fits the model, judges the pairs.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as Memory};

use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, Gauge, MetricBuilder};
use futures::StreamExt;
use spotql_topic::leave_one_out::{LeaveOneOut, Weights};
use spotql_topic::{Corpus, Fitted, em};
use spotql_values::interner::Strings;

use crate::lda::fitting::Fitting;
use crate::lda::fold::{Common, fold};
use crate::lda::judged::{Judged, Pair, fields, weight};
use crate::lda::model::{Model, Records};
use crate::lda::pairs::joined;
use crate::lda::settings::{Rule, Settings};
use crate::lda::tally::{Counts, Rows, Tally};
use crate::relation::Error;

/// One run of a training.
pub(super) struct Training {
    pub(super) settings: Settings,
    pub(super) width: usize,
    pub(super) rows: Rows,
    pub(super) judges: bool,
    pub(super) threads: usize,
    pub(super) metrics: Metrics,
    pub(super) context: Arc<TaskContext>,
}

/// A stream being counted.
type Counting = SpawnedTask<Result<(Tally, MemoryReservation)>>;

/// A model and the memory it is accounted with.
pub(super) struct Trained {
    pub(super) model: Model,
    _memory: MemoryReservation,
}

impl Training {
    /// Trains on streams of records and, where the flag is set, of feedback.
    pub(super) async fn run(
        self,
        streams: Vec<(bool, SendableRecordBatchStream)>,
    ) -> Result<Trained> {
        let trained_at = chrono::Utc::now();
        let tallies: Vec<(bool, Counting)> = streams
            .into_iter()
            .enumerate()
            .map(|(partition, (feedback, stream))| {
                let memory = MemoryConsumer::new(format!("lda_train counts[{partition}]"))
                    .register(self.context.memory_pool());
                let times = feedback.then_some(self.settings.dupfactor);
                let tally = Tally::new(self.width, self.rows, times);
                (feedback, SpawnedTask::spawn(count(stream, tally, memory)))
            })
            .collect();
        let mut counted = Vec::with_capacity(tallies.len());
        let mut memory = Vec::with_capacity(tallies.len());
        let mut records = Records::default();
        for (feedback, tally) in tallies {
            let (tally, reserved) = tally
                .await
                .map_err(|error| DataFusionError::External(Box::new(error)))??;
            let (read, used) = tally.records();
            if feedback {
                records.feedback += used;
            } else {
                records.read += read;
                records.used += used;
            }
            counted.push(tally);
            memory.push(reserved);
        }
        // Feedback alone is no day: a wrong date must not look like a quiet one.
        if records.used == 0 {
            return Err(self.nothing(records.read).into());
        }

        let stop = StopOnDrop::default();
        let stopped = Arc::clone(&stop.0);
        let reservation =
            MemoryConsumer::new("lda_train model").register(self.context.memory_pool());
        let fitting = SpawnedTask::spawn_blocking(move || {
            // Renumbering holds the pairs twice for a moment.
            let tallied: usize = counted.iter().map(Tally::memory_bytes).sum();
            reserve(&reservation, tallied)?;
            let counts = Tally::combine(counted)?;
            drop(memory);
            self.fit(counts, (records, trained_at), reservation, &stopped)
        });
        let trained = fitting
            .await
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        drop(stop);
        trained
    }

    fn nothing(self, records: u64) -> Error {
        let advice = match records {
            0 => self.settings.advice_on_none,
            _ => self.settings.advice,
        };
        Error::NothingToTrainOn {
            records,
            recipe: self.settings.recipe,
            advice,
        }
    }

    fn fit(
        self,
        counts: Counts,
        (records, trained_at): (Records, chrono::DateTime<chrono::Utc>),
        reservation: MemoryReservation,
        stopped: &AtomicBool,
    ) -> Result<Trained> {
        let (counts, common) = match self.settings.folds {
            true => fold(counts, self.width)?,
            false => (counts, Common::default()),
        };
        let Counts {
            documents,
            words,
            pairs,
            feedback,
        } = counts;
        // Every count may be 0.
        if pairs.is_empty() && feedback.is_empty() {
            return Err(self.nothing(records.read).into());
        }
        let method = self.settings.method(self.threads);
        let rule = self.settings.rule;
        let (d, w, p) = (
            documents.len(),
            words.len(),
            joined(&pairs, &feedback).count(),
        );
        let judging = if self.judges {
            // What is kept, and its parts while pairs are judged.
            Judged::predicted_bytes(d, p) + p * (2 * size_of::<u32>() + size_of::<f64>())
        } else {
            0
        };
        // The corpus is complete before the training begins, and the pairs are gone by then.
        let corpus_bytes = Corpus::building_bytes(d, w, p).max(Corpus::predicted_bytes(d, w, p));
        reserve(
            &reservation,
            method.memory_bytes(d, w, p)
                + corpus_bytes
                + judging
                + size_of_val(pairs.as_slice())
                + size_of_val(feedback.as_slice())
                + documents.memory_bytes()
                + words.memory_bytes()
                // Totals of documents and words.
                + size_of::<f64>() * (d + w),
        )?;

        let mut document_totals = vec![0.0; d];
        let mut word_totals = vec![0.0; w];
        for pair in joined(&pairs, &feedback) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "counts beyond 2^53 do not occur"
            )]
            let count = pair.input.saturating_add(pair.feedback) as f64;
            document_totals[pair.document as usize] += count;
            word_totals[pair.word as usize] += count;
        }
        self.metrics.documents.set(documents.len());
        self.metrics.words.set(words.len());
        self.metrics.pairs.set(p);
        self.metrics
            .records
            .add(usize::try_from(records.read).unwrap_or(usize::MAX));
        self.metrics
            .unusable
            .add(usize::try_from(records.read - records.used).unwrap_or(usize::MAX));

        let weighed =
            joined(&pairs, &feedback).map(|pair| (pair.document, pair.word, weight(rule, pair).1));
        let corpus = Corpus::from_pairs(d, w, Known(weighed, p)).map_err(Error::from)?;
        let (times, own): (Vec<u32>, Vec<u32>) = if self.judges {
            let saturated = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
            joined(&pairs, &feedback)
                .map(|pair| (saturated(pair.input), saturated(weight(rule, pair).0)))
                .unzip()
        } else {
            Default::default()
        };
        drop(pairs);
        drop(feedback);
        let mut train = |method: &Fitting| -> Result<Fitted> {
            let observer = &mut |iteration: &em::Iteration| {
                log::debug!(
                    "lda_train: iteration {}, log-likelihood {:.6e}",
                    iteration.number,
                    iteration.log_likelihood
                );
                ControlFlow::Continue(())
            };
            Ok(method
                .train(&corpus, observer, stopped)
                .map_err(Error::from)?)
        };
        let fitted = train(&method)?;
        let judged = if self.judges {
            let probabilities = self.judge(&corpus, &words, &own, &fitted, &mut train)?;
            drop(own);
            let rows = corpus.by_document();
            let known = rows.columns().iter().zip(times).zip(probabilities);
            Some(Judged {
                offsets: rows.offsets().to_vec(),
                pairs: known
                    .map(|((&word, times), probability)| Pair {
                        word,
                        times,
                        probability,
                    })
                    .collect(),
            })
        } else {
            None
        };
        let tokens = corpus.tokens();
        drop(corpus);
        let model = Model {
            settings: self.settings,
            documents,
            words,
            document_totals,
            word_totals,
            fitted,
            tokens,
            judged,
            common,
            records,
            trained_at,
        };
        Ok(Trained {
            model,
            _memory: reservation,
        })
    }

    /// The probability of every pair of the corpus, by the model and, where several are asked for,
    /// by those of other starts.
    fn judge(
        &self,
        corpus: &Corpus,
        words: &Strings,
        own: &[u32],
        fitted: &Fitted,
        train: &mut dyn FnMut(&Fitting) -> Result<Fitted>,
    ) -> Result<Vec<f64>> {
        let mut probabilities = vec![0.0; own.len()];
        if self.settings.rule == Rule::Spot {
            fitted.pair_scores(corpus, &mut probabilities);
            return Ok(probabilities);
        }
        let fields = fields(words)?;
        let judge = LeaveOneOut::new(corpus, own, &fields, Weights::default());
        judge.add_probabilities(fitted, &mut probabilities);
        for restart in 1..self.settings.restarts {
            let fitted = train(&self.settings.restarted(restart, self.threads))?;
            judge.add_probabilities(&fitted, &mut probabilities);
        }
        let models = self.settings.restarts as f64;
        probabilities.iter_mut().for_each(|p| *p /= models);
        Ok(probabilities)
    }
}

async fn count(
    mut input: SendableRecordBatchStream,
    mut tally: Tally,
    memory: MemoryReservation,
) -> Result<(Tally, MemoryReservation)> {
    while let Some(batch) = input.next().await {
        tally.add(&batch?)?;
        reserve(&memory, tally.memory_bytes())?;
    }
    Ok((tally, memory))
}

/// An iterator that knows its length: a corpus reserves its room at once.
struct Known<I>(I, usize);

impl<I: Iterator> Iterator for Known<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.1, Some(self.1))
    }
}

/// Takes the memory from the query's pool, or says what to do.
pub(in crate::lda) fn reserve(reservation: &MemoryReservation, bytes: usize) -> Result<()> {
    reservation.try_resize(bytes).map_err(|error| {
        error.context(format!(
            "a topic model of this input needs {} MiB at this stage and does not fit the memory \
             limit; raise the limit (--memory), use precision => 'single', fewer topics, or fewer \
             records",
            bytes.div_ceil(1 << 20)
        ))
    })
}

/// Tells the blocking thread to stop when nobody waits for its result any more.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Memory::Relaxed);
    }
}

/// What EXPLAIN ANALYZE shows of a training.
pub(super) struct Metrics {
    documents: Gauge,
    words: Gauge,
    pairs: Gauge,
    records: Count,
    unusable: Count,
}

impl Metrics {
    pub(super) fn new(set: &ExecutionPlanMetricsSet) -> Self {
        Self {
            documents: MetricBuilder::new(set).global_gauge("documents"),
            words: MetricBuilder::new(set).global_gauge("words"),
            pairs: MetricBuilder::new(set).global_gauge("pairs"),
            records: MetricBuilder::new(set).global_counter("records"),
            unusable: MetricBuilder::new(set).global_counter("records_unusable"),
        }
    }
}
