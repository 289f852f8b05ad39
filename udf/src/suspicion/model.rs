//! A fitted model as rows of a table, and back.
//!
//! | part | name | text | weight | topics |
//! |---|---|---|---|---|
//! | `parameter` | `topics`, `alpha`, … | its value | | |
//! | `log_likelihood` | iteration, from 1 | | Σ n·ln p(word given document), in nats | |
//! | `log_prior` | iteration | | ln of the prior density, without constants | |
//! | `document` | the document | | its number of words | p(topic given document), one a topic |
//! | `word` | the word | | its number of occurrences | p(word given topic), one a topic |
//!
//! The rows may be stored in any order, in any table with these columns.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Float64Builder, ListArray, RecordBatch,
    StringViewBuilder,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use datafusion::error::Result as DataFusionResult;

use super::error::{Error, Result};
use super::interner::{Interner, Strings};
use super::settings::Settings;
use crate::topic::Fitted;

/// The columns of a model.
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("part", DataType::Utf8View, false),
        Field::new("name", DataType::Utf8View, false),
        Field::new("text", DataType::Utf8View, true),
        Field::new("weight", DataType::Float64, true),
        Field::new("topics", DataType::List(topic_field()), true),
    ]))
});

fn topic_field() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Float64, true))
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
    /// Records read, and those of them that were used.
    pub(crate) records: (u64, u64),
}

impl Model {
    /// How many batches of `batch_size` the model's rows make.
    pub(crate) fn batch_count(&self, batch_size: usize) -> usize {
        1 + self.documents.len().div_ceil(batch_size) + self.words.len().div_ceil(batch_size)
    }

    /// Batch `index` of the model's rows: the parameters, then the documents, then the words.
    pub(crate) fn batch(&self, index: usize, batch_size: usize) -> DataFusionResult<RecordBatch> {
        let Some(chunk) = index.checked_sub(1) else {
            return self.head();
        };
        let document_chunks = self.documents.len().div_ceil(batch_size);
        let (part, strings, totals, probabilities, chunk) = match chunk.checked_sub(document_chunks)
        {
            None => (
                "document",
                &self.documents,
                &self.document_totals,
                &self.fitted.theta,
                chunk,
            ),
            Some(chunk) => (
                "word",
                &self.words,
                &self.word_totals,
                &self.fitted.phi,
                chunk,
            ),
        };
        let from = chunk * batch_size;
        let range = from..(from + batch_size).min(strings.len());
        names_with_topics(
            part,
            strings,
            totals,
            probabilities,
            self.fitted.topics,
            range,
        )
    }

    /// Parameters and the course of the training.
    fn head(&self) -> DataFusionResult<RecordBatch> {
        let mut part = StringViewBuilder::new();
        let mut name = StringViewBuilder::new();
        let mut text = StringViewBuilder::new();
        let mut weight = Float64Builder::new();
        let facts = [
            ("records", self.records.0.to_string()),
            ("records_used", self.records.1.to_string()),
            ("documents", self.documents.len().to_string()),
            ("words", self.words.len().to_string()),
            (
                "program",
                concat!("SpotQL ", env!("CARGO_PKG_VERSION")).to_owned(),
            ),
        ];
        for (parameter, value) in self.settings.named().into_iter().chain(facts) {
            part.append_value("parameter");
            name.append_value(parameter);
            weight.append_option(value.parse().ok());
            text.append_value(value);
        }
        for iteration in &self.fitted.iterations {
            for (kind, value) in [
                ("log_likelihood", iteration.log_likelihood),
                ("log_prior", iteration.log_prior),
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

fn names_with_topics(
    part: &str,
    strings: &Strings,
    totals: &[f64],
    probabilities: &[f64],
    topics: usize,
    range: std::ops::Range<usize>,
) -> DataFusionResult<RecordBatch> {
    let rows = range.len();
    let mut parts = StringViewBuilder::with_capacity(rows);
    let mut names = StringViewBuilder::with_capacity(rows);
    for id in range.clone() {
        parts.append_value(part);
        names.append_value(strings.get(id as u32));
    }
    let values = probabilities[range.start * topics..range.end * topics].to_vec();
    let lists = ListArray::try_new(
        topic_field(),
        OffsetBuffer::from_lengths(std::iter::repeat_n(topics, rows)),
        Arc::new(Float64Array::from(values)),
        None,
    )?;
    let mut text = StringViewBuilder::with_capacity(rows);
    (0..rows).for_each(|_| text.append_null());
    let columns: Vec<ArrayRef> = vec![
        Arc::new(parts.finish()),
        Arc::new(names.finish()),
        Arc::new(text.finish()),
        Arc::new(Float64Array::from(totals[range].to_vec())),
        Arc::new(lists),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&SCHEMA), columns)?)
}

/// What scoring needs of a model: the topic mixes by document and the probabilities by word.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    pub(crate) topics: usize,
    pub(crate) documents: Interner,
    pub(crate) words: Interner,
    /// p(topic given document), row by row.
    pub(crate) theta: Vec<f64>,
    /// p(word given topic), row by row.
    pub(crate) phi: Vec<f64>,
}

impl Lookup {
    /// Takes the documents and words of a batch of model rows (of [`SCHEMA`]'s types).
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> DataFusionResult<()> {
        let problem = |problem: String| Error::NotAModel { problem };
        let parts = batch.column(0).as_string_view();
        let names = batch.column(1).as_string_view();
        let topics = batch.column(4).as_list::<i32>();
        for row in 0..batch.num_rows() {
            let (interner, values) = match parts.value(row) {
                "document" => (&mut self.documents, &mut self.theta),
                "word" => (&mut self.words, &mut self.phi),
                _ => continue,
            };
            let name = names.value(row);
            if topics.is_null(row) || topics.value_length(row) == 0 {
                return Err(problem(format!("'{name}' has no topics")).into());
            }
            let list = topics.value(row);
            let list = list.as_primitive::<Float64Type>();
            if self.topics == 0 {
                self.topics = list.len();
            }
            if list.len() != self.topics || list.null_count() > 0 {
                return Err(problem(format!(
                    "'{name}' has {} topics where others have {}; are there two models in it?",
                    list.len() - list.null_count(),
                    self.topics
                ))
                .into());
            }
            let known = interner.len();
            if (interner.intern(name)? as usize) < known {
                return Err(problem(format!(
                    "it holds '{name}' twice; are there two models in it? Choose one with WHERE"
                ))
                .into());
            }
            values.extend_from_slice(list.values());
        }
        Ok(())
    }

    /// Says what is missing, once all rows have been added.
    pub(crate) fn check(&self) -> Result<()> {
        let missing = match (self.documents.len(), self.words.len()) {
            (0, 0) => "documents and words",
            (0, _) => "documents",
            (_, 0) => "words",
            _ => return Ok(()),
        };
        Err(Error::NotAModel {
            problem: format!("it holds no {missing}"),
        })
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.documents.memory_bytes()
            + self.words.memory_bytes()
            + (self.theta.capacity() + self.phi.capacity()) * size_of::<f64>()
    }
}

/// Checks that `columns` hold a model; returns their places in [`SCHEMA`]'s order.
pub(crate) fn columns_of(schema: &Schema) -> Result<Vec<usize>> {
    SCHEMA
        .fields()
        .iter()
        .map(|wanted| {
            schema
                .fields()
                .iter()
                .position(|field| field.name().eq_ignore_ascii_case(wanted.name()))
                .ok_or_else(|| Error::NotAModel {
                    problem: format!("it has no column '{}'", wanted.name()),
                })
        })
        .collect()
}
