//! `generate_series` and `range` of timestamps.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::functions_table::generate_series::{GenerateSeriesFunc, RangeFunc};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast};

/// DataFusion's function, which takes and gives nanoseconds.
#[derive(Debug)]
pub(super) struct Series {
    name: &'static str,
    inner: Arc<dyn TableFunctionImpl>,
}

impl Series {
    /// With its last value.
    pub(super) fn closed() -> Self {
        Self {
            name: "generate_series",
            inner: Arc::new(GenerateSeriesFunc {}),
        }
    }

    /// Without it.
    pub(super) fn open() -> Self {
        Self {
            name: "range",
            inner: Arc::new(RangeFunc {}),
        }
    }

    fn in_nanoseconds(&self, argument: &Expr) -> Result<Expr> {
        let Expr::Literal(ScalarValue::TimestampMicrosecond(Some(time), zone), metadata) = argument
        else {
            return Ok(argument.clone());
        };
        match time.checked_mul(1000) {
            Some(nanos) => Ok(Expr::Literal(
                ScalarValue::TimestampNanosecond(Some(nanos), zone.clone()),
                metadata.clone(),
            )),
            None => plan_err!(
                "{}: timestamps reach from 1677 to 2262 here; take a series of DATE or of numbers, and add it to a timestamp",
                self.name
            ),
        }
    }
}

impl TableFunctionImpl for Series {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        let exprs = args.exprs().iter().map(|it| self.in_nanoseconds(it));
        let exprs: Vec<Expr> = exprs.collect::<Result<_>>()?;
        let args = TableFunctionArgs::new(&exprs, args.session());
        let series = self.inner.call_with_args(args)?;
        let schema = series.schema();
        let micros = match schema.field(0).data_type() {
            DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            _ => return Ok(series),
        };
        let name = schema.field(0).name();
        let plan = LogicalPlanBuilder::scan(self.name, provider_as_source(series), None)?
            .project([cast(
                Expr::from(datafusion::common::Column::from_name(name)),
                micros,
            )
            .alias(name)])?
            .build()?;
        Ok(Arc::new(ViewTable::new(plan, None)))
    }
}
