//! Plans the table functions that take a query, in a FROM clause: what a call means is planned where the function is at home.

use datafusion::error::Result;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{Query, TableFactor};

use crate::enrich;
use crate::suspicion::planner::{plan_rhythm, plan_score, plan_train};
use crate::suspicion::{Arguments, Function};

/// Plans `lda_train(…)`, `lda_score(…)`, `rhythm(…)`, `enrich(…)` and `indicators(…)`; to be registered with a session.
#[derive(Debug, Default)]
pub struct SpotqlPlanner;

impl RelationPlanner for SpotqlPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let Some(arguments) = Arguments::of(&relation)? else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let plan = stacker::maybe_grow(STACK_LEFT, STACK, || plan_function(&arguments, context))?;
        let plan = LogicalPlanBuilder::from(plan)
            .alias(arguments.function.name())?
            .build()?;
        let TableFactor::Table { alias, .. } = relation else {
            return datafusion::common::internal_err!("a function call is a table factor");
        };
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan, alias,
        ))))
    }
}

/// A planning that finds less stack than this gets some of its own: DataFusion plans queries within queries by recursion, a
/// table function adds a few, and a thread of the server has 2 MiB.
const STACK_LEFT: usize = 2 << 20;
/// As much as that; it is taken page by page.
const STACK: usize = 16 << 20;

fn plan_function(
    arguments: &Arguments,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    match arguments.function {
        Function::Train => plan_train(arguments, context),
        Function::Score => plan_score(arguments, context),
        Function::Rhythm => plan_rhythm(arguments, context),
        Function::Enrich => {
            let input = plan_query(arguments.input.clone(), context)?;
            enrich::planner::plan(arguments, input)
        }
        Function::Indicators => enrich::share::planner::plan(arguments, context),
    }
}

/// The plan of a query that stands in a FROM clause.
pub(crate) fn plan_query(
    subquery: Box<Query>,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    context.plan(TableFactor::Derived {
        lateral: false,
        subquery,
        alias: None,
        sample: None,
    })
}
