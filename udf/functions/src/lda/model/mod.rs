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
//! An unseen *word* is taken for the average of the words that occurred once. Those are the best guide to words that
//! come up for the first time (Baayen and Sproat, "Estimating lexical priors for low-frequency morphologically
//! ambiguous forms", 1996, after Good 1953). Hosts whose topics bring up rarities now and then are thereby less
//! suspicious when the next one comes than hosts that never did. The average counts for
//! `r = min(1, 2 (f_2 + 1) / (f_1 + 1))` occurrences, where `f_n` words occurred `n` times. It is Good's and Turing's
//! estimate of the probability of all unseen words, `f_1 / N`, divided among as many of them as Chao's estimate (1984)
//! says there are. Never is an unseen word more probable than the average of those seen once. If none was seen once, it
//! has probability `r / N` in every topic.
//!
//! A training on the very input that is to be scored adds rows of the part `pairs`, one a document. In place of topics
//! they hold three numbers for every word that it has (the word's place among the words, how often it occurred in the
//! document, its probability). They go to the scoring and nowhere else.
//!
//! The rows may be stored in any order, in any table with these columns.

mod lookup;
mod rows;

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

pub(crate) use lookup::Lookup;
pub(crate) use rows::{Model, Records};

use crate::relation::{Error, Result};

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

fn topic_field() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Float64, true))
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
