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
use datafusion::common::Column;
use datafusion::error::Result;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, col, lit};
use datafusion::sql::sqlparser::ast::Query;

use super::model::{Part, SCHEMA, columns_of};
use super::occurrences::{occurrences, of_rows, to_rows};
use super::recipe::{Recipe, Records};
use super::score::{Explain, Score, Scoring};
use super::settings::{Rule, Settings};
use super::train::Train;
use crate::log::Domains;
use crate::rating::{harmless, is_ratings};
use crate::relation::{Arguments, Error, extension, plan_query, repeatable, untaken};
use crate::settings::SpotqlOptions;

/// Plans `lda_train(…)`.
pub(crate) fn plan_train(
    arguments: &Arguments,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let recipe = Recipe::of(arguments)?;
    let settings = settings(arguments, &recipe, context)?;
    let input = plan_query(arguments.input.clone(), context)?;
    let Some(counted) = occurrences(&recipe, &input, context)? else {
        return train(&recipe, settings, arguments, input, None, false, context);
    };
    repeatable(arguments.function, &input)?;
    let rows = to_rows(counted.clone())?;
    let counted = Some(counted);
    let model = train(&recipe, settings, arguments, input, counted, false, context)?;
    LogicalPlanBuilder::from(model).union(rows)?.build()
}

/// Plans `lda_score(…)`.
pub(crate) fn plan_score(
    arguments: &Arguments,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let recipe = Recipe::of(arguments)?;
    let settings = settings(arguments, &recipe, context)?;
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
        log: recipe.log(),
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
    let (model, counted) = match stored {
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
            let counted = match recipe.log().and_then(|log| log.counted.as_ref()) {
                Some(_) => Some(of_rows(rows.clone())?),
                None => None,
            };
            let kept = Part::READ.map(lit).to_vec();
            let rows = LogicalPlanBuilder::from(rows)
                .filter(col("part").in_list(kept, false))?
                .build()?;
            (rows, counted)
        }
        None => {
            repeatable(arguments.function, &input)?;
            let counted = occurrences(&recipe, &input, context)?;
            let judges = settings.rule != Rule::Spot || scoring.explain == Explain::Full;
            let model = train(
                &recipe,
                settings,
                arguments,
                input.clone(),
                counted.clone(),
                judges,
                context,
            )?;
            (model, counted)
        }
    };
    let records = recipe.records(input, counted, context)?;
    scoring.width = records.width();
    untaken(arguments.function, &records.visible, &scoring.columns())?;
    Ok(extension(Score::new(model, records.scored()?, scoring)?))
}

/// The training over an input.
fn train(
    recipe: &Recipe<'_>,
    settings: Settings,
    arguments: &Arguments,
    input: LogicalPlan,
    counted: Option<LogicalPlan>,
    judges: bool,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let feedback = match feedback(recipe, arguments, &input, counted.as_ref(), context)? {
        Some(records) => Some(records.pairs()?),
        None => None,
    };
    let records = recipe.records(input, counted, context)?;
    let (width, rows) = (records.width(), records.rows());
    let pairs = records.pairs()?;
    Ok(extension(Train::new(
        pairs, feedback, settings, width, rows, judges,
    )?))
}

/// The records that were rated harmless: those given, or those that a table of ratings calls so.
fn feedback(
    recipe: &Recipe<'_>,
    arguments: &Arguments,
    input: &LogicalPlan,
    counted: Option<&LogicalPlan>,
    context: &mut dyn RelationPlannerContext,
) -> Result<Option<Records>> {
    let given = arguments.relation(
        "feedback",
        "the name of a table, or a query: records with the columns of the input, or ratings",
    )?;
    let history = arguments.relation(
        "history",
        "the name of a table, or a query, with the columns of the input",
    )?;
    let planned = match given {
        None => None,
        Some(query) => Some(plan_query(query, context)?),
    };
    let as_records = planned
        .as_ref()
        .map(|given| recipe.records(given.clone(), counted.cloned(), context));
    match (planned, as_records, recipe.log()) {
        (Some(ratings), Some(Err(_)), Some(log)) if is_ratings(log, ratings.schema()) => {
            let history = match history {
                Some(query) => plan_query(query, context)?,
                None => {
                    repeatable(arguments.function, input)?;
                    input.clone()
                }
            };
            let rated = harmless(log, arguments, ratings, history, context)?;
            recipe.records(rated, counted.cloned(), context).map(Some)
        }
        (_, records, _) => match arguments.get("history") {
            Some(value) => {
                let accepted = "nothing without feedback => ratings, the records of which it holds";
                Err(arguments.invalid("history", value, accepted).into())
            }
            None => records.transpose(),
        },
    }
}

fn settings(
    arguments: &Arguments,
    recipe: &Recipe<'_>,
    context: &dyn RelationPlannerContext,
) -> Result<Settings> {
    let options = SpotqlOptions::of(context.context_provider().options());
    let domains = match recipe.domains() {
        Domains::Unread => None,
        Domains::Original => Some(options.domain_description()?),
        Domains::Registrable => Some(options.registrable_description()?),
    };
    Ok(Settings {
        recipe: recipe.description(),
        advice: recipe.advice(),
        advice_on_none: recipe.advice_on_none(),
        folds: recipe.folds(),
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
