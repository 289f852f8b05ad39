//! The one door: everything of this crate in a session of DataFusion.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{Session, TableFunction};
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};

use crate::inquiry::AskServices;
use crate::log::{Log, SHIPPED};
use crate::planner::SpotqlPlanner;
use crate::settings::SpotqlOptions;
use crate::{
    SpotqlExtensionPlanner, aggregate, bounded, canonical, enrich, event, hive, indicators, read,
    time, words,
};

/// Adds all functions, planners and settings to a session.
///
/// To be called after [`SessionStateBuilder::with_default_features`], as some functions (`sum`, `min`, `max`, `date_trunc`)
/// take the place of DataFusion's. [`SpotqlOptions`] in the session's configuration are kept, and say which files may be read.
/// A table function takes its input as a query in parentheses, `lda_score((SELECT * FROM t), …)`; its other notations are
/// rewritten by [`crate::relations_as_queries`].
#[must_use]
pub fn register(builder: SessionStateBuilder) -> SessionStateBuilder {
    register_with(builder, &[])
}

/// [`register`] with more kinds of log than flows, DNS answers and web requests: `source => 'name'` names them.
#[must_use]
pub fn register_with(
    mut builder: SessionStateBuilder,
    logs: &[&'static Log],
) -> SessionStateBuilder {
    let config = builder.config().get_or_insert_default();
    let extensions = &mut config.options_mut().extensions;
    if extensions.get::<SpotqlOptions>().is_none() {
        extensions.insert(SpotqlOptions::default());
    }
    let access = extensions
        .get::<SpotqlOptions>()
        .map(SpotqlOptions::access)
        .unwrap_or_default();

    let scalar = builder.scalar_functions().get_or_insert_default();
    for functions in [
        words::functions(),
        hive::functions(),
        canonical::functions(),
        event::functions(),
        enrich::functions(),
        indicators::functions(),
    ] {
        scalar.extend(functions);
    }
    scalar.extend(time::functions().into_iter().map(Arc::new));
    bounded::bound(scalar);
    let aggregates = builder.aggregate_functions().get_or_insert_default();
    aggregates.extend(aggregate::functions().into_iter().map(Arc::new));
    let tables = builder.table_functions().get_or_insert_default();
    let functions = spotql_synthetic::table_functions().into_iter();
    let functions = functions
        .chain(read::table_functions(&access))
        .chain(time::table_functions());
    tables.extend(functions.map(|(name, function)| {
        let function = TableFunction::new(name.to_owned(), function);
        (name.to_owned(), Arc::new(function))
    }));
    let planners = builder.relation_planners().get_or_insert_default();
    let logs = SHIPPED.iter().chain(logs).copied().collect();
    planners.push(Arc::new(SpotqlPlanner { logs }));
    builder
        .with_physical_optimizer_rule(Arc::new(AskServices))
        .with_query_planner(Arc::new(SpotqlQueryPlanner))
}

/// DataFusion's planner with our nodes.
#[derive(Debug, Default)]
pub struct SpotqlQueryPlanner;

#[async_trait]
impl QueryPlanner for SpotqlQueryPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(SpotqlExtensionPlanner)])
            .create_physical_plan(plan, session)
            .await
    }
}
