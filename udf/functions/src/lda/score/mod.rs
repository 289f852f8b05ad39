//! `lda_score`: the plan node that adds each record's estimated probability.
//!
//! It has two inputs: the rows of a model (a training, or a table), read once and to the end, and
//! the records, which stream through. Low is suspicious. By the original's rule (`scoring => 'spot'`) a
//! record's score is the smallest of `Σ_k p(k|document) p(word|k)` over its (document, word) pairs.
//! By `scoring => 'leave_one_out'` it is
//!
//! ```text
//! Π p(word|document, without the pair itself)  /  min(n(document, word), …, 300)
//! ```
//!
//! with the probabilities of [`spotql_topic::leave_one_out`], and `n` the number of the input's records with the pair
//! (with `distinct`, of those that it tells apart). All ends of a record have to be unusual for it to be so, hence the
//! product. The division makes of it the probability of what was seen, a pair `n` times: a habit that nobody else has
//! is the more remarkable the more often it is indulged in. That much and no more, since repetition comes in bursts. In
//! an urn that returns each draw with another of its kind, `n` draws of something improbable have a probability of
//! about `p / n`, not `p^n`. This is Elkan 2006, equation 10, for the Dirichlet compound multinomial with small
//! parameters. From 300 on, the length of the list, it says no more. The smallest `n` counts, as the number of
//! occurrences that all ends share. The scores of a stored model are the product alone: what it counted were other
//! records.
//!
//! A document or word that a stored model does not know gets an estimate of its own (see [`super::model`]) or, with
//! `unseen => 'zero'`, 0 as in the original. A record without a document or word, or one that the source's rules call
//! invalid, gets NULL.

mod exec;
mod explain;
mod scorer;

use std::cmp::Ordering;
use std::fmt;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchemaRef, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

pub(crate) use exec::ScoreExec;

use super::settings::Rule;
use crate::log::Log;
use crate::relation::{HIDDEN, all_columns, extended, needed};

/// The column that `lda_score` adds.
pub(crate) const SCORE: &str = "score";
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

/// How much is said about a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) enum Explain {
    #[default]
    Nothing,
    /// The document and the word.
    Pair,
    /// All of [`explain`].
    Full,
}

impl Explain {
    pub(crate) const NAMES: &'static str = "true, false or 'pair'";

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "true" => Some(Self::Full),
            "false" => Some(Self::Nothing),
            "pair" => Some(Self::Pair),
            _ => None,
        }
    }
}

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
    /// What a score is made of.
    pub(crate) rule: Rule,
    /// How the score is explained by its least probable pair.
    pub(crate) explain: Explain,
    /// Whether a column tells which records are alike.
    pub(crate) lead: bool,
    /// Whose words are explained.
    pub(crate) log: Option<&'static Log>,
}

impl Scoring {
    /// The columns that are added to the input's: `score`; with `lead`, `lead`; with `explain`, those
    /// of [`explain`]; with a stored model, `unseen`.
    pub(crate) fn columns(&self) -> Vec<Field> {
        let mut columns = vec![Field::new(SCORE, DataType::Float64, true)];
        if self.lead {
            columns.push(Field::new("lead", DataType::Utf8View, true));
        }
        columns.extend(explain::columns(self.explain));
        if self.asked.is_some() {
            columns.push(Field::new("unseen", DataType::Utf8View, true));
        }
        columns
    }
}

impl fmt::Display for Scoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.width, self.rule) {
            (1, _) => f.write_str("one word a record")?,
            (width, Rule::Spot) => write!(f, "smallest of {width} words a record")?,
            (width, Rule::LeaveOneOut) => write!(f, "product of {width} words a record")?,
        }
        if self.rule == Rule::LeaveOneOut && self.asked.is_none() {
            f.write_str(", each judged without itself")?;
        }
        match self.asked {
            None => f.write_str(", model trained on this input")?,
            Some(_) if self.zero_unseen => f.write_str(", model given, unseen is 0")?,
            Some(_) => f.write_str(", model given, unseen is smoothed")?,
        }
        if self.lead {
            f.write_str(", with leads")?;
        }
        match self.explain {
            Explain::Nothing => {}
            Explain::Pair => f.write_str(", with document and word")?,
            Explain::Full => f.write_str(", explained")?,
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
        let schema = extended(input.schema(), scoring.columns())?;
        Ok(Self {
            model,
            input,
            scoring,
            schema,
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
        all_columns(&self.schema)
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
        Some(vec![model, needed(self.input.schema(), output_columns)])
    }
}
