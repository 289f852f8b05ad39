//! What users of Hive, Impala and Spark write and DataFusion's planner does not know, in forms that it knows.
//!
//! - `a RLIKE p`, `a REGEXP p`: `regexp_like(a, p)`;
//! - `a LIKE p ESCAPE '!'`: the pattern with a backslash as escape, where it is a literal;
//! - `count(DISTINCT a, b)`: counts structures; a row with a NULL among them does not count;
//! - `MINUS`: `EXCEPT`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    CaseWhen, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, Query, SetExpr, SetOperator,
    UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut,
};

use crate::error::{Error, Result};

/// Replaces them in a statement.
///
/// # Errors
/// A LIKE pattern or an ESCAPE that means nothing.
pub(super) fn known_forms(statement: &mut impl VisitMut) -> Result<()> {
    match statement.visit(&mut Idioms) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Idioms;

impl VisitorMut for Idioms {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        without_minus(&mut query.body);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        match expr {
            Expr::RLike {
                negated,
                expr: text,
                pattern,
                ..
            } => {
                let call = call("regexp_like", vec![(**text).clone(), (**pattern).clone()]);
                *expr = match negated {
                    true => Expr::Nested(Box::new(Expr::UnaryOp {
                        op: UnaryOperator::Not,
                        expr: Box::new(call),
                    })),
                    false => call,
                };
            }
            Expr::Like {
                pattern,
                escape_char,
                ..
            }
            | Expr::ILike {
                pattern,
                escape_char,
                ..
            } => {
                if let Err(error) = escape_by_backslash(pattern, escape_char) {
                    return ControlFlow::Break(error);
                }
            }
            Expr::Function(function) => count_of_several(function),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn without_minus(body: &mut SetExpr) {
    if let SetExpr::SetOperation {
        op, left, right, ..
    } = body
    {
        if *op == SetOperator::Minus {
            *op = SetOperator::Except;
        }
        without_minus(left);
        without_minus(right);
    }
}

/// Rewrites a pattern for the planner, which knows the backslash alone: a literal here, any other when it is computed.
fn escape_by_backslash(pattern: &mut Expr, escape: &mut Option<ValueWithSpan>) -> Result<()> {
    let Some(ValueWithSpan {
        value: Value::SingleQuotedString(given) | Value::DoubleQuotedString(given),
        ..
    }) = escape.as_ref()
    else {
        return Ok(());
    };
    if given == "\\" {
        return Ok(());
    }
    let mut characters = given.chars();
    let (mark, None) = (characters.next(), characters.next()) else {
        return Err(Error::Syntax(format!(
            "ESCAPE '{given}': one character is expected, or none ('')"
        )));
    };
    let Expr::Value(ValueWithSpan {
        value: Value::SingleQuotedString(text) | Value::DoubleQuotedString(text),
        ..
    }) = pattern
    else {
        *pattern = escaped_by_backslash(pattern.clone(), mark);
        *escape = None;
        return Ok(());
    };
    let mut new = String::with_capacity(text.len() + 4);
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if Some(character) == mark {
            match rest.next() {
                Some(next) if matches!(next, '%' | '_') || Some(next) == mark => {
                    // Before anything but these, a backslash would be one to be found.
                    if matches!(next, '%' | '_' | '\\') {
                        new.push('\\');
                    }
                    new.push(next);
                }
                _ => {
                    return Err(Error::Syntax(format!(
                        "LIKE '{text}' ESCAPE '{given}': only %, _ and {given} may follow {given}"
                    )));
                }
            }
        } else if character == '\\' {
            new.push_str("\\\\");
        } else {
            new.push(character);
        }
    }
    *text = new;
    *escape = None;
    Ok(())
}

/// The pattern with its backslashes doubled, and with a backslash for each escape that stands before another character.
fn escaped_by_backslash(pattern: Expr, mark: Option<char>) -> Expr {
    let text = |text: String| Expr::Value(Value::SingleQuotedString(text).into());
    let replaced = |expr, from: String, to: String| {
        let arguments = vec![expr, text(from), text(to)];
        call("replace", arguments)
    };
    let doubled = replaced(pattern, "\\".into(), "\\\\".into());
    let Some(mark) = mark.map(String::from) else {
        return doubled;
    };
    // A doubled mark stands for itself; meanwhile a character that no text has does.
    let itself = "\u{1}".to_owned();
    let apart = replaced(doubled, mark.repeat(2), itself.clone());
    let escaped = replaced(apart, mark.clone(), "\\".into());
    replaced(escaped, itself, mark)
}

/// `count(DISTINCT a, b)` becomes `count(DISTINCT CASE WHEN a IS NULL THEN NULL WHEN b IS NULL THEN NULL ELSE struct(a, b) END)`.
fn count_of_several(function: &mut Function) {
    let is_count = matches!(function.name.0.as_slice(),
        [part] if part.as_ident().is_some_and(|it| it.value.eq_ignore_ascii_case("count")));
    let FunctionArguments::List(list) = &mut function.args else {
        return;
    };
    if !is_count
        || list.args.len() < 2
        || list.duplicate_treatment != Some(DuplicateTreatment::Distinct)
    {
        return;
    }
    let given: Option<Vec<Expr>> = list
        .args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect();
    let Some(given) = given else { return };
    // One condition for each: a chain of ANDs could grow too deep.
    let conditions = given
        .iter()
        .map(|expr| CaseWhen {
            condition: Expr::IsNull(Box::new(Expr::Nested(Box::new(expr.clone())))),
            result: Expr::Value(Value::Null.into()),
        })
        .collect();
    let rows = Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions,
        else_result: Some(Box::new(call("struct", given))),
    };
    list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(rows))];
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments
        .into_iter()
        .map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)))
        .collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
