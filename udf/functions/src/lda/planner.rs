//! Plans `lda_train(…)` and `lda_score(…)`.
//!
//! The input is a real plan, so projections reach its scan and EXPLAIN shows all the work:
//!
//! ```text
//! LdaScore                             lda_score(flow, source => 'flow')
//!   LdaTrain
//!     Projection: sip, flow_src_word(…), dip, flow_dst_word(…)
//!       Filter: flow_invalid(…) IS NULL
//!         TableScan: flow              (only the columns that the words need)
//!   Projection: …, sip, flow_src_word(…), dip, flow_dst_word(…), flow_invalid(…) IS NULL
//!     TableScan: flow                  (those and the columns that the query asks for)
//! ```

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{
    Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, col, lit, try_cast,
};
use datafusion::sql::sqlparser::ast::Query;

use super::model::{Part, SCHEMA, columns_of};
use super::preset::{AGENT, AGENT_COUNT, Generation, Preset};
use super::score::{Explain, Score, Scoring};
use super::settings::{Rule, Settings};
use super::source::Source;
use super::train::Train;
use crate::relation::{Arguments, Error, extension, plan_query, repeatable, untaken};
use crate::settings::SpotqlOptions;

/// Plans `lda_train(…)`.
pub(crate) fn plan_train(
    arguments: &Arguments,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let source = Source::of(arguments)?;
    let settings = settings(arguments, &source, context)?;
    let input = plan_query(arguments.input.clone(), context)?;
    let Some(agents) = source.agents(&input)? else {
        return train(&source, settings, arguments, input, None, false, context);
    };
    repeatable(arguments.function, &input)?;
    let rows = agent_rows(agents.clone())?;
    let agents = Some(agents);
    let model = train(&source, settings, arguments, input, agents, false, context)?;
    LogicalPlanBuilder::from(model).union(rows)?.build()
}

/// Plans `lda_score(…)`.
pub(crate) fn plan_score(
    arguments: &Arguments,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let source = Source::of(arguments)?;
    let settings = settings(arguments, &source, context)?;
    let input = plan_query(arguments.input.clone(), context)?;
    let mut scoring = Scoring {
        width: 0,
        asked: None,
        zero_unseen: false,
        rule: settings.rule,
        explain: match arguments.get("explain") {
            None => Explain::default(),
            Some(value) => arguments
                .word("explain")
                .and_then(|name| Explain::from_name(&name))
                .ok_or_else(|| arguments.invalid("explain", value, Explain::NAMES))?,
        },
        lead: arguments.boolean("lead")?,
        preset: source.preset().map(|(preset, _)| preset),
    };
    let stored = arguments.relation(
        "model",
        "the name of a table that holds a model, or a query",
    )?;
    if let Some(value) = arguments.get("unseen") {
        scoring.zero_unseen = match arguments.word("unseen").as_deref() {
            _ if stored.is_none() => {
                let accepted = "nothing without model => …: a model trained on the very input has \
                                seen all of it";
                return Err(arguments.invalid("unseen", value, accepted).into());
            }
            Some("smoothed") => false,
            Some("zero") => true,
            _ => {
                return Err(arguments
                    .invalid("unseen", value, "'smoothed' or 'zero'")
                    .into());
            }
        };
    }
    let (model, agents) = match stored {
        Some(query) => {
            if arguments.get("feedback").is_some() {
                return Err(Error::FeedbackWithoutTraining {
                    function: arguments.function.name().to_owned(),
                }
                .into());
            }
            for name in ["counts", "restarts"] {
                if let Some(value) = arguments.get(name) {
                    let accepted = "nothing: with model => … no training takes place";
                    return Err(arguments.invalid(name, value, accepted).into());
                }
            }
            scoring.asked = Some(settings.asked(arguments));
            let rows = model_rows(query, context)?;
            let agents = match source.preset() {
                Some((Preset::Proxy, _)) => Some(agents_of(rows.clone())?),
                _ => None,
            };
            let kept = Part::READ.map(lit).to_vec();
            let rows = LogicalPlanBuilder::from(rows)
                .filter(col("part").in_list(kept, false))?
                .build()?;
            (rows, agents)
        }
        None => {
            repeatable(arguments.function, &input)?;
            let agents = source.agents(&input)?;
            let judges = settings.rule != Rule::Spot || scoring.explain == Explain::Full;
            let model = train(
                &source,
                settings,
                arguments,
                input.clone(),
                agents.clone(),
                judges,
                context,
            )?;
            (model, agents)
        }
    };
    let records = source.records(input, agents, context)?;
    scoring.width = records.width();
    untaken(arguments.function, &records.visible, &scoring.columns())?;
    Ok(extension(Score::new(model, records.scored()?, scoring)?))
}

/// The training over an input.
fn train(
    source: &Source<'_>,
    settings: Settings,
    arguments: &Arguments,
    input: LogicalPlan,
    agents: Option<LogicalPlan>,
    judges: bool,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let feedback = arguments.relation(
        "feedback",
        "the name of a table, or a query, with the columns of the input",
    )?;
    let feedback = match feedback {
        Some(query) => {
            let rated = plan_query(query, context)?;
            let rated = source.records(rated, agents.clone(), context)?;
            Some(rated.pairs()?)
        }
        None => None,
    };
    let records = source.records(input, agents, context)?;
    let (width, rows) = (records.width(), records.rows());
    let pairs = records.pairs()?;
    Ok(extension(Train::new(
        pairs, feedback, settings, width, rows, judges,
    )?))
}

fn settings(
    arguments: &Arguments,
    source: &Source<'_>,
    context: &dyn RelationPlannerContext,
) -> Result<Settings> {
    let domains = match source.preset() {
        Some((preset, generation)) if preset.reads_domains() => {
            let options = SpotqlOptions::of(context.context_provider().options());
            Some(match generation {
                Generation::Spot => options.domain_description()?,
                Generation::V2 => options.registrable_description()?,
            })
        }
        _ => None,
    };
    Ok(Settings {
        recipe: source.description(),
        advice: source.advice(),
        advice_on_none: source.advice_on_none(),
        folds: source.folds(),
        domains,
        ..Settings::of(arguments)?
    })
}

/// A model from a table or query, its columns in their order and types.
fn model_rows(query: Box<Query>, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    let rows = plan_query(query, context)?;
    let columns = columns_of(rows.schema().as_arrow())?
        .into_iter()
        .zip(SCHEMA.fields())
        .map(|(index, field)| {
            let (qualifier, found) = rows.schema().qualified_field(index);
            let column = Expr::from(Column::new(qualifier.cloned(), found.name()));
            // A cast would make a list of a number.
            let shape =
                |kind: &DataType| kind.is_list() || matches!(kind, DataType::FixedSizeList(..));
            let column = match column.cast_to(field.data_type(), rows.schema()) {
                Ok(column) if shape(found.data_type()) == shape(field.data_type()) => column,
                _ => {
                    let problem = format!(
                        "its column '{}' is of type {}, not {}",
                        found.name(),
                        found.data_type(),
                        field.data_type()
                    );
                    return Err(Error::NotAModel { problem }.into());
                }
            };
            Ok(column.alias(field.name()))
        })
        .collect::<Result<Vec<_>>>()?;
    LogicalPlanBuilder::from(rows).project(columns)?.build()
}

/// User agents and their counts as rows of a model.
fn agent_rows(agents: LogicalPlan) -> Result<LogicalPlan> {
    let null = |index: usize| -> Result<Expr> {
        let kind = SCHEMA.field(index).data_type();
        Ok(lit(ScalarValue::try_from(kind)?))
    };
    let columns = [
        cast(lit(Part::AGENT), DataType::Utf8View),
        col(AGENT),
        null(2)?,
        cast(col(AGENT_COUNT), DataType::Float64),
        null(4)?,
    ];
    let columns = columns
        .into_iter()
        .zip(SCHEMA.fields())
        .map(|(column, field)| column.alias(field.name()));
    LogicalPlanBuilder::from(agents).project(columns)?.build()
}

/// User agents and their counts from the rows of a model.
fn agents_of(rows: LogicalPlan) -> Result<LogicalPlan> {
    LogicalPlanBuilder::from(rows)
        .filter(col("part").eq(lit(Part::AGENT)))?
        // Each agent once, whatever the table holds: a record must not be joined to two.
        .aggregate(
            [col("name").alias(AGENT)],
            [max(try_cast(col("weight"), DataType::Int64)).alias(AGENT_COUNT)],
        )?
        .build()
}
