//! How a table function declares itself.

use std::fmt;

use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::planner::RelationPlannerContext;

use super::Arguments;

/// A table function that takes a query.
#[derive(Debug)]
pub struct TableFunction {
    /// The name, as it is written in a FROM clause.
    pub name: &'static str,
    /// What it is for, in a sentence or two.
    pub about: &'static str,
    /// Its parameters. The first is the input, which may stand without its name.
    pub parameters: &'static [Parameter],
    /// The columns of its result.
    pub returns: &'static str,
    /// A query that calls it.
    pub example: &'static str,
    /// Plans a call.
    pub(crate) plan: Plan,
}

/// Plans a call of a table function.
pub(crate) type Plan = fn(&Arguments, &mut dyn RelationPlannerContext) -> Result<LogicalPlan>;

/// A parameter of a [`TableFunction`].
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// The name, as in `name => value`.
    pub name: &'static str,
    /// Whether its value is a relation: a table's name, `TABLE(t)`, or a query in parentheses.
    pub relation: bool,
    /// What it takes, in the words of a reference: a type, or the values.
    pub takes: &'static str,
    /// What stands for it where it is not given; empty if nothing does.
    pub default: &'static str,
    /// What it means.
    pub about: &'static str,
}

impl Parameter {
    /// A value.
    pub(crate) const fn value(
        name: &'static str,
        takes: &'static str,
        default: &'static str,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            relation: false,
            takes,
            default,
            about,
        }
    }

    /// A relation.
    pub(crate) const fn relation(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            relation: true,
            takes: "table or query",
            default: "",
            about,
        }
    }
}

/// The kind of log, of functions that know several.
pub(crate) const SOURCE: Parameter =
    Parameter::value("source", "'flow', 'dns' or 'proxy'", "", "The kind of log.");

impl TableFunction {
    pub(crate) fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|it| it.name == name)
    }

    /// The names of its parameters, with commas between.
    pub(crate) fn accepted(&self) -> String {
        names(self.parameters)
    }

    /// The same without the input.
    pub(crate) fn accepted_by_name(&self) -> String {
        names(self.parameters.get(1..).unwrap_or_default())
    }
}

fn names(parameters: &[Parameter]) -> String {
    let names: Vec<&str> = parameters.iter().map(|it| it.name).collect();
    names.join(", ")
}

impl fmt::Display for TableFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
