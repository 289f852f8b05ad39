//! A text, a date or a timestamp beside a number: `port = 443` where the port is text, `-` or empty in some records.
//!
//! DataFusion casts the text to the number's type, so that one `-` fails the query. Here what is no number is NULL, as in
//! Hive, and both are compared as DOUBLE: `'0443'` and `'443.0'` are 443. Casts that a query asks for stay as they are.
//!
//! A date or timestamp beside a number is refused: DataFusion would take the number for days or microseconds, where
//! `20240514` and seconds are meant.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Between, BinaryExpr, InList};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator, try_cast};
use datafusion::optimizer::AnalyzerRule;

use super::rewrite::rewritten;

/// The largest integer up to which a DOUBLE holds every integer.
const EXACT: u64 = 1 << 53;

/// The rule.
#[derive(Debug)]
pub(super) struct TextsWithNumbers;

impl AnalyzerRule for TextsWithNumbers {
    fn name(&self) -> &str {
        "texts_with_numbers"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        if !compares_with_numbers(&plan)? {
            return Ok(plan);
        }
        rewritten(plan, compared)
    }
}

/// Whether anything but a literal is compared with a number in the plan.
fn compares_with_numbers(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        for expr in node.expressions() {
            found = found || expr.exists(|part| Ok(number_beside(part).is_some()))?;
        }
        Ok(match found {
            true => TreeNodeRecursion::Stop,
            false => TreeNodeRecursion::Continue,
        })
    })?;
    Ok(found)
}

fn compared(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Some((text, number)) = number_beside(&expr) else {
        return Ok(Transformed::no(expr));
    };
    match text.get_type(schema) {
        Ok(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {}
        Ok(DataType::Date32) => {
            return plan_err!(
                "{text} is a DATE, and is compared with a number; write a date: DATE '2024-05-14'"
            );
        }
        Ok(DataType::Timestamp(..)) => {
            return plan_err!(
                "{text} is a TIMESTAMP, and is compared with a number; write a time: TIMESTAMP '2024-05-14 10:00:00', or \
                 to_timestamp_seconds(…)"
            );
        }
        _ => return Ok(Transformed::no(expr)),
    }
    let cast = |text: Box<Expr>| Box::new(try_cast(*text, number.clone()));
    Ok(Transformed::yes(match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (left, right) = match is_number(&left) {
                true => (left, cast(right)),
                false => (cast(left), right),
            };
            Expr::BinaryExpr(BinaryExpr { left, op, right })
        }
        Expr::Between(it) => Expr::Between(Between {
            expr: cast(it.expr),
            ..it
        }),
        Expr::InList(it) => Expr::InList(InList {
            expr: cast(it.expr),
            ..it
        }),
        other => other,
    }))
}

/// What is compared with nothing but literal numbers, and the type in which they are compared.
fn number_beside(expr: &Expr) -> Option<(&Expr, DataType)> {
    let (compared, numbers): (&Expr, Vec<&Expr>) = match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => {
            match is_number(left) {
                true => (right, vec![left]),
                false => (left, vec![right]),
            }
        }
        Expr::Between(it) => (&it.expr, vec![&it.low, &it.high]),
        Expr::InList(it) => (&it.expr, it.list.iter().collect()),
        _ => return None,
    };
    let is_constant = matches!(compared, Expr::Literal(..) | Expr::Negative(_));
    if is_constant || numbers.is_empty() || !numbers.iter().all(|it| is_number(it)) {
        return None;
    }
    let exact = numbers.iter().all(|number| match number {
        Expr::Literal(ScalarValue::Int64(Some(value)), _) => value.unsigned_abs() <= EXACT,
        Expr::Literal(ScalarValue::UInt64(Some(value)), _) => *value <= EXACT,
        _ => true,
    });
    let data_type = match exact {
        true => DataType::Float64,
        // Neither sign nor digits of an identifier may be lost.
        false => DataType::Decimal128(38, 0),
    };
    Some((compared, data_type))
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(
        op,
        Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom
    )
}

fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(value, _) => {
            let data_type = value.data_type();
            (data_type.is_integer() || data_type.is_floating()) && !value.is_null()
        }
        Expr::Negative(inner) => is_number(inner),
        _ => false,
    }
}
