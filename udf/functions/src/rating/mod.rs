//! Analysts' ratings beside the records that they are about.
//!
//! A table of ratings holds the keys of records ([`crate::log::Rating`]) with a severity: 1 (high), 2 (medium) or 3 (low:
//! no threat). `lda_score(…, feedback => ratings)` trains with the records that are rated harmless, and
//! `unrated(input, source => …, ratings => …)` gives the rows of an input that nobody has rated.

use datafusion::common::{DFSchema, JoinType};
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, col, lit, when};

use crate::description::{TableFunction, parameter, relation};
use crate::log::{Log, Rating};
use crate::relation::{Arguments, Described, Error, HIDDEN, QueryFunction, plan_query};

/// `unrated(…)`.
pub(crate) const UNRATED: QueryFunction = QueryFunction {
    description: TableFunction {
        name: "unrated",
        call: "unrated(input, source => 'flow'|'dns'|'proxy', ratings => table)",
        about: "Gives the rows of the input that no analyst has rated. A record is rated if a row of the ratings has its keys, \
                its day, and a severity of 1, 2 or 3.",
        parameters: &[
            relation(
                "input",
                "",
                "Records of the log, or rows of its result table: the name of a table, or a query in parentheses.",
            ),
            parameter(
                "source",
                "",
                "The kind of log: 'flow', 'dns' or 'proxy'. It says which columns are keys.",
            ),
            relation(
                "ratings",
                "",
                "The table of ratings, such as flow_threat_investigation, or a query.",
            ),
        ],
        gives: "the columns of the input.",
        examples: &["SELECT fulluri FROM unrated(\n\
         \x20 (SELECT * FROM (VALUES ('2024-05-14', 'a.example/'), ('2024-05-14', 'b.example/')) t(p_date, fulluri)),\n\
         \x20 source => 'proxy',\n\
         \x20 ratings => (SELECT '2024-05-14' AS tdate, 'a.example/' AS fulluri, 3 AS uri_sev))"],
    },
    plan: plan_unrated,
};

/// Plans `unrated(…)`.
fn plan_unrated(
    arguments: &Arguments,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let log = arguments.log()?;
    let ratings = arguments.relation("ratings", "the name of a table, or a query")?;
    let (Some(log), Some(ratings)) = (log, ratings) else {
        return Err(Error::RatingsUndetermined {
            sources: arguments.sources(),
        }
        .into());
    };
    let rating = of(log, arguments)?;
    let ratings = plan_query(ratings, context)?;
    let input = plan_query(arguments.input.clone(), context)?;
    let sides = Sides {
        function: arguments.function.name(),
        log,
        rating,
        ratings,
    };
    sides.join(JoinType::RightAnti, input, context)
}

/// How records of the log are rated.
fn of(log: &'static Log, arguments: &Arguments) -> Result<&'static Rating, Error> {
    log.rating.as_ref().ok_or_else(|| Error::Unratable {
        function: arguments.function.name().to_owned(),
        log: log.name.to_owned(),
    })
}

/// Whether a relation has the columns of a table of ratings.
pub(crate) fn is_ratings(log: &'static Log, schema: &DFSchema) -> bool {
    let described = Described {
        function: "",
        log,
        schema,
    };
    log.rating.as_ref().is_some_and(|rating| {
        let mut read = rating.keys.iter().chain(rating.severities);
        read.all(|text| described.has(text))
    })
}

/// The records that are rated harmless: 3 at least once, and never 1 or 2.
pub(crate) fn harmless(
    log: &'static Log,
    arguments: &Arguments,
    ratings: LogicalPlan,
    records: LogicalPlan,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let sides = Sides {
        function: arguments.function.name(),
        log,
        rating: of(log, arguments)?,
        ratings,
    };
    sides.join(JoinType::RightSemi, records, context)
}

/// Ratings, to be joined with records.
struct Sides {
    function: &'static str,
    log: &'static Log,
    rating: &'static Rating,
    ratings: LogicalPlan,
}

impl Sides {
    /// The records with a rating that says harmless (a semi join), or without any (an anti join).
    fn join(
        self,
        kind: JoinType,
        records: LogicalPlan,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let Self {
            function,
            log,
            rating,
            ratings,
        } = self;
        let side = |schema| Described {
            function,
            log,
            schema,
        };
        let (rated, record) = (side(ratings.schema()), side(records.schema()));
        let both_have = |text: &&&str| rated.has(text) && record.has(text);
        let day: Vec<&&str> = rating.day.iter().filter(both_have).collect();
        let keys: Vec<&str> = rating.keys.iter().chain(day).copied().collect();
        let mut columns = Vec::with_capacity(keys.len() + 1);
        let mut of_records = Vec::with_capacity(keys.len());
        for (i, key) in keys.iter().enumerate() {
            columns.push(rated.plan(key, context)?.alias(key_column(i)));
            of_records.push(record.plan(key, context)?);
        }
        let mut is_rated = lit(false);
        let mut is_threat = lit(false);
        for severity in rating.severities {
            let severity = rated.plan(&format!("TRY_CAST({severity} AS INT)"), context)?;
            is_rated = is_rated.or(severity.clone().between(lit(1), lit(3)));
            is_threat = is_threat.or(severity.between(lit(1), lit(2)));
        }
        columns.push(when(is_threat, lit(1)).otherwise(lit(0))?.alias(THREAT));
        let key_columns: Vec<Expr> = (0..keys.len()).map(|i| col(key_column(i))).collect();
        let mut ratings = LogicalPlanBuilder::from(ratings)
            .filter(is_rated)?
            .project(columns)?;
        if kind == JoinType::RightSemi {
            ratings = ratings
                .aggregate(key_columns.clone(), [max(col(THREAT)).alias(THREAT)])?
                .filter(col(THREAT).eq(lit(0)))?;
        }
        // The ratings are few: they are the side that is kept in memory.
        ratings
            .project(key_columns.clone())?
            .join_with_expr_keys(records, kind, (key_columns, of_records), None)?
            .build()
    }
}

/// Whether a rating says threat, as 0 or 1.
const THREAT: &str = "__lda_threat";

fn key_column(i: usize) -> String {
    format!("{HIDDEN}key_{i}")
}
