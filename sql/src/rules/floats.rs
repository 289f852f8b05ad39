//! A DOUBLE or FLOAT beside a DECIMAL.
//!
//! DataFusion makes a decimal with 15 digits behind the point of it: NaN and infinity fail, small numbers become 0. Here
//! the decimal becomes a DOUBLE, as in Hive. A literal is the number that is written: it becomes a decimal where it fits one.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Between, BinaryExpr, InList};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, cast};
use datafusion::optimizer::AnalyzerRule;

use super::literals::exact_decimal;
use super::rewrite::rewritten;

/// The rule.
#[derive(Debug)]
pub(super) struct FloatsWithDecimals;

impl AnalyzerRule for FloatsWithDecimals {
    fn name(&self) -> &str {
        "floats_with_decimals"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        // To ask for types is slow: each is worked out from the leaves again.
        if !has_decimals(&plan)? {
            return Ok(plan);
        }
        rewritten(plan, |expr, schema| Ok(told_apart(expr, schema)))
    }
}

/// Whether there is a decimal in the plan: a column, a literal or a cast.
fn has_decimals(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        let mut fields = node.schema().fields().iter();
        found = found || fields.any(|field| field.data_type().is_decimal());
        for expr in node.expressions() {
            found = found
                || expr.exists(|part| {
                    Ok(match part {
                        Expr::Cast(cast) => cast.field.data_type().is_decimal(),
                        Expr::TryCast(cast) => cast.field.data_type().is_decimal(),
                        Expr::Literal(value, _) => value.data_type().is_decimal(),
                        _ => false,
                    })
                })?;
        }
        Ok(match found {
            true => TreeNodeRecursion::Stop,
            false => TreeNodeRecursion::Continue,
        })
    })?;
    Ok(found)
}

fn told_apart(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let operands: Vec<&Expr> = match &expr {
        Expr::BinaryExpr(it) => vec![&it.left, &it.right],
        Expr::Between(it) => vec![&it.expr, &it.low, &it.high],
        Expr::InList(it) => std::iter::once(it.expr.as_ref()).chain(&it.list).collect(),
        _ => return Transformed::no(expr),
    };
    let Some(operands) = of_one_kind(&operands, schema) else {
        return Transformed::no(expr);
    };
    let mut operands = operands.into_iter();
    let mut next = |old: Box<Expr>| operands.next().map_or(old, Box::new);
    Transformed::yes(match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => Expr::BinaryExpr(BinaryExpr {
            left: next(left),
            op,
            right: next(right),
        }),
        Expr::Between(it) => Expr::Between(Between {
            expr: next(it.expr),
            negated: it.negated,
            low: next(it.low),
            high: next(it.high),
        }),
        Expr::InList(it) => Expr::InList(InList {
            expr: next(it.expr),
            list: operands.collect(),
            negated: it.negated,
        }),
        other => other,
    })
}

/// The operands as decimals or as doubles; none where there is nothing to decide.
fn of_one_kind(operands: &[&Expr], schema: &DFSchema) -> Option<Vec<Expr>> {
    let types: Vec<DataType> = operands
        .iter()
        .map(|it| it.get_type(schema).ok())
        .collect::<Option<_>>()?;
    if !(types.iter().any(DataType::is_floating) && types.iter().any(DataType::is_decimal)) {
        return None;
    }
    let typed = || operands.iter().zip(&types);
    let decimals: Option<Vec<Expr>> = typed()
        .map(|(operand, data_type)| match data_type.is_floating() {
            true => decimal_literal(operand),
            false => Some((*operand).clone()),
        })
        .collect();
    let doubles = || {
        let operands = typed().map(|(operand, data_type)| match data_type.is_decimal() {
            true => cast((*operand).clone(), DataType::Float64),
            false => (*operand).clone(),
        });
        operands.collect()
    };
    Some(decimals.unwrap_or_else(doubles))
}

/// A literal float as the decimal that is written; none for anything else, and where it has too many digits.
fn decimal_literal(expr: &Expr) -> Option<Expr> {
    let text = match expr {
        Expr::Literal(ScalarValue::Float64(Some(number)), _) => number.to_string(),
        Expr::Literal(ScalarValue::Float32(Some(number)), _) => number.to_string(),
        Expr::Negative(inner) => {
            return Some(Expr::Negative(Box::new(decimal_literal(inner)?)));
        }
        _ => return None,
    };
    let (value, precision, scale) = exact_decimal(text.trim_start_matches('-'))?;
    let value = if text.starts_with('-') { -value } else { value };
    let value = ScalarValue::Decimal128(Some(value), precision, scale);
    Some(Expr::Literal(value, None))
}
