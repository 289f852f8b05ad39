//! `lda_score`: the plan node that adds each record's estimated probability.
//!
//! It has two inputs: the rows of a model (a training, or a table), read once and to the end, and
//! the records, which stream through. A record's score is the smallest of
//! `Σ_k p(k|document) p(word|k)` over its (document, word) pairs; low is suspicious. A document or
//! word that a stored model does not know gets an estimate of its own (see [`super::model`]) or, with
//! `unseen => 'zero'`, 0 as in the original; a record without a document or
//! word, or one that the source's rules call invalid, gets NULL.

use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Builder, RecordBatch, RecordBatchOptions, StringViewArray,
    StringViewBuilder,
};
use datafusion::arrow::compute::interleave;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DFSchemaRef, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning};
use datafusion::physical_plan::distribution_requirements::InputDistributionRequirements;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr,
    PlanProperties,
};
use futures::future::{BoxFuture, Shared};
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::model::Lookup;
use super::train::reserve;
use crate::topic::score;

/// The column that `lda_score` adds.
pub(crate) const SCORE: &str = "score";
/// Columns whose names begin so carry documents, words and validity from the input to the node;
/// they are not part of its output.
pub(crate) const HIDDEN: &str = "__lda_";
/// Document column of pair `i`.
pub(crate) fn document_column(i: usize) -> String {
    format!("{HIDDEN}document_{i}")
}
/// Word column of pair `i`.
pub(crate) fn word_column(i: usize) -> String {
    format!("{HIDDEN}word_{i}")
}
/// True where a record may be scored; absent when all may.
pub(crate) const VALID: &str = "__lda_valid";

/// What is asked of a scoring.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scoring {
    /// (document, word) pairs of a record.
    pub(crate) width: usize,
    /// With a stored model, the parameters that it must have; none when the model is fitted to
    /// the very input.
    pub(crate) asked: Option<Vec<(String, String)>>,
    /// The original's rule: probability 0 for what the model has not seen.
    pub(crate) zero_unseen: bool,
    /// Whether the least probable pair is shown.
    pub(crate) explain: bool,
}

impl Scoring {
    /// The columns that are added to the input's: `score`; with `explain`, `document` and `word`;
    /// with a stored model, `unseen`.
    pub(crate) fn columns(&self) -> Vec<Field> {
        let mut columns = vec![Field::new(SCORE, DataType::Float64, true)];
        if self.explain {
            columns.push(Field::new("document", DataType::Utf8View, true));
            columns.push(Field::new("word", DataType::Utf8View, true));
        }
        if self.asked.is_some() {
            columns.push(Field::new("unseen", DataType::Utf8View, true));
        }
        columns
    }
}

impl fmt::Display for Scoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.width {
            1 => f.write_str("one word a record")?,
            width => write!(f, "smallest of {width} words a record")?,
        }
        match self.asked {
            None => f.write_str(", model trained on this input")?,
            Some(_) if self.zero_unseen => f.write_str(", model given, unseen is 0")?,
            Some(_) => f.write_str(", model given, unseen is smoothed")?,
        }
        if self.explain {
            f.write_str(", with document and word")?;
        }
        Ok(())
    }
}

/// The logical node of `lda_score`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Score {
    pub(crate) model: LogicalPlan,
    pub(crate) input: LogicalPlan,
    pub(crate) scoring: Scoring,
    schema: DFSchemaRef,
}

impl Score {
    pub(crate) fn new(model: LogicalPlan, input: LogicalPlan, scoring: Scoring) -> Result<Self> {
        let mut fields: Vec<_> = input
            .schema()
            .iter()
            .filter(|(_, field)| !field.name().starts_with(HIDDEN))
            .map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)))
            .collect();
        let added = scoring.columns().into_iter();
        fields.extend(added.map(|field| (None, Arc::new(field))));
        let schema = DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?;
        Ok(Self {
            model,
            input,
            scoring,
            schema: Arc::new(schema),
        })
    }
}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (&self.input, &self.model).partial_cmp(&(&other.input, &other.model))
    }
}

impl UserDefinedLogicalNodeCore for Score {
    fn name(&self) -> &str {
        "LdaScore"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.model, &self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    /// No filter moves below the node. It would go into both inputs, the model's too; and with a
    /// model of its own, what is filtered out of the records would change the model.
    fn prevent_predicate_push_down_columns(&self) -> std::collections::HashSet<String> {
        let fields = self.schema.fields().iter();
        fields.map(|field| field.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LdaScore: {}", self.scoring)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let Ok([model, input]) = <[LogicalPlan; 2]>::try_from(inputs) else {
            return internal_err!("LdaScore has two inputs, the model and the records");
        };
        Self::new(model, input, self.scoring.clone())
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let model = (0..self.model.schema().fields().len()).collect();
        // Output columns are the input's visible ones, in order, then the added ones.
        let (mut input, mut visible) = (Vec::new(), 0);
        for (index, field) in self.input.schema().fields().iter().enumerate() {
            if field.name().starts_with(HIDDEN) {
                input.push(index);
            } else {
                if output_columns.contains(&visible) {
                    input.push(index);
                }
                visible += 1;
            }
        }
        Some(vec![model, input])
    }
}

/// The physical node of `lda_score`.
#[derive(Debug)]
pub(crate) struct ScoreExec {
    model: Arc<dyn ExecutionPlan>,
    input: Arc<dyn ExecutionPlan>,
    scoring: Scoring,
    columns: Columns,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    /// The model being read, and how many partitions have asked for it. It is held here until the
    /// last of them has begun, since the first may be done, or have failed, before: the model's
    /// plan runs once. From then on only the streams hold it, and when all of them are dropped the
    /// training stops.
    reading: Mutex<Option<(Shared<Reading>, usize)>>,
}

type Reading = BoxFuture<'static, std::result::Result<Arc<Loaded>, Arc<DataFusionError>>>;

/// A model in memory, accounted for.
#[derive(Debug)]
struct Loaded {
    lookup: Lookup,
    _memory: MemoryReservation,
}

/// Where the hidden and the visible columns of the input are.
#[derive(Debug, Clone)]
struct Columns {
    pairs: Vec<(usize, usize)>,
    valid: Option<usize>,
    visible: Vec<usize>,
}

impl Columns {
    fn of(schema: &Schema, width: usize) -> Result<Self> {
        let pairs = (0..width)
            .map(|i| {
                Ok((
                    schema.index_of(&document_column(i))?,
                    schema.index_of(&word_column(i))?,
                ))
            })
            .collect::<Result<_>>()?;
        let visible = (0..schema.fields().len())
            .filter(|&index| !schema.field(index).name().starts_with(HIDDEN))
            .collect();
        Ok(Self {
            pairs,
            valid: schema.index_of(VALID).ok(),
            visible,
        })
    }
}

impl ScoreExec {
    pub(crate) fn try_new(
        model: Arc<dyn ExecutionPlan>,
        input: Arc<dyn ExecutionPlan>,
        scoring: Scoring,
    ) -> Result<Self> {
        let input_schema = input.schema();
        let columns = Columns::of(&input_schema, scoring.width)?;
        let mut fields: Vec<_> = columns
            .visible
            .iter()
            .map(|&index| Arc::clone(&input_schema.fields()[index]))
            .collect();
        fields.extend(scoring.columns().into_iter().map(Arc::new));
        let schema = Arc::new(Schema::new_with_metadata(
            fields,
            input_schema.metadata().clone(),
        ));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Ok(Self {
            model,
            input,
            scoring,
            columns,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
            reading: Mutex::new(None),
        })
    }

    /// The one reading of the model that all partitions wait for.
    fn model(&self, context: &Arc<TaskContext>) -> Result<Shared<Reading>> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let (shared, begun) = match reading.take() {
            Some((shared, begun)) => (shared, begun + 1),
            None => {
                let rows = self.model.execute(0, Arc::clone(context))?;
                let memory = MemoryConsumer::new("lda_score model").register(context.memory_pool());
                let asked = self.scoring.asked.clone().unwrap_or_default();
                let loaded = load(rows, asked, memory).map(|loaded| loaded.map_err(Arc::new));
                (loaded.boxed().shared(), 1)
            }
        };
        if begun < self.properties.partitioning.partition_count() {
            *reading = Some((shared.clone(), begun));
        }
        Ok(shared)
    }
}

async fn load(
    mut rows: SendableRecordBatchStream,
    asked: Vec<(String, String)>,
    memory: MemoryReservation,
) -> Result<Arc<Loaded>> {
    let mut lookup = Lookup::default();
    while let Some(batch) = rows.next().await {
        lookup.add(&batch?)?;
        reserve(&memory, lookup.memory_bytes())?;
    }
    lookup.check(&asked)?;
    Ok(Arc::new(Loaded {
        lookup,
        _memory: memory,
    }))
}

impl DisplayAs for ScoreExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let description = &self.scoring;
        match format {
            DisplayFormatType::TreeRender => write!(f, "{description}"),
            _ => write!(f, "LdaScoreExec: {description}"),
        }
    }
}

impl ExecutionPlan for ScoreExec {
    fn name(&self) -> &'static str {
        "LdaScoreExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.model, &self.input]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![
            Distribution::SinglePartition,
            Distribution::UnspecifiedDistribution,
        ])
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
        let Ok([model, input]) = <[Arc<dyn ExecutionPlan>; 2]>::try_from(children) else {
            return internal_err!("LdaScoreExec has two inputs, the model and the records");
        };
        Ok(Arc::new(Self::try_new(model, input, self.scoring.clone())?))
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let model = self.model(&context)?;
        let input = self.input.execute(partition, context)?;
        let schema = self.schema();
        let columns = self.columns.clone();
        let scoring = self.scoring.clone();
        let metrics = Metrics::new(&self.metrics, partition);
        let output = Arc::clone(&schema);
        let batches = futures::stream::once(async move {
            let model = model.await.map_err(DataFusionError::Shared)?;
            let mut scorer = Scorer {
                model,
                columns,
                scoring,
                schema: output,
                metrics,
            };
            Ok::<_, DataFusionError>(input.map(move |batch| scorer.score(&batch?)))
        })
        .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Scores the batches of one partition.
struct Scorer {
    model: Arc<Loaded>,
    columns: Columns,
    scoring: Scoring,
    schema: SchemaRef,
    metrics: Metrics,
}

impl Scorer {
    fn score(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let _timer = self.metrics.baseline.elapsed_compute().timer();
        let rows = batch.num_rows();
        let valid = self
            .columns
            .valid
            .map(|index| batch.column(index).as_boolean());
        let pairs: Vec<(&StringViewArray, &StringViewArray)> = self
            .columns
            .pairs
            .iter()
            .map(|&(d, w)| {
                (
                    batch.column(d).as_string_view(),
                    batch.column(w).as_string_view(),
                )
            })
            .collect();
        let lookup = &self.model.lookup;
        let zero = self.scoring.zero_unseen;
        let mut unknown = 0;
        let mut scores = Float64Builder::with_capacity(rows);
        let mut unseen = self
            .scoring
            .asked
            .as_ref()
            .map(|_| StringViewBuilder::with_capacity(rows));
        let mut lowest_pairs = Vec::with_capacity(if self.scoring.explain { rows } else { 0 });
        for row in 0..rows {
            let usable = valid.is_none_or(|valid| valid.is_valid(row) && valid.value(row))
                && pairs
                    .iter()
                    .all(|(d, w)| d.is_valid(row) && w.is_valid(row));
            let (mut lowest, mut lowest_pair, mut seen) = (f64::INFINITY, 0, Seen::ALL);
            if usable {
                for (pair, (documents, words)) in pairs.iter().enumerate() {
                    let (probability, known) =
                        lookup.probability(documents.value(row), words.value(row), zero);
                    unknown += usize::from(known != Seen::ALL);
                    seen = seen.and(known);
                    if probability < lowest {
                        (lowest, lowest_pair) = (probability, pair);
                    }
                }
            }
            scores.append_option(usable.then_some(lowest));
            if let Some(unseen) = &mut unseen {
                unseen.append_option(seen.missing());
            }
            if self.scoring.explain {
                lowest_pairs.push((lowest_pair, row));
            }
        }
        let scores = scores.finish();
        self.metrics.unscored.add(scores.null_count());
        self.metrics.unknown.add(unknown);
        self.metrics.baseline.record_output(rows);

        let mut columns: Vec<ArrayRef> = self
            .columns
            .visible
            .iter()
            .map(|&index| Arc::clone(batch.column(index)))
            .collect();
        columns.push(Arc::new(scores));
        if self.scoring.explain {
            let chosen = |arrays: Vec<&dyn Array>| -> Result<ArrayRef> {
                Ok(interleave(&arrays, &lowest_pairs)?)
            };
            columns.push(chosen(
                pairs.iter().map(|(d, _)| *d as &dyn Array).collect(),
            )?);
            columns.push(chosen(
                pairs.iter().map(|(_, w)| *w as &dyn Array).collect(),
            )?);
        }
        columns.extend(unseen.map(|mut unseen| Arc::new(unseen.finish()) as ArrayRef));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}

/// Which parts of a record the model has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    document: bool,
    word: bool,
}

impl Seen {
    const ALL: Self = Self {
        document: true,
        word: true,
    };

    fn and(self, other: Self) -> Self {
        Self {
            document: self.document && other.document,
            word: self.word && other.word,
        }
    }

    /// The column `unseen`: what the model has not seen, NULL if it knows all.
    fn missing(self) -> Option<&'static str> {
        match (self.document, self.word) {
            (true, true) => None,
            (false, true) => Some("document"),
            (true, false) => Some("word"),
            (false, false) => Some("both"),
        }
    }
}

impl Lookup {
    /// `Σ_k p(k|document) p(word|k)`. What the model does not know is estimated (see
    /// [`super::model`]), or makes it 0 where `zero` says so.
    fn probability(&self, document: &str, word: &str, zero: bool) -> (f64, Seen) {
        let row = |id: u32| {
            let start = id as usize * self.topics;
            start..start + self.topics
        };
        let known = (self.documents.get(document), self.words.get(word));
        let seen = Seen {
            document: known.0.is_some(),
            word: known.1.is_some(),
        };
        if zero && seen != Seen::ALL {
            return (0.0, seen);
        }
        let theta = match known.0 {
            Some(id) => &self.theta[row(id)],
            None => &self.unseen_document,
        };
        let phi = match known.1 {
            Some(id) => &self.phi[row(id)],
            None => &self.unseen_word,
        };
        // Rounding may lead a little above certainty.
        (score(theta, phi).min(1.0), seen)
    }
}

/// What EXPLAIN ANALYZE shows of the scoring.
struct Metrics {
    baseline: BaselineMetrics,
    unscored: Count,
    unknown: Count,
}

impl Metrics {
    fn new(set: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        Self {
            baseline: BaselineMetrics::new(set, partition),
            unscored: MetricBuilder::new(set).counter("records_unscored", partition),
            unknown: MetricBuilder::new(set).counter("pairs_unknown_to_model", partition),
        }
    }
}
