//! `year(d)`, `month(d)`, `day(d)`, `hour(t)`, `minute(t)`, `second(t)`: one field of a date or
//! time, as INT.
//!
//! The argument is a date, a timestamp, or text (`2016-07-08`, `2016-07-08 12:34:56`; for the
//! fields of time also `12:34:56`). NULL, and text that is neither, give NULL, as in Hive.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::compute::{
    CastOptions, DatePart, cast_with_options, date_part, is_not_null,
};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::description::documented;
use crate::scalar::section;

/// Each function's name, its field, and what it gives of 2016-07-08 12:34:56.
const FIELDS: [(&str, DatePart, &str); 6] = [
    ("year", DatePart::Year, "2016"),
    ("month", DatePart::Month, "7"),
    ("day", DatePart::Day, "8"),
    ("hour", DatePart::Hour, "12"),
    ("minute", DatePart::Minute, "34"),
    ("second", DatePart::Second, "56"),
];

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    FIELDS
        .into_iter()
        .map(|(name, part, example)| Arc::new(ScalarUDF::from(DateField::new(name, part, example))))
        .collect()
}

#[derive(Debug)]
struct DateField {
    name: &'static str,
    part: DatePart,
    signature: Signature,
    documentation: Documentation,
}

// The name says it all.
impl PartialEq for DateField {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for DateField {}

impl Hash for DateField {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl DateField {
    fn new(name: &'static str, part: DatePart, example: &str) -> Self {
        let documentation = Documentation::builder(
            section::HIVE.documented(),
            format!(
                "The {name} of a date, a timestamp or a text that holds one. NULL for NULL, and for text that holds none."
            ),
            format!("{name}(value ANY)"),
        )
        .with_argument("value", "A date, a timestamp, or text that holds one.")
        .with_sql_example(documented(
            &format!("{name}('2016-07-08 12:34:56')"),
            example,
        ))
        .build();
        Self {
            name,
            part,
            signature: Signature::user_defined(Volatility::Immutable),
            documentation,
        }
    }

    fn of_time(&self) -> bool {
        matches!(
            self.part,
            DatePart::Hour | DatePart::Minute | DatePart::Second
        )
    }

    fn extract(&self, values: &ArrayRef) -> Result<ArrayRef> {
        // Safe casts turn what cannot be read into NULL.
        let read = |to: &DataType| cast_with_options(values, to, &CastOptions::default());
        let timestamps = match values.data_type() {
            DataType::Utf8View => read(&DataType::Timestamp(TimeUnit::Microsecond, None))?,
            _ => Arc::clone(values),
        };
        let fields = date_part(&timestamps, self.part)?;
        if *values.data_type() != DataType::Utf8View || !self.of_time() {
            return Ok(fields);
        }
        let times = date_part(&read(&DataType::Time64(TimeUnit::Microsecond))?, self.part)?;
        Ok(zip(&is_not_null(&fields)?, &fields, &times)?)
    }
}

impl ScalarUDFImpl for DateField {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int32)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let [given] = types else {
            return plan_err!("{} takes one argument, not {}", self.name, types.len());
        };
        let value = match given {
            DataType::Dictionary(_, value) => value.as_ref(),
            other => other,
        };
        match value {
            DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Ok(vec![DataType::Utf8View])
            }
            DataType::Timestamp(_, _) => Ok(vec![value.clone()]),
            DataType::Date32 | DataType::Date64 => {
                Ok(vec![DataType::Timestamp(TimeUnit::Microsecond, None)])
            }
            other => {
                plan_err!(
                    "{} takes a date, a timestamp or text, not {other}",
                    self.name
                )
            }
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else {
            return plan_err!("{} takes one argument, not {}", self.name, args.args.len());
        };
        Ok(match value {
            ColumnarValue::Array(values) => ColumnarValue::Array(self.extract(values)?),
            ColumnarValue::Scalar(value) => {
                let field = self.extract(&value.to_array()?)?;
                ColumnarValue::Scalar(ScalarValue::try_from_array(&field, 0)?)
            }
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{AsArray, StringViewArray};
    use datafusion::arrow::datatypes::Int32Type;

    use super::*;

    fn fields(part: DatePart, texts: &[Option<&str>]) -> Vec<Option<i32>> {
        let texts: ArrayRef = Arc::new(texts.iter().copied().collect::<StringViewArray>());
        let fields = DateField::new("field", part, "").extract(&texts).unwrap();
        fields.as_primitive::<Int32Type>().iter().collect()
    }

    #[test]
    fn dates_are_read_from_text_and_nonsense_is_null() {
        let texts = [
            Some("2016-07-08"),
            Some("2016-07-08 23:01:02"),
            Some("July"),
            Some(""),
            None,
        ];
        assert_eq!(
            fields(DatePart::Month, &texts),
            [Some(7), Some(7), None, None, None]
        );
        assert_eq!(
            fields(DatePart::Day, &texts),
            [Some(8), Some(8), None, None, None]
        );
    }

    #[test]
    fn a_time_of_day_has_hours_and_no_year() {
        let texts = [Some("12:34:56"), Some("2016-07-08 01:02:03")];
        assert_eq!(fields(DatePart::Hour, &texts), [Some(12), Some(1)]);
        assert_eq!(fields(DatePart::Second, &texts), [Some(56), Some(3)]);
        assert_eq!(fields(DatePart::Year, &texts), [None, Some(2016)]);
    }
}
