//! `event_time(value [, time])`: when a record of a log happened, as TIMESTAMP in UTC.
//!
//! `value` is text in one of the notations of [`spotql_values::time::notation`], a number, a DATE, or a timestamp of
//! any unit, with a zone or without. Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, told
//! apart by their size. Without a zone a time is UTC. With two arguments, the first gives the day and the second the
//! time of day (text or TIME; a text that holds a day as well counts by itself). If the second is absent, the first
//! must hold both.
//!
//! NULL for NULL, for what cannot be read, and outside the years 1 to 9999. It never fails for a value.

use std::sync::Arc;

use crate::description::documented;
use crate::scalar::section;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, PrimitiveArray, StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{
    DataType, Float64Type, Int64Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use spotql_values::time::moment::{Moment, of_number};
use spotql_values::time::notation;

const NAME: &str = "event_time";
const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

pub(super) fn function() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(EventTime {
        signature: Signature::user_defined(Volatility::Immutable),
        documentation: Documentation::builder(
            section::TIME.documented(),
            "When a record of a log happened, as TIMESTAMP in UTC. It reads seconds, milliseconds, microseconds and nanoseconds \
             since 1970, dates, timestamps, and text in the usual notations. Such are ISO 8601, 14/May/2024:10:11:12 +0000, \
             and Tue, 14 May 2024 10:11:12 GMT. NULL for NULL and for what cannot be read.",
            "event_time(value ANY [, time ANY])",
        )
        .with_argument("value", "The time, or its day: text, a number, a date or a timestamp.")
        .with_argument("time", "The time of day, if it stands in a column of its own.")
        .with_sql_example(documented(
            "event_time('14/May/2024:12:11:12 +0200')",
            "2024-05-14T10:11:12",
        ))
        .build(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct EventTime {
    signature: Signature,
    documentation: Documentation,
}

/// Whether values of a type can be read.
fn is_readable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => is_readable(value),
        DataType::Null
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::Timestamp(_, _)
        | DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_) => true,
        other => other.is_numeric(),
    }
}

impl ScalarUDFImpl for EventTime {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(MICROS)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if !(1..=2).contains(&types.len()) {
            return plan_err!("{NAME} takes one or two arguments, not {}", types.len());
        }
        match types.iter().find(|it| !is_readable(it)) {
            Some(other) => {
                plan_err!("{NAME} takes text, numbers, dates and timestamps, not {other}")
            }
            None => Ok(types.to_vec()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = args
            .args
            .iter()
            .all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let times: ArrayRef = Arc::new(match arrays.as_slice() {
            [value] => times(value)?,
            [day, time] => times_of_two(day, time)?,
            _ => return exec_err!("{NAME} takes one or two arguments"),
        });
        Ok(if scalar {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&times, 0)?)
        } else {
            ColumnarValue::Array(times)
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// A column of moments in one of the forms that are told apart.
enum Moments {
    Text(StringViewArray),
    Instants(TimestampMicrosecondArray),
    Days(PrimitiveArray<TimestampMicrosecondType>),
    Times(PrimitiveArray<Time64MicrosecondType>),
    Whole(PrimitiveArray<Int64Type>),
    Float(PrimitiveArray<Float64Type>),
    Null,
}

impl Moments {
    fn of(values: &ArrayRef) -> Result<Self> {
        // Safe casts turn what does not fit into NULL.
        let cast = |to: &DataType| cast_with_options(values, to, &CastOptions::default());
        Ok(match values.data_type() {
            DataType::Null => Self::Null,
            DataType::Dictionary(_, value) => {
                return Self::of(&cast(value)?);
            }
            DataType::Timestamp(_, zone) => {
                // With its zone: what is counted from 1970 is UTC already.
                let micros = cast(&DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
                let micros = micros.as_primitive::<TimestampMicrosecondType>().clone();
                Self::Instants(micros.with_timezone_opt(None::<Arc<str>>))
            }
            DataType::Date32 | DataType::Date64 => {
                Self::Days(cast(&MICROS)?.as_primitive().clone())
            }
            DataType::Time32(_) | DataType::Time64(_) => {
                let micros = cast(&DataType::Time64(TimeUnit::Microsecond))?;
                Self::Times(micros.as_primitive().clone())
            }
            other if other.is_integer() => {
                Self::Whole(cast(&DataType::Int64)?.as_primitive().clone())
            }
            other if other.is_numeric() => {
                Self::Float(cast(&DataType::Float64)?.as_primitive().clone())
            }
            _ => Self::Text(cast(&DataType::Utf8View)?.as_string_view().clone()),
        })
    }

    fn read(&self, row: usize) -> Option<Moment> {
        match self {
            Self::Null => None,
            Self::Text(texts) => {
                valid(texts, row).then(|| notation::read(texts.value(row).as_bytes()))?
            }
            Self::Instants(times) => {
                valid(times, row).then(|| Moment::of_micros(times.value(row)))?
            }
            Self::Days(days) => {
                let whole = valid(days, row).then(|| Moment::of_micros(days.value(row)))??;
                Some(Moment {
                    time: None,
                    ..whole
                })
            }
            Self::Times(times) => valid(times, row).then(|| Moment {
                time: Some(times.value(row)),
                ..Moment::default()
            }),
            Self::Whole(values) => valid(values, row).then(|| of_number(values.value(row), 0))?,
            Self::Float(values) => {
                valid(values, row).then(|| notation::of_float(values.value(row)))?
            }
        }
    }

    /// The same, remembering the last text: a day is written on thousands of rows.
    fn read_day<'a>(
        &'a self,
        row: usize,
        last: &mut Option<(&'a str, Option<Moment>)>,
    ) -> Option<Moment> {
        let Self::Text(texts) = self else {
            return self.read(row);
        };
        if !valid(texts, row) {
            return None;
        }
        let text = texts.value(row);
        match last {
            Some((known, moment)) if *known == text => *moment,
            _ => {
                let moment = notation::read(text.as_bytes());
                *last = Some((text, moment));
                moment
            }
        }
    }
}

fn valid(array: &dyn Array, row: usize) -> bool {
    array.is_valid(row)
}

fn times(values: &ArrayRef) -> Result<TimestampMicrosecondArray> {
    let moments = Moments::of(values)?;
    let rows = 0..values.len();
    Ok(rows
        .map(|row| moments.read(row).and_then(Moment::micros))
        .collect())
}

fn times_of_two(days: &ArrayRef, times: &ArrayRef) -> Result<TimestampMicrosecondArray> {
    let (day_values, time_values) = (Moments::of(days)?, Moments::of(times)?);
    // A number of a time of day has too many meanings: seconds, or digits of a clock.
    let readable = !matches!(time_values, Moments::Whole(_) | Moments::Float(_));
    let mut last = None;
    let rows = 0..days.len();
    Ok(rows
        .map(|row| {
            let day = day_values.read_day(row, &mut last);
            if !readable && times.is_valid(row) {
                return None;
            }
            let time = if is_absent(&time_values, row) {
                None
            } else {
                // What is there and cannot be read is not to be taken for absent.
                Some(time_values.read(row)?)
            };
            match (day, time) {
                (Some(day), time) => day.with_time(time),
                (None, Some(whole)) if whole.day.is_some() => whole.micros(),
                (None, _) => None,
            }
        })
        .collect())
}

/// Whether there is no time of day: NULL, or the text that logs write for it.
fn is_absent(times: &Moments, row: usize) -> bool {
    match times {
        Moments::Null => true,
        Moments::Text(texts) => !valid(texts, row) || matches!(texts.value(row).trim(), "" | "-"),
        Moments::Instants(array) | Moments::Days(array) => !valid(array, row),
        Moments::Times(array) => !valid(array, row),
        Moments::Whole(array) => !valid(array, row),
        Moments::Float(array) => !valid(array, row),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{
        BinaryArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int64Array,
        LargeStringArray, StringArray, Time32SecondArray, TimestampNanosecondArray,
        TimestampSecondArray, UInt32Array, UInt64Array,
    };
    use datafusion::arrow::datatypes::Int8Type;

    use super::*;

    const NOON: i64 = 1_715_681_472_000_000;

    fn first(values: ArrayRef) -> Option<i64> {
        times(&values).unwrap().iter().next().unwrap()
    }

    #[test]
    fn every_type_that_holds_a_time_is_read() {
        let seconds = NOON / 1_000_000;
        let text = "2024-05-14 10:11:12";
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![text])),
            Arc::new(LargeStringArray::from(vec![text])),
            Arc::new(StringViewArray::from(vec![text])),
            Arc::new(BinaryArray::from(vec![text.as_bytes()])),
            Arc::new(
                [Some(text)]
                    .into_iter()
                    .collect::<DictionaryArray<Int8Type>>(),
            ),
            Arc::new(Int64Array::from(vec![seconds])),
            Arc::new(UInt32Array::from(vec![seconds as u32])),
            Arc::new(UInt64Array::from(vec![seconds as u64 * 1_000])),
            Arc::new(Float64Array::from(vec![seconds as f64])),
            Arc::new(
                Decimal128Array::from(vec![i128::from(seconds) * 1_000])
                    .with_precision_and_scale(20, 3)
                    .unwrap(),
            ),
            Arc::new(TimestampSecondArray::from(vec![seconds])),
            Arc::new(TimestampSecondArray::from(vec![seconds]).with_timezone("Europe/Berlin")),
            Arc::new(TimestampNanosecondArray::from(vec![NOON * 1_000])),
        ];
        for array in arrays {
            let data_type = array.data_type().clone();
            assert_eq!(first(array), Some(NOON), "{data_type}");
        }
        let date: ArrayRef = Arc::new(Date32Array::from(vec![19_857]));
        assert_eq!(first(date), Some(NOON / 86_400_000_000 * 86_400_000_000));
        let nothing: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN]));
        assert_eq!(first(nothing), None);
        // Beyond what nanoseconds count.
        let far: ArrayRef = Arc::new(TimestampSecondArray::from(vec![253_402_300_799]));
        assert_eq!(first(far), Some(253_402_300_799_000_000));
        let farther: ArrayRef = Arc::new(TimestampSecondArray::from(vec![253_402_300_800]));
        assert_eq!(first(farther), None);
    }

    fn both(days: Vec<Option<&str>>, times: Vec<Option<&str>>) -> Vec<Option<i64>> {
        let days: ArrayRef = Arc::new(StringArray::from(days));
        let times: ArrayRef = Arc::new(StringArray::from(times));
        times_of_two(&days, &times).unwrap().iter().collect()
    }

    #[test]
    fn a_day_and_a_time_make_a_moment() {
        let cases = [
            ("2024-05-14", Some("10:11:12"), true),
            ("14/May/2024", Some("10:11:12"), true),
            ("2024-05-14", Some("T10:11:12Z"), true),
            ("2024-05-14", Some("101112"), true),
            ("2024-05-14", Some("2024-05-14T10:11:12Z"), true),
            ("2024-05-14T10:11:12Z", None, true),
            ("2024-05-14T10:11:12Z", Some("-"), true),
            ("2024-05-14T00:00:00Z", Some("10:11:12"), true),
            ("2024-05-14T00:00:00+02:00", Some("12:11:12"), true),
            ("nonsense", Some("2024-05-14T10:11:12Z"), true),
            ("2024-05-14", None, false),
            ("2024-05-14", Some(""), false),
            ("2024-05-14T10:11:12Z", Some("nonsense"), false),
            ("nonsense", Some("10:11:12"), false),
        ];
        for (day, time, readable) in cases {
            let found = both(vec![Some(day)], vec![time]);
            assert_eq!(found, [readable.then_some(NOON)], "{day} {time:?}");
        }
        assert_eq!(both(vec![None], vec![Some("10:11:12")]), [None]);
    }

    #[test]
    fn dates_and_times_of_day_have_types_of_their_own() {
        let days: ArrayRef = Arc::new(Date32Array::from(vec![19_857]));
        let clock: ArrayRef = Arc::new(Time32SecondArray::from(vec![10 * 3_600 + 11 * 60 + 12]));
        let found = times_of_two(&days, &clock).unwrap();
        assert_eq!(found.value(0), NOON);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![101_112]));
        assert!(times_of_two(&days, &numbers).unwrap().is_null(0));
    }
}
