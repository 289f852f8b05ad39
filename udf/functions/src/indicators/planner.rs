//! `indicators(input, …)`: SQL in which the caller's query takes its place.
//!
//! ```text
//! given     the caller's query
//! rated     its columns that are read, in lower case
//! found     flow.sql, dns.sql, proxy.sql, listed.sql: a row for each sighting of an indicator
//! shared    shared.sql: a row for each indicator
//! ```

use std::ops::ControlFlow;

use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::sqlparser::ast::{Query, Statement, TableFactor, VisitMut, VisitorMut};
use datafusion::sql::sqlparser::dialect::HiveDialect;
use datafusion::sql::sqlparser::parser::Parser;

use crate::relation::{Arguments, Error, any_of, names, plan_query};

/// What the input is made of.
struct Source {
    name: &'static str,
    /// What it must have.
    columns: &'static [&'static str],
    /// What it may have, and what stands for it where it has not.
    optional: &'static [(&'static str, &'static str)],
    /// The query that finds indicators in `rated`.
    found: &'static str,
}

const SOURCES: [Source; 3] = [
    Source {
        name: "flow",
        columns: &["tstart", "srcip", "dstip", "srcport", "dstport", "score"],
        optional: &[],
        found: include_str!("flow.sql"),
    },
    Source {
        name: "dns",
        columns: &["unix_tstamp", "ip_dst", "dns_qry_name", "ip_sev", "dns_sev"],
        optional: &[],
        found: include_str!("dns.sql"),
    },
    Source {
        name: "proxy",
        columns: &["tdate", "fulluri", "uri_sev"],
        optional: &[],
        found: include_str!("proxy.sql"),
    },
];

const LISTED: Source = Source {
    name: "",
    columns: &["indicator"],
    optional: &[
        ("text", "CAST(NULL AS STRING)"),
        ("severity", "3"),
        ("first_seen", "CAST(NULL AS STRING)"),
        ("last_seen", "CAST(NULL AS STRING)"),
        ("sightings", "1"),
    ],
    found: include_str!("listed.sql"),
};

const SHARED: &str = include_str!("shared.sql");
const BUNDLE: &str = include_str!("bundle.sql");

/// Plans a call.
pub(crate) fn plan(
    arguments: &Arguments,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let source = match arguments.get("source") {
        None => &LISTED,
        Some(given) => {
            let name = arguments.word("source").unwrap_or_default();
            let mut known = SOURCES.iter();
            let known = known.find(|it| name.eq_ignore_ascii_case(it.name));
            known.ok_or_else(|| arguments.invalid("source", given, "'flow', 'dns' or 'proxy'"))?
        }
    };
    let result = match (arguments.get("format"), arguments.word("format").as_deref()) {
        (None, _) | (_, Some("rows")) => "SELECT * FROM shared",
        (_, Some("stix")) => BUNDLE,
        (Some(given), _) => {
            return Err(arguments
                .invalid("format", given, "'rows' or 'stix'")
                .into());
        }
    };
    // Planned once to know its columns, and once in its place.
    let input = plan_query(arguments.input.clone(), context)?;
    let rated = source.read(input.schema())?;
    let rated = in_place_of("given", &rated, arguments.input.clone())?;
    let found = in_place_of("rated", source.found, rated)?;
    let shared = in_place_of("found", SHARED, found)?;
    plan_query(in_place_of("shared", result, shared)?, context)
}

impl Source {
    /// The query that reads the columns from `given`.
    fn read(&self, schema: &DFSchema) -> Result<String, Error> {
        let as_it_is = |name: &str| {
            let Expr::Column(column) = any_of(schema, &[name])? else {
                return None;
            };
            // Quoted, whatever its case.
            Some(format!("`{}` AS {name}", column.name.replace('`', "``")))
        };
        let required = self.columns.iter().map(|name| {
            as_it_is(name).ok_or_else(|| match self.name {
                "" => Error::IndicatorsUndetermined {
                    present: names(schema),
                },
                source => Error::MissingColumn {
                    function: "indicators".to_owned(),
                    preset: source.to_owned(),
                    column: (*name).to_owned(),
                    present: names(schema),
                },
            })
        });
        let optional = self.optional.iter().map(|(name, otherwise)| {
            Ok(as_it_is(name).unwrap_or_else(|| format!("{otherwise} AS {name}")))
        });
        let columns: Vec<String> = required.chain(optional).collect::<Result<_, Error>>()?;
        Ok(format!("SELECT {} FROM given", columns.join(", ")))
    }
}

/// The query of a text in which a query stands where the text names a table. (A common table expression would be in the
/// way of the caller's own of the same name.)
fn in_place_of(table: &str, text: &str, query: Box<Query>) -> Result<Box<Query>> {
    struct Place<'a> {
        table: &'a str,
        query: Option<Box<Query>>,
    }
    impl VisitorMut for Place<'_> {
        type Break = ();

        // Afterwards: what is put there is not looked at.
        fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            if let TableFactor::Table { name, .. } = factor
                && name.to_string() == self.table
                && let Some(subquery) = self.query.take()
            {
                *factor = TableFactor::Derived {
                    lateral: false,
                    subquery,
                    alias: None,
                    sample: None,
                };
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
    }
    let mut statements = Parser::parse_sql(&HiveDialect {}, text)?;
    let mut place = Place {
        table,
        query: Some(query),
    };
    if let Some(Statement::Query(mut outer)) = statements.pop()
        && outer.visit(&mut place).is_break()
    {
        return Ok(outer);
    }
    datafusion::common::internal_err!("a query of indicators(…) does not read '{table}'")
}
