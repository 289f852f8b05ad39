//! A bound value where the statement needs a type.
//!
//! A value keeps its own type, so that `n > 1.5` is what it says for a whole number n. A text beside a number, a time or a
//! truth value is refused unless it is one: the language would make NULL of it, or an error about another place.

use datafusion::arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast::Expr;
use spotql_catalog::lacks_unit;

use super::literal::{literal, number, text};

/// The literal of a value where a type is needed; none is if nothing tells it.
///
/// # Errors
/// The reason why the value cannot be bound.
pub(super) fn value_of(value: &ScalarValue, needed: Option<&DataType>) -> Result<Expr, String> {
    let found = value.data_type();
    let Some(needed) = needed.filter(|it| !value.is_null() && !is_text(it) && **it != found) else {
        return plain(value);
    };
    if lacks_unit(&found, needed) || !can_cast_types(&found, needed) {
        return Err(format!(
            "a value of type {needed} is needed, and {found} is bound"
        ));
    }
    match value {
        ScalarValue::Utf8(Some(given))
        | ScalarValue::LargeUtf8(Some(given))
        | ScalarValue::Utf8View(Some(given)) => text_as(given, value, needed),
        _ if *needed == DataType::Boolean => plain(&strictly(value, needed)?),
        _ => plain(value),
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

fn plain(value: &ScalarValue) -> Result<Expr, String> {
    match literal(value) {
        Ok(Some(expr)) => Ok(expr),
        Ok(None) => Err(format!(
            "a value of type {} cannot be bound; send it as a number, a text, bytes, a date or a timestamp",
            value.data_type()
        )),
        Err(error) => Err(error.to_string()),
    }
}

fn text_as(given: &str, value: &ScalarValue, needed: &DataType) -> Result<Expr, String> {
    let refused = |_| {
        let shown: String = given.chars().take(40).collect();
        format!("a value of type {needed} is needed, and the text '{shown}' is none")
    };
    if needed.is_numeric() {
        let trimmed = given.trim().trim_start_matches('+');
        let digits = trimmed.bytes();
        let is_number = digits
            .clone()
            .all(|it| it.is_ascii_digit() || b"+-.eE".contains(&it))
            && trimmed.parse::<f64>().is_ok();
        return match needed {
            _ if !is_number => Err(refused(String::new())),
            // With all its digits.
            DataType::Decimal128(..) | DataType::Decimal256(..) => Ok(text(trimmed)),
            _ => Ok(number(trimmed.to_owned())),
        };
    }
    let typed = strictly(value, needed).map_err(refused)?;
    match needed {
        DataType::Boolean => plain(&typed),
        // As the language compares texts with times.
        _ => Ok(text(given)),
    }
}

/// The value in another type, or an error.
fn strictly(value: &ScalarValue, needed: &DataType) -> Result<ScalarValue, String> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let cast = value
        .to_array()
        .and_then(|array| Ok(cast_with_options(&array, needed, &strict)?))
        .and_then(|array| ScalarValue::try_from_array(&array, 0))
        .map_err(|error| error.to_string())?;
    match cast.is_null() {
        true => Err(format!("this is no {needed}")),
        false => Ok(cast),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(value: ScalarValue, needed: &DataType) -> Result<String, String> {
        value_of(&value, Some(needed)).map(|expr| expr.to_string())
    }

    #[test]
    fn a_text_stands_for_what_is_needed_only_if_it_is_one() {
        let text = |text: &str| ScalarValue::Utf8(Some(text.to_owned()));
        for (given, needed, expected) in [
            ("+5", DataType::Int32, Some("5")),
            (" -5 ", DataType::Int32, Some("(-5)")),
            ("0.5", DataType::Int32, Some("0.5")),
            ("0.5", DataType::Decimal128(5, 2), Some("'0.5'")),
            ("inf", DataType::Float64, None),
            ("1; DROP", DataType::Int64, None),
            ("true", DataType::Boolean, Some("true")),
            ("maybe", DataType::Boolean, None),
            ("2016-07-08", DataType::Date32, Some("'2016-07-08'")),
            ("2016-13-08", DataType::Date32, None),
            ("it's", DataType::Utf8, Some("'it''s'")),
        ] {
            let found = said(text(given), &needed);
            assert_eq!(found.as_deref().ok(), expected, "{given}: {found:?}");
        }
    }

    #[test]
    fn a_number_keeps_its_type_and_is_no_time() {
        let half = ScalarValue::Float64(Some(0.5));
        assert_eq!(said(half.clone(), &DataType::Int32).unwrap(), "0.5");
        assert!(
            said(half, &DataType::Date32)
                .unwrap_err()
                .contains("Date32 is needed")
        );
        let one = ScalarValue::Int64(Some(1));
        assert_eq!(said(one, &DataType::Boolean).unwrap(), "true");
    }
}
