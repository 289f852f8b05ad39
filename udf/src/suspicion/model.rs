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
//! | `common` | field (from 0) and value: `1:~8443` | | in how many records it occurred | none |
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
//! A training on the very input that is to be scored adds rows of the part `pairs`, one a document:
//! in place of topics, three numbers for every word that it has (the word's place among the words,
//! how often it occurred in the document, its probability). They go to the scoring and nowhere else.
//!
//! The rows may be stored in any order, in any table with these columns.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Float64Builder, ListArray, RecordBatch,
    StringViewBuilder,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use datafusion::error::Result as DataFusionResult;

use super::error::{Error, Result};
use super::fold::Common;
use super::interner::{Interner, Strings};
use super::judged::Judged;
use super::preset::{Generation, Preset};
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
    const COMMON: &str = "common";
    /// Only between the training and the scoring of the same input.
    const PAIRS: &str = "pairs";
    pub(crate) const AGENT: &str = "agent";

    /// Those that scoring reads.
    pub(crate) const READ: [&str; 6] = [
        Self::PARAMETER,
        Self::COMMON,
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

    /// The common values of fields: see [`super::fold`].
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
        for pair in pairs {
            values.push(f64::from(judged.words[pair]));
            values.push(f64::from(judged.times[pair]));
            values.push(judged.probabilities[pair]);
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
    /// The pairs of the very input, by document; empty for a stored model.
    pub(crate) judged: Judged,
    /// The values of foldable fields that words name.
    pub(crate) common: Common,
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
                Part::COMMON => {
                    let Some((Ok(field), value)) = name
                        .split_once(':')
                        .map(|(field, value)| (field.parse(), value))
                    else {
                        let rule = "is not a field and a value, as in '1:~8443'";
                        return Err(problem(format!("the common value '{name}' {rule}")).into());
                    };
                    self.common.insert(field, value, 0);
                    continue;
                }
                Part::PAIRS => {
                    self.add_pairs(name, topics.value(row).as_primitive::<Float64Type>())?;
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

    /// Takes the pairs of the next document: documents come in the order in which they were named.
    fn add_pairs(&mut self, document: &str, values: &Float64Array) -> Result<()> {
        let judged = &mut self.judged;
        if judged.offsets.is_empty() {
            judged.offsets.push(0);
        }
        let (triples, rest) = values.values().as_chunks::<3>();
        if self.documents.get(document) != Some(judged.offsets.len() as u32 - 1) || !rest.is_empty()
        {
            let problem = format!("the pairs of '{document}' are out of order");
            return Err(Error::NotAModel { problem });
        }
        for [word, times, probability] in triples {
            // Whole numbers of 32 bits, as they were written.
            judged.words.push(*word as u32);
            judged.times.push(*times as u32);
            judged.probabilities.push(*probability);
        }
        judged.offsets.push(judged.words.len());
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
        let proxy = [Generation::Spot, Generation::V2].map(|it| Preset::Proxy.description(it));
        let is_proxy = |(name, value): &(String, String)| name == RECIPE && proxy.contains(value);
        if asked.iter().any(is_proxy) && self.agents == 0 {
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
            + Judged::predicted_bytes(self.judged.offsets.capacity(), self.judged.words.capacity())
            + self.common.memory_bytes()
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
