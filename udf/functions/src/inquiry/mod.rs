//! The node that asks: it lets rows through unchanged, after the services have been asked about the values in them.

mod late;

use std::fmt;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::DataType;
use datafusion::common::internal_err;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{
    CardinalityEffect, apply_expression_roots, replace_children_if_necessary,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
};
use futures::StreamExt;

use late::postponed;

use crate::context::Context;
use crate::scalar::Needs;

/// Puts a node below each that calls `reputation` or one of its parts, which asks the services of the query's context first.
/// What is called in a node of several inputs, on columns of more than one, is not asked about.
#[derive(Debug)]
pub(crate) struct AskServices;

impl PhysicalOptimizerRule for AskServices {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        ask_before(plan, &Context::of(config))
    }

    fn name(&self) -> &str {
        "ask_services"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn ask_before(
    plan: Arc<dyn ExecutionPlan>,
    context: &Arc<Context>,
) -> Result<Arc<dyn ExecutionPlan>> {
    if context.services.is_empty() {
        return Ok(plan);
    }
    let asks = |node: &Arc<dyn ExecutionPlan>| {
        let mut found = false;
        node.apply_expressions(&mut |root| {
            found |= asks(root)?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(found)
    };
    if !plan.exists(asks)? {
        return Ok(plan);
    }
    postponed(plan)?
        .transform_up(|node| {
            let [input] = node.children()[..] else {
                return Ok(Transformed::no(node));
            };
            let values = values(&node, input)?;
            if values.is_empty() {
                return Ok(Transformed::no(node));
            }
            let asking: Arc<dyn ExecutionPlan> = Arc::new(AskExec {
                input: Arc::clone(input),
                values,
                context: Arc::clone(context),
            });
            replace_children_if_necessary(node, vec![asking]).map(Transformed::yes)
        })
        .data()
}

/// Asks about the constants in a plan, whose calls are worked out while planning.
///
/// # Errors
/// None of its own; those of walking a plan.
pub async fn ask_constants(plan: &LogicalPlan, context: &Context) -> Result<()> {
    if context.services.is_empty() || matches!(plan, LogicalPlan::Explain(_)) {
        return Ok(());
    }
    let mut constants: Vec<String> = Vec::new();
    plan.apply_with_subqueries(|node| {
        for expression in node.expressions() {
            expression.apply(|part| {
                if let Expr::ScalarFunction(call) = part
                    && Needs::of_function(&call.func).reputation
                    && let [Expr::Literal(value, _)] = call.args.as_slice()
                    && let Some(Some(text)) = value.try_as_str()
                {
                    constants.push(text.to_owned());
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    context
        .ask_services(constants.iter().map(String::as_str))
        .await;
    Ok(())
}

/// Whether a function wants to know what services say.
fn asks_services(call: &ScalarFunctionExpr) -> bool {
    Needs::of_function(call.fun()).reputation
}

/// Whether an expression calls such a function.
pub(super) fn asks(expression: &Arc<dyn PhysicalExpr>) -> Result<bool> {
    expression.exists(|part| {
        let call = part.downcast_ref::<ScalarFunctionExpr>();
        Ok(call.is_some_and(asks_services))
    })
}

/// What the calls in a node are made with, as far as it comes from its input.
fn values(
    node: &Arc<dyn ExecutionPlan>,
    input: &Arc<dyn ExecutionPlan>,
) -> Result<Vec<Arc<dyn PhysicalExpr>>> {
    let schema = input.schema();
    let mut values: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
    node.apply_expressions(&mut |root| {
        root.apply(|part| {
            let Some(call) = part.downcast_ref::<ScalarFunctionExpr>() else {
                return Ok(TreeNodeRecursion::Continue);
            };
            let [value] = call.args() else {
                return Ok(TreeNodeRecursion::Continue);
            };
            if !asks_services(call) || values.contains(value) {
                return Ok(TreeNodeRecursion::Continue);
            }
            // The last step of an aggregation shows expressions over the input of its first.
            let ours = !value.exists(|it| {
                Ok(it.downcast_ref::<Column>().is_some_and(|column| {
                    let fields = schema.fields();
                    fields
                        .get(column.index())
                        .is_none_or(|field| field.name() != column.name())
                }))
            })?;
            if ours && value.data_type(&schema)? == DataType::Utf8View {
                values.push(Arc::clone(value));
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(values)
}

#[derive(Debug)]
struct AskExec {
    input: Arc<dyn ExecutionPlan>,
    /// Over the input, each a text.
    values: Vec<Arc<dyn PhysicalExpr>>,
    context: Arc<Context>,
}

impl DisplayAs for AskExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services = self.context.services.iter().map(|it| it.name());
        let services: Vec<&str> = services.collect();
        let values: Vec<String> = self.values.iter().map(ToString::to_string).collect();
        write!(
            f,
            "AskServicesExec: services=[{}], values=[{}]",
            services.join(", "),
            values.join(", ")
        )
    }
}

impl ExecutionPlan for AskExec {
    fn name(&self) -> &'static str {
        "AskServicesExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(&self.values, f)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[Arc<dyn ExecutionPlan>; 1]>::try_from(children) else {
            return internal_err!("AskServicesExec has one input");
        };
        Ok(Arc::new(Self {
            input,
            values: self.values.clone(),
            context: Arc::clone(&self.context),
        }))
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let schema = input.schema();
        let (values, context) = (self.values.clone(), Arc::clone(&self.context));
        let batches = input.then(move |batch| {
            let (values, context) = (values.clone(), Arc::clone(&context));
            async move {
                let batch = batch?;
                for value in &values {
                    ask(&batch, value, &context).await?;
                }
                Ok(batch)
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

async fn ask(batch: &RecordBatch, value: &Arc<dyn PhysicalExpr>, context: &Context) -> Result<()> {
    let texts = value.evaluate(batch)?.into_array(batch.num_rows())?;
    let texts = texts.as_string_view();
    let mut distinct: hashbrown::HashSet<&str, ahash::RandomState> = hashbrown::HashSet::default();
    distinct.extend(texts.iter().flatten());
    context.ask_services(distinct.into_iter()).await;
    Ok(())
}
