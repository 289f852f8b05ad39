//! `indicators(input, …)`: SQL in which the caller's query takes its place.
//!
//! ```text
//! given     the caller's query
//! rated     its columns that are read, in lower case
//! found     the query of the log's descriptor, or listed.sql: a row for each sighting of an indicator
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

use crate::description::{TableFunction, parameter, relation};
use crate::relation::{Arguments, Error, QueryFunction, any_of, names, plan_query};

/// `indicators(…)`.
pub(crate) const INDICATORS: QueryFunction = QueryFunction {
    description: TableFunction {
        name: "indicators",
        call: "indicators(input, source => 'flow'|'dns'|'proxy', format => 'stix')",
        about: "Makes indicators of rated records: a row for each address, name or URL that was rated 1. Addresses and names that \
            mean nothing to others are left out, as shareable_indicator does it.",
        parameters: &[
            relation(
                "input",
                "",
                "Rated records, or rows of indicators: the name of a table, or a query in parentheses.",
            ),
            parameter(
                "source",
                "none",
                "The kind of the rated records: 'flow', 'dns' or 'proxy'. Without it the input has a column `indicator`.",
            ),
            parameter(
                "format",
                "rows",
                "'stix' gives one STIX 2.1 bundle in place of rows.",
            ),
        ],
        gives: "the columns `indicator`, `kind`, `text`, `severity`, `first_seen`, `last_seen` and `sightings`. With format => \
            'stix' it gives one row with the column `bundle`.",
        examples: &[
            "SELECT indicator, kind, severity FROM indicators((SELECT 'Evil.example.com.' AS indicator, 2 AS severity))",
        ],
    },
    plan,
};

/// The columns of an input.
struct Columns {
    /// The kind of log; none for an input that holds indicators itself.
    log: Option<&'static str>,
    /// Columns that the input must have.
    required: &'static [&'static str],
    /// Columns that it may have, and their values where it has not.
    optional: &'static [(&'static str, &'static str)],
    /// The query that finds indicators in `rated`.
    found: &'static str,
}

const LISTED: Columns = Columns {
    log: None,
    required: &["indicator"],
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
fn plan(arguments: &Arguments, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    let columns = match arguments.log()? {
        None => LISTED,
        Some(log) => match &log.sharing {
            Some(sharing) => Columns {
                log: Some(log.name),
                required: sharing.columns,
                optional: &[],
                found: sharing.found,
            },
            None => {
                return Err(Error::Unshareable {
                    log: log.name.to_owned(),
                }
                .into());
            }
        },
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
    let rated = columns.read(input.schema(), arguments)?;
    let rated = in_place_of("given", &rated, arguments.input.clone())?;
    let found = in_place_of("rated", columns.found, rated)?;
    let shared = in_place_of("found", SHARED, found)?;
    plan_query(in_place_of("shared", result, shared)?, context)
}

impl Columns {
    /// The query that reads the columns from `given`.
    fn read(&self, schema: &DFSchema, arguments: &Arguments) -> Result<String, Error> {
        let as_it_is = |name: &str| {
            let Expr::Column(column) = any_of(schema, &[name])? else {
                return None;
            };
            // Quoted, whatever its case.
            Some(format!("`{}` AS {name}", column.name.replace('`', "``")))
        };
        let required = self.required.iter().map(|name| {
            as_it_is(name).ok_or_else(|| match self.log {
                None => Error::IndicatorsUndetermined {
                    sources: arguments.sources(),
                    present: names(schema),
                },
                Some(log) => Error::MissingColumn {
                    function: arguments.function.name().to_owned(),
                    log: log.to_owned(),
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
