//! What a call costs at most, before it runs.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

/// What a call costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// Bytes of its result, at most.
    Bytes(u64),
    /// Pairs of letters to compare.
    Pairs(u64),
}

impl Cost {
    pub(super) fn amount(self) -> u64 {
        match self {
            Self::Bytes(amount) | Self::Pairs(amount) => amount,
        }
    }
}

/// Measures a call; NULL arguments cost nothing.
pub(super) type Measure = fn(&ScalarFunctionArgs) -> Result<Cost>;

/// Bytes of an element of a list whose own size is not looked at.
const ELEMENT: u64 = 16;
/// Bytes of a character, at most.
const CHARACTER: u64 = 4;

/// The length of each row's text in bytes; of other types the mean size of a row. One entry for a constant.
struct Sizes(Vec<u64>);

impl Sizes {
    fn of(value: &ColumnarValue) -> Result<Self> {
        let array = array(value)?;
        let length = |length: Option<usize>| length.unwrap_or(0) as u64;
        Ok(Self(match array.data_type() {
            DataType::Utf8 => {
                let texts = array.as_string::<i32>().iter();
                texts.map(|text| length(text.map(str::len))).collect()
            }
            DataType::LargeUtf8 => {
                let texts = array.as_string::<i64>().iter();
                texts.map(|text| length(text.map(str::len))).collect()
            }
            DataType::Utf8View => {
                let texts = array.as_string_view().iter();
                texts.map(|text| length(text.map(str::len))).collect()
            }
            DataType::Null => vec![0; array.len()],
            _ => {
                let rows = array.len().max(1);
                let size = array.to_data().get_slice_memory_size()?;
                vec![(size / rows) as u64 + 1; array.len()]
            }
        }))
    }

    fn at(&self, row: usize) -> u64 {
        match self.0.as_slice() {
            [one] => *one,
            many => many.get(row).copied().unwrap_or(0),
        }
    }
}

/// Whole numbers, 0 where they are none.
struct Wholes(Int64Array);

impl Wholes {
    fn of(value: &ColumnarValue) -> Result<Self> {
        let numbers = cast(&array(value)?, &DataType::Int64)?;
        Ok(Self(numbers.as_primitive::<Int64Type>().clone()))
    }

    fn at(&self, row: usize) -> i64 {
        let row = if self.0.len() == 1 { 0 } else { row };
        match row < self.0.len() && self.0.is_valid(row) {
            true => self.0.value(row),
            false => 0,
        }
    }

    /// A number of times; none if it is negative.
    fn times(&self, row: usize) -> u64 {
        u64::try_from(self.at(row)).unwrap_or(0)
    }
}

fn array(value: &ColumnarValue) -> Result<ArrayRef> {
    match value {
        ColumnarValue::Array(array) => Ok(array.clone()),
        ColumnarValue::Scalar(scalar) => scalar.to_array(),
    }
}

/// The sum over a call's rows.
fn sum(args: &ScalarFunctionArgs, row: impl Fn(usize) -> u64) -> u64 {
    (0..args.number_rows).fold(0, |sum, i| u64::saturating_add(sum, row(i)))
}

/// `repeat(text, times)`
pub(super) fn repeated(args: &ScalarFunctionArgs) -> Result<Cost> {
    let [text, times] = args.args.as_slice() else {
        return Ok(Cost::Bytes(0));
    };
    let (text, times) = (Sizes::of(text)?, Wholes::of(times)?);
    Ok(Cost::Bytes(sum(args, |row| {
        text.at(row).saturating_mul(times.times(row))
    })))
}

/// `lpad(text, characters [, fill])`, `rpad`
pub(super) fn padded(args: &ScalarFunctionArgs) -> Result<Cost> {
    let [_, characters, ..] = args.args.as_slice() else {
        return Ok(Cost::Bytes(0));
    };
    let characters = Wholes::of(characters)?;
    Ok(Cost::Bytes(sum(args, |row| {
        characters.times(row).saturating_mul(CHARACTER)
    })))
}

/// All arguments one behind the other.
pub(super) fn joined(args: &ScalarFunctionArgs) -> Result<Cost> {
    let sizes = args.args.iter().map(Sizes::of);
    let sizes = sizes.collect::<Result<Vec<_>>>()?;
    Ok(Cost::Bytes(sum(args, |row| {
        sizes.iter().map(|size| size.at(row)).sum()
    })))
}

/// `concat_ws(separator, text, …)`
pub(super) fn joined_with_separator(args: &ScalarFunctionArgs) -> Result<Cost> {
    let Some((separator, texts)) = args.args.split_first() else {
        return Ok(Cost::Bytes(0));
    };
    let separator = Sizes::of(separator)?;
    let count = texts.len() as u64;
    let Cost::Bytes(texts) = joined(args)? else {
        return Ok(Cost::Bytes(0));
    };
    let separators = sum(args, |row| separator.at(row).saturating_mul(count));
    Ok(Cost::Bytes(texts.saturating_add(separators)))
}

/// `replace(text, from, to)`
pub(super) fn replaced(args: &ScalarFunctionArgs) -> Result<Cost> {
    let [text, from, to] = args.args.as_slice() else {
        return Ok(Cost::Bytes(0));
    };
    let (text, from, to) = (Sizes::of(text)?, Sizes::of(from)?, Sizes::of(to)?);
    Ok(Cost::Bytes(sum(args, |row| {
        let (length, from) = (text.at(row), from.at(row).max(1));
        let places = (length / from).saturating_add(1);
        length.saturating_add(places.saturating_mul(to.at(row)))
    })))
}

/// `regexp_replace(text, pattern, replacement [, flags])`: with the flag `g` each letter may be a match, else one place is.
pub(super) fn replaced_by_pattern(args: &ScalarFunctionArgs) -> Result<Cost> {
    let [text, _, replacement, flags @ ..] = args.args.as_slice() else {
        return Ok(Cost::Bytes(0));
    };
    let everywhere = !flags.is_empty();
    let (text, replacement) = (Sizes::of(text)?, Sizes::of(replacement)?);
    Ok(Cost::Bytes(sum(args, |row| {
        let length = text.at(row);
        let places = if everywhere { length } else { 0 };
        // Each `$1` of the replacement may stand for the whole text.
        let captured = length.saturating_mul(1 + replacement.at(row) / 2);
        let written = places.saturating_add(1).saturating_mul(replacement.at(row));
        length.saturating_add(captured.max(written))
    })))
}

/// `range(start, stop, step)`, `generate_series`
pub(super) fn series(args: &ScalarFunctionArgs) -> Result<Cost> {
    let (start, stop, step) = match args.args.as_slice() {
        [stop] => (None, stop, None),
        [start, stop] => (Some(start), stop, None),
        [start, stop, step, ..] => (Some(start), stop, Some(step)),
        [] => return Ok(Cost::Bytes(0)),
    };
    let stop = points(stop)?;
    let start = start.map(points).transpose()?;
    let step = step.map(steps).transpose()?;
    Ok(Cost::Bytes(sum(args, |row| {
        let from = start.as_ref().map_or(0, |start| start.at(row));
        let step = step.as_ref().map_or(1, |step| step.at(row));
        let span = stop.at(row).abs_diff(from);
        (span / step.unsigned_abs().max(1))
            .saturating_add(1)
            .saturating_mul(8)
    })))
}

/// Numbers as they are; times in nanoseconds, those that do not fit as 0.
fn points(value: &ColumnarValue) -> Result<Wholes> {
    let array = array(value)?;
    let array = match array.data_type() {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => {
            cast(&array, &DataType::Timestamp(TimeUnit::Nanosecond, None))?
        }
        _ => array,
    };
    Wholes::of(&ColumnarValue::Array(array))
}

/// The steps of a series, in the units of its points; a month counts as 28 days.
fn steps(value: &ColumnarValue) -> Result<Wholes> {
    const DAY: i64 = 86_400_000_000_000;
    let array = array(value)?;
    if !matches!(array.data_type(), DataType::Interval(_)) {
        return Wholes::of(value);
    }
    let intervals = cast(&array, &DataType::Interval(IntervalUnit::MonthDayNano))?;
    let intervals = intervals.as_primitive::<IntervalMonthDayNanoType>();
    let lengths = intervals.iter().map(|interval| {
        interval.map(|it| {
            let days = i64::from(it.months) * 28 + i64::from(it.days);
            days.saturating_mul(DAY).saturating_add(it.nanoseconds)
        })
    });
    Ok(Wholes(lengths.collect()))
}

/// `array_repeat(element, times)`
pub(super) fn array_repeated(args: &ScalarFunctionArgs) -> Result<Cost> {
    let [element, times] = args.args.as_slice() else {
        return Ok(Cost::Bytes(0));
    };
    let (element, times) = (Sizes::of(element)?, Wholes::of(times)?);
    Ok(Cost::Bytes(sum(args, |row| {
        let size = element.at(row).saturating_add(ELEMENT);
        size.saturating_mul(times.times(row))
    })))
}

/// `array_resize(array, size [, value])`
pub(super) fn array_resized(args: &ScalarFunctionArgs) -> Result<Cost> {
    let [_, size, ..] = args.args.as_slice() else {
        return Ok(Cost::Bytes(0));
    };
    let size = Wholes::of(size)?;
    Ok(Cost::Bytes(sum(args, |row| {
        size.times(row).saturating_mul(ELEMENT)
    })))
}

/// `levenshtein(text, text)`
pub(super) fn compared(args: &ScalarFunctionArgs) -> Result<Cost> {
    let [left, right, ..] = args.args.as_slice() else {
        return Ok(Cost::Pairs(0));
    };
    let (left, right) = (Sizes::of(left)?, Sizes::of(right)?);
    Ok(Cost::Pairs(sum(args, |row| {
        left.at(row).saturating_mul(right.at(row))
    })))
}
