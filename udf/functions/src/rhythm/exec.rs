//! The physical node: in every partition, gathers its conversations' times and then lets the records
//! through.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Int64Type, Schema, SchemaRef};
use datafusion::common::internal_err;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning};
use datafusion::physical_plan::distribution_requirements::InputDistributionRequirements;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr,
    PlanProperties,
};
use futures::{StreamExt, TryStreamExt};

use super::times::{Gathering, Times};
use super::{TIME, columns, conversation_column};
use crate::relation::{extended_physical, is_hidden};

/// The physical node of `rhythm`.
#[derive(Debug)]
pub(crate) struct RhythmExec {
    times: Arc<dyn ExecutionPlan>,
    records: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

/// Where an input has the conversation and the time.
#[derive(Debug, Clone)]
struct Places {
    conversation: Vec<usize>,
    time: usize,
}

impl Places {
    fn of(schema: &Schema) -> Result<Self> {
        Ok(Self {
            conversation: (0..)
                .map_while(|i| schema.index_of(&conversation_column(i)).ok())
                .collect(),
            time: schema.index_of(TIME)?,
        })
    }

    fn conversation(&self, batch: &RecordBatch) -> Vec<ArrayRef> {
        let places = self.conversation.iter();
        places.map(|&i| Arc::clone(batch.column(i))).collect()
    }

    fn distribution(&self) -> Distribution {
        let columns = self.conversation.iter().enumerate();
        let columns = columns.map(|(i, &place)| {
            Arc::new(Column::new(&conversation_column(i), place)) as Arc<dyn PhysicalExpr>
        });
        Distribution::KeyPartitioned(columns.collect())
    }
}

impl RhythmExec {
    pub(crate) fn try_new(
        times: Arc<dyn ExecutionPlan>,
        records: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(extended_physical(&records.schema(), columns())),
            Partitioning::UnknownPartitioning(records.output_partitioning().partition_count()),
            records.pipeline_behavior(),
            records.boundedness(),
        );
        Ok(Self {
            times,
            records,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

/// Reads all times of a partition.
async fn gather(mut input: SendableRecordBatchStream, memory: &MemoryReservation) -> Result<Times> {
    let schema = input.schema();
    let places = Places::of(&schema)?;
    let mut gathering = Gathering::new(Arc::new(schema.project(&places.conversation)?))?;
    while let Some(batch) = input.next().await {
        let batch = batch?;
        let times = batch.column(places.time).as_primitive::<Int64Type>();
        gathering.add(&places.conversation(&batch), times)?;
        reserve(memory, gathering.memory_bytes())?;
    }
    // Sorting millions of times must not keep others from this thread.
    let times = SpawnedTask::spawn_blocking(move || gathering.finish())
        .await
        .map_err(|error| DataFusionError::External(Box::new(error)))?;
    reserve(memory, times.memory_bytes())?;
    Ok(times)
}

fn reserve(memory: &MemoryReservation, bytes: usize) -> Result<()> {
    memory.try_resize(bytes).map_err(|error| {
        error.context(
            "rhythm: the conversations and times of this input do not fit the memory limit; raise \
             it (--memory), or take fewer records",
        )
    })
}

/// A batch of records with its columns added.
fn extended(
    batch: &RecordBatch,
    places: &Places,
    times: &mut Times,
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    let time = batch.column(places.time).as_primitive::<Int64Type>();
    let added = times.look_up(&places.conversation(batch), time)?;
    let input = batch.schema_ref().fields().iter().zip(batch.columns());
    let columns = input
        .filter(|(field, _)| !is_hidden(field.name()))
        .map(|(_, column)| Arc::clone(column))
        .chain(added)
        .collect();
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &rows,
    )?)
}

impl DisplayAs for RhythmExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RhythmExec")
    }
}

impl ExecutionPlan for RhythmExec {
    fn name(&self) -> &'static str {
        "RhythmExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.times, &self.records]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        let requirement = |input: &Arc<dyn ExecutionPlan>| {
            // An input without the columns is refused when it is executed.
            Places::of(&input.schema())
                .map_or(Distribution::SinglePartition, |it| it.distribution())
        };
        InputDistributionRequirements::co_partitioned(vec![
            requirement(&self.times),
            requirement(&self.records),
        ])
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
        let Ok([times, records]) = <[Arc<dyn ExecutionPlan>; 2]>::try_from(children) else {
            return internal_err!("RhythmExec has two inputs, the times and the records");
        };
        Ok(Arc::new(Self::try_new(times, records)?))
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let parted =
            [&self.times, &self.records].map(|it| it.output_partitioning().partition_count());
        if parted[0] != parted[1] {
            return internal_err!("RhythmExec has {} and {} partitions", parted[0], parted[1]);
        }
        let memory =
            MemoryConsumer::new(format!("rhythm[{partition}]")).register(context.memory_pool());
        let times = self.times.execute(partition, Arc::clone(&context))?;
        let records = self.records.execute(partition, context)?;
        let places = Places::of(&records.schema())?;
        let schema = self.schema();
        let output = Arc::clone(&schema);
        let conversations = MetricBuilder::new(&self.metrics).gauge("conversations", partition);
        let batches = futures::stream::once(async move {
            let mut times = gather(times, &memory).await?;
            conversations.set(times.conversations());
            Ok::<_, DataFusionError>(records.map(move |batch| {
                // What is held is accounted for until the last batch.
                let _held = &memory;
                extended(&batch?, &places, &mut times, &output)
            }))
        })
        .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
