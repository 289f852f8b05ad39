//! A bound value as the literal that stands for it in a syntax tree.
//!
//! Numbers of 64 bits, texts, bytes and booleans are plain literals, as some places (LIMIT, options of functions) take no
//! other expression. Every other value keeps its type by a cast that is folded while planning.

use datafusion::arrow::array::Array;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast::{Expr, Value};
use datafusion::sql::sqlparser::parser::Parser;

use crate::dialect::SpotDialect;
use crate::error::{Error, Result};

/// The literal of a value; `None` if there is none for its type.
pub(super) fn literal(value: &ScalarValue) -> Result<Option<Expr>> {
    use ScalarValue as S;
    if value.is_null() {
        return null(&value.data_type()).map(Some);
    }
    Ok(Some(match value {
        S::Boolean(Some(it)) => Expr::Value(Value::Boolean(*it).into()),
        S::Int64(Some(it)) => number(it.to_string()),
        S::Int8(Some(it)) => arrow(it, &value.data_type())?,
        S::Int16(Some(it)) => arrow(it, &value.data_type())?,
        S::Int32(Some(it)) => arrow(it, &value.data_type())?,
        S::UInt8(Some(it)) => arrow(it, &value.data_type())?,
        S::UInt16(Some(it)) => arrow(it, &value.data_type())?,
        S::UInt32(Some(it)) => arrow(it, &value.data_type())?,
        S::UInt64(Some(it)) => arrow(it, &value.data_type())?,
        S::Float16(Some(it)) => float(f64::from(*it), "FLOAT")?,
        S::Float32(Some(it)) => float(f64::from(*it), "FLOAT")?,
        S::Float64(Some(it)) if it.is_finite() => number(format!("{it:?}")),
        S::Float64(Some(it)) => float(*it, "DOUBLE")?,
        S::Utf8(Some(it)) | S::LargeUtf8(Some(it)) | S::Utf8View(Some(it)) => text(it),
        S::Binary(Some(it))
        | S::LargeBinary(Some(it))
        | S::BinaryView(Some(it))
        | S::FixedSizeBinary(_, Some(it)) => Expr::Value(Value::HexStringLiteral(hex(it)).into()),
        S::Decimal32(Some(_), precision, scale)
        | S::Decimal64(Some(_), precision, scale)
        | S::Decimal128(Some(_), precision, scale)
        | S::Decimal256(Some(_), precision, scale) => {
            if *precision > 38 || *scale < 0 {
                return Ok(None);
            }
            // Of digits, a point and a sign: nothing to escape.
            parsed(&format!(
                "CAST('{}' AS DECIMAL({precision}, {scale}))",
                plain(value)?
            ))?
        }
        S::Date32(Some(days)) => date(i64::from(*days))?,
        S::Date64(Some(millis)) => date(millis.div_euclid(86_400_000))?,
        S::TimestampSecond(Some(it), _) => instant(it.checked_mul(1_000_000))?,
        S::TimestampMillisecond(Some(it), _) => instant(it.checked_mul(1_000))?,
        S::TimestampMicrosecond(Some(it), _) => instant(Some(*it))?,
        // Tables have microseconds; a comparison with nanoseconds would take their columns out of range.
        S::TimestampNanosecond(Some(it), _) => instant(Some(it.div_euclid(1_000)))?,
        S::Time32Second(Some(it)) => {
            arrow(it, &DataType::Int32).and_then(|it| typed(&it, value))?
        }
        S::Time32Millisecond(Some(it)) => {
            arrow(it, &DataType::Int32).and_then(|it| typed(&it, value))?
        }
        S::Time64Microsecond(Some(it)) => typed(&number(it.to_string()), value)?,
        S::Time64Nanosecond(Some(it)) => typed(&number(it.to_string()), value)?,
        S::DurationSecond(Some(it))
        | S::DurationMillisecond(Some(it))
        | S::DurationMicrosecond(Some(it))
        | S::DurationNanosecond(Some(it)) => typed(&number(it.to_string()), value)?,
        S::Dictionary(_, inner) | S::RunEndEncoded(_, _, inner) => return literal(inner),
        S::List(list) => return elements(&list.value(0), &value.data_type()),
        S::LargeList(list) => return elements(&list.value(0), &value.data_type()),
        S::FixedSizeList(list) => return elements(&list.value(0), &value.data_type()),
        _ => return Ok(None),
    }))
}

/// A NULL of a type.
pub(super) fn null(data_type: &DataType) -> Result<Expr> {
    Ok(match data_type {
        DataType::Null => Expr::Value(Value::Null.into()),
        DataType::Dictionary(_, inner) => null(inner)?,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            parsed("CAST(NULL AS STRING)")?
        }
        DataType::Timestamp(..) => parsed("CAST(NULL AS TIMESTAMP)")?,
        other => parsed(&format!("arrow_cast(NULL, '{other}')"))?,
    })
}

/// A text; nothing in it is SQL.
pub(super) fn text(value: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.to_owned()).into())
}

/// A plain number, with its sign: in parentheses, as there may be another one before it.
pub(super) fn number(text: String) -> Expr {
    let negative = text.starts_with('-');
    let number = Expr::Value(Value::Number(text, false).into());
    match negative {
        true => Expr::Nested(Box::new(number)),
        false => number,
    }
}

fn arrow(value: impl std::fmt::Display, data_type: &DataType) -> Result<Expr> {
    parsed(&format!("arrow_cast({value}, '{data_type}')"))
}

fn typed(value: &Expr, of: &ScalarValue) -> Result<Expr> {
    arrow(value, &of.data_type())
}

fn float(value: f64, name: &str) -> Result<Expr> {
    parsed(&format!("CAST('{value:?}' AS {name})"))
}

fn date(days: i64) -> Result<Expr> {
    parsed(&format!(
        "arrow_cast(arrow_cast({days}, 'Int32'), 'Date32')"
    ))
}

fn instant(micros: Option<i64>) -> Result<Expr> {
    let micros = micros.ok_or_else(|| {
        Error::Syntax("a bound timestamp is beyond the years that TIMESTAMP holds".to_owned())
    })?;
    parsed(&format!(
        "arrow_cast({micros}, 'Timestamp(Microsecond, None)')"
    ))
}

/// The most elements of a list: they become a part of the statement.
const LONGEST_LIST: usize = 10_000;

fn elements(items: &dyn Array, data_type: &DataType) -> Result<Option<Expr>> {
    if items.len() > LONGEST_LIST {
        return Ok(None);
    }
    if items.is_empty() {
        return parsed(&format!("arrow_cast(make_array(), '{data_type}')")).map(Some);
    }
    let mut call = parsed("make_array(1)")?;
    let Expr::Function(function) = &mut call else {
        return Ok(None);
    };
    let mut arguments = Vec::with_capacity(items.len());
    for index in 0..items.len() {
        let Some(item) = literal(&ScalarValue::try_from_array(items, index)?)? else {
            return Ok(None);
        };
        arguments.push(item);
    }
    use datafusion::sql::sqlparser::ast::{FunctionArg, FunctionArgExpr, FunctionArguments};
    if let FunctionArguments::List(list) = &mut function.args {
        let arguments = arguments.into_iter().map(FunctionArgExpr::Expr);
        list.args = arguments.map(FunctionArg::Unnamed).collect();
    }
    Ok(Some(call))
}

/// Digits of a decimal, without an exponent.
fn plain(value: &ScalarValue) -> Result<String> {
    let array = value.to_array()?;
    let text = datafusion::arrow::util::display::array_value_to_string(&array, 0);
    Ok(text.map_err(datafusion::error::DataFusionError::from)?)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// An expression of our own making: numbers and names of types, never a client's text.
fn parsed(sql: &str) -> Result<Expr> {
    let dialect = SpotDialect::default();
    Ok(Parser::new(&dialect).try_with_sql(sql)?.parse_expr()?)
}
