//! Windows whose memory is accounted for.
//!
//! `sum(x) OVER ()` needs all rows of a partition before it gives the first, and DataFusion keeps them without asking the
//! memory pool. This rule stands around such a window: a node below it counts the rows that go in, and a node above it
//! keeps their memory reserved until the window has given its last row. A window that cannot have the memory fails with an
//! error that says so, in place of a process that is killed.

use std::collections::HashMap;
use std::fmt::{self, Formatter};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{CardinalityEffect, replace_children_if_necessary};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::WindowAggExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;

/// The rule; one of the last.
#[derive(Debug)]
pub(super) struct AccountedWindows;

impl PhysicalOptimizerRule for AccountedWindows {
    fn name(&self) -> &str {
        "accounted_windows"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = plan.transform_up(|plan| {
            let Some(window) = plan.downcast_ref::<WindowAggExec>() else {
                return Ok(Transformed::no(plan));
            };
            let held = Held::default();
            let counted = Arc::new(Counted {
                input: Arc::clone(window.input()),
                held: held.clone(),
                above: false,
            });
            let window = replace_children_if_necessary(plan, vec![counted])?;
            Ok(Transformed::yes(Arc::new(Counted {
                input: window,
                held,
                above: true,
            })))
        })?;
        Ok(plan.data)
    }
}

/// The memory of each partition's rows.
#[derive(Debug, Clone, Default)]
struct Held(Arc<Mutex<HashMap<usize, Arc<MemoryReservation>>>>);

impl Held {
    fn put(&self, partition: usize, memory: &Arc<MemoryReservation>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(partition, Arc::clone(memory));
    }

    fn take(&self, partition: usize) -> Option<Arc<MemoryReservation>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&partition)
    }
}

/// A window keeps its rows, joins them into one batch, and computes columns of the same length.
const TIMES: usize = 3;

/// Counts the rows that go into a window, or keeps their memory until its rows are out.
#[derive(Debug)]
struct Counted {
    input: Arc<dyn ExecutionPlan>,
    held: Held,
    above: bool,
}

impl DisplayAs for Counted {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> fmt::Result {
        let side = if self.above {
            "rows held"
        } else {
            "rows counted"
        };
        write!(f, "WindowMemory: {side}")
    }
}

impl ExecutionPlan for Counted {
    fn name(&self) -> &'static str {
        "WindowMemory"
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
            held: self.held.clone(),
            above: self.above,
        }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let memory = match self.above {
            true => {
                let consumer = MemoryConsumer::new(format!("the rows of a window[{partition}]"));
                let memory = Arc::new(consumer.register(context.memory_pool()));
                self.held.put(partition, &memory);
                memory
            }
            false => self.held.take(partition).ok_or_else(|| {
                DataFusionError::Internal("a window's input runs without it".to_owned())
            })?,
        };
        let counts = !self.above;
        let rows = self.input.execute(partition, context)?;
        let schema = rows.schema();
        let rows = rows.map(move |batch: Result<RecordBatch>| {
            let batch = batch?;
            if counts {
                memory.try_grow(batch.get_array_memory_size() * TIMES)?;
            } else {
                // Held as long as this stream.
                let _ = &memory;
            }
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}
