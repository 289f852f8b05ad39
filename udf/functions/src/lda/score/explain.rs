//! Says why a record has its score: `explain => true`, or `'pair'` for the first two columns.
//!
//! Of the record's (document, word) pairs the least probable one is explained. The explanation is the word's meaning,
//! how often the document has it, how many others have it, the document's usual words, and the word's probability by
//! topic.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Float64Builder, Int64Builder, ListBuilder, StringViewBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::error::Result as DataFusionResult;
use spotql_values::interner::Strings;

use super::Explain;
use crate::lda::judged::Pair;
use crate::lda::model::Lookup;
use crate::log::Log;
use crate::relation::{Error, Result};

/// How many of a document's words say what it usually does.
const USUAL: usize = 3;
/// After so many texts their memory is accounted for.
const TOLD: u32 = 1024;

/// The columns that are added, in order.
pub(super) fn columns(explain: Explain) -> Vec<Field> {
    let topics = Field::new_list_field(DataType::Float64, true);
    let mut columns = vec![
        Field::new("document", DataType::Utf8View, true),
        Field::new("word", DataType::Utf8View, true),
        Field::new("meaning", DataType::Utf8View, true),
        Field::new("times", DataType::Int64, true),
        Field::new("elsewhere", DataType::Int64, true),
        Field::new("usual", DataType::Utf8View, true),
        Field::new("by_topic", DataType::List(Arc::new(topics)), true),
    ];
    columns.truncate(match explain {
        Explain::Nothing => 0,
        Explain::Pair => 2,
        Explain::Full => columns.len(),
    });
    columns
}

/// What is said of documents and words, worked out once for each of them.
#[derive(Debug)]
pub(super) struct Texts {
    log: Option<&'static Log>,
    /// What each word means.
    meanings: Strings,
    /// How many documents have each word; empty for a stored model, which does not know.
    documents: Vec<u32>,
    /// What each document usually does; empty for a stored model.
    usual: Strings,
}

impl Texts {
    /// Works them out; `reserve` is told now and then how many bytes they take by then.
    pub(super) fn of(
        lookup: &Lookup,
        log: Option<&'static Log>,
        reserve: impl Fn(usize) -> DataFusionResult<()>,
    ) -> DataFusionResult<Self> {
        let mut texts = Self {
            log,
            meanings: Strings::default(),
            documents: Vec::new(),
            usual: Strings::default(),
        };
        for word in 0..lookup.words.len() as u32 {
            texts
                .meanings
                .push(&meaning(log, lookup.words.name(word)))
                .map_err(Error::from)?;
            texts.tell_now_and_then(word, &reserve)?;
        }
        if !lookup.judged.pairs.is_empty() {
            texts.documents.resize(lookup.words.len(), 0);
        }
        for (document, pairs) in (0..).zip(lookup.judged.by_document()) {
            texts.add_document(pairs)?;
            texts.tell_now_and_then(document, &reserve)?;
        }
        Ok(texts)
    }

    fn tell_now_and_then(
        &self,
        number: u32,
        reserve: &impl Fn(usize) -> DataFusionResult<()>,
    ) -> DataFusionResult<()> {
        if number.is_multiple_of(TOLD) {
            reserve(self.memory_bytes())?;
        }
        Ok(())
    }

    fn add_document(&mut self, pairs: &[Pair]) -> Result<()> {
        // Not those that only the feedback has.
        let mut pairs: Vec<&Pair> = pairs.iter().filter(|pair| pair.times > 0).collect();
        for pair in &pairs {
            self.documents[pair.word as usize] += 1;
        }
        // Equally frequent words in their own order.
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.times));
        let strongest: Vec<String> = pairs
            .iter()
            .take(USUAL)
            .map(|pair| {
                let meaning = self.meanings.get(pair.word);
                let times = pair.times;
                let s = if times == 1 { "" } else { "s" };
                format!("{meaning} ({times} time{s})")
            })
            .collect();
        self.usual.push(&strongest.join("; "))?;
        Ok(())
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.meanings.memory_bytes()
            + self.usual.memory_bytes()
            + self.documents.capacity() * size_of::<u32>()
    }
}

/// What a word means, for people.
fn meaning(log: Option<&'static Log>, word: &str) -> String {
    match log {
        Some(log) => (log.meaning)(word).unwrap_or_else(|| word.to_owned()),
        None => word.to_owned(),
    }
}

/// The pair that is explained, as the record and as the model have it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Explained<'a> {
    pub(super) document: &'a str,
    pub(super) word: &'a str,
    pub(super) document_id: Option<u32>,
    pub(super) word_id: Option<u32>,
    /// What the training said of the pair, if it was in it.
    pub(super) pair: Option<Pair>,
}

/// The columns of one batch.
pub(super) struct Explanations<'a> {
    lookup: &'a Lookup,
    texts: Option<&'a Texts>,
    documents: StringViewBuilder,
    words: StringViewBuilder,
    meanings: StringViewBuilder,
    times: Int64Builder,
    elsewhere: Int64Builder,
    usual: StringViewBuilder,
    by_topic: ListBuilder<Float64Builder>,
}

impl<'a> Explanations<'a> {
    pub(super) fn with_capacity(lookup: &'a Lookup, texts: Option<&'a Texts>, rows: usize) -> Self {
        // The same few texts again and again.
        let text = || StringViewBuilder::with_capacity(rows).with_deduplicate_strings();
        let topics = Float64Builder::with_capacity(rows * lookup.topics);
        Self {
            lookup,
            texts,
            documents: text(),
            words: text(),
            meanings: text(),
            times: Int64Builder::with_capacity(rows),
            elsewhere: Int64Builder::with_capacity(rows),
            usual: text(),
            by_topic: ListBuilder::with_capacity(topics, rows),
        }
    }

    /// Appends the explanation of a record's score, NULLs where it has none.
    pub(super) fn append(&mut self, explained: Option<Explained<'_>>) {
        let (lookup, texts) = (self.lookup, self.texts);
        let Some(explained) = explained else {
            self.documents.append_null();
            self.words.append_null();
            if texts.is_none() {
                return;
            }
            self.meanings.append_null();
            self.times.append_null();
            self.elsewhere.append_null();
            self.usual.append_null();
            self.by_topic.append_null();
            return;
        };
        let (document, word) = (explained.document_id, explained.word_id);
        self.documents.append_value(explained.document);
        let name = word.map_or(explained.word, |word| lookup.words.name(word));
        self.words.append_value(name);
        let Some(texts) = texts else {
            return;
        };
        match word {
            Some(word) => self.meanings.append_value(texts.meanings.get(word)),
            None => self.meanings.append_value(meaning(texts.log, name)),
        }
        let times = explained.pair.map(|pair| pair.times.into());
        self.times.append_option(times);
        let having = word.and_then(|word| texts.documents.get(word as usize));
        // The document itself is one of them.
        let elsewhere = having.map(|having| i64::from(*having) - i64::from(times > Some(0)));
        self.elsewhere.append_option(elsewhere);
        let known = document.filter(|document| (*document as usize) < texts.usual.len());
        let usual = known.map(|document| texts.usual.get(document));
        self.usual.append_option(usual);
        let (theta, phi) = lookup.rows(document, word);
        let topics = theta.iter().zip(phi).map(|(mix, word)| mix * word);
        self.by_topic.values().extend(topics.map(Some));
        self.by_topic.append(true);
    }

    pub(super) fn finish(mut self) -> Vec<ArrayRef> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.documents.finish()),
            Arc::new(self.words.finish()),
        ];
        if self.texts.is_none() {
            return columns;
        }
        let rest: [ArrayRef; 5] = [
            Arc::new(self.meanings.finish()),
            Arc::new(self.times.finish()),
            Arc::new(self.elsewhere.finish()),
            Arc::new(self.usual.finish()),
            Arc::new(self.by_topic.finish()),
        ];
        columns.extend(rest);
        columns
    }
}
