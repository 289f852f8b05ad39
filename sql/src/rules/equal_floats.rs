//! Floats that are equal are one group: -0.0 and 0.0, NaN of either sign.
//!
//! DataFusion tells groups, window partitions and distinct values apart by their bits in some places. This rule gives
//! it one spelling of each value.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeIterator};
use datafusion::common::{DFSchema, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{AggregateFunction, GroupingSet};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    Aggregate, ColumnarValue, Distinct, DistinctOn, Expr, ExprSchemable, LogicalPlan, Projection,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, Window,
};
use datafusion::optimizer::AnalyzerRule;
use spotql_functions::floats::{map_floats, one_nan};

/// The rule.
#[derive(Debug)]
pub(super) struct EqualFloats;

impl AnalyzerRule for EqualFloats {
    fn name(&self) -> &str {
        "equal_floats"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(respelled)?.data)
    }
}

fn respelled(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    Ok(match plan {
        LogicalPlan::Aggregate(it) => {
            let groups = each(it.group_expr.clone(), it.input.schema(), group)?;
            let aggregates = each(it.aggr_expr.clone(), it.input.schema(), distinct)?;
            if !groups.transformed && !aggregates.transformed {
                return Ok(Transformed::no(LogicalPlan::Aggregate(it)));
            }
            let aggregate = Aggregate::try_new(it.input, groups.data, aggregates.data)?;
            Transformed::yes(LogicalPlan::Aggregate(aggregate))
        }
        LogicalPlan::Window(it) => {
            let windows = each(it.window_expr.clone(), it.input.schema(), window)?;
            if !windows.transformed {
                return Ok(Transformed::no(LogicalPlan::Window(it)));
            }
            Transformed::yes(LogicalPlan::Window(Window::try_new(
                windows.data,
                it.input,
            )?))
        }
        LogicalPlan::Distinct(Distinct::All(input)) => {
            let columns = input.schema().columns().into_iter().map(Expr::Column);
            let columns = each(columns.collect(), input.schema(), group)?;
            match columns.transformed {
                false => Transformed::no(LogicalPlan::Distinct(Distinct::All(input))),
                true => {
                    let input = Projection::try_new(columns.data, input)?;
                    let input = Arc::new(LogicalPlan::Projection(input));
                    Transformed::yes(LogicalPlan::Distinct(Distinct::All(input)))
                }
            }
        }
        LogicalPlan::Distinct(Distinct::On(it)) => {
            let on = each(it.on_expr, it.input.schema(), group)?;
            on.update_data(|on_expr| {
                LogicalPlan::Distinct(Distinct::On(DistinctOn { on_expr, ..it }))
            })
        }
        other => Transformed::no(other),
    })
}

/// The expressions, each as `spell` gives it, under the names that they had.
fn each(
    exprs: Vec<Expr>,
    schema: &DFSchema,
    spell: fn(Expr, &DFSchema) -> Result<Transformed<Expr>>,
) -> Result<Transformed<Vec<Expr>>> {
    let names = NamePreserver::new_for_projection();
    exprs.into_iter().map_until_stop_and_collect(|expr| {
        let name = names.save(&expr);
        Ok(spell(expr, schema)?.update_data(|expr| name.restore(expr)))
    })
}

/// A grouping expression.
fn group(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let all = |exprs| each(exprs, schema, group);
    Ok(match expr {
        Expr::GroupingSet(GroupingSet::Rollup(exprs)) => {
            all(exprs)?.update_data(|exprs| Expr::GroupingSet(GroupingSet::Rollup(exprs)))
        }
        Expr::GroupingSet(GroupingSet::Cube(exprs)) => {
            all(exprs)?.update_data(|exprs| Expr::GroupingSet(GroupingSet::Cube(exprs)))
        }
        Expr::GroupingSet(GroupingSet::GroupingSets(sets)) => sets
            .into_iter()
            .map_until_stop_and_collect(all)?
            .update_data(|sets| Expr::GroupingSet(GroupingSet::GroupingSets(sets))),
        expr => match expr.get_type(schema)? {
            DataType::Float32 | DataType::Float64 => {
                Transformed::yes(CANONICAL_FLOAT.call(vec![expr]))
            }
            _ => Transformed::no(expr),
        },
    })
}

/// An aggregate of distinct values.
fn distinct(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    expr.transform_up(|expr| match expr {
        Expr::AggregateFunction(AggregateFunction { func, mut params }) if params.distinct => {
            let args = each(std::mem::take(&mut params.args), schema, group)?;
            Ok(args.update_data(|args| {
                params.args = args;
                Expr::AggregateFunction(AggregateFunction { func, params })
            }))
        }
        other => Ok(Transformed::no(other)),
    })
}

/// A window function.
fn window(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    expr.transform_up(|expr| match expr {
        Expr::WindowFunction(mut window) => {
            let partition_by = each(
                std::mem::take(&mut window.params.partition_by),
                schema,
                group,
            )?;
            Ok(partition_by.update_data(|partition_by| {
                window.params.partition_by = partition_by;
                Expr::WindowFunction(window)
            }))
        }
        other => Ok(Transformed::no(other)),
    })
}

/// Equal floats with equal bits.
static CANONICAL_FLOAT: LazyLock<ScalarUDF> = LazyLock::new(|| {
    let types = vec![DataType::Float32, DataType::Float64];
    ScalarUDF::new_from_impl(CanonicalFloat {
        signature: Signature::uniform(1, types, Volatility::Immutable),
    })
});

#[derive(Debug, PartialEq, Eq, Hash)]
struct CanonicalFloat {
    signature: Signature,
}

impl ScalarUDFImpl for CanonicalFloat {
    fn name(&self) -> &str {
        "canonical_float"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types.first().cloned().unwrap_or(DataType::Float64))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match ColumnarValue::values_to_arrays(&args.args)?.as_slice() {
            // Adding makes 0.0 of -0.0.
            [values] => Ok(ColumnarValue::Array(map_floats(values, |value| {
                one_nan(value) + 0.0
            }))),
            _ => internal_err!("{} takes one argument", self.name()),
        }
    }
}
