//! The physical node: runs the training, and gives the model out in batches.

use std::fmt;
use std::sync::Arc;

use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
};
use futures::TryStreamExt;

use super::Train;
use super::training::{Metrics, Training};
use crate::lda::model::SCHEMA;
use crate::lda::settings::Settings;
use crate::lda::tally::Rows;

/// The physical node of `lda_train`.
#[derive(Debug)]
pub(crate) struct TrainExec {
    /// The records, and the feedback if there is any.
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    settings: Settings,
    width: usize,
    rows: Rows,
    judges: bool,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl TrainExec {
    /// The physical node of `node` over its inputs, the records first.
    pub(crate) fn new(inputs: Vec<Arc<dyn ExecutionPlan>>, node: &Train) -> Self {
        let settings = node.settings.clone();
        Self::over(inputs, settings, node.width, node.rows, node.judges)
    }

    fn over(
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        settings: Settings,
        width: usize,
        rows: Rows,
        judges: bool,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&SCHEMA)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            inputs,
            settings,
            width,
            rows,
            judges,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl DisplayAs for TrainExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match format {
            DisplayFormatType::TreeRender => {
                for (name, value) in self.settings.named() {
                    writeln!(f, "{name}={value}")?;
                }
                Ok(())
            }
            _ => write!(f, "LdaTrainExec: {}", self.settings),
        }
    }
}

impl ExecutionPlan for TrainExec {
    fn name(&self) -> &'static str {
        "LdaTrainExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
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
        if children.len() != self.inputs.len() {
            return internal_err!("LdaTrainExec has {} inputs", self.inputs.len());
        }
        Ok(Arc::new(Self::over(
            children,
            self.settings.clone(),
            self.width,
            self.rows,
            self.judges,
        )))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("LdaTrainExec has one partition, not {partition}");
        }
        let mut streams = Vec::new();
        for (i, input) in self.inputs.iter().enumerate() {
            let feedback = i > 0;
            for partition in 0..input.properties().partitioning.partition_count() {
                streams.push((feedback, input.execute(partition, Arc::clone(&context))?));
            }
        }
        let batch_size = context.session_config().batch_size();
        let training = Training {
            settings: self.settings.clone(),
            width: self.width,
            rows: self.rows,
            judges: self.judges,
            threads: context.session_config().target_partitions(),
            metrics: Metrics::new(&self.metrics),
            context,
        };
        let batches = futures::stream::once(async move { training.run(streams).await })
            .map_ok(move |trained| {
                let chunks = trained.model.chunks(batch_size);
                let batches = chunks.into_iter();
                futures::stream::iter(batches.map(move |chunk| trained.model.batch(&chunk)))
            })
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&SCHEMA),
            batches,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
