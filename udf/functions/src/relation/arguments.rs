//! Reads the arguments of a table function from a parsed statement.
//!
//! The input may be written as a table's name, `TABLE(t)`, `TABLE(SELECT …)` or a query in parentheses.
//! [`as_queries`] turns all of them into queries before planning, so that the engine finds (and loads) the
//! tables named in them as it finds any other.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Query, SetExpr,
    Statement, TableFactor, TableFunctionArgs, UnaryOperator, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::{Error, QueryFunction, Result};
use crate::log::{Log, alternatives};

/// The function that a name in a FROM clause calls.
fn called(name: &ObjectName, known: &[&'static QueryFunction]) -> Option<&'static QueryFunction> {
    let [part] = name.0.as_slice() else {
        return None;
    };
    let name = &part.as_ident()?.value;
    let mut known = known.iter().copied();
    known.find(|known| name.eq_ignore_ascii_case(known.name()))
}

/// The arguments as written: the input and the named ones.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) function: &'static QueryFunction,
    pub(crate) input: Box<Query>,
    named: Vec<(String, Expr)>,
    /// The kinds of log that the session knows.
    logs: Vec<&'static Log>,
}

impl Arguments {
    /// The arguments of `relation`, if it is a call of one of the functions.
    pub(crate) fn of(
        relation: &TableFactor,
        functions: &[&'static QueryFunction],
        logs: &[&'static Log],
    ) -> Result<Option<Self>> {
        let TableFactor::Table {
            name,
            args: Some(args),
            ..
        } = relation
        else {
            return Ok(None);
        };
        let Some(function) = called(name, functions) else {
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
                            function.accepted_by_name()
                        ),
                    });
                }
            };
            if function.parameter(&name).is_none() {
                return Err(Error::UnknownArgument {
                    function: function.name().to_owned(),
                    name,
                    accepted: function.accepted(),
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
            logs: logs.to_vec(),
        }))
    }

    /// The expression given as `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&Expr> {
        self.named
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The kind of log that `source => …` names; none where it is not given.
    pub(crate) fn log(&self) -> Result<Option<&'static Log>> {
        let Some(given) = self.get("source") else {
            return Ok(None);
        };
        let name = self.word("source").unwrap_or_default();
        let mut known = self.logs.iter().copied();
        match known.find(|known| name.eq_ignore_ascii_case(known.name)) {
            Some(known) => Ok(Some(known)),
            None => Err(self.invalid("source", given, &self.sources())),
        }
    }

    /// The names of the kinds of log.
    pub(crate) fn sources(&self) -> String {
        alternatives(self.logs.iter().map(|known| known.name))
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

/// Rewrites every relation that is given to one of the functions as a query: `t` becomes `(SELECT * FROM t)`.
pub(crate) fn as_queries(statement: &mut Statement, functions: &[&'static QueryFunction]) {
    struct Rewriter<'a>(&'a [&'static QueryFunction]);
    impl VisitorMut for Rewriter<'_> {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            if let TableFactor::Table {
                name,
                args: Some(TableFunctionArgs { args, .. }),
                ..
            } = factor
                && let Some(function) = called(name, self.0)
            {
                let is_relation = |name: &Ident| {
                    let mut relations = function
                        .description
                        .parameters
                        .iter()
                        .filter(|it| it.relation);
                    relations.any(|known| name.value.eq_ignore_ascii_case(known.name))
                };
                for (place, argument) in args.iter_mut().enumerate() {
                    let value = match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) if place == 0 => value,
                        FunctionArg::Named {
                            name,
                            arg: FunctionArgExpr::Expr(value),
                            ..
                        } if is_relation(name) => value,
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
    let _ = statement.visit(&mut Rewriter(functions));
}

/// A relation in any of the forms a user may write it in.
fn as_query(value: &Expr) -> Option<Box<Query>> {
    match value {
        Expr::Subquery(query) => Some(query.clone()),
        Expr::Nested(inner) => as_query(inner),
        Expr::Identifier(name) => select_all(vec![name.clone()]),
        Expr::CompoundIdentifier(names) => select_all(names.clone()),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(name) | Value::DoubleQuotedString(name) => {
                // `db.table` given as text.
                let parts = name.split('.').map(|part| part.trim_matches('`'));
                select_all(parts.map(|part| Ident::with_quote('`', part)).collect())
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

/// `SELECT * FROM table`. The name goes in as it was parsed: as text it would be read by the rules of one dialect.
fn select_all(table: Vec<Ident>) -> Option<Box<Query>> {
    let statements = Parser::parse_sql(&GenericDialect {}, "SELECT * FROM t").ok()?;
    let Some(Statement::Query(mut query)) = statements.into_iter().next() else {
        return None;
    };
    let SetExpr::Select(select) = query.body.as_mut() else {
        return None;
    };
    let TableFactor::Table { name, .. } = &mut select.from.first_mut()?.relation else {
        return None;
    };
    *name = table.into();
    Some(query)
}
