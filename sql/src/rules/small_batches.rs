//! Batches cut where the next step makes much of each row.
//!
//! A constant of 8 MB becomes 64 GB when a projection writes it beside each of 8192 rows; UNNEST makes all rows of a batch
//! at once, however long its lists. This rule lets such a step see few rows at a time.

use std::fmt::{self, Formatter};
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::length::length;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{CardinalityEffect, replace_children_if_necessary};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};

use crate::plan_size::largest_constant;

/// Bytes of a constant beside all rows of a batch, at most.
const BESIDE: usize = 64 << 20;
/// Elements of all lists of a batch that UNNEST sees, at most; a single row may have more.
const ELEMENTS: usize = 64 << 10;

/// The rule.
#[derive(Debug)]
pub(super) struct SmallBatches;

impl PhysicalOptimizerRule for SmallBatches {
    fn name(&self) -> &str {
        "small_batches"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let usual = usize::from(config.execution.batch_size);
        let plan = plan.transform_up(|plan| {
            let most = match plan.downcast_ref::<UnnestExec>() {
                Some(unnest) => {
                    let lists = unnest.list_column_indices().iter();
                    Most::Elements(lists.map(|list| list.index_in_input_schema).collect())
                }
                None => match BESIDE / largest_constant(&plan).max(1) {
                    rows if rows < usual => Most::Rows(rows.max(1)),
                    _ => return Ok(Transformed::no(plan)),
                },
            };
            let children = plan.children().into_iter().map(|child| {
                Arc::new(SmallBatchesExec {
                    input: Arc::clone(child),
                    most: most.clone(),
                }) as Arc<dyn ExecutionPlan>
            });
            let children: Vec<_> = children.collect();
            match children.is_empty() {
                true => Ok(Transformed::no(plan)),
                false => replace_children_if_necessary(plan, children).map(Transformed::yes),
            }
        })?;
        Ok(plan.data)
    }
}

/// What a batch holds at most.
#[derive(Debug, Clone)]
enum Most {
    Rows(usize),
    /// So many elements of the lists in these columns as [`ELEMENTS`] says.
    Elements(Vec<usize>),
}

impl Most {
    /// The lengths of the parts that a batch is cut into.
    fn parts(&self, batch: &RecordBatch) -> Vec<usize> {
        let rows = batch.num_rows();
        match self {
            Self::Rows(most) => {
                let whole = rows / most;
                let rest = rows % most;
                let rest = (rest > 0 || rows == 0).then_some(rest);
                std::iter::repeat_n(*most, whole).chain(rest).collect()
            }
            Self::Elements(columns) => {
                let mut elements = vec![0_usize; rows];
                for column in columns {
                    let lengths = length(batch.column(*column))
                        .and_then(|lengths| cast(&lengths, &DataType::Int64));
                    // Other types than lists are not counted.
                    let Ok(lengths) = lengths else { continue };
                    let lengths = lengths.as_primitive::<Int64Type>().iter();
                    for (sum, length) in elements.iter_mut().zip(lengths) {
                        *sum += usize::try_from(length.unwrap_or(0)).unwrap_or(0);
                    }
                }
                let (mut parts, mut part, mut sum) = (Vec::new(), 0, 0);
                for elements in elements {
                    if part > 0 && sum + elements > ELEMENTS {
                        parts.push(part);
                        (part, sum) = (0, 0);
                    }
                    part += 1;
                    sum += elements;
                }
                parts.push(part);
                parts
            }
        }
    }

    fn cut(&self, batch: &RecordBatch) -> Vec<Result<RecordBatch>> {
        let mut from = 0;
        let parts = self.parts(batch).into_iter().map(|rows| {
            let part = batch.slice(from, rows);
            from += rows;
            Ok(part)
        });
        parts.collect()
    }
}

/// Hands on what its input gives, in smaller batches.
#[derive(Debug)]
struct SmallBatchesExec {
    input: Arc<dyn ExecutionPlan>,
    most: Most,
}

impl DisplayAs for SmallBatchesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> fmt::Result {
        match self.most {
            Most::Rows(rows) => write!(f, "SmallBatchesExec: rows={rows}"),
            Most::Elements(_) => write!(f, "SmallBatchesExec: elements={ELEMENTS}"),
        }
    }
}

impl ExecutionPlan for SmallBatchesExec {
    fn name(&self) -> &'static str {
        "SmallBatchesExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.first().unwrap_or(&self.input);
        Ok(Arc::new(Self {
            input: Arc::clone(input),
            most: self.most.clone(),
        }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context)?;
        let schema = rows.schema();
        let most = self.most.clone();
        let rows = rows
            .map(move |batch| batch.map(|batch| stream::iter(most.cut(&batch))))
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{ArrayRef, Int64Array, ListArray};

    use super::*;

    #[test]
    fn batches_are_cut_by_rows_or_by_the_lengths_of_lists() {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..5));
        let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
        assert_eq!(Most::Rows(2).parts(&batch), [2, 2, 1]);
        assert_eq!(Most::Rows(5).parts(&batch), [5]);
        assert_eq!(Most::Rows(2).parts(&batch.slice(0, 0)), [0]);

        let long = || Some(vec![Some(1); ELEMENTS / 2 + 1]);
        let lists = [long(), None, Some(vec![None]), long(), Some(vec![])];
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(lists);
        let batch = RecordBatch::try_from_iter([("l", Arc::new(lists) as ArrayRef)]).unwrap();
        let most = Most::Elements(vec![0]);
        assert_eq!(most.parts(&batch), [3, 2]);
        let cut = most.cut(&batch);
        assert_eq!(cut[1].as_ref().unwrap(), &batch.slice(3, 2));
        assert_eq!(most.parts(&batch.slice(0, 0)), [0]);
    }
}
