//! `sum` that does not wrap: DataFusion's adds 64-bit numbers modulo 2^64, so that two large counters make a negative sum.
//!
//! BIGINT is added up with 38 digits and cut at the ends of BIGINT only when it is read: the same whatever the order
//! of rows, threads and signs. The type stays, as clients expect. Decimals of many digits are added up with 76, and a sum of
//! more than 38 is an error: there is no value to cut to that would not look like a sum. All other types are DataFusion's.

use std::hash::Hash;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::sum;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, Documentation, GroupsAccumulator, ReversedUDAF, SetMonotonicity,
    Signature,
};

use super::wide::{Wide, WideAccumulator, WideGroups};

/// The function.
#[derive(Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Sum {
    inner: sum::Sum,
}

/// The arguments with a return field of this type, which says what DataFusion adds up.
fn with_type<'a>(args: &AccumulatorArgs<'a>, data_type: DataType) -> AccumulatorArgs<'a> {
    AccumulatorArgs {
        return_field: field(&args.return_field, data_type),
        schema: args.schema,
        ignore_nulls: args.ignore_nulls,
        order_bys: args.order_bys,
        is_reversed: args.is_reversed,
        name: args.name,
        is_distinct: args.is_distinct,
        exprs: args.exprs,
        expr_fields: args.expr_fields,
    }
}

fn field(field: &FieldRef, data_type: DataType) -> FieldRef {
    Field::new(field.name(), data_type, true).into()
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let Some(wide) = Wide::of(args.return_type()) else {
            return self.inner.accumulator(args);
        };
        let inner = self.inner.accumulator(with_type(&args, wide.data_type()))?;
        Ok(Box::new(WideAccumulator::new(wide, inner)))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let return_field = match Wide::of(args.return_type()) {
            Some(wide) => field(&args.return_field, wide.data_type()),
            None => args.return_field,
        };
        self.inner.state_fields(StateFieldsArgs {
            return_field,
            ..args
        })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let Some(wide) = Wide::of(args.return_type()) else {
            return self.inner.create_groups_accumulator(args);
        };
        let args = with_type(&args, wide.data_type());
        let inner = self.inner.create_groups_accumulator(args)?;
        Ok(Box::new(WideGroups::new(wide, inner)))
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        // DataFusion has a sliding sum of distinct values for BIGINT alone.
        let wide = Wide::of(args.return_type()).filter(|_| !args.is_distinct);
        let Some(wide) = wide else {
            return self.inner.create_sliding_accumulator(args);
        };
        let args = with_type(&args, wide.data_type());
        let inner = self.inner.create_sliding_accumulator(args)?;
        Ok(Box::new(WideAccumulator::new(wide, inner)))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.inner.reverse_expr()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.inner.default_value(data_type)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.set_monotonicity(data_type)
    }
}
