//! What scoring reads of a model's rows.

use datafusion::arrow::array::{Array, AsArray, Float64Array, RecordBatch};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::error::Result as DataFusionResult;
use spotql_values::interner::Interner;

use super::Part;
use crate::lda::fold::Common;
use crate::lda::judged::{Judged, Pair, PairIndex};
use crate::lda::settings::{DOMAINS, RECIPE};
use crate::log::Log;
use crate::relation::{Error, Result};

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
    index: PairIndex,
    /// The values of foldable fields that words name.
    pub(crate) common: Common,
    parameters: Vec<(String, String)>,
    /// User agents whose counts the model brings along.
    agents: usize,
}

impl Lookup {
    /// Takes the rows of a batch of model rows (of [`SCHEMA`](super::SCHEMA)'s types).
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
                    (interner.intern(name).map_err(Error::from)? as usize) < known
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
            judged.pairs.push(Pair {
                word: *word as u32,
                times: *times as u32,
                probability: *probability,
            });
        }
        judged.offsets.push(judged.pairs.len());
        Ok(())
    }

    /// Says what is missing, once all rows have been added, and whether the model is the one that
    /// `asked` for, a list of parameters and their values; `log` says which records it is for.
    pub(crate) fn check(&self, asked: &[(String, String)], log: Option<&Log>) -> Result<()> {
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
        if let Some((log, counted)) = log.and_then(|log| Some((log, log.counted.as_ref()?)))
            && !asked.is_empty()
            && self.agents == 0
        {
            let (counted, log) = (counted.name, log.name);
            return Err(Error::NotAModel {
                problem: format!("it holds no counts of {counted}, which {log} words need"),
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

    /// Makes pairs findable, once all rows have been added.
    pub(crate) fn index_pairs(&mut self) -> Result<()> {
        self.index = PairIndex::of(&self.judged)?;
        Ok(())
    }

    /// What is known of a pair of the very input.
    pub(crate) fn pair(&self, document: u32, word: u32) -> Option<Pair> {
        self.index.find(&self.judged, document, word)
    }

    /// Bytes held, those of the index included even while it is not made.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.documents.memory_bytes()
            + self.words.memory_bytes()
            + (self.theta.capacity() + self.phi.capacity()) * size_of::<f64>()
            + Judged::predicted_bytes(self.judged.offsets.capacity(), self.judged.pairs.capacity())
            + PairIndex::predicted_bytes(self.judged.pairs.len())
            + self.common.memory_bytes()
    }
}
