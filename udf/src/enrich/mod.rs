//! Context for what was found: where an address is and whose, what is known against it, what it is to the organisation, and
//! names for numbers.
//!
//! * Scalar functions, each over whole columns: `geolocation` and its parts, `network_context`, `is_internal`,
//!   `reputation` and its parts, `dns_type_name` and its kin.
//! * `enrich(input, source => 'flow'|'dns'|'proxy')` appends the enrichment columns of the result tables;
//!   `enrich(input, columns => [a, b])` appends to any query, for each column of addresses, names or URLs,
//!   `a_internal`, `a_network`, `a_geoloc`, `a_owner`, `a_rep` and `a_severity`.
//! * `indicators(input, source => …)` gives what an analyst rated 1, as indicators that others can use (`share`).
//!
//! The data comes from sources that the user names in SQL (geo databases, indicator lists, reputation services, network lists); whoever plans a
//! query hands them to it as [`SourcesOption`], so that a query sees one state of all. IANA's registries and the Public
//! Suffix List are part of the program. Nothing here opens a connection or knows where the sources are kept.

pub mod address;
mod error;
mod function;
pub mod geo;
pub mod iana;
pub mod indicator;
pub mod network;
mod own;
pub(crate) mod planner;
mod ranges;
pub mod service;
pub(crate) mod share;
mod sources;

pub use error::Error;
pub(crate) use function::distinct::texts_by_distinct;
pub use function::functions;
pub use sources::{Named, Purpose, Reputation, Sources, SourcesOption, Worst};

use std::collections::HashSet;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan};

/// The kinds of sources that the functions of a plan read.
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
    /// What a plan, its subqueries included, needs.
    ///
    /// # Errors
    /// None of its own; those of walking a plan.
    pub fn of(plan: &LogicalPlan) -> Result<Self> {
        let mut called: HashSet<String> = HashSet::new();
        plan.apply_with_subqueries(|node| {
            for expression in node.expressions() {
                expression.apply(|part| {
                    if let Expr::ScalarFunction(call) = part {
                        called.insert(call.func.name().to_owned());
                    }
                    Ok(TreeNodeRecursion::Continue)
                })?;
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        let any = |what: fn(&str) -> bool| called.iter().any(|name| what(name));
        Ok(Self {
            geo: any(|name| name.starts_with("geo")),
            reputation: any(function::asks_services),
            networks: any(|name| {
                matches!(
                    name,
                    "network_context" | "is_internal" | "shareable_indicator"
                )
            }),
        })
    }

    /// Whether none is needed.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}
