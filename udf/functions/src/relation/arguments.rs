//! Reads the arguments of `lda_train(…)`, `lda_score(…)`, `rhythm(…)`, `enrich(…)` and `indicators(…)` from
//! a parsed statement.
//!
//! The input may be written as a table's name, `TABLE(t)`, `TABLE(SELECT …)` or a query in parentheses.
//! [`relations_as_queries`] turns all of them into queries before planning, so that the engine finds (and loads) the
//! tables named in them as it finds any other.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, Query, Statement,
    TableFactor, TableFunctionArgs, UnaryOperator, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::HiveDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::{Error, Result};

/// The table functions that take a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Train,
    Score,
    Rhythm,
    Enrich,
    Indicators,
}

impl Function {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "lda_train",
            Self::Score => "lda_score",
            Self::Rhythm => "rhythm",
            Self::Enrich => "enrich",
            Self::Indicators => "indicators",
        }
    }

    fn from_object_name(name: &ObjectName) -> Option<Self> {
        let [part] = name.0.as_slice() else {
            return None;
        };
        let name = &part.as_ident()?.value;
        let known = [
            Self::Train,
            Self::Score,
            Self::Rhythm,
            Self::Enrich,
            Self::Indicators,
        ];
        let mut known = known.into_iter();
        known.find(|known| name.eq_ignore_ascii_case(known.name()))
    }

    /// The names of its arguments.
    pub(crate) fn accepted(self) -> &'static [&'static str] {
        const ALL: &[&str] = &[
            "input",
            "source",
            "documents",
            "words",
            "counts",
            "distinct",
            "feedback",
            "dupfactor",
            "scoring",
            "optimizer",
            "topics",
            "iterations",
            "alpha",
            "beta",
            "seed",
            "precision",
            // From here on, of scoring alone.
            "model",
            "unseen",
            "explain",
            "restarts",
            "lead",
        ];
        match self {
            Self::Train => &ALL[..ALL.len() - 5],
            Self::Score => ALL,
            Self::Rhythm => &["input", "conversation", "time"],
            Self::Enrich => &["input", "source", "columns"],
            Self::Indicators => &["input", "source", "format"],
        }
    }
}

/// The arguments as written: the input and the named ones.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) function: Function,
    pub(crate) input: Box<Query>,
    named: Vec<(String, Expr)>,
}

impl Arguments {
    /// The arguments of `relation`, if it is a call of one of our functions.
    pub(crate) fn of(relation: &TableFactor) -> Result<Option<Self>> {
        let TableFactor::Table {
            name,
            args: Some(args),
            ..
        } = relation
        else {
            return Ok(None);
        };
        let Some(function) = Function::from_object_name(name) else {
            return Ok(None);
        };
        let mut input = None;
        let mut named: Vec<(String, Expr)> = Vec::new();
        let mut given: Vec<String> = Vec::new();
        for argument in &args.args {
            let (name, value) = match argument {
                FunctionArg::Named { name, arg, .. } => (name.value.to_ascii_lowercase(), arg),
                FunctionArg::ExprNamed { name, arg, .. } => {
                    (name.to_string().to_ascii_lowercase(), arg)
                }
                FunctionArg::Unnamed(arg) if input.is_none() => ("input".to_owned(), arg),
                FunctionArg::Unnamed(arg) => {
                    return Err(Error::UnknownArgument {
                        function: function.name().to_owned(),
                        name: arg.to_string(),
                        accepted: format!(
                            "one input, then named arguments (name => value): {}",
                            function.accepted()[1..].join(", ")
                        ),
                    });
                }
            };
            if !function.accepted().contains(&name.as_str()) {
                return Err(Error::UnknownArgument {
                    function: function.name().to_owned(),
                    name,
                    accepted: function.accepted().join(", "),
                });
            }
            let FunctionArgExpr::Expr(value) = value else {
                return Err(Error::InvalidArgument {
                    function: function.name().to_owned(),
                    name,
                    value: value.to_string(),
                    accepted: "a value".to_owned(),
                });
            };
            if given.contains(&name) {
                return Err(Error::RepeatedArgument {
                    function: function.name().to_owned(),
                    name,
                });
            }
            given.push(name.clone());
            if name == "input" {
                input = Some(as_query(value).ok_or_else(|| Error::MissingInput {
                    function: function.name().to_owned(),
                })?);
            } else if !is_null(value) {
                named.push((name, value.clone()));
            }
        }
        let input = input.ok_or_else(|| Error::MissingInput {
            function: function.name().to_owned(),
        })?;
        Ok(Some(Self {
            function,
            input,
            named,
        }))
    }

    /// The expression given as `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&Expr> {
        self.named
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The expressions given as `name`: one, or several in brackets.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&Expr>> {
        Some(match self.get(name)? {
            Expr::Array(array) => array.elem.iter().collect(),
            Expr::Tuple(elements) => elements.iter().collect(),
            single => vec![single],
        })
    }

    /// A relation other than the input: the model's rows, or the feedback.
    pub(crate) fn relation(&self, name: &str, accepted: &str) -> Result<Option<Box<Query>>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        as_query(value)
            .map(Some)
            .ok_or_else(|| self.invalid(name, value, accepted))
    }

    pub(crate) fn whole_number(&self, name: &str) -> Result<Option<u64>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match literal(value) {
            Some(Literal::Number(text)) => text.parse().map(Some).ok(),
            _ => None,
        }
        .ok_or_else(|| self.invalid(name, value, "a whole number, 0 or more"))
    }

    pub(crate) fn real(&self, name: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match literal(value) {
            Some(Literal::Number(text)) => text.parse().map(Some).ok(),
            _ => None,
        }
        .ok_or_else(|| self.invalid(name, value, "a number"))
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<bool> {
        match (self.get(name), self.word(name).as_deref()) {
            (Some(_), Some("true")) => Ok(true),
            (None, _) | (_, Some("false")) => Ok(false),
            (Some(value), _) => Err(self.invalid(name, value, "true or false")),
        }
    }

    /// A word, with or without quotes.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        match literal(self.get(name)?) {
            Some(Literal::Text(text) | Literal::Number(text)) => Some(text),
            None => self.get(name).map(ToString::to_string),
        }
    }

    pub(crate) fn invalid(&self, name: &str, value: &Expr, accepted: &str) -> Error {
        Error::InvalidArgument {
            function: self.function.name().to_owned(),
            name: name.to_owned(),
            value: value.to_string(),
            accepted: accepted.to_owned(),
        }
    }
}

/// NULL is as good as nothing: so scripts leave a default to the function.
fn is_null(value: &Expr) -> bool {
    matches!(value, Expr::Value(value) if value.value == Value::Null)
}

enum Literal {
    Text(String),
    Number(String),
}

fn literal(expr: &Expr) -> Option<Literal> {
    match expr {
        Expr::Nested(inner) => literal(inner),
        Expr::Identifier(ident) => Some(Literal::Text(ident.value.clone())),
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => match literal(expr)? {
            Literal::Number(number) => Some(Literal::Number(format!("-{number}"))),
            Literal::Text(_) => None,
        },
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => Some(Literal::Number(number.to_string())),
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                Some(Literal::Text(text.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The arguments that are relations.
const RELATIONS: [&str; 3] = ["input", "model", "feedback"];

/// Rewrites every relation given to one of our functions as a query: `t` becomes
/// `(SELECT * FROM t)`. To be applied to a statement before it is planned.
pub fn relations_as_queries(statement: &mut Statement) {
    struct Rewriter;
    impl VisitorMut for Rewriter {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            if let TableFactor::Table {
                name,
                args: Some(TableFunctionArgs { args, .. }),
                ..
            } = factor
                && Function::from_object_name(name).is_some()
            {
                for (place, argument) in args.iter_mut().enumerate() {
                    let value = match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) if place == 0 => value,
                        FunctionArg::Named {
                            name,
                            arg: FunctionArgExpr::Expr(value),
                            ..
                        } if RELATIONS
                            .iter()
                            .any(|known| name.value.eq_ignore_ascii_case(known)) =>
                        {
                            value
                        }
                        _ => continue,
                    };
                    if let Some(query) = as_query(value) {
                        *value = Expr::Subquery(query);
                    }
                }
            }
            ControlFlow::Continue(())
        }
    }
    let _ = statement.visit(&mut Rewriter);
}

/// A relation in any of the forms a user may write it in.
fn as_query(value: &Expr) -> Option<Box<Query>> {
    match value {
        Expr::Subquery(query) => Some(query.clone()),
        Expr::Nested(inner) => as_query(inner),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => select_all(&value.to_string()),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(name) | Value::DoubleQuotedString(name) => {
                select_all(&quoted(name))
            }
            _ => None,
        },
        Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("table") => {
            match &function.args {
                FunctionArguments::Subquery(query) => Some(query.clone()),
                FunctionArguments::List(list) => match list.args.as_slice() {
                    [FunctionArg::Unnamed(FunctionArgExpr::Expr(inner))] => as_query(inner),
                    _ => None,
                },
                FunctionArguments::None => None,
            }
        }
        _ => None,
    }
}

/// `db.table` given as text becomes `db`.`table`.
fn quoted(name: &str) -> String {
    name.split('.')
        .map(|part| format!("`{}`", part.trim_matches('`')))
        .collect::<Vec<_>>()
        .join(".")
}

fn select_all(table: &str) -> Option<Box<Query>> {
    let statements = Parser::parse_sql(&HiveDialect {}, &format!("SELECT * FROM {table}")).ok()?;
    match statements.into_iter().next()? {
        Statement::Query(query) => Some(query),
        _ => None,
    }
}
