//! The table functions as DataFusion sees them: streams, one partition an hour for a log and one
//! for the truth about it. Nothing is drawn before the first stream is polled.

use super::arguments;
use super::arguments::Request;
use super::batch::{batch, schema, truth_batch, truth_schema};
use super::day::{Day, HOURS, Hour};
use super::log::{Log, Planted};
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
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

/// The table functions of one kind of log, by their names in SQL.
pub(super) fn functions<L: Log>() -> [(&'static str, Arc<dyn TableFunctionImpl>); 2] {
    let function = |truth| -> Arc<dyn TableFunctionImpl> {
        Arc::new(Function::<L> {
            truth,
            log: PhantomData,
        })
    };
    [(L::NAME, function(false)), (L::TRUTH_NAME, function(true))]
}

/// `synthetic_flow(flows, seed, date)` or `synthetic_flow_truth(flows, seed, date)`, and so on.
#[derive(Debug)]
struct Function<L> {
    truth: bool,
    log: PhantomData<L>,
}

impl<L: Log> TableFunctionImpl for Function<L> {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let name = if self.truth { L::TRUTH_NAME } else { L::NAME };
        let request = arguments::parse(name, L::COUNTED, args.exprs())?;
        Ok(Arc::new(Synthetic::<L> {
            truth: self.truth,
            schema: if self.truth {
                truth_schema::<L>()
            } else {
                schema::<L>()
            },
            day: Arc::new(Lazy {
                request,
                day: OnceLock::new(),
            }),
        }))
    }
}

/// A day that is made when it is first needed, once for all its hours.
struct Lazy<L: Log> {
    request: Request,
    day: OnceLock<Arc<Day<L>>>,
}

impl<L: Log> Lazy<L> {
    fn get(&self) -> Arc<Day<L>> {
        Arc::clone(self.day.get_or_init(|| Arc::new(Day::new(self.request))))
    }
}

impl<L: Log> fmt::Debug for Lazy<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}

#[derive(Debug)]
struct Synthetic<L: Log> {
    truth: bool,
    schema: SchemaRef,
    day: Arc<Lazy<L>>,
}

#[async_trait]
impl<L: Log> TableProvider for Synthetic<L> {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
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
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        let count = if self.truth { 1 } else { HOURS };
        let partitions = (0..count)
            .map(|hour| -> Arc<dyn PartitionStream> {
                Arc::new(Part {
                    truth: self.truth,
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

/// One partition: an hour of a log, or the whole truth.
#[derive(Debug)]
struct Part<L: Log> {
    truth: bool,
    day: Arc<Lazy<L>>,
    hour: u32,
    schema: SchemaRef,
}

impl<L: Log> PartitionStream for Part<L> {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let size = context.session_config().batch_size();
        let (lazy, hour, truth) = (Arc::clone(&self.day), self.hour, self.truth);
        let schema = Arc::clone(&self.schema);
        let mut source = None;
        let batches = std::iter::from_fn(move || {
            source
                .get_or_insert_with(|| {
                    if truth {
                        Source::Truth(lazy.get(), 0)
                    } else {
                        Source::Log(Box::new(Rows::new(lazy.get(), hour)))
                    }
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
enum Source<L: Log> {
    Log(Box<Rows<L>>),
    /// The day, and how many truth rows have been given.
    Truth(Arc<Day<L>>, usize),
}

impl<L: Log> Source<L> {
    /// The next batch of `size` rows, fewer at the end only.
    fn next(&mut self, size: usize, schema: &SchemaRef) -> Option<Result<RecordBatch>> {
        match self {
            Self::Log(rows) => rows.next(size, schema),
            Self::Truth(day, given) => {
                let rows: Vec<(&Planted<L::Row>, L::Row)> = day
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
struct Rows<L: Log> {
    hour: Hour<L>,
    rows: Vec<L::Row>,
    /// How many of `rows` have been given.
    given: usize,
}

impl<L: Log> Rows<L> {
    fn new(day: Arc<Day<L>>, hour: u32) -> Self {
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
        (!rows.is_empty()).then(|| batch(self.hour.day(), rows, schema))
    }
}
