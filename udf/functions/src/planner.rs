//! Plans the table functions that take a query, in a FROM clause: what a call means is planned where the function is at
//! home. So it is with the nodes that they leave in a plan.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use datafusion::sql::sqlparser::ast::{Statement, TableFactor};

use crate::enrich::ENRICH;
use crate::indicators::INDICATORS;
use crate::lda::{SCORE, Score, ScoreExec, TRAIN, Train, TrainExec};
use crate::log::Log;
use crate::rating::UNRATED;
use crate::relation::{Arguments, QueryFunction, as_queries};
use crate::rhythm::{RHYTHM, Rhythm, RhythmExec};

/// The table functions that take a query.
pub(crate) const QUERY_FUNCTIONS: [&QueryFunction; 6] =
    [&SCORE, &TRAIN, &RHYTHM, &ENRICH, &UNRATED, &INDICATORS];

/// Rewrites every relation that is given to a table function as a query: `t` becomes `(SELECT * FROM t)`. To be applied to
/// a statement before it is planned.
pub fn relations_as_queries(statement: &mut Statement) {
    as_queries(statement, &QUERY_FUNCTIONS);
}

/// Plans calls of [`QUERY_FUNCTIONS`]; to be registered with a session.
#[derive(Debug)]
pub(crate) struct SpotqlPlanner {
    /// The kinds of log that calls may name.
    pub(crate) logs: Vec<&'static Log>,
}

impl RelationPlanner for SpotqlPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let Some(arguments) = Arguments::of(&relation, &QUERY_FUNCTIONS, &self.logs)? else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let QueryFunction { plan, .. } = arguments.function;
        let plan = stacker::maybe_grow(STACK_LEFT, STACK, || plan(&arguments, context))?;
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

/// A planning that finds less stack than this gets some of its own. DataFusion plans queries within queries by recursion, and a
/// table function adds a few calls. A thread of the server has 2 MiB.
const STACK_LEFT: usize = 2 << 20;
/// As much as that; it is taken page by page.
const STACK: usize = 16 << 20;

/// Turns the logical nodes into physical ones; to be registered with a query planner.
#[derive(Debug, Default)]
pub struct SpotqlExtensionPlanner;

#[async_trait]
impl ExtensionPlanner for SpotqlExtensionPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if let Some(train) = node.as_any().downcast_ref::<Train>() {
            return Ok(Some(Arc::new(TrainExec::new(inputs.to_vec(), train))));
        }
        if let (Some(score), [model, input]) = (node.as_any().downcast_ref::<Score>(), inputs) {
            return Ok(Some(Arc::new(ScoreExec::try_new(
                Arc::clone(model),
                Arc::clone(input),
                score.scoring.clone(),
            )?)));
        }
        if let ([times, records], true) = (inputs, node.as_any().is::<Rhythm>()) {
            let (times, records) = (Arc::clone(times), Arc::clone(records));
            return Ok(Some(Arc::new(RhythmExec::try_new(times, records)?)));
        }
        Ok(None)
    }
}
