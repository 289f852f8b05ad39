//! `date_trunc`.

use arrow::datatypes::{DataType, FieldRef};
use chrono::{Datelike, NaiveDate};
use datafusion::common::Result;
use datafusion::functions::datetime::date_trunc::DateTruncFunc;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature,
};

use super::{DAY, SECOND, each, is_plain};

/// DataFusion's, but for timestamps of microseconds without a time zone.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct DateTrunc {
    inner: DateTruncFunc,
}

/// What a time is cut to.
enum Unit {
    /// So many microseconds, which begin with the day.
    Span(i64),
    Week,
    /// So many months.
    Months(u32),
}

impl Unit {
    fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "microsecond" => Self::Span(1),
            "millisecond" => Self::Span(1000),
            "second" => Self::Span(SECOND),
            "minute" => Self::Span(60 * SECOND),
            "hour" => Self::Span(3600 * SECOND),
            "day" => Self::Span(DAY),
            "week" => Self::Week,
            "month" => Self::Months(1),
            "quarter" => Self::Months(3),
            "year" => Self::Months(12),
            _ => return None,
        })
    }

    fn cut(&self, time: i64) -> Option<i64> {
        let day = time.div_euclid(DAY);
        let day = match self {
            Self::Span(span) => return time.checked_sub(time.rem_euclid(*span)),
            // The epoch was a Thursday, and weeks begin on Mondays.
            Self::Week => day - (day + 3).rem_euclid(7),
            Self::Months(months) => {
                let epoch = NaiveDate::default();
                let date = epoch.checked_add_signed(chrono::Duration::try_days(day)?)?;
                let month = date.month0() / months * months;
                let first = NaiveDate::from_ymd_opt(date.year(), month + 1, 1)?;
                first.signed_duration_since(epoch).num_days()
            }
        };
        day.checked_mul(DAY)
    }
}

impl ScalarUDFImpl for DateTrunc {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let unit = match args.args.as_slice() {
            [ColumnarValue::Scalar(unit), time] if is_plain(time) => unit
                .try_as_str()
                .flatten()
                .and_then(Unit::of)
                .zip(Some(time)),
            _ => None,
        };
        match unit {
            Some((unit, time)) => each(time, |time| unit.cut(time)),
            None => self.inner.invoke_with_args(args),
        }
    }

    fn output_ordering(&self, input: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(input)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(unit: &str, date: &str) -> String {
        let epoch = NaiveDate::default();
        let date: NaiveDate = date.parse().unwrap();
        let day = date.signed_duration_since(epoch).num_days();
        let cut = Unit::of(unit)
            .unwrap()
            .cut(day * DAY + 3601 * SECOND)
            .unwrap();
        assert_eq!(cut % DAY, 0);
        (epoch + chrono::Duration::days(cut / DAY)).to_string()
    }

    #[test]
    fn times_are_cut_in_all_years() {
        assert_eq!(cut("year", "9999-12-31"), "9999-01-01");
        assert_eq!(cut("quarter", "0001-06-30"), "0001-04-01");
        assert_eq!(cut("MONTH", "1969-12-31"), "1969-12-01");
        assert_eq!(cut("week", "1970-01-01"), "1969-12-29");
        assert_eq!(cut("week", "2024-06-03"), "2024-06-03");
        assert_eq!(cut("day", "0001-01-01"), "0001-01-01");
        assert_eq!(Unit::of("hour").unwrap().cut(-1), Some(-3600 * SECOND));
        assert_eq!(Unit::of("minute").unwrap().cut(i64::MIN), None);
        assert!(Unit::of("era").is_none());
    }
}
