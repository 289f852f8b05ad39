//! INSERT as a plan: what DataFusion's own INSERT and that of SQL run.
//!
//! The plan writes when it is executed, once, and gives one row with the number of rows written. Its input may have any
//! number of partitions; each is written by a task. Dropping the stream before its row has come undoes the write.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::array::{RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, exec_err, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{
    EquivalenceProperties, OrderingRequirements, Partitioning, PhysicalExpr,
};
use datafusion::physical_plan::execution_plan::{Boundedness, CardinalityEffect, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};

use crate::table::Table;
use crate::warehouse::{InsertMode, PartitionSpec, Warehouse};
use crate::write::{InsertReport, check_schema, partition_values};

/// Writes the rows of its input into a table of the warehouse.
#[derive(Debug)]
pub struct InsertExec {
    target: Arc<Target>,
    input: Arc<dyn ExecutionPlan>,
    /// The order in which the query gives its rows: that of the files' rows.
    order: Option<OrderingRequirements>,
    properties: Arc<PlanProperties>,
    started: AtomicBool,
    report: Arc<OnceLock<InsertReport>>,
}

#[derive(Debug)]
struct Target {
    warehouse: Arc<Warehouse>,
    table: Arc<Table>,
    mode: InsertMode,
    partition: PartitionSpec,
}

impl InsertExec {
    /// A write into a table, see [`Warehouse::insert`]. `partition` are values that all rows have.
    ///
    /// # Errors
    /// If the input's columns do not fit the table, or a value does not fit its column.
    pub(crate) fn try_new(
        warehouse: Arc<Warehouse>,
        table: Arc<Table>,
        mode: InsertMode,
        partition: PartitionSpec,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        let values = partition_values(&table, &partition)?;
        check_schema(&table, &values, &input.schema())?;
        let target = Arc::new(Target {
            warehouse,
            table,
            mode,
            partition,
        });
        let order = input.output_ordering().cloned();
        Ok(Self::of(
            target,
            input,
            order.map(OrderingRequirements::from),
        ))
    }

    fn of(
        target: Arc<Target>,
        input: Arc<dyn ExecutionPlan>,
        order: Option<OrderingRequirements>,
    ) -> Self {
        let count = Field::new("count", DataType::UInt64, false);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::new(Schema::new(vec![count]))),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            target,
            input,
            order,
            properties: Arc::new(properties),
            started: AtomicBool::new(false),
            report: Arc::default(),
        }
    }

    /// What was written; `None` until the plan has run.
    pub fn report(&self) -> Option<InsertReport> {
        self.report.get().copied()
    }
}

impl DisplayAs for InsertExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target {
            table,
            mode,
            partition,
            ..
        } = self.target.as_ref();
        let mode = match mode {
            InsertMode::Into => "INTO",
            InsertMode::Overwrite => "OVERWRITE",
        };
        write!(f, "InsertExec: {mode} {}", table.full_name())?;
        let columns = table.definition.partition_columns.iter().map(|column| {
            let fixed = partition.iter().find(|(name, _)| *name == column.name);
            match fixed {
                Some((name, Some(value))) => format!("{name}={value}"),
                Some((name, None)) => format!("{name}=NULL"),
                None => column.name.clone(),
            }
        });
        let columns: Vec<String> = columns.collect();
        if columns.is_empty() {
            return Ok(());
        }
        write!(f, " PARTITION ({})", columns.join(", "))
    }
}

impl ExecutionPlan for InsertExec {
    fn name(&self) -> &'static str {
        "InsertExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.order.clone()]
    }

    // The rows of a file are in the order of the input: it is not to be given up.
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    // As many files as the query has partitions; a small query makes one.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::LowerEqual
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[Arc<dyn ExecutionPlan>; 1]>::try_from(children) else {
            return internal_err!("InsertExec has one input");
        };
        let target = Arc::clone(&self.target);
        Ok(Arc::new(Self::of(target, input, self.order.clone())))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("InsertExec has one partition, and no number {partition}");
        }
        if self.started.swap(true, Ordering::Relaxed) {
            return exec_err!("this INSERT has run before; plan it again to write its rows again");
        }
        let (target, input) = (Arc::clone(&self.target), Arc::clone(&self.input));
        let (schema, said) = (self.schema(), Arc::clone(&self.report));
        let output = Arc::clone(&schema);
        let written = futures::stream::once(async move {
            let Target {
                warehouse,
                table,
                mode,
                partition,
            } = target.as_ref();
            let written = warehouse.insert(table, *mode, partition.clone(), input, context);
            let report = written.await?;
            // Set once: the plan runs once.
            said.set(report).ok();
            let count = Arc::new(UInt64Array::from(vec![report.rows]));
            RecordBatch::try_new(schema, vec![count]).map_err(DataFusionError::from)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(output, written)))
    }
}
