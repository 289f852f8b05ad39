//! What the records are and how they become documents and words: `source => …`, or `documents`
//! and `words`, over any input that has the columns.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, cast, col, expr_fn::when, lit,
};
use datafusion::sql::sqlparser::ast::Expr as SqlExpr;

use super::preset::{Generation, Preset, Recipe};
use super::score::{VALID, document_column, word_column};
use super::tally::Rows;
use crate::relation::{Arguments, Error, expression, expressions};

/// The column of counts that a training's input may have.
const COUNT: &str = "__lda_count";
/// What records must differ in to count each.
const DISTINCT: &str = "__lda_distinct";

/// What the arguments say about documents and words.
pub(crate) struct Source<'a> {
    arguments: &'a Arguments,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Preset(Preset, Generation),
    Expressions {
        documents: Vec<&'a SqlExpr>,
        words: Vec<&'a SqlExpr>,
    },
}

impl<'a> Source<'a> {
    pub(crate) fn of(arguments: &'a Arguments) -> Result<Self, Error> {
        let function = arguments.function.name();
        let (documents, words) = (arguments.list("documents"), arguments.list("words"));
        let kind = match (arguments.get("source"), documents, words) {
            (Some(source), None, _) => {
                let preset = arguments
                    .word("source")
                    .and_then(|name| Preset::from_name(&name))
                    .ok_or_else(|| arguments.invalid("source", source, Preset::NAMES))?;
                let generation = match arguments.get("words") {
                    None => Generation::default(),
                    Some(words) => arguments
                        .word("words")
                        .and_then(|name| Generation::from_name(&name))
                        .ok_or_else(|| arguments.invalid("words", words, Generation::NAMES))?,
                };
                Kind::Preset(preset, generation)
            }
            (None, Some(documents), Some(words)) => {
                if documents.len() != words.len() || documents.is_empty() {
                    return Err(Error::UnevenPairs {
                        function: function.to_owned(),
                        documents: documents.len(),
                        words: words.len(),
                    });
                }
                Kind::Expressions { documents, words }
            }
            _ => {
                return Err(Error::WordsUndetermined {
                    function: function.to_owned(),
                });
            }
        };
        if let Some(distinct) = arguments.get("distinct") {
            let accepted = match kind {
                Kind::Preset(..) => "nothing beside source => …, which knows what to tell apart",
                Kind::Expressions { .. } if arguments.get("counts").is_some() => {
                    "nothing beside counts => …: either says how often a pair counts"
                }
                Kind::Expressions { .. } => return Ok(Self { arguments, kind }),
            };
            return Err(arguments.invalid("distinct", distinct, accepted));
        }
        Ok(Self { arguments, kind })
    }

    pub(crate) fn preset(&self) -> Option<(Preset, Generation)> {
        match self.kind {
            Kind::Preset(preset, generation) => Some((preset, generation)),
            Kind::Expressions { .. } => None,
        }
    }

    /// Whether rare values of fields are folded: see [`super::fold`].
    pub(crate) fn folds(&self) -> bool {
        !matches!(self.kind, Kind::Preset(_, Generation::Spot))
    }

    /// What the words are, as a model keeps it: the preset's name and the generation of its words,
    /// or the expressions.
    pub(crate) fn description(&self) -> String {
        match &self.kind {
            Kind::Preset(preset, generation) => preset.description(*generation),
            Kind::Expressions { documents, words } => {
                let (documents, words) = (list(documents), list(words));
                match self.arguments.get("distinct") {
                    None => format!("documents {documents}, words {words}"),
                    Some(it) => format!("documents {documents}, words {words}, distinct {it}"),
                }
            }
        }
    }

    /// Where an error about unusable records should send the user.
    pub(crate) fn advice(&self) -> String {
        match self.preset() {
            Some((preset, _)) => preset.advice(),
            None => "A record without a document or a word cannot be used: check the expressions \
                     and the filter of the input"
                .to_owned(),
        }
    }

    /// The same where no record was read at all: no function says what is wrong with those.
    pub(crate) fn advice_on_none(&self) -> String {
        match self.preset() {
            Some(_) => "Check the date, or the filter of the input: SHOW PARTITIONS says which days a table holds".to_owned(),
            None => self.advice(),
        }
    }

    /// How often each user agent occurs, where words need it.
    pub(crate) fn agents(&self, input: &LogicalPlan) -> Result<Option<LogicalPlan>> {
        match self.preset() {
            Some((preset, _)) => preset.agents(self.arguments.function.name(), input),
            None => Ok(None),
        }
    }

    /// The records of `input` with their documents and words worked out.
    pub(crate) fn records(
        &self,
        input: LogicalPlan,
        agents: Option<LogicalPlan>,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Records> {
        let function = self.arguments.function.name();
        let visible = input.schema().columns();
        let input = match (self.preset(), agents) {
            (Some((preset, _)), Some(agents)) => preset.with_agents(function, input, agents)?,
            _ => input,
        };
        let schema = input.schema();
        let recipe = match &self.kind {
            Kind::Preset(preset, generation) => preset.recipe(*generation, function, schema)?,
            Kind::Expressions { documents, words } => Recipe {
                documents: expressions(documents, schema, context)?,
                words: expressions(words, schema, context)?,
                valid: None,
                distinct: match self.arguments.get("distinct") {
                    Some(distinct) => Some(expression(distinct, schema, context)?),
                    None => None,
                },
            },
        };
        let counts = match self.arguments.get("counts") {
            Some(counts) => Some(cast(expression(counts, schema, context)?, DataType::Int64)),
            None => None,
        };
        Ok(Records {
            input,
            visible,
            recipe,
            counts,
        })
    }
}

/// An input with its documents and words worked out.
pub(crate) struct Records {
    input: LogicalPlan,
    /// The columns of the input that the user knows.
    pub(crate) visible: Vec<Column>,
    recipe: Recipe,
    counts: Option<Expr>,
}

impl Records {
    /// The columns that a training counts (see [`super::tally`]).
    ///
    /// A record that is not valid stays, without its document: so it is told how many there were.
    pub(crate) fn pairs(self) -> Result<LogicalPlan> {
        let Recipe {
            documents,
            words,
            valid,
            distinct,
        } = self.recipe;
        let mut columns = Vec::with_capacity(2 * words.len() + 1);
        for (i, (document, word)) in documents.into_iter().zip(words).enumerate() {
            let document = cast(document, DataType::Utf8View);
            let document = match &valid {
                Some(valid) if i == 0 => {
                    when(valid.clone(), document).otherwise(lit(ScalarValue::Utf8View(None)))?
                }
                _ => document,
            };
            columns.push(document.alias(document_column(i)));
            columns.push(cast(word, DataType::Utf8View).alias(word_column(i)));
        }
        let Some(distinct) = distinct else {
            columns.extend(self.counts.map(|counts| counts.alias(COUNT)));
            return LogicalPlanBuilder::from(self.input)
                .project(columns)?
                .build();
        };
        let names: Vec<String> = columns
            .iter()
            .map(|it| it.name_for_alias())
            .collect::<Result<_>>()?;
        columns.push(distinct.alias(DISTINCT));
        let kept = names.iter().map(col).chain([col(COUNT)]);
        LogicalPlanBuilder::from(self.input)
            .project(columns)?
            .aggregate(
                names.iter().map(col).chain([col(DISTINCT)]),
                [count(lit(1)).alias(COUNT)],
            )?
            .project(kept)?
            .build()
    }

    /// (document, word) pairs of a record.
    pub(crate) fn width(&self) -> usize {
        self.recipe.words.len()
    }

    /// What a row of the pairs stands for.
    pub(crate) fn rows(&self) -> Rows {
        match (&self.recipe.distinct, &self.counts) {
            (Some(_), _) => Rows::Merged,
            (None, Some(_)) => Rows::Counted,
            (None, None) => Rows::Records,
        }
    }

    /// The columns that the user knows and, hidden, what scoring needs.
    pub(crate) fn scored(self) -> Result<LogicalPlan> {
        let mut columns: Vec<Expr> = self
            .visible
            .into_iter()
            .map(|column| Expr::from(column.clone()).alias(column.name))
            .collect();
        let hidden = self
            .recipe
            .documents
            .into_iter()
            .zip(self.recipe.words)
            .enumerate();
        columns.extend(hidden.flat_map(|(i, (document, word))| {
            [
                cast(document, DataType::Utf8View).alias(document_column(i)),
                cast(word, DataType::Utf8View).alias(word_column(i)),
            ]
        }));
        columns.extend(self.recipe.valid.map(|valid| valid.alias(VALID)));
        LogicalPlanBuilder::from(self.input)
            .project(columns)?
            .build()
    }
}

fn list(expressions: &[&SqlExpr]) -> String {
    let list: Vec<_> = expressions.iter().map(ToString::to_string).collect();
    format!("[{}]", list.join(", "))
}
