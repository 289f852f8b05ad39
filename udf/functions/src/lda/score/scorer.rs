//! Scores the batches of one partition.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Builder, RecordBatch, RecordBatchOptions, StringViewArray,
    StringViewBuilder,
};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder,
};
use spotql_topic::score;

use super::explain::{Explained, Explanations, Texts};
use super::{Explain, Scoring, VALID, document_column, word_column};
use crate::lda::judged::Pair;
use crate::lda::model::Lookup;
use crate::lda::settings::Rule;
use crate::relation::is_hidden;

/// A model in memory, accounted for.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) lookup: Lookup,
    /// What is said of it, where scores are explained.
    pub(super) texts: Option<Texts>,
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
            .filter(|&index| !is_hidden(schema.field(index).name()))
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
    /// What the model knows of a batch's pairs, kept for its allocation.
    pub(super) found: Vec<Vec<Found>>,
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
        let Loaded { lookup, texts, .. } = self.model.as_ref();
        self.found.resize_with(pairs.len(), Vec::new);
        for ((documents, words), found) in pairs.iter().zip(&mut self.found) {
            lookup.find_all(documents, words, found);
        }
        let mut unknown = 0;
        let mut scores = Float64Builder::with_capacity(rows);
        let mut unseen = self
            .scoring
            .asked
            .as_ref()
            .map(|_| StringViewBuilder::with_capacity(rows));
        let mut explanations = (self.scoring.explain != Explain::Nothing)
            .then(|| Explanations::with_capacity(lookup, texts.as_ref(), rows));
        let mut leads = self
            .scoring
            .lead
            .then(|| StringViewBuilder::with_capacity(rows).with_deduplicate_strings());
        let mut lead = String::new();
        let mut ends = Vec::new();
        for row in 0..rows {
            let usable = valid.is_none_or(|valid| valid.is_valid(row) && valid.value(row))
                && pairs
                    .iter()
                    .all(|(d, w)| d.is_valid(row) && w.is_valid(row));
            if !usable {
                scores.append_null();
                unseen.iter_mut().for_each(StringViewBuilder::append_null);
                leads.iter_mut().for_each(StringViewBuilder::append_null);
                explanations.iter_mut().for_each(|it| it.append(None));
                continue;
            }
            let mut record = Record::new(self.scoring.rule);
            let mut seen = Seen::ALL;
            lead.clear();
            for ((documents, words), found) in pairs.iter().zip(&self.found) {
                let (document, word) = (documents.value(row), words.value(row));
                let pair = found[row];
                unknown += usize::from(pair.seen() != Seen::ALL);
                seen = seen.and(pair.seen());
                record.add(pair, lookup, self.scoring.zero_unseen, (document, word));
                if leads.is_some() {
                    let word = pair.word.map_or(word, |word| lookup.words.name(word));
                    ends.push((document, word));
                }
            }
            scores.append_value(record.score());
            if let Some(unseen) = &mut unseen {
                unseen.append_option(seen.missing());
            }
            if let Some(leads) = &mut leads {
                // Both directions of a conversation are one lead.
                ends.sort_unstable();
                for (document, word) in ends.drain(..) {
                    for part in [document, word] {
                        if !lead.is_empty() {
                            lead.push(SEPARATOR);
                        }
                        lead.push_str(part);
                    }
                }
                leads.append_value(&lead);
            }
            if let Some(explanations) = &mut explanations {
                explanations.append(record.least);
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
        columns.extend(leads.map(|mut leads| Arc::new(leads.finish()) as ArrayRef));
        columns.extend(explanations.into_iter().flat_map(Explanations::finish));
        columns.extend(unseen.map(|mut unseen| Arc::new(unseen.finish()) as ArrayRef));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}

/// Between the documents and words of a lead: the unit separator of ASCII, which no log writes.
const SEPARATOR: char = '\u{1f}';

/// More repetitions than these make a record no more suspicious: so many records fill the
/// analyst's list. Without this limit thousands of an everyday program's equal records, the only one of its
/// kind in a small network, stood before all that was really odd.
const MOST_TIMES: u32 = 300;

/// A record's score in the making.
struct Record<'a> {
    rule: Rule,
    lowest: f64,
    product: f64,
    /// How often the rarest of the pairs occurred; none for a stored model, which counted others.
    times: Option<u32>,
    least: Option<Explained<'a>>,
}

impl<'a> Record<'a> {
    fn new(rule: Rule) -> Self {
        Self {
            rule,
            lowest: f64::INFINITY,
            product: 1.0,
            times: None,
            least: None,
        }
    }

    fn add(
        &mut self,
        pair: Found,
        lookup: &Lookup,
        zero_unseen: bool,
        (document, word): (&'a str, &'a str),
    ) {
        let probability = match pair.pair {
            Some(pair) => {
                let times = pair.times;
                self.times = Some(self.times.map_or(times, |least| least.min(times)));
                pair.probability
            }
            None if zero_unseen && pair.seen() != Seen::ALL => 0.0,
            None => {
                let (theta, phi) = lookup.rows(pair.document, pair.word);
                // Rounding may lead a little above certainty.
                score(theta, phi).min(1.0)
            }
        };
        self.product *= probability;
        if probability < self.lowest {
            self.lowest = probability;
            self.least = Some(Explained {
                document,
                word,
                document_id: pair.document,
                word_id: pair.word,
                pair: pair.pair,
            });
        }
    }

    /// See [`super`].
    fn score(&self) -> f64 {
        match (self.rule, self.times) {
            (Rule::Spot, _) => self.lowest,
            (Rule::LeaveOneOut, None) => self.product,
            (Rule::LeaveOneOut, Some(times)) => {
                self.product / f64::from(times.clamp(1, MOST_TIMES))
            }
        }
    }
}

/// What the model knows of a document and a word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    document: Option<u32>,
    word: Option<u32>,
    /// What the training, if it was on the very input, said of the pair.
    pair: Option<Pair>,
}

impl Found {
    fn seen(self) -> Seen {
        Seen {
            document: self.document.is_some(),
            word: self.word.is_some(),
        }
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
    /// Looks the pairs of a batch up, words as they are or with rare values folded.
    ///
    /// A table after the other, each for all rows: nearly every access goes to memory far away, and
    /// in a loop that does nothing else several of them are under way at once.
    fn find_all(
        &self,
        documents: &StringViewArray,
        words: &StringViewArray,
        found: &mut Vec<Found>,
    ) {
        found.clear();
        found.extend((0..documents.len()).map(|row| Found {
            document: self.documents.get(documents.value(row)),
            word: None,
            pair: None,
        }));
        let mut folded = String::new();
        for (row, found) in found.iter_mut().enumerate() {
            let word = words.value(row);
            found.word = self.words.get(word).or_else(|| {
                let changed = self.common.fold(word, &mut folded);
                changed.then(|| self.words.get(&folded)).flatten()
            });
        }
        for found in found {
            if let (Some(document), Some(word)) = (found.document, found.word) {
                found.pair = self.pair(document, word);
            }
        }
    }

    /// The mix of a document and the probabilities of a word, by topic; what is taken for those that
    /// the model has not seen is estimated (see [`crate::lda::model`]).
    pub(super) fn rows(&self, document: Option<u32>, word: Option<u32>) -> (&[f64], &[f64]) {
        let row = |id: u32| {
            let start = id as usize * self.topics;
            start..start + self.topics
        };
        let theta = match document {
            Some(id) => &self.theta[row(id)],
            None => &self.unseen_document,
        };
        let phi = match word {
            Some(id) => &self.phi[row(id)],
            None => &self.unseen_word,
        };
        (theta, phi)
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
