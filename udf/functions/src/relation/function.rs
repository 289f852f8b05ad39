//! How a table function that takes a query declares itself.

use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::planner::RelationPlannerContext;

use super::Arguments;
use crate::description::{TableFunction, TableParameter};

/// A table function that takes a query.
#[derive(Debug)]
pub(crate) struct QueryFunction {
    /// Its name and parameters, as the reference describes them. The first parameter is the input, which may stand without
    /// its name.
    pub(crate) description: TableFunction,
    /// Plans a call.
    pub(crate) plan: fn(&Arguments, &mut dyn RelationPlannerContext) -> Result<LogicalPlan>,
}

impl QueryFunction {
    pub(crate) fn name(&self) -> &'static str {
        self.description.name
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&TableParameter> {
        let mut parameters = self.description.parameters.iter();
        parameters.find(|it| it.name == name)
    }

    /// The names of its parameters, with commas between.
    pub(crate) fn accepted(&self) -> String {
        names(self.description.parameters)
    }

    /// The same without the input.
    pub(crate) fn accepted_by_name(&self) -> String {
        names(self.description.parameters.get(1..).unwrap_or_default())
    }
}

fn names(parameters: &[TableParameter]) -> String {
    let names: Vec<&str> = parameters.iter().map(|it| it.name).collect();
    names.join(", ")
}
