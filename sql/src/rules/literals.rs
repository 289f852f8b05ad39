//! Numbers in a statement's text are the numbers that are written.
//!
//! DataFusion reads a number with a point, or beyond 64 bits, as a DOUBLE, which keeps 15 to 17 digits. Those that it would
//! change become decimals; all others stay doubles, as formulas over columns of DOUBLE expect.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, ExactNumberInfo, Expr, UnaryOperator, Value, VisitMut, VisitorMut,
};

use crate::error::{Error, Result};

/// The digits of a decimal.
const DIGITS: usize = 38;
/// The one number beyond BIGINT that is one with a minus before it.
const LOWEST: &str = "9223372036854775808";

/// Replaces the numbers of a statement that a double would change.
///
/// # Errors
/// A number that is neither a decimal nor a double without a change.
pub(crate) fn exact_numbers(statement: &mut impl VisitMut) -> Result<()> {
    match statement.visit(&mut Numbers) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Numbers;

impl VisitorMut for Numbers {
    type Break = Error;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        // With the minus, what has no sign is no number of 64 bits any more.
        if let Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr: inner,
        } = expr
            && let Some(text) = number(inner)
            && text.parse::<u64>().is_ok_and(|number| number > 1 << 63)
        {
            **inner = decimal(text, text.len(), 0);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        let Some(text) = number(expr) else {
            return ControlFlow::Continue(());
        };
        match Meaning::of(text) {
            Meaning::AsItIs => {}
            Meaning::Decimal(precision, scale) => *expr = decimal(text, precision, scale),
            Meaning::None(why) => {
                return ControlFlow::Break(Error::Unsupported {
                    what: format!("the number {text}, {why}"),
                    instead:
                        "write it with fewer digits, or with an exponent (1.5e300) for a DOUBLE"
                            .to_owned(),
                });
            }
        }
        ControlFlow::Continue(())
    }
}

fn number(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// `CAST('text' AS DECIMAL(precision, scale))`.
fn decimal(text: &str, precision: usize, scale: usize) -> Expr {
    let scale = scale as i64;
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(Expr::Value(
            Value::SingleQuotedString(text.to_owned()).into(),
        )),
        data_type: DataType::Decimal(ExactNumberInfo::PrecisionAndScale(precision as u64, scale)),
        array: false,
        format: None,
    }
}

/// What a number without sign is read as.
#[derive(Debug, PartialEq)]
enum Meaning {
    /// What DataFusion reads: a whole number of 64 bits, or a double.
    AsItIs,
    /// A decimal of this precision and scale.
    Decimal(usize, usize),
    /// Nothing, for this reason.
    None(&'static str),
}

impl Meaning {
    fn of(text: &str) -> Self {
        if text == LOWEST || text.parse::<u64>().is_ok() || text.contains('_') {
            return Self::AsItIs;
        }
        let Ok(double) = text.parse::<f64>() else {
            return Self::AsItIs;
        };
        if double.is_infinite() {
            return Self::None("which is larger than any DOUBLE");
        }
        // Only the shortest text of a double comes back from it.
        if text.contains(['e', 'E']) || trimmed(text) == trimmed(&double.to_string()) {
            return Self::AsItIs;
        }
        let (whole, fraction) = parts(text);
        let precision = (whole.len() + fraction.len()).max(1);
        if precision <= DIGITS {
            return Self::Decimal(precision, fraction.len());
        }
        // Programs that write a double write all its digits, of which there may be hundreds.
        if format!("{double:.*}", fraction.len()).trim_start_matches('0')
            == text.trim_start_matches('0')
        {
            return Self::AsItIs;
        }
        Self::None("which has more than 38 digits")
    }
}

/// The digits before and behind the point, without zeros in front.
fn parts(text: &str) -> (&str, &str) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    (whole.trim_start_matches('0'), fraction)
}

/// [`parts`] without zeros at the end either.
fn trimmed(text: &str) -> (&str, &str) {
    let (whole, fraction) = parts(text);
    (whole, fraction.trim_end_matches('0'))
}

/// The value, precision and scale of a decimal without sign and exponent; none where it has too many digits.
pub(super) fn exact_decimal(text: &str) -> Option<(i128, u8, i8)> {
    let (whole, fraction) = parts(text);
    let precision = (whole.len() + fraction.len()).max(1);
    if precision > DIGITS {
        return None;
    }
    let digits = whole.bytes().chain(fraction.bytes());
    let value = digits.into_iter().try_fold(0_i128, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| i128::from(digit - b'0'))?;
        Some(value * 10 + digit)
    })?;
    Some((value, precision as u8, fraction.len() as i8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_a_double_would_change_become_decimals() {
        for (text, expected) in [
            ("1", Meaning::AsItIs),
            ("0.1", Meaning::AsItIs),
            ("0.10", Meaning::AsItIs),
            (".5", Meaning::AsItIs),
            ("5.", Meaning::AsItIs),
            ("0.12345678901234566", Meaning::AsItIs),
            ("18446744073709551615", Meaning::AsItIs),
            ("9223372036854775808", Meaning::AsItIs),
            ("1e30", Meaning::AsItIs),
            ("18446744073709551617", Meaning::Decimal(20, 0)),
            (
                "12345678901234567890.123456789012345678",
                Meaning::Decimal(38, 18),
            ),
            ("0.123456789012345678", Meaning::Decimal(18, 18)),
            ("00.123456789012345678", Meaning::Decimal(18, 18)),
            // All digits of the double 0.1.
            (
                "0.1000000000000000055511151231257827021181583404541015625",
                Meaning::AsItIs,
            ),
            (
                "3.14159265358979323846264338327950288419716939937510",
                Meaning::None("which has more than 38 digits"),
            ),
            ("1e400", Meaning::None("which is larger than any DOUBLE")),
        ] {
            assert_eq!(Meaning::of(text), expected, "{text}");
        }
    }

    #[test]
    fn the_value_of_a_decimal_is_its_digits() {
        assert_eq!(exact_decimal("12.50"), Some((1250, 4, 2)));
        assert_eq!(exact_decimal("0"), Some((0, 1, 0)));
        assert_eq!(exact_decimal("0.00"), Some((0, 2, 2)));
        assert_eq!(exact_decimal("NaN"), None);
        assert_eq!(exact_decimal(&"9".repeat(39)), None);
    }
}
