//! `min` and `max` of floats: NaN is greater than all numbers, whatever its sign and the order of rows.
//!
//! DataFusion's `GROUP BY` keeps whatever it saw last beside a NaN, and gives the largest finite number for a group of
//! nothing but infinities. All other types are DataFusion's.

use std::hash::Hash;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::min_max::{Max, Min};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, Documentation, GroupsAccumulator, ReversedUDAF, SetMonotonicity,
    Signature, StatisticsArgs,
};
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::prim_op::PrimitiveGroupsAccumulator;

use crate::floats::{map_floats, one_nan};

/// DataFusion's function, and how it chooses of two floats.
pub(super) trait Choice: AggregateUDFImpl + Eq + Hash + 'static {
    /// What a group of floats starts with.
    const START: f64;

    /// Whether `new` takes the place of `current`.
    fn replaces(new: f64, current: f64) -> bool;
}

impl Choice for Max {
    const START: f64 = f64::NEG_INFINITY;

    fn replaces(new: f64, current: f64) -> bool {
        new > current || new.is_nan()
    }
}

impl Choice for Min {
    const START: f64 = f64::NAN;

    fn replaces(new: f64, current: f64) -> bool {
        new < current || current.is_nan()
    }
}

/// The function.
#[derive(Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Extreme<F> {
    inner: F,
}

impl<F: Choice> AggregateUDFImpl for Extreme<F> {
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
        let is_float = args.return_type().is_floating();
        Ok(with_one_nan(is_float, self.inner.accumulator(args)?))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(match args.return_type() {
            DataType::Float64 => Box::new(
                PrimitiveGroupsAccumulator::<Float64Type, _>::new(
                    &DataType::Float64,
                    |current, new| {
                        if F::replaces(new, *current) {
                            *current = new;
                        }
                    },
                )
                .with_starting_value(F::START),
            ),
            DataType::Float32 => Box::new(
                PrimitiveGroupsAccumulator::<Float32Type, _>::new(
                    &DataType::Float32,
                    |current, new| {
                        if F::replaces(new.into(), (*current).into()) {
                            *current = new;
                        }
                    },
                )
                .with_starting_value(F::START as f32),
            ),
            _ => self.inner.create_groups_accumulator(args)?,
        })
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        let is_float = args.return_type().is_floating();
        Ok(with_one_nan(
            is_float,
            self.inner.create_sliding_accumulator(args)?,
        ))
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.is_descending()
    }

    fn value_from_stats(&self, args: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        // Statistics know NaN by its sign, or not at all.
        match args.return_type.is_floating() {
            true => None,
            false => self.inner.value_from_stats(args),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.inner.reverse_expr()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.set_monotonicity(data_type)
    }
}

/// DataFusion's accumulator of one group orders NaN by its sign: give it one sign alone.
fn with_one_nan(is_float: bool, inner: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
    match is_float {
        true => Box::new(OneNan { inner }),
        false => inner,
    }
}

#[derive(Debug)]
struct OneNan {
    inner: Box<dyn Accumulator>,
}

impl OneNan {
    fn of(values: &[ArrayRef]) -> Vec<ArrayRef> {
        values.iter().map(|it| map_floats(it, one_nan)).collect()
    }
}

impl Accumulator for OneNan {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&Self::of(values))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.inner.evaluate()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(&Self::of(values))
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}
