//! DataFusion's functions of time that count in nanoseconds, which end in 2262: the same from the year 1 to 9999.

mod bin;
mod reference;
mod series;
mod trunc;

pub(crate) use reference::{RANGE, REPLACEMENTS, SERIES};

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::compute::try_unary;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::catalog::TableFunctionImpl;
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// In place of DataFusion's functions of the same name.
#[must_use]
pub(crate) fn functions() -> Vec<ScalarUDF> {
    vec![
        ScalarUDF::new_from_impl(trunc::DateTrunc::default()),
        ScalarUDF::new_from_impl(bin::DateBin::default()),
    ]
}

/// The same for table functions.
#[must_use]
pub(crate) fn table_functions() -> Vec<(&'static str, Arc<dyn TableFunctionImpl>)> {
    vec![
        ("generate_series", Arc::new(series::Series::closed())),
        ("range", Arc::new(series::Series::open())),
    ]
}

/// Whether a value is of microseconds without a time zone, which needs no more than arithmetic.
fn is_plain(value: &ColumnarValue) -> bool {
    value.data_type() == DataType::Timestamp(TimeUnit::Microsecond, None)
}

/// A function of each time; none where the result is no time.
fn each(value: &ColumnarValue, function: impl Fn(i64) -> Option<i64>) -> Result<ColumnarValue> {
    let checked = |time: i64| {
        function(time).ok_or_else(|| exec_datafusion_err!("the result of a time is out of range"))
    };
    Ok(match value {
        ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(time, _)) => {
            let time = time.map(checked).transpose()?;
            ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(time, None))
        }
        ColumnarValue::Scalar(other) => ColumnarValue::Scalar(other.clone()),
        ColumnarValue::Array(times) => {
            let times = times.as_primitive::<TimestampMicrosecondType>();
            let results: TimestampMicrosecondArray = try_unary(times, |time| {
                checked(time)
                    .map_err(|error| arrow::error::ArrowError::ComputeError(error.to_string()))
            })?;
            ColumnarValue::Array(Arc::new(results) as ArrayRef)
        }
    })
}

/// Whether some row has a value.
fn any_value(value: &ColumnarValue) -> bool {
    match value {
        ColumnarValue::Scalar(value) => !value.is_null(),
        ColumnarValue::Array(values) => values.null_count() < values.len(),
    }
}
