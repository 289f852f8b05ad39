//! The arguments of the table functions, checked: `(flows, seed, date)` or alike, all literals.

use arrow::array::temporal_conversions::date32_to_datetime;
use arrow::compute::kernels::cast_utils::Parser;
use arrow::datatypes::{DataType, Date32Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::Expr;

/// The arguments of a table function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    /// Background rows in the day.
    pub(super) rows: u64,
    pub(super) seed: i64,
    pub(super) date: Date,
}

/// A calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
    /// Days since 1970-01-01.
    pub(super) epoch: i32,
}

impl Request {
    /// What the random streams of the day begin with.
    pub(super) fn key(&self) -> [u64; 3] {
        [self.seed as u64, self.rows, self.date.epoch as u64]
    }
}

/// The most background rows a day can have.
const MOST_ROWS: i64 = 1_000_000_000;

/// Reads the arguments of `function`, whose first one is called `counted`; an error names the argument, its value and what would do.
pub(super) fn parse(function: &str, counted: &str, arguments: &[Expr]) -> Result<Request> {
    let [rows, seed, date] = arguments else {
        return plan_err!(
            "{function} takes 3 arguments, got {}: {function}({counted}, seed, date), for example \
             {function}(300000, 42, '2016-07-08')",
            arguments.len()
        );
    };
    let count = match integer(rows) {
        Some(count @ 1..=MOST_ROWS) => count as u64,
        _ => {
            return plan_err!(
                "{function}: argument {counted} is {}; it takes an integer literal from 1 to \
                 {MOST_ROWS}, the number of background rows",
                shown(rows)
            );
        }
    };
    let Some(number) = integer(seed) else {
        return plan_err!(
            "{function}: argument seed is {}; it takes a 64-bit integer literal",
            shown(seed)
        );
    };
    let Some(day) = calendar_date(date) else {
        return plan_err!(
            "{function}: argument date is {}; it takes a literal day 'YYYY-MM-DD' from \
             '1970-01-01' to '9999-12-31'",
            shown(date)
        );
    };
    Ok(Request {
        rows: count,
        seed: number,
        date: day,
    })
}

/// An argument as its author wrote it, more or less.
fn shown(argument: &Expr) -> String {
    match argument {
        Expr::Literal(value, _) => match value.try_as_str() {
            Some(Some(text)) => format!("'{text}'"),
            _ => value.to_string(),
        },
        other => other.to_string(),
    }
}

/// The value of an integer literal of any width; floats and text are not taken.
fn integer(argument: &Expr) -> Option<i64> {
    let Expr::Literal(value, _) = argument else {
        return None;
    };
    if !value.data_type().is_integer() {
        return None;
    }
    match value.cast_to(&DataType::Int64) {
        Ok(ScalarValue::Int64(number)) => number,
        _ => None,
    }
}

fn calendar_date(argument: &Expr) -> Option<Date> {
    let Expr::Literal(value, _) = argument else {
        return None;
    };
    let text = match value {
        ScalarValue::Date32(Some(days)) => date32_to_datetime(*days)?.date().to_string(),
        other => other.try_as_str()??.to_owned(),
    };
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, byte)| match i {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    // The calendar is Arrow's business.
    let epoch = Date32Type::parse(&text)?;
    let date = Date {
        year: text[0..4].parse().ok()?,
        month: text[5..7].parse().ok()?,
        day: text[8..10].parse().ok()?,
        epoch,
    };
    (date.year >= 1970).then_some(date)
}
