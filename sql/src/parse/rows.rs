//! Comparisons of rows: `(a, b) NOT IN ((1, 2), (3, NULL))`.
//!
//! DataFusion compares structures, where NULL equals NULL and differs from all else. Here they become what SQL says they
//! are: comparisons of their columns, which NULL makes unknown.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, UnaryOperator, Value, VisitMut, VisitorMut,
};

use crate::error::{Error, Result};

/// Replaces the comparisons of rows in a statement.
///
/// # Errors
/// Rows of several lengths in one comparison.
pub(super) fn compared_by_columns(statement: &mut impl VisitMut) -> Result<()> {
    match statement.visit(&mut Rows) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Rows;

impl VisitorMut for Rows {
    type Break = Error;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        match comparison(expr) {
            Ok(Some(new)) => *expr = new,
            Ok(None) => {}
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }
}

/// What a comparison of rows means; none for anything else.
fn comparison(expr: &Expr) -> Result<Option<Expr>> {
    Ok(match expr {
        Expr::InList {
            expr,
            list,
            negated,
        } if matches!(**expr, Expr::Tuple(_)) => {
            let equal: Vec<Expr> = list
                .iter()
                .map(|it| compared(expr, &BinaryOperator::Eq, it))
                .collect::<Result<_>>()?;
            joined(equal, &BinaryOperator::Or).map(|any| if *negated { not(any) } else { any })
        }
        Expr::BinaryOp { left, op, right } if matches!(**left, Expr::Tuple(_)) && is_known(op) => {
            Some(compared(left, op, right)?)
        }
        Expr::IsDistinctFrom(left, right) if matches!(**left, Expr::Tuple(_)) => {
            Some(not(compared(left, &BinaryOperator::Spaceship, right)?))
        }
        Expr::IsNotDistinctFrom(left, right) if matches!(**left, Expr::Tuple(_)) => {
            Some(compared(left, &BinaryOperator::Spaceship, right)?)
        }
        Expr::Between {
            expr,
            negated,
            low,
            high,
        } if matches!(**expr, Expr::Tuple(_)) => {
            let within = both(
                compared(expr, &BinaryOperator::GtEq, low)?,
                compared(expr, &BinaryOperator::LtEq, high)?,
            );
            Some(if *negated { not(within) } else { within })
        }
        _ => None,
    })
}

fn is_known(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq, Spaceship};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | Spaceship)
}

fn compared(left: &Expr, op: &BinaryOperator, right: &Expr) -> Result<Expr> {
    let (left, right) = match (left, right) {
        (Expr::Tuple(left), Expr::Tuple(right))
            if left.len() == right.len() && !left.is_empty() =>
        {
            (left, right)
        }
        _ => {
            return Err(Error::Syntax(format!(
                "{left} {op} {right}: rows are compared with rows of as many columns"
            )));
        }
    };
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq, Spaceship};
    Ok(match op {
        NotEq => not(columns(left, &Eq, right)),
        // The first columns that differ decide.
        Lt | LtEq => in_order(left, &Lt, op, right),
        Gt | GtEq => in_order(left, &Gt, op, right),
        Spaceship => columns(left, &Spaceship, right),
        _ => columns(left, &Eq, right),
    })
}

/// All columns compared, joined by AND.
fn columns(left: &[Expr], op: &BinaryOperator, right: &[Expr]) -> Expr {
    let pairs = left.iter().zip(right);
    let all = pairs.map(|(left, right)| binary(left.clone(), op.clone(), right.clone()));
    joined(all.collect(), &BinaryOperator::And).unwrap_or_else(truth)
}

/// `a < x OR (a = x AND (b < y OR …))`, the last columns compared by `last`.
fn in_order(left: &[Expr], op: &BinaryOperator, last: &BinaryOperator, right: &[Expr]) -> Expr {
    let mut pairs = left.iter().cloned().zip(right.iter().cloned()).rev();
    let Some((left, right)) = pairs.next() else {
        return truth();
    };
    pairs.fold(binary(left, last.clone(), right), |rest, (left, right)| {
        let same = binary(left.clone(), BinaryOperator::Eq, right.clone());
        let beyond = binary(left, op.clone(), right);
        binary(beyond, BinaryOperator::Or, both(same, rest))
    })
}

/// A tree that is no deeper than it must be: planning walks it by recursion.
fn joined(mut parts: Vec<Expr>, op: &BinaryOperator) -> Option<Expr> {
    while parts.len() > 1 {
        let mut halves = Vec::with_capacity(parts.len().div_ceil(2));
        let mut rest = parts.into_iter();
        while let Some(left) = rest.next() {
            halves.push(match rest.next() {
                Some(right) => binary(left, op.clone(), right),
                None => left,
            });
        }
        parts = halves;
    }
    parts.pop()
}

fn both(left: Expr, right: Expr) -> Expr {
    binary(left, BinaryOperator::And, right)
}

/// In parentheses, so that the text of an expression is one that can be parsed again.
fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::Nested(Box::new(Expr::BinaryOp {
        left: Box::new(left),
        op,
        right: Box::new(right),
    }))
}

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp {
        op: UnaryOperator::Not,
        expr: Box::new(expr),
    }
}

fn truth() -> Expr {
    Expr::Value(Value::Boolean(true).into())
}
