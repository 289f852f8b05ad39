//! The physical node: reads the model once, and lets every partition of the records through.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning};
use datafusion::physical_plan::distribution_requirements::InputDistributionRequirements;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr,
    PlanProperties,
};
use futures::future::{BoxFuture, Shared};
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::explain::Texts;
use super::scorer::{Columns, Loaded, Metrics, Scorer};
use super::{Explain, Scoring};
use crate::lda::model::Lookup;
use crate::lda::train::reserve;
use crate::relation::extended_physical;

/// The physical node of `lda_score`.
#[derive(Debug)]
pub(crate) struct ScoreExec {
    model: Arc<dyn ExecutionPlan>,
    input: Arc<dyn ExecutionPlan>,
    scoring: Scoring,
    columns: Columns,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    /// The model being read, and how many partitions have asked for it. It is held here until the
    /// last of them has begun, since the first may be done, or have failed, before: the model's
    /// plan runs once. From then on only the streams hold it, and when all of them are dropped the
    /// training stops.
    reading: Mutex<Option<(Shared<Reading>, usize)>>,
}

type Reading = BoxFuture<'static, std::result::Result<Arc<Loaded>, Arc<DataFusionError>>>;

impl ScoreExec {
    pub(crate) fn try_new(
        model: Arc<dyn ExecutionPlan>,
        input: Arc<dyn ExecutionPlan>,
        scoring: Scoring,
    ) -> Result<Self> {
        let input_schema = input.schema();
        let columns = Columns::of(&input_schema, scoring.width)?;
        let schema = extended_physical(&input_schema, scoring.columns());
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Ok(Self {
            model,
            input,
            scoring,
            columns,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
            reading: Mutex::new(None),
        })
    }

    /// The one reading of the model that all partitions wait for.
    fn model(&self, context: &Arc<TaskContext>) -> Result<Shared<Reading>> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let (shared, begun) = match reading.take() {
            Some((shared, begun)) => (shared, begun + 1),
            None => {
                let rows = self.model.execute(0, Arc::clone(context))?;
                let memory = MemoryConsumer::new("lda_score model").register(context.memory_pool());
                let asked = self.scoring.asked.clone().unwrap_or_default();
                let scoring = self.scoring.clone();
                let loaded =
                    load(rows, asked, scoring, memory).map(|loaded| loaded.map_err(Arc::new));
                (loaded.boxed().shared(), 1)
            }
        };
        if begun < self.properties.partitioning.partition_count() {
            *reading = Some((shared.clone(), begun));
        }
        Ok(shared)
    }
}

async fn load(
    mut rows: SendableRecordBatchStream,
    asked: Vec<(String, String)>,
    scoring: Scoring,
    memory: MemoryReservation,
) -> Result<Arc<Loaded>> {
    let mut lookup = Lookup::default();
    while let Some(batch) = rows.next().await {
        lookup.add(&batch?)?;
        reserve(&memory, lookup.memory_bytes())?;
    }
    lookup.check(&asked, scoring.log)?;
    lookup.index_pairs()?;
    let known = lookup.memory_bytes();
    let texts = match scoring.explain {
        Explain::Full => Some(Texts::of(&lookup, scoring.log, |bytes| {
            reserve(&memory, known + bytes)
        })?),
        Explain::Pair | Explain::Nothing => None,
    };
    let said = texts.as_ref().map_or(0, Texts::memory_bytes);
    reserve(&memory, known + said)?;
    Ok(Arc::new(Loaded {
        lookup,
        texts,
        _memory: memory,
    }))
}

impl DisplayAs for ScoreExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let description = &self.scoring;
        match format {
            DisplayFormatType::TreeRender => write!(f, "{description}"),
            _ => write!(f, "LdaScoreExec: {description}"),
        }
    }
}

impl ExecutionPlan for ScoreExec {
    fn name(&self) -> &'static str {
        "LdaScoreExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.model, &self.input]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![
            Distribution::SinglePartition,
            Distribution::UnspecifiedDistribution,
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
        let Ok([model, input]) = <[Arc<dyn ExecutionPlan>; 2]>::try_from(children) else {
            return internal_err!("LdaScoreExec has two inputs, the model and the records");
        };
        Ok(Arc::new(Self::try_new(model, input, self.scoring.clone())?))
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let model = self.model(&context)?;
        let input = self.input.execute(partition, context)?;
        let schema = self.schema();
        let columns = self.columns.clone();
        let scoring = self.scoring.clone();
        let metrics = Metrics::new(&self.metrics, partition);
        let output = Arc::clone(&schema);
        let batches = futures::stream::once(async move {
            let model = model.await.map_err(DataFusionError::Shared)?;
            let mut scorer = Scorer {
                model,
                columns,
                scoring,
                schema: output,
                metrics,
                found: Vec::new(),
            };
            Ok::<_, DataFusionError>(input.map(move |batch| scorer.score(&batch?)))
        })
        .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
