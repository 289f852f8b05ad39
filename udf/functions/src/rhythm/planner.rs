//! Plans `rhythm(…)`.

use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{
    Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, col, try_cast,
};

use super::{Rhythm, TIME, columns, conversation_column};
use crate::description::{TableFunction, parameter, relation};
use crate::relation::{
    Arguments, Error, QueryFunction, expression, expressions, extension, plan_query, repeatable,
    untaken,
};

/// `rhythm(…)`.
pub(crate) const RHYTHM: QueryFunction = QueryFunction {
    description: TableFunction {
        name: "rhythm",
        call: "rhythm(input, conversation => [sip, dip, proto], time => unix_tstamp)",
        about: "Says of every row how long ago its conversation had one before. Programs call home by the clock, and people do \
            not: the pauses of a beacon are alike. The order of the rows does not matter. A row without a time gets NULLs.",
        parameters: &[
            relation(
                "input",
                "",
                "The records: the name of a table, or a query in parentheses.",
            ),
            parameter(
                "conversation",
                "",
                "An expression, or several in brackets. Rows of equal values are one conversation.",
            ),
            parameter(
                "time",
                "",
                "A whole number, such as the seconds since 1970.",
            ),
        ],
        gives: "all columns of the input and three BIGINT columns. `pause` is the time since the conversation's latest earlier \
            time. `pause_before` is the pause before that one. `at_once` is the number of its rows at this very time.",
        examples: &["SELECT host, at, pause, pause_before, at_once\n\
         FROM rhythm((SELECT * FROM (VALUES ('a', 100), ('a', 160), ('a', 220)) t(host, at)), conversation => host, time => at)\n\
         ORDER BY at"],
    },
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
