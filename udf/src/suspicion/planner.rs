//! Plans `lda_train(…)` and `lda_score(…)` in a FROM clause.
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

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::Session;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{
    Expr, ExprSchemable, Extension, LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNode,
    Volatility, cast, col, lit,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, Query, TableFactor, Value};

use super::arguments::{Arguments, Function};
use super::error::Error;
use super::model::{SCHEMA, columns_of};
use super::preset::{Preset, Recipe};
use super::score::{SCORE, Score, ScoreExec, VALID, document_column, word_column};
use super::settings::{Real, Settings};
use super::train::{Train, TrainExec};
use crate::topic::em;

/// Plans the two table functions; to be registered with a session.
#[derive(Debug, Default)]
pub struct SuspicionPlanner;

impl RelationPlanner for SuspicionPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let Some(arguments) = Arguments::of(&relation)? else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let plan = match arguments.function {
            Function::Train => plan_train(&arguments, context)?,
            Function::Score => plan_score(&arguments, context)?,
        };
        let plan = LogicalPlanBuilder::from(plan)
            .alias(arguments.function.name())?
            .build()?;
        let TableFactor::Table { alias, .. } = relation else {
            return datafusion::common::internal_err!("a function call is a table factor");
        };
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan, alias,
        ))))
    }
}

/// An input with its documents and words worked out.
struct Prepared {
    input: LogicalPlan,
    /// The columns of the input that the user knows.
    visible: Vec<Column>,
    recipe: Recipe,
    counts: Option<Expr>,
    description: String,
}

fn plan_train(
    arguments: &Arguments,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let prepared = prepare(arguments, context)?;
    train(arguments, &prepared)
}

fn plan_score(
    arguments: &Arguments,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let prepared = prepare(arguments, context)?;
    if prepared
        .visible
        .iter()
        .any(|column| column.name.eq_ignore_ascii_case(SCORE))
    {
        return Err(Error::ScoreColumnTaken.into());
    }
    let width = prepared.recipe.words.len();
    let (model, own_model) = match arguments.model()? {
        Some(query) => (stored_model(arguments, *query, context)?, false),
        None => {
            repeatable(arguments.function, &prepared.input)?;
            (train(arguments, &prepared)?, true)
        }
    };

    let Prepared {
        input,
        visible,
        recipe,
        ..
    } = prepared;
    let mut columns: Vec<Expr> = visible
        .into_iter()
        .map(|column| Expr::from(column.clone()).alias(column.name))
        .collect();
    let hidden = recipe.documents.into_iter().zip(recipe.words).enumerate();
    columns.extend(hidden.flat_map(|(i, (document, word))| {
        [
            cast(document, DataType::Utf8View).alias(document_column(i)),
            cast(word, DataType::Utf8View).alias(word_column(i)),
        ]
    }));
    columns.extend(recipe.valid.map(|valid| valid.alias(VALID)));
    let input = LogicalPlanBuilder::from(input).project(columns)?.build()?;
    Ok(extension(Score::new(model, input, width, own_model)?))
}

/// Input, recipe and settings' description; all arguments that have nothing to do with the fitting.
fn prepare(arguments: &Arguments, context: &mut dyn RelationPlannerContext) -> Result<Prepared> {
    let function = arguments.function.name();
    let input = plan_query(arguments.input.clone(), context)?;
    let visible = input.schema().columns();
    let (documents, words) = (arguments.list("documents"), arguments.list("words"));
    let (input, recipe, description) = match (arguments.get("source"), documents, words) {
        (Some(source), None, None) => {
            let preset = arguments
                .word("source")
                .and_then(|name| Preset::from_name(&name))
                .ok_or_else(|| arguments.invalid("source", source, Preset::NAMES))?;
            let input = preset.prepare(function, input)?;
            let recipe = preset.recipe(function, input.schema())?;
            (input, recipe, preset.name().to_owned())
        }
        (None, Some(documents), Some(words)) => {
            if documents.len() != words.len() || documents.is_empty() {
                return Err(Error::UnevenPairs {
                    function: function.to_owned(),
                    documents: documents.len(),
                    words: words.len(),
                }
                .into());
            }
            let description = format!("documents {}, words {}", list(&documents), list(&words));
            let documents = expressions(&documents, input.schema(), context)?;
            let words = expressions(&words, input.schema(), context)?;
            (
                input,
                Recipe {
                    documents,
                    words,
                    valid: None,
                },
                description,
            )
        }
        _ => {
            return Err(Error::WordsUndetermined {
                function: function.to_owned(),
            }
            .into());
        }
    };
    let counts = match arguments.get("counts") {
        Some(counts) => {
            let counts = expression(counts, input.schema(), context)?;
            Some(cast(counts, DataType::Int64))
        }
        None => None,
    };
    Ok(Prepared {
        input,
        visible,
        recipe,
        counts,
        description,
    })
}

/// The training over a prepared input.
fn train(arguments: &Arguments, prepared: &Prepared) -> Result<LogicalPlan> {
    let settings = settings(arguments, prepared.description.clone())?;
    let Recipe {
        documents,
        words,
        valid,
    } = &prepared.recipe;
    let width = words.len();
    let mut columns: Vec<Expr> = documents
        .iter()
        .zip(words)
        .enumerate()
        .flat_map(|(i, (document, word))| {
            [
                cast(document.clone(), DataType::Utf8View).alias(document_column(i)),
                cast(word.clone(), DataType::Utf8View).alias(word_column(i)),
            ]
        })
        .collect();
    let counted = prepared.counts.is_some();
    columns.extend(
        prepared
            .counts
            .clone()
            .map(|counts| counts.alias("__lda_count")),
    );
    let mut builder = LogicalPlanBuilder::from(prepared.input.clone());
    if let Some(valid) = valid {
        builder = builder.filter(valid.clone())?;
    }
    let input = builder.project(columns)?.build()?;
    Ok(extension(Train::new(input, settings, width, counted)?))
}

fn settings(arguments: &Arguments, recipe: String) -> Result<Settings> {
    let mut settings = Settings {
        recipe,
        ..Settings::default()
    };
    let size = |name: &str| -> Result<Option<usize>> {
        Ok(arguments
            .whole_number(name)?
            .map(|n| usize::try_from(n).unwrap_or(usize::MAX)))
    };
    if let Some(topics) = size("topics")? {
        settings.topics = topics;
    }
    if let Some(iterations) = size("iterations")? {
        settings.iterations = iterations;
    }
    if let Some(alpha) = arguments.real("alpha")? {
        settings.alpha = Real(alpha);
    }
    if let Some(beta) = arguments.real("beta")? {
        settings.beta = Real(beta);
    }
    if let Some(seed) = arguments.whole_number("seed")? {
        settings.seed = seed;
    }
    if let Some(precision) = arguments.get("precision") {
        settings.precision = match arguments.word("precision").as_deref() {
            Some("double" | "64") => em::Precision::Double,
            Some("single" | "32") => em::Precision::Single,
            _ => {
                return Err(arguments
                    .invalid(
                        "precision",
                        precision,
                        "'double' (or 64) or 'single' (or 32)",
                    )
                    .into());
            }
        };
    }
    settings.parameters(1).validate().map_err(Error::from)?;
    Ok(settings)
}

/// A model from a table or query, its columns in their order and types.
fn stored_model(
    arguments: &Arguments,
    query: Query,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    const OF_TRAINING: [&str; 7] = [
        "counts",
        "topics",
        "iterations",
        "alpha",
        "beta",
        "seed",
        "precision",
    ];
    for name in OF_TRAINING {
        if let Some(value) = arguments.get(name) {
            let accepted = "nothing: with model => … no training takes place";
            return Err(arguments.invalid(name, value, accepted).into());
        }
    }
    let rows = plan_query(Box::new(query), context)?;
    let columns = columns_of(rows.schema().as_arrow())?
        .into_iter()
        .zip(SCHEMA.fields())
        .map(|(index, field)| {
            let (qualifier, found) = rows.schema().qualified_field(index);
            let column = Expr::from(Column::new(qualifier.cloned(), found.name()));
            let column = column
                .cast_to(field.data_type(), rows.schema())
                .map_err(|_| Error::NotAModel {
                    problem: format!(
                        "its column '{}' is of type {}, not {}",
                        found.name(),
                        found.data_type(),
                        field.data_type()
                    ),
                })?;
            Ok(column.alias(field.name()))
        })
        .collect::<Result<Vec<_>>>()?;
    let scored = col("part").in_list(vec![lit("document"), lit("word")], false);
    LogicalPlanBuilder::from(rows)
        .project(columns)?
        .filter(scored)?
        .build()
}

fn plan_query(
    subquery: Box<Query>,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    context.plan(TableFactor::Derived {
        lateral: false,
        subquery,
        alias: None,
        sample: None,
    })
}

fn expressions(
    list: &[&SqlExpr],
    schema: &DFSchema,
    context: &mut dyn RelationPlannerContext,
) -> Result<Vec<Expr>> {
    list.iter()
        .map(|sql| expression(sql, schema, context))
        .collect()
}

/// A document or word: an expression over the input's columns. A text literal names a column,
/// since one and the same document for all records would be of no use.
fn expression(
    sql: &SqlExpr,
    schema: &DFSchema,
    context: &mut dyn RelationPlannerContext,
) -> Result<Expr> {
    if let SqlExpr::Value(value) = sql
        && let Value::SingleQuotedString(name) = &value.value
    {
        let (qualifier, field) = schema.qualified_field_with_unqualified_name(name)?;
        return Ok(Expr::from(Column::new(qualifier.cloned(), field.name())));
    }
    context.sql_to_expr(sql.clone(), schema)
}

fn list(expressions: &[&SqlExpr]) -> String {
    let list: Vec<_> = expressions.iter().map(ToString::to_string).collect();
    format!("[{}]", list.join(", "))
}

/// Refuses an input that is not the same when it is read a second time.
fn repeatable(function: Function, input: &LogicalPlan) -> Result<()> {
    let mut why = None;
    input.apply_with_subqueries(|node| {
        if let LogicalPlan::Limit(_) = node {
            why = Some("a LIMIT keeps any of the rows".to_owned());
        }
        for expression in node.expressions() {
            expression.apply(|expression| {
                if let Expr::ScalarFunction(call) = expression
                    && call.func.signature().volatility == Volatility::Volatile
                {
                    why = Some(format!(
                        "{}() gives another value each time",
                        call.func.name()
                    ));
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        Ok(if why.is_some() {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    })?;
    match why {
        Some(why) => Err(Error::UnrepeatableInput {
            function: function.name().to_owned(),
            why,
        }
        .into()),
        None => Ok(()),
    }
}

fn extension(node: impl UserDefinedLogicalNode + 'static) -> LogicalPlan {
    LogicalPlan::Extension(Extension {
        node: Arc::new(node),
    })
}

/// Turns the logical nodes into physical ones; to be registered with a query planner.
#[derive(Debug, Default)]
pub struct SuspicionExtensionPlanner;

#[async_trait]
impl ExtensionPlanner for SuspicionExtensionPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if let (Some(train), [input]) = (node.as_any().downcast_ref::<Train>(), inputs) {
            return Ok(Some(Arc::new(TrainExec::new(
                Arc::clone(input),
                train.settings.clone(),
                train.width,
                train.counted,
            ))));
        }
        if let (Some(score), [model, input]) = (node.as_any().downcast_ref::<Score>(), inputs) {
            return Ok(Some(Arc::new(ScoreExec::try_new(
                Arc::clone(model),
                Arc::clone(input),
                score.width,
                score.own_model,
            )?)));
        }
        Ok(None)
    }
}
