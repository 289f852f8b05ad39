//! Scores the batches of one partition.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Builder, RecordBatch, RecordBatchOptions, StringViewArray,
    StringViewBuilder,
};
use datafusion::arrow::compute::interleave;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder,
};

use super::{HIDDEN, Scoring, VALID, document_column, word_column};
use crate::suspicion::model::Lookup;
use crate::topic::score;

/// A model in memory, accounted for.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) lookup: Lookup,
    pub(super) _memory: MemoryReservation,
}

/// Where the hidden and the visible columns of the input are.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) valid: Option<usize>,
    pub(super) visible: Vec<usize>,
}

impl Columns {
    pub(super) fn of(schema: &Schema, width: usize) -> Result<Self> {
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

/// Scores the batches of one partition.
pub(super) struct Scorer {
    pub(super) model: Arc<Loaded>,
    pub(super) columns: Columns,
    pub(super) scoring: Scoring,
    pub(super) schema: SchemaRef,
    pub(super) metrics: Metrics,
}

impl Scorer {
    pub(super) fn score(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
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
    /// [`crate::suspicion::model`]), or makes it 0 where `zero` says so.
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
pub(super) struct Metrics {
    baseline: BaselineMetrics,
    unscored: Count,
    unknown: Count,
}

impl Metrics {
    pub(super) fn new(set: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        Self {
            baseline: BaselineMetrics::new(set, partition),
            unscored: MetricBuilder::new(set).counter("records_unscored", partition),
            unknown: MetricBuilder::new(set).counter("pairs_unknown_to_model", partition),
        }
    }
}
