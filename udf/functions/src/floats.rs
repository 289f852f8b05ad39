//! Columns of floats, value by value.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::unary;
use arrow::datatypes::{DataType, Float32Type, Float64Type};

/// The column with each value mapped; any other column as it is. A 32-bit value passes through 64 bits, which loses nothing.
#[must_use]
pub fn map_floats(values: &ArrayRef, map: fn(f64) -> f64) -> ArrayRef {
    match values.data_type() {
        DataType::Float64 => Arc::new(unary::<_, _, Float64Type>(
            values.as_primitive::<Float64Type>(),
            map,
        )),
        DataType::Float32 => Arc::new(unary::<_, _, Float32Type>(
            values.as_primitive::<Float32Type>(),
            |value| map(value.into()) as f32,
        )),
        _ => Arc::clone(values),
    }
}

/// NaN with the one sign that puts it above all numbers; any other value as it is.
#[must_use]
pub fn one_nan(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value }
}
