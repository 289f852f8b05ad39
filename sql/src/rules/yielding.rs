//! Joins that can be stopped.
//!
//! A task of DataFusion's gives way, and ends if nobody waits for it, where its leaves hand out batches. One batch that a
//! join meets with a hundred thousand partners a row is a long way from there: billions of rows. This rule puts a
//! `CooperativeExec` on top of each operator that makes many rows of one. A filter that lets nothing through is never
//! left: it looks by itself whether the statement is to stop.

use std::fmt::{self, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder, SortMergeJoinExec,
};
use datafusion::physical_plan::unnest::UnnestExec;
use spotql_functions::control::Control;

/// The rule; the last one, as others do not expect its nodes.
#[derive(Debug)]
pub(super) struct YieldingJoins;

impl PhysicalOptimizerRule for YieldingJoins {
    fn name(&self) -> &str {
        "yielding_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let control = Control::of(config);
        let yielding = |plan: Arc<dyn ExecutionPlan>| -> Arc<dyn ExecutionPlan> {
            Arc::new(CooperativeExec::new(plan))
        };
        let plan = plan.transform_up(|plan| {
            let checked = |filter: &JoinFilter| checked(filter, &control);
            if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
                let plan = match join.filter() {
                    Some(filter) => join
                        .builder()
                        .with_filter(Some(checked(filter)))
                        .build_exec()?,
                    None => plan,
                };
                return Ok(Transformed::yes(yielding(plan)));
            }
            if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
                let plan = match join.filter() {
                    Some(filter) => Arc::new(
                        NestedLoopJoinExecBuilder::from(join)
                            .with_filter(Some(checked(filter)))
                            .build()?,
                    ),
                    None => plan,
                };
                return Ok(Transformed::yes(yielding(plan)));
            }
            let many = plan.is::<CrossJoinExec>()
                || plan.is::<SortMergeJoinExec>()
                || plan.is::<UnnestExec>();
            Ok(match many {
                true => Transformed::yes(yielding(plan)),
                false => Transformed::no(plan),
            })
        })?;
        Ok(plan.data)
    }
}

/// A join's filter that ends with its statement.
fn checked(filter: &JoinFilter, control: &Arc<Control>) -> JoinFilter {
    let expression = Arc::new(Checked {
        inner: Arc::clone(filter.expression()),
        control: Arc::clone(control),
    });
    JoinFilter::new(
        expression,
        filter.column_indices().to_vec(),
        Arc::clone(filter.schema()),
    )
}

/// An expression that is not evaluated once its statement is stopped.
#[derive(Debug)]
struct Checked {
    inner: Arc<dyn PhysicalExpr>,
    control: Arc<Control>,
}

impl Display for Checked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PartialEq for Checked {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Checked {}

impl Hash for Checked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl PhysicalExpr for Checked {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.inner.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.inner.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.control.check()?;
        self.inner.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.first().unwrap_or(&self.inner);
        Ok(Arc::new(Self {
            inner: Arc::clone(inner),
            control: Arc::clone(&self.control),
        }))
    }

    fn fmt_sql(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
