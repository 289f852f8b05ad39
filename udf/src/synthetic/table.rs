//! The two table functions as DataFusion sees them: streams, one partition an hour for flows and
//! one for the truth. Nothing is drawn before the first stream is polled.

use super::arguments;
use super::attack::Planted;
use super::columns::{flow_batch, flow_schema, truth_batch, truth_schema};
use super::day::{Day, HOURS, Hour, Request};
use super::talk::Row;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Which of the two functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Flow,
    Truth,
}

impl Kind {
    /// The name in SQL.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Flow => "synthetic_flow",
            Self::Truth => "synthetic_flow_truth",
        }
    }

    fn schema(self) -> SchemaRef {
        match self {
            Self::Flow => flow_schema(),
            Self::Truth => truth_schema(),
        }
    }
}

/// `synthetic_flow(flows, seed, date)` or `synthetic_flow_truth(flows, seed, date)`.
#[derive(Debug)]
pub(super) struct Function(pub(super) Kind);

impl TableFunctionImpl for Function {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let request = arguments::parse(self.0.name(), args.exprs())?;
        Ok(Arc::new(Synthetic {
            kind: self.0,
            day: Arc::new(Lazy {
                request,
                day: OnceLock::new(),
            }),
        }))
    }
}

/// A day that is made when it is first needed, once for all its hours.
struct Lazy {
    request: Request,
    day: OnceLock<Arc<Day>>,
}

impl Lazy {
    fn get(&self) -> Arc<Day> {
        Arc::clone(self.day.get_or_init(|| Arc::new(Day::new(self.request))))
    }
}

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}

#[derive(Debug)]
struct Synthetic {
    kind: Kind,
    day: Arc<Lazy>,
}

#[async_trait]
impl TableProvider for Synthetic {
    fn schema(&self) -> SchemaRef {
        self.kind.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // Projected here, so that columns nobody reads are not made.
        let schema = match projection {
            Some(columns) => Arc::new(self.schema().project(columns)?),
            None => self.schema(),
        };
        let count = match self.kind {
            Kind::Flow => HOURS,
            Kind::Truth => 1,
        };
        let partitions = (0..count)
            .map(|hour| -> Arc<dyn PartitionStream> {
                Arc::new(Part {
                    kind: self.kind,
                    day: Arc::clone(&self.day),
                    hour,
                    schema: Arc::clone(&schema),
                })
            })
            .collect();
        Ok(Arc::new(StreamingTableExec::try_new(
            schema, partitions, None, None, false, limit,
        )?))
    }
}

/// One partition: an hour of flows, or the whole truth.
#[derive(Debug)]
struct Part {
    kind: Kind,
    day: Arc<Lazy>,
    hour: u32,
    schema: SchemaRef,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let size = context.session_config().batch_size();
        let (lazy, hour, kind) = (Arc::clone(&self.day), self.hour, self.kind);
        let schema = Arc::clone(&self.schema);
        let mut source = None;
        let batches = std::iter::from_fn(move || {
            source
                .get_or_insert_with(|| match kind {
                    Kind::Flow => Source::Flow(Box::new(FlowRows::new(lazy.get(), hour))),
                    Kind::Truth => Source::Truth(lazy.get(), 0),
                })
                .next(size, &schema)
        });
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            futures::stream::iter(batches),
        ))
    }
}

/// Where the batches of a partition come from.
enum Source {
    Flow(Box<FlowRows>),
    /// The day, and how many truth rows have been given.
    Truth(Arc<Day>, usize),
}

impl Source {
    /// The next batch of `size` rows, fewer at the end only.
    fn next(&mut self, size: usize, schema: &SchemaRef) -> Option<Result<RecordBatch>> {
        match self {
            Self::Flow(flow) => flow.next(size, schema),
            Self::Truth(day, given) => {
                let rows: Vec<(&Planted, Row)> = day
                    .attacks
                    .iter()
                    .flat_map(|attack| attack.rows.iter().map(move |row| (attack, *row)))
                    .skip(*given)
                    .take(size)
                    .collect();
                *given += rows.len();
                (!rows.is_empty()).then(|| truth_batch(day, &rows, schema))
            }
        }
    }
}

/// An hour's rows on their way from slices to batches.
struct FlowRows {
    hour: Hour,
    rows: Vec<Row>,
    /// How many of `rows` have been given.
    given: usize,
}

impl FlowRows {
    fn new(day: Arc<Day>, hour: u32) -> Self {
        Self {
            hour: Hour::new(day, hour),
            rows: Vec::new(),
            given: 0,
        }
    }

    fn next(&mut self, size: usize, schema: &SchemaRef) -> Option<Result<RecordBatch>> {
        while self.rows.len() - self.given < size {
            self.rows.drain(..self.given);
            self.given = 0;
            if !self.hour.next_slice(&mut self.rows) {
                break;
            }
        }
        let end = self.rows.len().min(self.given + size);
        let rows = &self.rows[self.given..end];
        self.given = end;
        (!rows.is_empty()).then(|| flow_batch(self.hour.day(), rows, schema))
    }
}
