//! `date_bin`.

use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::functions::datetime::date_bin::DateBinFunc;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature,
};

use super::{DAY, any_value, each, is_plain};

/// DataFusion's, but for timestamps of microseconds without a time zone and bins of a fixed length.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DateBin {
    inner: DateBinFunc,
    signature: Signature,
}

impl Default for DateBin {
    fn default() -> Self {
        let inner = DateBinFunc::default();
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        let length = DataType::Interval(IntervalUnit::MonthDayNano);
        // DataFusion's takes an origin of nanoseconds alone.
        let ours = TypeSignature::Exact(vec![length, micros.clone(), micros]);
        let theirs = inner.signature();
        let either = vec![ours, theirs.type_signature.clone()];
        let signature = Signature::one_of(either, theirs.volatility);
        Self { inner, signature }
    }
}

impl ScalarUDFImpl for DateBin {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (length, time, origin) = match args.args.as_slice() {
            [length, time] => (length, time, Some(0)),
            [length, time, origin] => (length, time, instant(origin)),
            _ => return self.inner.invoke_with_args(args),
        };
        if let (Some(length), Some(origin), true) = (length_of(length), origin, is_plain(time)) {
            return each(time, |time| {
                let since = time.checked_sub(origin)?;
                time.checked_sub(since.rem_euclid(length))
            });
        }
        let given = any_value(time);
        let result = self.inner.invoke_with_args(args)?;
        if given && !any_value(&result) {
            return exec_err!(
                "date_bin: these times or bins are out of range; bins of months reach from 1677 to 2262, others are whole \
                 microseconds"
            );
        }
        Ok(result)
    }

    fn output_ordering(&self, input: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(input)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

/// A bin's length in microseconds; none for months, a column, and what DataFusion refuses.
fn length_of(value: &ColumnarValue) -> Option<i64> {
    let ColumnarValue::Scalar(ScalarValue::IntervalMonthDayNano(Some(interval))) = value else {
        return None;
    };
    let whole = interval.months == 0 && interval.nanoseconds % 1000 == 0;
    let micros = i64::from(interval.days)
        .checked_mul(DAY)?
        .checked_add(interval.nanoseconds / 1000)?;
    (whole && micros > 0).then_some(micros)
}

/// An instant in microseconds, if it is whole ones.
fn instant(value: &ColumnarValue) -> Option<i64> {
    match value {
        ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(time, _)) => *time,
        ColumnarValue::Scalar(ScalarValue::TimestampNanosecond(Some(time), _)) => {
            (time % 1000 == 0).then_some(time / 1000)
        }
        _ => None,
    }
}
