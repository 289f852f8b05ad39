//! Accumulators that add up in a wider type than they return.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array};
use arrow::compute::{CastOptions, cast, cast_with_options, unary};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, UInt64Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

/// A sum has ten digits more than its values, up to 38: with fewer, 10^10 values cannot exceed it.
const SAFE_DIGITS: u8 = 37;

/// A type that is added up in a wider one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wide {
    /// BIGINT, in 38 digits.
    Whole,
    /// The same without sign, which only expressions have.
    Unsigned,
    /// A decimal that takes all 38 digits, in 76.
    Decimal(i8),
}

impl Wide {
    /// How to add up to a sum of this type; none where DataFusion's way will do.
    pub(super) fn of(sum: &DataType) -> Option<Self> {
        match sum {
            DataType::Int64 => Some(Self::Whole),
            DataType::UInt64 => Some(Self::Unsigned),
            DataType::Decimal128(digits, scale) if *digits > SAFE_DIGITS => {
                Some(Self::Decimal(*scale))
            }
            _ => None,
        }
    }

    /// The wider type.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Whole | Self::Unsigned => DataType::Decimal128(38, 0),
            Self::Decimal(scale) => DataType::Decimal256(76, scale),
        }
    }

    fn widen(self, values: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        values.iter().map(|values| self.widen_one(values)).collect()
    }

    fn widen_one(self, values: &ArrayRef) -> Result<ArrayRef> {
        let wide: Decimal128Array = match (self, values.data_type()) {
            (Self::Whole, DataType::Int64) => unary(values.as_primitive::<Int64Type>(), i128::from),
            (Self::Unsigned, DataType::UInt64) => {
                unary(values.as_primitive::<UInt64Type>(), i128::from)
            }
            _ => return Ok(cast(values, &self.data_type())?),
        };
        Ok(Arc::new(wide.with_precision_and_scale(38, 0)?))
    }

    fn narrow(self, sums: &ArrayRef) -> Result<ArrayRef> {
        Ok(match self {
            Self::Whole => Arc::new(unary::<_, _, Int64Type>(
                sums.as_primitive::<Decimal128Type>(),
                |sum| sum.clamp(i64::MIN.into(), i64::MAX.into()) as i64,
            )),
            Self::Unsigned => Arc::new(unary::<_, _, UInt64Type>(
                sums.as_primitive::<Decimal128Type>(),
                |sum| sum.clamp(0, u64::MAX.into()) as u64,
            )),
            Self::Decimal(scale) => {
                let options = CastOptions {
                    safe: false,
                    ..CastOptions::default()
                };
                let narrow = DataType::Decimal128(38, scale);
                match cast_with_options(sums, &narrow, &options) {
                    Ok(sums) => sums,
                    Err(_) => {
                        return exec_err!(
                            "sum: a sum has more than the 38 digits of DECIMAL; cast the values to DOUBLE, or to a \
                             DECIMAL of smaller scale"
                        );
                    }
                }
            }
        })
    }
}

/// Of one group.
#[derive(Debug)]
pub(super) struct WideAccumulator {
    wide: Wide,
    inner: Box<dyn Accumulator>,
}

impl WideAccumulator {
    pub(super) fn new(wide: Wide, inner: Box<dyn Accumulator>) -> Self {
        Self { wide, inner }
    }
}

impl Accumulator for WideAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&self.wide.widen(values)?)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.inner.evaluate()?.to_array()?;
        ScalarValue::try_from_array(&self.wide.narrow(&sum)?, 0)
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
        self.inner.retract_batch(&self.wide.widen(values)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}

/// Of all groups.
pub(super) struct WideGroups {
    wide: Wide,
    inner: Box<dyn GroupsAccumulator>,
}

impl WideGroups {
    pub(super) fn new(wide: Wide, inner: Box<dyn GroupsAccumulator>) -> Self {
        Self { wide, inner }
    }
}

impl fmt::Debug for WideGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WideGroups")
            .field("wide", &self.wide)
            .finish_non_exhaustive()
    }
}

impl GroupsAccumulator for WideGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        let values = self.wide.widen(values)?;
        self.inner.update_batch(&values, groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.wide.narrow(&self.inner.evaluate(emit_to)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.inner.merge_batch(states, groups, total)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let values = self.wide.widen(values)?;
        self.inner.convert_to_state(&values, filter)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Decimal256Array, Int64Array};
    use arrow::datatypes::i256;

    use super::*;

    #[test]
    fn a_sum_is_cut_at_the_ends_of_its_type() {
        let wide = Wide::of(&DataType::Int64).unwrap();
        let values: ArrayRef = Arc::new(Int64Array::from(vec![Some(i64::MAX), None]));
        let widened = wide.widen_one(&values).unwrap();
        assert_eq!(widened.data_type(), &wide.data_type());
        assert_eq!(wide.narrow(&widened).unwrap().as_ref(), values.as_ref());
        let beyond = Decimal128Array::from(vec![2 * i128::from(i64::MIN), 5]);
        let narrowed = wide.narrow(&(Arc::new(beyond) as ArrayRef)).unwrap();
        assert_eq!(
            narrowed.as_primitive::<Int64Type>().values(),
            &[i64::MIN, 5]
        );
    }

    #[test]
    fn a_decimal_sum_of_more_digits_is_an_error() {
        let wide = Wide::of(&DataType::Decimal128(38, 2)).unwrap();
        let beyond = Decimal256Array::from(vec![i256::from_i128(i128::MAX)])
            .with_precision_and_scale(76, 2)
            .unwrap();
        let error = wide.narrow(&(Arc::new(beyond) as ArrayRef)).unwrap_err();
        assert!(error.to_string().contains("38 digits"), "{error}");
        assert_eq!(Wide::of(&DataType::Decimal128(30, 2)), None);
    }
}
