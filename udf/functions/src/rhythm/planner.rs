//! Plans `rhythm(…)`.

use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{
    Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, col, try_cast,
};

use super::{Rhythm, TIME, columns, conversation_column};
use crate::relation::{
    Arguments, Error, expression, expressions, extension, plan_query, repeatable, untaken,
};

/// Plans `rhythm(…)`.
pub(crate) fn plan_rhythm(
    arguments: &Arguments,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let (Some(conversation), Some(time)) = (arguments.list("conversation"), arguments.get("time"))
    else {
        return Err(Error::RhythmUndetermined.into());
    };
    if conversation.is_empty() {
        return Err(Error::RhythmUndetermined.into());
    }
    let input = plan_query(arguments.input.clone(), context)?;
    repeatable(arguments.function, &input)?;
    let schema = input.schema();
    let visible = schema.columns();
    untaken(arguments.function, &visible, &columns())?;
    let planned = expression(time, schema, context)?;
    let found = planned.get_type(schema)?;
    if !found.is_integer() {
        return Err(Error::NotATime {
            expression: time.to_string(),
            found: found.to_string(),
        }
        .into());
    }
    let hidden: Vec<Expr> = expressions(&conversation, schema, context)?
        .into_iter()
        .enumerate()
        .map(|(i, part)| part.alias(conversation_column(i)))
        // An unsigned time that does not fit is none.
        .chain([try_cast(planned, DataType::Int64).alias(TIME)])
        .collect();
    let times = LogicalPlanBuilder::from(input.clone())
        .project(hidden.clone())?
        .filter(col(TIME).is_not_null())?
        .build()?;
    let visible = visible.into_iter();
    let visible = visible.map(|column| Expr::from(column.clone()).alias(column.name));
    let records = LogicalPlanBuilder::from(input)
        .project(visible.chain(hidden).collect::<Vec<_>>())?
        .build()?;
    Ok(extension(Rhythm::new(times, records)?))
}
