//! A fitted model as rows of a table, and back.
//!
//! | part | name | text | weight | topics |
//! |---|---|---|---|---|
//! | `parameter` | `recipe`, `topics`, `trained_at`, … | its value | if it is a number | |
//! | `log_likelihood` | iteration, from 1 | | Σ n·ln p(word given document), in nats | |
//! | `log_prior` | iteration | | ln of the prior density, without constants | |
//! | `document` | the document | | its number of words | p(topic given document), one a topic |
//! | `word` | the word | | its number of occurrences | p(word given topic), one a topic |
//! | `unseen` | `document` | | | what is taken for a document that is not in the model |
//! | `unseen` | `word` | | for how many occurrences it counts | what is taken for a word that is not in it |
//! | `agent` | a user agent (proxy models) | | in how many records it occurred | |
//!
//! # What a model says of what it has not seen
//! The original gives probability 0 to every record whose document or word was not in the
//! training: all of them tie at the head of the list. Here they get an estimate of their own.
//!
//! An unseen *document* has the topics of the whole corpus, `p(k) = N_k / N`: nothing is known of it
//! but that it is in this network. A word's probability in it is then the word's share of all
//! words, so that a new host doing what most do is not suspicious, and one doing what hardly
//! any does is.
//!
//! An unseen *word* is taken for the average of the words that occurred once: what came up once is
//! the best guide to what comes up for the first time (Baayen and Sproat, "Estimating lexical priors
//! for low-frequency morphologically ambiguous forms", 1996, after Good 1953). Hosts whose topics
//! bring up rarities now and then are thereby less suspicious when the next one comes than hosts
//! that never did. The average counts for `r = min(1, 2 (f_2 + 1) / (f_1 + 1))` occurrences, where
//! `f_n` words occurred `n` times: Good's and Turing's estimate of the probability of all unseen
//! words, `f_1 / N`, divided among as many of them as Chao's estimate (1984) says there are.
//! Never is an unseen word more probable than the average of those seen once. If none was seen
//! once, it has probability `r / N` in every topic.
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
use super::preset::Preset;
use super::settings::{DOMAINS, RECIPE, Settings};
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

/// The parts of a model, see the module.
pub(crate) struct Part;

impl Part {
    const PARAMETER: &str = "parameter";
    const LOG_LIKELIHOOD: &str = "log_likelihood";
    const LOG_PRIOR: &str = "log_prior";
    const DOCUMENT: &str = "document";
    const WORD: &str = "word";
    const UNSEEN: &str = "unseen";
    pub(crate) const AGENT: &str = "agent";

    /// Those that scoring reads.
    pub(crate) const READ: [&str; 5] = [
        Self::PARAMETER,
        Self::DOCUMENT,
        Self::WORD,
        Self::UNSEEN,
        Self::AGENT,
    ];
}

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
    pub(crate) records: Records,
    pub(crate) trained_at: chrono::DateTime<chrono::Utc>,
}

impl Model {
    /// How many batches of `batch_size` the model's rows make.
    pub(crate) fn batch_count(&self, batch_size: usize) -> usize {
        2 + self.documents.len().div_ceil(batch_size) + self.words.len().div_ceil(batch_size)
    }

    /// Batch `index` of the model's rows: the parameters, what is unseen, the documents, the words.
    pub(crate) fn batch(&self, index: usize, batch_size: usize) -> DataFusionResult<RecordBatch> {
        let chunk = match index {
            0 => return self.head(),
            1 => return self.unseen(),
            _ => index - 2,
        };
        let document_chunks = self.documents.len().div_ceil(batch_size);
        let (part, strings, totals, probabilities, chunk) = match chunk.checked_sub(document_chunks)
        {
            None => (
                Part::DOCUMENT,
                &self.documents,
                &self.document_totals,
                &self.fitted.theta,
                chunk,
            ),
            Some(chunk) => (
                Part::WORD,
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
        let tokens: f64 = self.word_totals.iter().sum();
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
            ("tokens", tokens.to_string()),
            ("log_likelihood", likelihood.to_string()),
            (
                "log_likelihood_per_token",
                (likelihood / tokens).to_string(),
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

        let mut names = Strings::default();
        names.push(Part::DOCUMENT)?;
        names.push(Part::WORD)?;
        let rows: Vec<f64> = document.chain(word).collect();
        names_with_topics(
            Part::UNSEEN,
            &names,
            &[tokens, counts_for],
            &rows,
            topics,
            0..2,
        )
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
    /// What is taken for a document, and a word, that the model does not know.
    pub(crate) unseen_document: Vec<f64>,
    pub(crate) unseen_word: Vec<f64>,
    parameters: Vec<(String, String)>,
    /// User agents whose counts the model brings along.
    agents: usize,
}

impl Lookup {
    /// Takes the rows of a batch of model rows (of [`SCHEMA`]'s types).
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> DataFusionResult<()> {
        let parts = batch.column(0).as_string_view();
        let names = batch.column(1).as_string_view();
        let texts = batch.column(2).as_string_view();
        let topics = batch.column(4).as_list::<i32>();
        for row in 0..batch.num_rows() {
            let problem = |problem: String| Error::NotAModel { problem };
            if names.is_null(row) {
                let problem = problem("it holds a row without a name".to_owned());
                return Err(problem.into());
            }
            let name = names.value(row);
            let (interner, values) = match parts.value(row) {
                Part::DOCUMENT => (Some(&mut self.documents), &mut self.theta),
                Part::WORD => (Some(&mut self.words), &mut self.phi),
                Part::UNSEEN if name == Part::DOCUMENT => (None, &mut self.unseen_document),
                Part::UNSEEN if name == Part::WORD => (None, &mut self.unseen_word),
                Part::AGENT => {
                    self.agents += 1;
                    continue;
                }
                Part::PARAMETER => {
                    let text = if texts.is_valid(row) {
                        texts.value(row)
                    } else {
                        ""
                    };
                    self.parameters.push((name.to_owned(), text.to_owned()));
                    continue;
                }
                _ => continue,
            };
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
                    "'{name}' has {} topics where others have {}, as if there were two models in it",
                    list.len() - list.null_count(),
                    self.topics
                ))
                .into());
            }
            if let Some(p) = list
                .values()
                .iter()
                .find(|p| !(0.0..=1.0 + 1e-9).contains(*p))
            {
                return Err(problem(format!("'{name}' has the probability {p}")).into());
            }
            let twice = match interner {
                Some(interner) => {
                    let known = interner.len();
                    (interner.intern(name)? as usize) < known
                }
                None => !values.is_empty(),
            };
            if twice {
                return Err(problem(format!(
                    "it holds {} '{name}' twice, as if there were two models in it; choose one with WHERE",
                    parts.value(row)
                ))
                .into());
            }
            values.extend_from_slice(list.values());
        }
        Ok(())
    }

    /// Says what is missing, once all rows have been added, and whether the model is the one that
    /// `asked` for, a list of parameters and their values.
    pub(crate) fn check(&self, asked: &[(String, String)]) -> Result<()> {
        let missing = match (self.documents.len(), self.words.len()) {
            (0, 0) => "documents and words",
            (0, _) => "documents",
            (_, 0) => "words",
            _ if self.unseen_document.is_empty() || self.unseen_word.is_empty() => {
                "'unseen' rows for what it does not know"
            }
            _ => "",
        };
        if !missing.is_empty() {
            return Err(Error::NotAModel {
                problem: format!("it holds no {missing}"),
            });
        }
        let proxy = (RECIPE.to_owned(), Preset::Proxy.name().to_owned());
        if asked.contains(&proxy) && self.agents == 0 {
            return Err(Error::NotAModel {
                problem: "it holds no counts of user agents, which proxy words need".to_owned(),
            });
        }
        for (parameter, asked) in asked {
            let known = self.parameters.iter().find(|(name, _)| name == parameter);
            let trained = match known {
                Some((_, trained)) if trained == asked => continue,
                Some((_, trained)) => trained.clone(),
                None => "not given".to_owned(),
            };
            return Err(Error::ModelMisfit {
                parameter: parameter.clone(),
                trained,
                asked: asked.clone(),
                advice: match parameter.as_str() {
                    RECIPE => "Write source, or documents and words, as in the training",
                    DOMAINS => {
                        "Set spotql.user_domains and spotql.top_domains as they were (number of \
                         domains and fingerprint of each list are shown), or train again"
                    }
                    _ => "Leave the argument out, or train again with it",
                },
            });
        }
        Ok(())
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
