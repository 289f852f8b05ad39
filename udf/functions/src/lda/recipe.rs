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

use super::occurrences::with_occurrences;
use super::score::{VALID, document_column, word_column};
use super::tally::Rows;
use crate::log::{Domains, Log, Words, alternatives};
use crate::relation::{Arguments, Described, Error, expression, expressions};

/// The column of counts that a training's input may have.
const COUNT: &str = "__lda_count";
/// What records must differ in to count each.
const DISTINCT: &str = "__lda_distinct";

/// What the arguments say about documents and words.
pub(crate) struct Recipe<'a> {
    arguments: &'a Arguments,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Log(&'static Log, &'static Words),
    Expressions {
        documents: Vec<&'a SqlExpr>,
        words: Vec<&'a SqlExpr>,
    },
}

impl<'a> Recipe<'a> {
    pub(crate) fn of(arguments: &'a Arguments) -> Result<Self, Error> {
        let function = arguments.function.name();
        let (documents, words) = (arguments.list("documents"), arguments.list("words"));
        let kind = match (arguments.log()?, documents, words) {
            (Some(log), None, _) => Kind::Log(log, words_of(log, arguments)?),
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
                    sources: arguments.sources(),
                });
            }
        };
        if let Some(distinct) = arguments.get("distinct") {
            let accepted = match kind {
                Kind::Log(..) => "nothing beside source => …, which knows what to tell apart",
                Kind::Expressions { .. } if arguments.get("counts").is_some() => {
                    "nothing beside counts => …: either says how often a pair counts"
                }
                Kind::Expressions { .. } => return Ok(Self { arguments, kind }),
            };
            return Err(arguments.invalid("distinct", distinct, accepted));
        }
        Ok(Self { arguments, kind })
    }

    /// The kind of log, where the call names one.
    pub(crate) fn log(&self) -> Option<&'static Log> {
        match self.kind {
            Kind::Log(log, _) => Some(log),
            Kind::Expressions { .. } => None,
        }
    }

    /// Whether rare values of fields are folded: see [`super::fold`].
    pub(crate) fn folds(&self) -> bool {
        match self.kind {
            Kind::Log(_, words) => words.folds,
            Kind::Expressions { .. } => true,
        }
    }

    /// The lists of domains that the words depend on.
    pub(crate) fn domains(&self) -> Domains {
        match self.kind {
            Kind::Log(_, words) => words.domains,
            Kind::Expressions { .. } => Domains::Unread,
        }
    }

    /// What the words are, as a model keeps it: the name of the log's words, or the expressions.
    pub(crate) fn description(&self) -> String {
        match &self.kind {
            Kind::Log(_, words) => words.recipe.to_owned(),
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
        let advice = match self.kind {
            Kind::Log(log, _) => log.advice,
            Kind::Expressions { .. } => {
                "A record without a document or a word cannot be used: check the expressions and the filter of the \
                 input"
            }
        };
        advice.to_owned()
    }

    /// The same where no record was read at all: no function says what is wrong with those.
    pub(crate) fn advice_on_none(&self) -> String {
        match self.kind {
            Kind::Log(..) => "Check the date, or the filter of the input: SHOW PARTITIONS says which days a table holds".to_owned(),
            Kind::Expressions { .. } => self.advice(),
        }
    }

    /// The descriptor of the log beside the columns of `input`.
    pub(crate) fn described<'b>(&self, log: &'static Log, input: &'b LogicalPlan) -> Described<'b> {
        Described {
            function: self.arguments.function.name(),
            log,
            schema: input.schema(),
        }
    }

    /// The records of `input` with their documents and words worked out.
    pub(crate) fn records(
        &self,
        input: LogicalPlan,
        occurrences: Option<LogicalPlan>,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Records> {
        let visible = input.schema().columns();
        let input = match (self.log(), occurrences) {
            (Some(log), Some(occurrences)) => {
                let counted = self.described(log, &input);
                with_occurrences(&counted, input.clone(), occurrences, context)?
            }
            _ => input,
        };
        let schema = input.schema();
        let columns = match &self.kind {
            Kind::Log(log, words) => of_log(&self.described(log, &input), words, context)?,
            Kind::Expressions { documents, words } => Columns {
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
            columns,
            counts,
        })
    }
}

/// The words that a call asks for, or the log's default.
fn words_of(log: &'static Log, arguments: &Arguments) -> Result<&'static Words, Error> {
    let found = match arguments.word("words") {
        None => log.words.last(),
        Some(name) => log.words_named(&name),
    };
    found.ok_or_else(|| match arguments.get("words") {
        None => Error::WordsUndetermined {
            function: arguments.function.name().to_owned(),
            sources: arguments.sources(),
        },
        Some(written) => {
            let names = alternatives(log.words.iter().map(|words| words.name));
            let accepted =
                format!("{names} (or, without source, expressions together with documents)");
            arguments.invalid("words", written, &accepted)
        }
    })
}

/// The (document, word) expressions of a record, and which records they hold for.
#[derive(Debug)]
struct Columns {
    documents: Vec<Expr>,
    words: Vec<Expr>,
    /// True for the records that can be scored; none means that all can.
    valid: Option<Expr>,
    /// If there is one, records of the same documents and words count in training as often as they
    /// differ in it.
    distinct: Option<Expr>,
}

fn of_log(
    input: &Described<'_>,
    words: &Words,
    context: &mut dyn RelationPlannerContext,
) -> Result<Columns> {
    let mut columns = Columns {
        documents: Vec::new(),
        words: Vec::new(),
        valid: None,
        distinct: None,
    };
    for (document, word) in words.pairs {
        columns.words.push(input.plan(word, context)?);
        columns.documents.push(input.plan(document, context)?);
    }
    columns.valid = Some(input.plan(input.log.valid, context)?);
    if let Some(distinct) = words.distinct {
        columns.distinct = Some(input.plan(distinct, context)?);
    }
    Ok(columns)
}

/// An input with its documents and words worked out.
pub(crate) struct Records {
    input: LogicalPlan,
    /// The columns of the input that the user knows.
    pub(crate) visible: Vec<Column>,
    columns: Columns,
    counts: Option<Expr>,
}

impl Records {
    /// The columns that a training counts (see [`super::tally`]).
    ///
    /// A record that is not valid stays, without its document: so it is told how many there were.
    pub(crate) fn pairs(self) -> Result<LogicalPlan> {
        let Columns {
            documents,
            words,
            valid,
            distinct,
        } = self.columns;
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
        self.columns.words.len()
    }

    /// What a row of the pairs stands for.
    pub(crate) fn rows(&self) -> Rows {
        match (&self.columns.distinct, &self.counts) {
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
            .columns
            .documents
            .into_iter()
            .zip(self.columns.words)
            .enumerate();
        columns.extend(hidden.flat_map(|(i, (document, word))| {
            [
                cast(document, DataType::Utf8View).alias(document_column(i)),
                cast(word, DataType::Utf8View).alias(word_column(i)),
            ]
        }));
        columns.extend(self.columns.valid.map(|valid| valid.alias(VALID)));
        LogicalPlanBuilder::from(self.input)
            .project(columns)?
            .build()
    }
}

fn list(expressions: &[&SqlExpr]) -> String {
    let list: Vec<_> = expressions.iter().map(ToString::to_string).collect();
    format!("[{}]", list.join(", "))
}
