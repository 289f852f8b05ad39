//! A fitted model as rows.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, Float64Array, Float64Builder, ListArray, RecordBatch, StringViewBuilder,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::error::Result as DataFusionResult;
use spotql_topic::Fitted;
use spotql_values::interner::Strings;

use super::{Part, SCHEMA, topic_field};
use crate::lda::fold::Common;
use crate::lda::judged::Judged;
use crate::lda::settings::Settings;

/// How many records a training read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Records {
    /// Of the input.
    pub(crate) read: u64,
    /// Those of them that were usable.
    pub(crate) used: u64,
    /// Usable ones of the feedback.
    pub(crate) feedback: u64,
}

/// A model just fitted.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) settings: Settings,
    pub(crate) documents: Strings,
    pub(crate) words: Strings,
    pub(crate) document_totals: Vec<f64>,
    pub(crate) word_totals: Vec<f64>,
    pub(crate) fitted: Fitted,
    /// What it was fitted to: occurrences as training counts them (see [`crate::lda::judged::weight`]).
    pub(crate) tokens: u64,
    /// What is known of the input's pairs, if the input is to be scored.
    pub(crate) judged: Option<Judged>,
    /// The values of foldable fields that words name.
    pub(crate) common: Common,
    pub(crate) records: Records,
    pub(crate) trained_at: chrono::DateTime<chrono::Utc>,
}

/// A part of a model that makes one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chunk {
    Head,
    Unseen,
    Common,
    Documents(Range<usize>),
    Words(Range<usize>),
    /// The pairs of these documents.
    Pairs(Range<usize>),
}

/// Pairs in one batch, but for documents that have more.
const PAIRS: usize = 1 << 16;

impl Model {
    /// The model's rows in batches of so many rows: the parameters, what is unseen, the common values,
    /// the documents, the words and their pairs.
    pub(crate) fn chunks(&self, batch_size: usize) -> Vec<Chunk> {
        let slices = |of: usize| {
            let begins = (0..of).step_by(batch_size);
            begins.map(move |begin| begin..(begin + batch_size).min(of))
        };
        let mut chunks = vec![Chunk::Head, Chunk::Unseen, Chunk::Common];
        chunks.extend(slices(self.documents.len()).map(Chunk::Documents));
        chunks.extend(slices(self.words.len()).map(Chunk::Words));
        let Some(judged) = &self.judged else {
            return chunks;
        };
        let mut begin = 0;
        for (end, pairs) in (1..).zip(&judged.offsets[1..]) {
            if pairs - judged.offsets[begin] >= PAIRS || end == self.documents.len() {
                chunks.push(Chunk::Pairs(begin..end));
                begin = end;
            }
        }
        chunks
    }

    /// A batch of the model's rows.
    pub(crate) fn batch(&self, chunk: &Chunk) -> DataFusionResult<RecordBatch> {
        let (part, strings, totals, probabilities, range) = match chunk {
            Chunk::Head => return self.head(),
            Chunk::Unseen => return self.unseen(),
            Chunk::Common => return self.common(),
            Chunk::Pairs(range) => return self.pairs(range.clone()),
            Chunk::Documents(range) => (
                Part::DOCUMENT,
                &self.documents,
                &self.document_totals,
                &self.fitted.theta,
                range,
            ),
            Chunk::Words(range) => (
                Part::WORD,
                &self.words,
                &self.word_totals,
                &self.fitted.phi,
                range,
            ),
        };
        let values = &probabilities[range.start * self.fitted.topics..];
        let ends = (1..=range.len()).map(|row| row * self.fitted.topics);
        let names = range.clone().map(|id| strings.get(id as u32));
        named_lists(part, names, &totals[range.clone()], values, ends)
    }

    /// The common values of fields: see [`crate::lda::fold`].
    fn common(&self) -> DataFusionResult<RecordBatch> {
        let common = self.common.sorted();
        let names: Vec<String> = common
            .iter()
            .map(|(field, value, _)| format!("{field}:{value}"))
            .collect();
        let records: Vec<f64> = common.iter().map(|(.., records)| *records as f64).collect();
        let names = names.iter().map(String::as_str);
        let ends = records.iter().map(|_| 0);
        named_lists(Part::COMMON, names, &records, &[], ends)
    }

    /// What is known of the pairs of some documents: three numbers each.
    fn pairs(&self, documents: Range<usize>) -> DataFusionResult<RecordBatch> {
        let Some(judged) = &self.judged else {
            return Ok(RecordBatch::new_empty(Arc::clone(&SCHEMA)));
        };
        let begin = judged.offsets[documents.start];
        let pairs = begin..judged.offsets[documents.end];
        let mut values = Vec::with_capacity(3 * pairs.len());
        for pair in &judged.pairs[pairs] {
            values.push(f64::from(pair.word));
            values.push(f64::from(pair.times));
            values.push(pair.probability);
        }
        let ends = &judged.offsets[documents.start + 1..=documents.end];
        let ends = ends.iter().map(|end| 3 * (end - begin));
        let totals = &self.document_totals[documents.clone()];
        let names = documents.map(|id| self.documents.get(id as u32));
        named_lists(Part::PAIRS, names, totals, &values, ends)
    }

    /// Parameters and the course of the training.
    fn head(&self) -> DataFusionResult<RecordBatch> {
        let mut part = StringViewBuilder::new();
        let mut name = StringViewBuilder::new();
        let mut text = StringViewBuilder::new();
        let mut weight = Float64Builder::new();
        let last = self.fitted.iterations.last();
        let likelihood = last.map_or(f64::NAN, |last| last.log_likelihood);
        let trained_at = self.trained_at.format("%Y-%m-%d %H:%M:%S UTC");
        let mut facts = vec![
            ("input", self.settings.input.clone()),
            ("records", self.records.read.to_string()),
            ("records_used", self.records.used.to_string()),
        ];
        if let Some(feedback) = &self.settings.feedback {
            facts.push(("feedback", feedback.clone()));
            facts.push(("records_of_feedback", self.records.feedback.to_string()));
        }
        facts.extend([
            ("documents", self.documents.len().to_string()),
            ("words", self.words.len().to_string()),
            ("tokens", self.tokens.to_string()),
            ("log_likelihood", likelihood.to_string()),
            (
                "log_likelihood_per_token",
                (likelihood / self.tokens as f64).to_string(),
            ),
            ("trained_at", trained_at.to_string()),
            (
                "program",
                concat!("SpotQL ", env!("CARGO_PKG_VERSION")).to_owned(),
            ),
        ]);
        for (parameter, value) in self.settings.named().into_iter().chain(facts) {
            part.append_value(Part::PARAMETER);
            name.append_value(parameter);
            weight.append_option(value.parse().ok());
            text.append_value(value);
        }
        for iteration in &self.fitted.iterations {
            for (kind, value) in [
                (Part::LOG_LIKELIHOOD, iteration.log_likelihood),
                (Part::LOG_PRIOR, iteration.log_prior),
            ] {
                part.append_value(kind);
                name.append_value(iteration.number.to_string());
                text.append_null();
                weight.append_value(value);
            }
        }
        let name = name.finish();
        let topics = ListArray::new_null(topic_field(), name.len());
        Ok(RecordBatch::try_new(
            Arc::clone(&SCHEMA),
            vec![
                Arc::new(part.finish()),
                Arc::new(name),
                Arc::new(text.finish()),
                Arc::new(weight.finish()),
                Arc::new(topics),
            ],
        )?)
    }
}

impl Model {
    /// The rows that stand for what the model has not seen (see the module).
    fn unseen(&self) -> DataFusionResult<RecordBatch> {
        let topics = self.fitted.topics;
        let tokens: f64 = self.fitted.topic_tokens.iter().sum();
        let document = self.fitted.topic_tokens.iter().map(|n| n / tokens);

        let occurring = |times: f64| {
            let totals = self.word_totals.iter().enumerate();
            totals.filter(move |(_, total)| **total == times)
        };
        let once = occurring(1.0).count() as f64;
        let twice = occurring(2.0).count() as f64;
        let counts_for = (2.0 * (twice + 1.0) / (once + 1.0)).min(1.0);
        let mut word = vec![0.0; topics];
        for (id, _) in occurring(1.0) {
            let row = &self.fitted.phi[id * topics..][..topics];
            word.iter_mut().zip(row).for_each(|(sum, p)| *sum += p);
        }
        let seldom = if once > 0.0 {
            counts_for / once
        } else {
            word.fill(1.0);
            counts_for / tokens
        };
        word.iter_mut().for_each(|p| *p *= seldom);

        let rows: Vec<f64> = document.chain(word).collect();
        let names = [Part::DOCUMENT, Part::WORD].into_iter();
        let ends = [topics, 2 * topics].into_iter();
        named_lists(Part::UNSEEN, names, &[tokens, counts_for], &rows, ends)
    }
}

/// Rows of a part: a name, a weight, and the values up to the row's end.
fn named_lists<'a>(
    part: &str,
    names: impl Iterator<Item = &'a str>,
    weights: &[f64],
    values: &[f64],
    ends: impl Iterator<Item = usize>,
) -> DataFusionResult<RecordBatch> {
    let rows = weights.len();
    let mut parts = StringViewBuilder::with_capacity(rows);
    let mut texts = StringViewBuilder::with_capacity(rows);
    let mut kept = StringViewBuilder::with_capacity(rows);
    for name in names {
        parts.append_value(part);
        kept.append_value(name);
        texts.append_null();
    }
    let mut last = 0;
    let lengths: Vec<usize> = ends
        .map(|end| end - std::mem::replace(&mut last, end))
        .collect();
    let lists = ListArray::try_new(
        topic_field(),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(Float64Array::from(values[..last].to_vec())),
        None,
    )?;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(parts.finish()),
        Arc::new(kept.finish()),
        Arc::new(texts.finish()),
        Arc::new(Float64Array::from(weights.to_vec())),
        Arc::new(lists),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&SCHEMA), columns)?)
}
