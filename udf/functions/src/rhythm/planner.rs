//! Plans `rhythm(…)`.

use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{
    Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, col, try_cast,
};

use super::{Rhythm, TIME, columns, conversation_column};
use crate::relation::{
    Arguments, Error, Parameter, TableFunction, expression, expressions, extension, plan_query,
    repeatable, untaken,
};

/// `rhythm(…)`.
pub(crate) const RHYTHM: TableFunction = TableFunction {
    name: "rhythm",
    about: "Every row of the input with the time since the conversation's row before. The pauses of a program that calls \
            home are alike, those of people are not.",
    parameters: &[
        Parameter::relation("input", "The records. It is read twice."),
        Parameter::value(
            "conversation",
            "expression, or several in brackets",
            "",
            "Rows of the same values are one conversation, such as `[sip, dip, proto]`. NULL is a value like others.",
        ),
        Parameter::value(
            "time",
            "expression",
            "",
            "When a row happened, a whole number, such as `unix_tstamp`.",
        ),
    ],
    returns: "The columns of the input and three more, as BIGINT in the unit of `time`. `pause` is the time since the latest \
              earlier row of the conversation. `pause_before` is the pause that ended there. `at_once` counts the \
              conversation's rows at this very time. They are NULL where there is none, and for a row without a time.",
    example: "SELECT * FROM rhythm(flow, conversation => [sip, dip], time => unix_tstamp) WHERE pause = pause_before",
    plan: plan_rhythm,
};

/// Plans `rhythm(…)`.
fn plan_rhythm(
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
