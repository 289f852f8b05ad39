//! `event_text(time)`: a TIMESTAMP as the ingest tables hold it, `YYYY-MM-DD HH:MM:SS`, with three or six digits of a
//! fraction if there is one. NULL for NULL, and for years outside 1 to 9999.

use std::sync::Arc;

use crate::description::documented;
use crate::scalar::section;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use spotql_values::time::moment::{DAY, Moment, SECOND, date};

const NAME: &str = "event_text";

pub(super) fn function() -> Arc<ScalarUDF> {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    Arc::new(ScalarUDF::from(EventText {
        signature: Signature::exact(vec![micros], Volatility::Immutable),
        documentation: Documentation::builder(
            section::TIME.documented(),
            "A time as the text that the ingest tables hold: YYYY-MM-DD HH:MM:SS, and the fraction of a second if there \
             is one. NULL for NULL, and for years outside 1 to 9999.",
            "event_text(time TIMESTAMP)",
        )
        .with_argument("time", "A TIMESTAMP.")
        .with_sql_example(documented(
            "event_text(TIMESTAMP '2024-05-14 10:11:12.5')",
            "2024-05-14 10:11:12.500",
        ))
        .build(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct EventText {
    signature: Signature,
    documentation: Documentation,
}

impl ScalarUDFImpl for EventText {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [time] = args.args.as_slice() else {
            return plan_err!("{NAME} takes one argument, not {}", args.args.len());
        };
        Ok(match time {
            ColumnarValue::Array(times) => ColumnarValue::Array(texts(times)),
            ColumnarValue::Scalar(time) => {
                let text = texts(&time.to_array()?);
                ColumnarValue::Scalar(ScalarValue::try_from_array(&text, 0)?)
            }
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

fn texts(times: &ArrayRef) -> ArrayRef {
    let mut builder = StringViewBuilder::with_capacity(times.len());
    let mut buffer = [0; LENGTH];
    for time in times.as_primitive::<TimestampMicrosecondType>() {
        match time.and_then(|time| write(time, &mut buffer)) {
            Some(text) => builder.append_value(text),
            None => builder.append_null(),
        }
    }
    Arc::new(builder.finish())
}

/// `YYYY-MM-DD HH:MM:SS.ffffff`.
const LENGTH: usize = 26;

fn write(micros: i64, buffer: &mut [u8; LENGTH]) -> Option<&str> {
    Moment::of_micros(micros)?;
    let (year, month, day) = date(micros.div_euclid(DAY));
    let time = micros.rem_euclid(DAY);
    let (seconds, fraction) = (time / SECOND, time % SECOND);
    *buffer = *b"0000-00-00 00:00:00.000000";
    for (value, end, digits) in [
        (year, 4, 4),
        (month, 7, 2),
        (day, 10, 2),
        (seconds / 3_600, 13, 2),
        (seconds / 60 % 60, 16, 2),
        (seconds % 60, 19, 2),
        (fraction, 26, 6),
    ] {
        let mut left = value;
        for at in (end - digits..end).rev() {
            // A digit is 0 to 9.
            buffer[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
    }
    let length = match fraction {
        0 => 19,
        fraction if fraction % 1_000 == 0 => 23,
        _ => LENGTH,
    };
    std::str::from_utf8(&buffer[..length]).ok()
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::TimestampMicrosecondArray;

    use super::*;

    #[test]
    fn times_become_text_with_the_digits_they_have() {
        let second = 1_715_681_472 * SECOND;
        let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![
            Some(second),
            Some(second + 500_000),
            Some(second + 1),
            Some(-1_000),
            None,
            Some(i64::MAX),
        ]));
        let texts = texts(&times);
        let texts: Vec<Option<&str>> = texts.as_string_view().iter().collect();
        assert_eq!(
            texts,
            [
                Some("2024-05-14 10:11:12"),
                Some("2024-05-14 10:11:12.500"),
                Some("2024-05-14 10:11:12.000001"),
                Some("1969-12-31 23:59:59.999"),
                None,
                None
            ]
        );
    }
}
