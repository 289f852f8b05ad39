//! From the types that foreign files have to the types that a table has.
//!
//! Hive reads a file by the table's definition: a value that does not fit becomes NULL. Conversions that lose nothing
//! (`INT32` file, BIGINT table) are told apart from those that may lose something (`INT64` file, INT table;
//! nanoseconds; text that may be no number). Only the former may be used to skip row groups by their statistics.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, can_cast_types, unary};
use arrow::datatypes::{DataType, TimeUnit, TimestampNanosecondType};
use arrow::util::display::FormatOptions;
use datafusion::common::Result;
use datafusion::common::nested_struct::cast_column;

/// A cast that gives NULL where the value does not fit.
pub(crate) const SAFE: CastOptions<'static> = CastOptions {
    safe: true,
    format_options: FormatOptions::new(),
};

fn integer(data_type: &DataType) -> Option<(bool, u32)> {
    Some(match data_type {
        DataType::Int8 => (true, 8),
        DataType::Int16 => (true, 16),
        DataType::Int32 => (true, 32),
        DataType::Int64 => (true, 64),
        DataType::UInt8 => (false, 8),
        DataType::UInt16 => (false, 16),
        DataType::UInt32 => (false, 32),
        DataType::UInt64 => (false, 64),
        _ => return None,
    })
}

fn is_string(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// Whether every value of `from` has one value in `to`, with the same order among them.
pub(crate) fn is_lossless(from: &DataType, to: &DataType) -> bool {
    if from == to {
        return true;
    }
    if let DataType::Dictionary(_, value) = from {
        return is_lossless(value, to);
    }
    if is_string(from) && is_string(to) {
        return true;
    }
    if let (Some((from_signed, from_bits)), Some((to_signed, to_bits))) =
        (integer(from), integer(to))
    {
        return match (from_signed, to_signed) {
            (true, true) | (false, false) => from_bits <= to_bits,
            (false, true) => from_bits < to_bits,
            (true, false) => false,
        };
    }
    match (from, to) {
        (DataType::Float32, DataType::Float64) => true,
        (DataType::Int8 | DataType::Int16, DataType::Float32 | DataType::Float64)
        | (DataType::Int32, DataType::Float64) => true,
        (DataType::Decimal128(from, from_scale), DataType::Decimal128(to, to_scale)) => {
            from_scale == to_scale && from <= to
        }
        (DataType::LargeBinary | DataType::BinaryView, DataType::Binary) => true,
        _ => false,
    }
}

/// Whether a number would have to become a time, or the reverse: seconds, milliseconds, or days? Only a query can say.
#[must_use]
pub fn lacks_unit(from: &DataType, to: &DataType) -> bool {
    let time = |it: &DataType| {
        matches!(
            it,
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64
        )
    };
    (from.is_numeric() && time(to)) || (time(from) && to.is_numeric())
}

/// Whether [`convert`] knows the way at all.
pub(crate) fn is_convertible(from: &DataType, to: &DataType) -> bool {
    if lacks_unit(from, to) {
        return false;
    }
    match (from, to) {
        (DataType::Struct(_), DataType::Struct(_)) => true,
        (
            DataType::List(from) | DataType::LargeList(from) | DataType::FixedSizeList(from, _),
            DataType::List(to),
        ) => is_convertible(from.data_type(), to.data_type()),
        _ => can_cast_types(from, to),
    }
}

/// Converts a column; values that do not fit become NULL.
///
/// # Errors
/// If there is no conversion between the two types.
pub(crate) fn convert(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    match (array.data_type(), to) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        // Before 1970 as after, the microsecond that a nanosecond is in: a cast would round towards 1970.
        (
            DataType::Timestamp(TimeUnit::Nanosecond, _),
            DataType::Timestamp(TimeUnit::Microsecond, zone),
        ) => {
            let nanos = array.as_primitive::<TimestampNanosecondType>();
            let micros: TimestampMicrosecondArray = unary(nanos, |nanos| nanos.div_euclid(1000));
            Ok(Arc::new(micros.with_timezone_opt(zone.clone())))
        }
        (_, to) => cast_column(array, to, &SAFE),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, Int64Array, StringArray, TimestampNanosecondArray};
    use arrow::datatypes::{Int32Type, TimestampMicrosecondType};

    use super::*;

    #[test]
    fn widening_is_lossless_and_narrowing_is_not() {
        let pairs = [
            (DataType::Int32, DataType::Int64, true),
            (DataType::Int64, DataType::Int32, false),
            (DataType::UInt32, DataType::Int32, false),
            (DataType::UInt32, DataType::Int64, true),
            (DataType::Utf8, DataType::Utf8View, true),
            (DataType::Utf8, DataType::Int32, false),
            (DataType::Int64, DataType::Float64, false),
            (
                DataType::Timestamp(TimeUnit::Nanosecond, None),
                DataType::Timestamp(TimeUnit::Microsecond, None),
                false,
            ),
        ];
        for (from, to, expected) in pairs {
            assert_eq!(is_lossless(&from, &to), expected, "{from} to {to}");
        }
    }

    #[test]
    fn a_number_is_no_time_without_its_unit() {
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (from, to) in [
            (DataType::Int64, micros.clone()),
            (DataType::Float64, micros.clone()),
            (DataType::Int32, DataType::Date32),
            (micros.clone(), DataType::Int64),
        ] {
            assert!(!is_convertible(&from, &to), "{from} to {to}");
        }
        assert!(is_convertible(&DataType::Utf8, &micros));
        assert!(is_convertible(&DataType::Date32, &micros));
    }

    #[test]
    fn nanoseconds_before_1970_are_in_the_microsecond_before() {
        let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![-1, -1000, 1999]));
        let micros = convert(&nanos, &DataType::Timestamp(TimeUnit::Microsecond, None)).unwrap();
        assert_eq!(
            micros.as_primitive::<TimestampMicrosecondType>().values(),
            &[-1, -1, 1]
        );
    }

    #[test]
    fn values_that_do_not_fit_become_null() {
        let wide: ArrayRef = Arc::new(Int64Array::from(vec![1, 1 << 40]));
        let narrow = convert(&wide, &DataType::Int32).unwrap();
        assert_eq!(
            narrow
                .as_primitive::<Int32Type>()
                .iter()
                .collect::<Vec<_>>(),
            [Some(1), None]
        );
        let text: ArrayRef = Arc::new(StringArray::from(vec!["7", "seven"]));
        assert_eq!(convert(&text, &DataType::Int32).unwrap().null_count(), 1);
    }

    #[test]
    fn a_time_zone_in_the_file_leaves_the_instant_as_it_is() {
        let zoned: ArrayRef = Arc::new(
            TimestampMicrosecondArray::from(vec![1_000_000]).with_timezone("Europe/Berlin"),
        );
        let plain = convert(&zoned, &DataType::Timestamp(TimeUnit::Microsecond, None)).unwrap();
        assert_eq!(
            plain.as_primitive::<TimestampMicrosecondType>().value(0),
            1_000_000
        );
    }
}
