//! What a function has to be given before its query runs.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, ScalarUDF};

use super::ScalarFunction;

/// The kinds of context that the functions of a plan read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Geo databases.
    pub geo: bool,
    /// Indicator lists and reputation services.
    pub reputation: bool,
    /// Network lists.
    pub networks: bool,
}

impl Needs {
    pub(crate) const NOTHING: Self = Self {
        geo: false,
        reputation: false,
        networks: false,
    };
    pub(crate) const GEO: Self = Self {
        geo: true,
        ..Self::NOTHING
    };
    pub(crate) const REPUTATION: Self = Self {
        reputation: true,
        ..Self::NOTHING
    };
    pub(crate) const NETWORKS: Self = Self {
        networks: true,
        ..Self::NOTHING
    };

    /// What a plan, its subqueries included, needs.
    ///
    /// # Errors
    /// None of its own; those of walking a plan.
    pub fn of(plan: &LogicalPlan) -> Result<Self> {
        let mut needs = Self::NOTHING;
        plan.apply_with_subqueries(|node| {
            for expression in node.expressions() {
                expression.apply(|part| {
                    if let Expr::ScalarFunction(call) = part {
                        needs = needs.and(Self::of_function(&call.func));
                    }
                    Ok(TreeNodeRecursion::Continue)
                })?;
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(needs)
    }

    /// What a function needs, by its declaration; those of others need nothing.
    pub(crate) fn of_function(function: &ScalarUDF) -> Self {
        let ours = function.inner().downcast_ref::<ScalarFunction>();
        ours.map_or(Self::NOTHING, |it| it.declaration.needs)
    }

    fn and(self, other: Self) -> Self {
        Self {
            geo: self.geo || other.geo,
            reputation: self.reputation || other.reputation,
            networks: self.networks || other.networks,
        }
    }

    /// Whether none is needed.
    pub fn is_nothing(self) -> bool {
        self == Self::NOTHING
    }
}
