//! Timestamps in expressions are of microseconds, as in tables.
//!
//! DataFusion compares a timestamp with a text or a date in nanoseconds, and its functions give them: beyond 2262 that is
//! an error, or a NULL. This rule takes microseconds in their place: in casts, in literals, of functions.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, ScalarValue, TableReference};
use datafusion::error::Result;
use datafusion::functions::datetime::{to_timestamp_micros, to_timestamp_seconds};
use datafusion::logical_expr::expr::{Cast, ScalarFunction, TryCast};
use datafusion::logical_expr::{
    Expr, ExprSchemable, LogicalPlan, Union, Values, cast, lit, try_cast,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;

use super::rewrite::rewritten;

/// The rule.
#[derive(Debug)]
pub(super) struct Microseconds;

impl AnalyzerRule for Microseconds {
    fn name(&self) -> &str {
        "microseconds"
    }

    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> Result<LogicalPlan> {
        let mut changed = false;
        let plan = rewritten(plan, |expr, schema| {
            let replaced = replace(expr, schema, config)?;
            changed |= replaced.transformed;
            Ok(replaced)
        })?;
        if !changed {
            return Ok(plan);
        }
        let plan = plan.transform_up_with_subqueries(retyped)?.data;
        // What this casts to nanoseconds again is the argument of a function that knows nothing else.
        TypeCoercion::new().analyze(plan, config)
    }
}

fn replace(expr: Expr, schema: &DFSchema, config: &ConfigOptions) -> Result<Transformed<Expr>> {
    Ok(match expr {
        Expr::Cast(Cast { expr, field }) => match micros(field.data_type()) {
            Some(micros) => Transformed::yes(cast(*expr, micros)),
            None => Transformed::no(Expr::Cast(Cast { expr, field })),
        },
        Expr::TryCast(TryCast { expr, field }) => match micros(field.data_type()) {
            Some(micros) => Transformed::yes(try_cast(*expr, micros)),
            None => Transformed::no(Expr::TryCast(TryCast { expr, field })),
        },
        Expr::Literal(ScalarValue::TimestampNanosecond(value, zone), metadata) => {
            let value = value.map(|nanos| nanos.div_euclid(1000));
            let value = ScalarValue::TimestampMicrosecond(value, zone);
            Transformed::yes(Expr::Literal(value, metadata))
        }
        Expr::ScalarFunction(call) => function(call, schema, config)?,
        other => Transformed::no(other),
    })
}

/// VALUES and UNION say their types themselves: here they are said again.
fn retyped(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let types: Vec<Vec<DataType>> = match &plan {
        LogicalPlan::Values(values) => {
            let row = |row: &Vec<Expr>| {
                row.iter()
                    .map(|it| it.get_type(&DFSchema::empty()))
                    .collect()
            };
            values.values.iter().map(row).collect::<Result<_>>()?
        }
        LogicalPlan::Union(union) => {
            let types = |it: &Arc<LogicalPlan>| {
                let fields = it.schema().fields().iter();
                fields.map(|field| field.data_type().clone()).collect()
            };
            union.inputs.iter().map(types).collect()
        }
        _ => return plan.recompute_schema().map(Transformed::no),
    };
    let mut changed = false;
    let fields: Vec<(Option<TableReference>, FieldRef)> = plan
        .schema()
        .iter()
        .enumerate()
        .map(|(at, (qualifier, field))| {
            let wanted = micros(field.data_type()).filter(|micros| {
                types
                    .iter()
                    .all(|row| matches!(row.get(at), Some(of) if of == micros || of.is_null()))
            });
            let field = match wanted {
                Some(micros) => {
                    changed = true;
                    Arc::new(field.as_ref().clone().with_data_type(micros))
                }
                None => Arc::clone(field),
            };
            (qualifier.cloned(), field)
        })
        .collect();
    if !changed {
        return Ok(Transformed::no(plan));
    }
    let schema = DFSchema::new_with_metadata(fields, plan.schema().metadata().clone())?;
    let schema = Arc::new(schema);
    Ok(Transformed::yes(match plan {
        LogicalPlan::Values(values) => LogicalPlan::Values(Values { schema, ..values }),
        LogicalPlan::Union(union) => LogicalPlan::Union(Union { schema, ..union }),
        other => other,
    }))
}

/// The same in microseconds, for a type of nanoseconds.
fn micros(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            Some(DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))
        }
        _ => None,
    }
}

fn function(
    call: ScalarFunction,
    schema: &DFSchema,
    config: &ConfigOptions,
) -> Result<Transformed<Expr>> {
    let name = call.func.name();
    // The caller's own wish.
    if matches!(name, "arrow_cast" | "arrow_try_cast" | "to_timestamp_nanos") {
        return Ok(Transformed::no(Expr::ScalarFunction(call)));
    }
    let [argument] = call.args.as_slice() else {
        return in_microseconds(call, schema);
    };
    let of = argument.get_type(schema)?;
    let call_type = Expr::ScalarFunction(call.clone()).get_type(schema)?;
    let result = micros(&call_type).unwrap_or(call_type);
    let new = match name {
        // Text is read by way of nanoseconds, except by CAST, which reads the same texts.
        "to_timestamp" | "to_timestamp_micros" | "to_timestamp_millis" | "to_timestamp_seconds"
            if of.is_string() =>
        {
            cast(argument.clone(), result)
        }
        "to_unixtime" if of.is_string() => {
            let seconds = DataType::Timestamp(TimeUnit::Second, None);
            cast(cast(argument.clone(), seconds), DataType::Int64)
        }
        "to_timestamp" if of.is_integer() => {
            cast(to_timestamp_seconds(config).call(call.args), result)
        }
        "to_timestamp" if of.is_numeric() => {
            let micros = cast(argument.clone(), DataType::Float64) * lit(1_000_000_f64);
            let micros = cast(micros, DataType::Int64);
            to_timestamp_micros(config).call(vec![micros])
        }
        _ => return in_microseconds(call, schema),
    };
    Ok(Transformed::yes(new))
}

/// The result of a function that gives nanoseconds, in microseconds.
fn in_microseconds(call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let call = Expr::ScalarFunction(call);
    Ok(match micros(&call.get_type(schema)?) {
        Some(micros) => Transformed::yes(cast(call, micros)),
        None => Transformed::no(call),
    })
}
