//! How often a value occurs in the input, for words that depend on it (`counted` of a log): rare user agents are a part of
//! proxy words.
//!
//! The counts are a relation of their own, because training, scoring and feedback must use the same: those of the input, or
//! those that a stored model brings along.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{JoinType, ScalarValue};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, max};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, col, lit, try_cast};

use super::model::{Part, SCHEMA};
use super::recipe::Recipe;
use crate::log::OCCURRENCES;
use crate::relation::Described;

/// A value that is counted.
const VALUE: &str = "__lda_value";

/// The column of counts, without the quotes.
fn count_column() -> &'static str {
    OCCURRENCES.trim_matches('`')
}

/// The values in `input` and how often each occurs, if the recipe's words depend on them.
pub(super) fn occurrences(
    recipe: &Recipe<'_>,
    input: &LogicalPlan,
    context: &mut dyn RelationPlannerContext,
) -> Result<Option<LogicalPlan>> {
    let Some((log, counted)) = recipe
        .log()
        .and_then(|log| Some((log, log.counted.as_ref()?)))
    else {
        return Ok(None);
    };
    let value = recipe.described(log, input).plan(counted.value, context)?;
    let value = cast(value, DataType::Utf8View).alias(VALUE);
    LogicalPlanBuilder::from(input.clone())
        .aggregate([value], [count(lit(1)).alias(count_column())])?
        .build()
        .map(Some)
}

/// Adds to every record how often its value occurs: 0 for one that `occurrences` does not list.
pub(super) fn with_occurrences(
    records: &Described<'_>,
    input: LogicalPlan,
    occurrences: LogicalPlan,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let Some(counted) = &records.log.counted else {
        return Ok(input);
    };
    let value = cast(records.plan(counted.value, context)?, DataType::Utf8View);
    let known = input.schema().columns().into_iter().map(Expr::from);
    let count = coalesce(vec![col(count_column()), lit(0_i64)]).alias(count_column());
    let known: Vec<Expr> = known.chain([count]).collect();
    // The values are few: they are the side that is kept in memory.
    LogicalPlanBuilder::from(occurrences)
        .join_with_expr_keys(
            input,
            JoinType::Right,
            (vec![col(VALUE)], vec![value]),
            None,
        )?
        .project(known)?
        .build()
}

/// Values and their counts as rows of a model.
pub(super) fn to_rows(occurrences: LogicalPlan) -> Result<LogicalPlan> {
    let null = |index: usize| -> Result<Expr> {
        let kind = SCHEMA.field(index).data_type();
        Ok(lit(ScalarValue::try_from(kind)?))
    };
    let columns = [
        cast(lit(Part::AGENT), DataType::Utf8View),
        col(VALUE),
        null(2)?,
        cast(col(count_column()), DataType::Float64),
        null(4)?,
    ];
    let columns = columns
        .into_iter()
        .zip(SCHEMA.fields())
        .map(|(column, field)| column.alias(field.name()));
    LogicalPlanBuilder::from(occurrences)
        .project(columns)?
        .build()
}

/// Values and their counts from the rows of a model.
pub(super) fn of_rows(rows: LogicalPlan) -> Result<LogicalPlan> {
    let count = max(try_cast(col("weight"), DataType::Int64));
    LogicalPlanBuilder::from(rows)
        .filter(col("part").eq(lit(Part::AGENT)))?
        // Each value once, whatever the table holds: a record must not be joined to two.
        .aggregate([col("name").alias(VALUE)], [count.alias(count_column())])?
        .build()
}
