//! `enrich(input, source => …)` and `enrich(input, columns => …)`: a projection over the input.

use datafusion::error::Result;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::Expr as SqlExpr;

use crate::description::{TableFunction, parameter, relation};
use crate::log::Log;
use crate::relation::{Arguments, Described, Error, QueryFunction, any_of, names, plan_query};

/// `enrich(…)`.
pub(crate) const ENRICH: QueryFunction = QueryFunction {
    description: TableFunction {
        name: "enrich",
        call: "enrich(input, source => 'flow'|'dns'|'proxy') or enrich(input, columns => [a, b])",
        about: "Adds context to every row: geolocation, networks, reputation and names of numbers. Give either source or columns.",
        parameters: &[
            relation(
                "input",
                "",
                "The records: the name of a table, or a query in parentheses.",
            ),
            parameter(
                "source",
                "none",
                "The kind of log: 'flow', 'dns' or 'proxy'. It adds the context columns of its result table.",
            ),
            parameter(
                "columns",
                "none",
                "Columns of addresses, names or URLs, one or several in brackets.",
            ),
        ],
        gives: "all columns of the input and the added ones. For a column `a` these are `a_internal`, `a_network`, `a_geoloc`, \
            `a_owner`, `a_rep` and `a_severity`.",
        examples: &["SELECT * FROM enrich((SELECT '10.1.2.3' AS host), columns => [host])"],
    },
    plan,
};

/// A column that is added: its name, and its value.
type Added = (String, Expr);

/// Plans a call.
fn plan(arguments: &Arguments, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    let input = plan_query(arguments.input.clone(), context)?;
    let schema = input.schema();
    let added = match (arguments.log()?, arguments.list("columns")) {
        (Some(log), None) => {
            let described = Described {
                function: arguments.function.name(),
                log,
                schema,
            };
            of_log(&described, context)?
        }
        (None, Some(columns)) if !columns.is_empty() => {
            let mut added = Vec::new();
            for written in columns {
                let name = match written {
                    SqlExpr::Identifier(name) => Some(&name.value),
                    _ => None,
                };
                let known = name.and_then(|name| Some((name, any_of(schema, &[name])?)));
                let (name, value) = known.ok_or_else(|| {
                    let accepted = format!("columns of the input: {}", names(schema));
                    arguments.invalid("columns", written, &accepted)
                })?;
                let name = match &value {
                    Expr::Column(column) => column.name.as_str(),
                    _ => name.as_str(),
                };
                let new = of_column(name, &value)?;
                // A column that is named twice is described once.
                if !added.iter().any(|(known, _): &Added| *known == new[0].0) {
                    added.extend(new);
                }
            }
            added
        }
        _ => {
            return Err(Error::EnrichmentUndetermined {
                sources: arguments.sources(),
            }
            .into());
        }
    };
    let known = schema.columns();
    let taken = |name: &str| known.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    if let Some((name, _)) = added.iter().find(|(name, _)| taken(name)) {
        return Err(Error::ColumnTaken {
            function: arguments.function.name().to_owned(),
            column: name.clone(),
        }
        .into());
    }
    let known = known.iter().cloned().map(Expr::from);
    let added = added.into_iter().map(|(name, expr)| expr.alias(name));
    let columns: Vec<Expr> = known.chain(added).collect();
    LogicalPlanBuilder::from(input).project(columns)?.build()
}

/// The columns that a kind of log has added.
fn of_log(input: &Described<'_>, context: &mut dyn RelationPlannerContext) -> Result<Vec<Added>> {
    let Log { enrichment, .. } = input.log;
    let added = enrichment.iter().map(|column| {
        let [values @ .., last] = column.values else {
            return datafusion::common::internal_err!("'{}' has no value", column.name);
        };
        let value = values.iter().find(|value| input.has(value)).unwrap_or(last);
        Ok((column.name.to_owned(), input.plan(value, context)?))
    });
    added.collect()
}

/// What is known of a column of addresses, names or URLs.
fn of_column(name: &str, value: &Expr) -> Result<Vec<Added>> {
    [
        ("internal", "is_internal"),
        ("network", "network_context"),
        ("geoloc", "geolocation"),
        ("owner", "geo_owner"),
        ("rep", "reputation"),
        ("severity", "reputation_severity"),
    ]
    .into_iter()
    .map(|(part, function)| {
        let mut known = super::functions().into_iter();
        let Some(function) = known.find(|it| it.name() == function) else {
            return datafusion::common::internal_err!("no function '{function}'");
        };
        Ok((format!("{name}_{part}"), function.call(vec![value.clone()])))
    })
    .collect()
}
