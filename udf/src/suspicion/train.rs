//! `lda_train`: the plan node that fits a model to its input and returns it as rows.
//!
//! The input has the columns described in [`super::tally`]; so has the feedback, if there is any,
//! each of whose records counts many times. All partitions are counted at the
//! same time; the fitting itself runs on as many threads as the session has target partitions, and
//! the result does not depend on that number. Memory for counts and fitting is taken from the
//! query's memory pool before it is used. Dropping the stream stops the work.

use std::cmp::Ordering;
use std::fmt;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as Memory};

use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DFSchemaRef, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{
    Count, ExecutionPlanMetricsSet, Gauge, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
};
use futures::{StreamExt, TryStreamExt};

use super::error::Error;
use super::fold::{Common, fold};
use super::judged::{Judged, fields, weight};
use super::model::{Model, Records, SCHEMA};
use super::pairs::joined;
use super::settings::{Rule, Settings};
use super::tally::{Counts, Tally};
use crate::topic::leave_one_out::{LeaveOneOut, Weights};
use crate::topic::{Corpus, em};

/// The logical node of `lda_train`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Train {
    pub(crate) input: LogicalPlan,
    /// Records that an analyst has rated harmless.
    pub(crate) feedback: Option<LogicalPlan>,
    pub(crate) settings: Settings,
    /// (document, word) column pairs of the input.
    pub(crate) width: usize,
    /// Whether a column of counts follows them.
    pub(crate) counted: bool,
    /// Whether the model says what it knows of each pair, for scoring the very input.
    pub(crate) judges: bool,
    schema: DFSchemaRef,
}

impl Train {
    pub(crate) fn new(
        input: LogicalPlan,
        feedback: Option<LogicalPlan>,
        settings: Settings,
        width: usize,
        counted: bool,
        judges: bool,
    ) -> Result<Self> {
        let schema = DFSchema::try_from(Arc::clone(&SCHEMA))?;
        Ok(Self {
            input,
            feedback,
            settings,
            width,
            counted,
            judges,
            schema: Arc::new(schema),
        })
    }
}

impl PartialOrd for Train {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (&self.input, &self.feedback).partial_cmp(&(&other.input, &other.feedback))
    }
}

impl UserDefinedLogicalNodeCore for Train {
    fn name(&self) -> &str {
        "LdaTrain"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        [&self.input].into_iter().chain(&self.feedback).collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LdaTrain: {}", self.settings)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut inputs = inputs.into_iter();
        let (Some(input), feedback, None) = (inputs.next(), inputs.next(), inputs.next()) else {
            return internal_err!("LdaTrain has an input and perhaps feedback");
        };
        Ok(Self {
            input,
            feedback,
            ..self.clone()
        })
    }
}

/// The physical node of `lda_train`.
#[derive(Debug)]
pub(crate) struct TrainExec {
    /// The records, and the feedback if there is any.
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    settings: Settings,
    width: usize,
    counted: bool,
    judges: bool,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl TrainExec {
    /// The physical node of `node` over its inputs, the records first.
    pub(crate) fn new(inputs: Vec<Arc<dyn ExecutionPlan>>, node: &Train) -> Self {
        let settings = node.settings.clone();
        Self::over(inputs, settings, node.width, node.counted, node.judges)
    }

    fn over(
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        settings: Settings,
        width: usize,
        counted: bool,
        judges: bool,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&SCHEMA)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            inputs,
            settings,
            width,
            counted,
            judges,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl DisplayAs for TrainExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match format {
            DisplayFormatType::TreeRender => {
                for (name, value) in self.settings.named() {
                    writeln!(f, "{name}={value}")?;
                }
                Ok(())
            }
            _ => write!(f, "LdaTrainExec: {}", self.settings),
        }
    }
}

impl ExecutionPlan for TrainExec {
    fn name(&self) -> &'static str {
        "LdaTrainExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.len() != self.inputs.len() {
            return internal_err!("LdaTrainExec has {} inputs", self.inputs.len());
        }
        Ok(Arc::new(Self::over(
            children,
            self.settings.clone(),
            self.width,
            self.counted,
            self.judges,
        )))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("LdaTrainExec has one partition, not {partition}");
        }
        let mut streams = Vec::new();
        for (i, input) in self.inputs.iter().enumerate() {
            let feedback = i > 0;
            for partition in 0..input.properties().partitioning.partition_count() {
                streams.push((feedback, input.execute(partition, Arc::clone(&context))?));
            }
        }
        let batch_size = context.session_config().batch_size();
        let training = Training {
            settings: self.settings.clone(),
            width: self.width,
            counted: self.counted,
            judges: self.judges,
            threads: context.session_config().target_partitions(),
            metrics: Metrics::new(&self.metrics),
            context,
        };
        let batches = futures::stream::once(async move { training.run(streams).await })
            .map_ok(move |trained| {
                let chunks = trained.model.chunks(batch_size);
                let batches = chunks.into_iter();
                futures::stream::iter(batches.map(move |chunk| trained.model.batch(&chunk)))
            })
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&SCHEMA),
            batches,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// One run of a training.
struct Training {
    settings: Settings,
    width: usize,
    counted: bool,
    judges: bool,
    threads: usize,
    metrics: Metrics,
    context: Arc<TaskContext>,
}

/// A stream being counted.
type Counting = SpawnedTask<Result<(Tally, MemoryReservation)>>;

/// A model and the memory it is accounted with.
struct Trained {
    model: Model,
    _memory: MemoryReservation,
}

impl Training {
    /// Trains on streams of records and, where the flag is set, of feedback.
    async fn run(self, streams: Vec<(bool, SendableRecordBatchStream)>) -> Result<Trained> {
        let trained_at = chrono::Utc::now();
        let tallies: Vec<(bool, Counting)> = streams
            .into_iter()
            .enumerate()
            .map(|(partition, (feedback, stream))| {
                let memory = MemoryConsumer::new(format!("lda_train counts[{partition}]"))
                    .register(self.context.memory_pool());
                let times = feedback.then_some(self.settings.dupfactor);
                let tally = Tally::new(self.width, self.counted, times);
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
            return Err(Error::NothingToTrainOn {
                records: records.read,
                recipe: self.settings.recipe,
                advice: self.settings.advice,
            }
            .into());
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
            return Err(Error::NothingToTrainOn {
                records: records.read,
                recipe: self.settings.recipe,
                advice: self.settings.advice,
            }
            .into());
        }
        let method = self.settings.method(self.threads);
        let rule = self.settings.rule;
        let (d, w, p) = (
            documents.len(),
            words.len(),
            joined(&pairs, &feedback).count(),
        );
        let judging = if self.judges {
            // What is kept, and the pairs' own counts while they are judged.
            Judged::predicted_bytes(d, p) + p * size_of::<u32>()
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
        let observer = &mut |iteration: &em::Iteration| {
            log::debug!(
                "lda_train: iteration {}, log-likelihood {:.6e}",
                iteration.number,
                iteration.log_likelihood
            );
            ControlFlow::Continue(())
        };
        let fitted = method
            .train(&corpus, observer, stopped)
            .map_err(Error::from)?;
        let judged = if self.judges {
            let fields = fields(&words)?;
            let judge = LeaveOneOut::new(&corpus, &own, &fields, Weights::default());
            let mut probabilities = vec![0.0; own.len()];
            match rule {
                Rule::Spot => fitted.pair_scores(&corpus, &mut probabilities),
                Rule::LeaveOneOut => judge.add_probabilities(&fitted, &mut probabilities),
            }
            for restart in 1..self.settings.restarts {
                let method = self.settings.restarted(restart, self.threads);
                let fitted = method
                    .train(&corpus, observer, stopped)
                    .map_err(Error::from)?;
                judge.add_probabilities(&fitted, &mut probabilities);
            }
            let models = self.settings.restarts as f64;
            probabilities.iter_mut().for_each(|p| *p /= models);
            let rows = corpus.by_document();
            Some(Judged {
                offsets: rows.offsets().to_vec(),
                words: rows.columns().to_vec(),
                times,
                probabilities,
            })
        } else {
            None
        };
        drop(corpus);
        let model = Model {
            settings: self.settings,
            documents,
            words,
            document_totals,
            word_totals,
            fitted,
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
pub(super) fn reserve(reservation: &MemoryReservation, bytes: usize) -> Result<()> {
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
struct Metrics {
    documents: Gauge,
    words: Gauge,
    pairs: Gauge,
    records: Count,
    unusable: Count,
}

impl Metrics {
    fn new(set: &ExecutionPlanMetricsSet) -> Self {
        Self {
            documents: MetricBuilder::new(set).global_gauge("documents"),
            words: MetricBuilder::new(set).global_gauge("words"),
            pairs: MetricBuilder::new(set).global_gauge("pairs"),
            records: MetricBuilder::new(set).global_counter("records"),
            unusable: MetricBuilder::new(set).global_counter("records_unusable"),
        }
    }
}
