//! The usual notations of dates and times in logs, as text.
//!
//! | notation | of |
//! |---|---|
//! | `2024-05-14`, `2024/05/14`, `2024.05.14`, `20240514` | days |
//! | `2024-05-14 10:11:12.5`, `2024-05-14T10:11:12,500Z`, `20240514T101112+0200`, `20240514101112` | ISO 8601 and SQL |
//! | `14/May/2024`, `[14/May/2024:10:11:12 +0000]`, `14-May-2024 10:11:12` | Apache, Squid, Bluecoat |
//! | `Tue, 14 May 2024 10:11:12 GMT`, `Tue May 14 10:11:12 UTC 2024`, `May 14, 2024 10:11:12.5 UTC` | RFC 5322, asctime, tshark |
//! | `14.05.2024 10:11` | the day first, with points only |
//! | `1715681472`, `1715681472.5`, `1715681472500` | seconds to nanoseconds since 1970, see [`super::moment::of_number`] |
//!
//! `05/06/2024` is read by nobody: which of the two is the day cannot be known. A name of a zone is read if it has one
//! meaning (`UTC`, `GMT`, those of RFC 5322, those of Europe); the others (`IST`, `BST`) make the text unreadable.

use super::cursor::Cursor;
use super::moment::{Moment, SECOND, day, of_number};

/// Reads a text; none if it is in no notation of this module.
pub fn read(text: &[u8]) -> Option<Moment> {
    let text = trimmed(text);
    if let Some(moment) = iso(text) {
        return Some(moment);
    }
    if let Some(moment) = number(text) {
        return Some(moment);
    }
    Cursor::new(text).whole()
}

/// Without blanks, quotes and brackets around it.
fn trimmed(text: &[u8]) -> &[u8] {
    let mut text = text.trim_ascii();
    for (open, close) in [(b'"', b'"'), (b'[', b']')] {
        if let [first, inner @ .., last] = text
            && *first == open
            && *last == close
        {
            text = inner.trim_ascii();
        }
    }
    text
}

fn two(text: &[u8], at: usize) -> Option<i64> {
    let (a, b) = (text.get(at)?, text.get(at + 1)?);
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| i64::from((a - b'0') * 10 + (b - b'0')))
}

/// `YYYY-MM-DD` and `YYYY-MM-DD HH:MM:SS`, which most texts are; the others are left to the cursor.
fn iso(text: &[u8]) -> Option<Moment> {
    let is = |at: usize, byte: u8| text.get(at) == Some(&byte);
    if !(is(4, b'-') && is(7, b'-')) {
        return None;
    }
    let date = day(
        two(text, 0)? * 100 + two(text, 2)?,
        two(text, 5)?,
        two(text, 8)?,
    )?;
    let time = match text.len() {
        10 => None,
        19 if is(13, b':') && is(16, b':') && (is(10, b' ') || is(10, b'T')) => {
            Some(of_day(two(text, 11)?, two(text, 14)?, two(text, 17)?)?)
        }
        _ => return None,
    };
    Some(Moment {
        day: Some(date),
        time,
        offset: None,
    })
}

/// Microseconds of the day. A leap second is the first of the next minute.
pub(super) fn of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    let exists = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    exists.then_some((hour * 3_600 + minute * 60 + second) * SECOND)
}

/// A text of digits, maybe with a fraction or an exponent.
fn number(text: &[u8]) -> Option<Moment> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = text.split_at(digits);
    if whole.is_empty() || digits > 19 {
        return None;
    }
    match rest {
        [] => {
            if digits == 14
                && let Some(time) = of_day(two(text, 8)?, two(text, 10)?, two(text, 12)?)
                && let Some(date) = of_number(decimal(&text[..8])?, 0)
            {
                return Some(Moment {
                    time: Some(time),
                    ..date
                });
            }
            of_number(decimal(whole)?, 0)
        }
        [b'.', fraction @ ..] if fraction.iter().all(u8::is_ascii_digit) => {
            // `2024.05` is no number of seconds.
            of_number(decimal(whole)?, millionths(fraction)).filter(|it| it.time.is_some())
        }
        _ if rest.iter().any(|byte| matches!(byte, b'e' | b'E')) => {
            let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
            of_float(value)
        }
        _ => None,
    }
}

/// A floating-point number as a moment; none for what is no number.
pub fn of_float(value: f64) -> Option<Moment> {
    if !value.is_finite() || value.abs() >= 9.2e18 {
        return None;
    }
    let whole = value.floor();
    of_number(
        whole as i64,
        ((value - whole) * SECOND as f64).round() as i64,
    )
}

pub(super) fn decimal(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |value, byte| {
        value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))
    })
}

/// The digits behind a decimal point, in millionths; those beyond are cut.
pub(super) fn millionths(digits: &[u8]) -> i64 {
    let kept = digits.iter().chain(std::iter::repeat(&b'0')).take(6);
    kept.fold(0, |value, byte| value * 10 + i64::from(byte - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        read(text.as_bytes()).and_then(Moment::micros)
    }

    #[test]
    fn the_usual_notations_mean_the_same_moment() {
        let noon = 1_715_681_472 * SECOND;
        for text in [
            "2024-05-14 10:11:12",
            "2024-05-14T10:11:12",
            "2024-05-14T10:11:12Z",
            "2024-05-14t10:11:12.000z",
            "2024-05-14T10:11:12+00:00",
            "2024-05-14T12:11:12+0200",
            "2024-05-14T12:11:12+02:00[Europe/Berlin]",
            "2024-05-14 03:11:12-07",
            "2024-05-14 10:11:12 UTC",
            "2024-05-14 10:11:12 +0000 UTC",
            "2024/05/14 10:11:12",
            "2024.05.14 10:11:12",
            "2024-5-14 10:11:12",
            "20240514T101112Z",
            "20240514 101112",
            "20240514101112",
            "14/May/2024:10:11:12 +0000",
            "[14/May/2024:10:11:12 +0000]",
            "14/May/2024 10:11:12",
            "14-May-2024 10:11:12",
            "14 May 2024 10:11:12",
            "2024-May-14 10:11:12",
            "Tue, 14 May 2024 10:11:12 GMT",
            "Tuesday, 14 May 2024 05:11:12 EST",
            "Tue May 14 10:11:12 2024",
            "Tue May 14 10:11:12 UTC 2024",
            "May 14, 2024 10:11:12.000000000 UTC",
            "May 14 2024 10:11:12.000000000 UTC",
            "14.05.2024 10:11:12",
            "2024-05-14 10:11:12 AM",
            " \"2024-05-14 10:11:12\" ",
            "1715681472",
            "1715681472.0",
            "1715681472000",
            "1.715681472e9",
        ] {
            assert_eq!(micros(text), Some(noon), "{text}");
        }
        for (text, fraction) in [
            ("2024-05-14 10:11:12.5", 500_000),
            ("2024-05-14T10:11:12,123456789Z", 123_456),
            ("1715681472.25", 250_000),
            ("1715681472250", 250_000),
            ("1715681472250000999", 250_000),
        ] {
            assert_eq!(micros(text), Some(noon + fraction), "{text}");
        }
        let hours = 3_600 * SECOND;
        for text in ["2024-05-14 10:11:12 PM", "2024-05-14 22:11:12 PM"] {
            assert_eq!(micros(text), Some(noon + 12 * hours), "{text}");
        }
        let minute = noon - 12 * SECOND;
        assert_eq!(micros("2024-05-14 10:11"), Some(minute));
        assert_eq!(micros("2024-05-14T10:11Z"), Some(minute));
    }

    #[test]
    fn days_alone_have_no_time() {
        let day = day(2024, 5, 14);
        for text in [
            "2024-05-14",
            "14/May/2024",
            "20240514",
            "14.5.2024",
            "May 14, 2024",
        ] {
            let read = read(text.as_bytes()).unwrap();
            assert_eq!((read.day, read.time), (day, None), "{text}");
        }
        let time = read(b"10:11:12.5").unwrap();
        assert_eq!(time.day, None);
        assert_eq!(
            time.time,
            Some((10 * 3_600 + 11 * 60 + 12) * SECOND + 500_000)
        );
    }

    #[test]
    fn what_is_no_time_or_has_two_meanings_is_none() {
        for text in [
            "",
            "-",
            "NULL",
            "14/Foo/2024",
            "05/06/2024",
            "14/05/2024",
            "2024-13-01",
            "2024-02-30",
            "2024-05-14 25:00:00",
            "2024-05-14 10:61:00",
            "2024-05-14 10:11:12 IST",
            "2024-05-14 10:11:12 Mars/Base",
            "2024-05-14T",
            "2024-05-14 garbage",
            "0000-00-00",
            "0000-00-00 00:00:00",
            "0",
            "12345",
            "-1715681472",
            "99999999999999999999",
            "May 14 10:11:12",
            "Marble 14, 2024",
            "14/May/24",
            "2024-05-14 13:00 AM",
            "2024-05-14 0:30 PM",
            "2024-05-14 10:11:12 +9900",
            "\u{1f600}",
            "2024.05",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        let parts = [
            "2024-05-14",
            "T",
            "10:11:12",
            ".5",
            "+02:00",
            "[",
            "]",
            "May",
            " ",
            "14",
            "/",
            ":",
            "\u{e9}",
            "e9",
            "-",
        ];
        for a in parts {
            for b in parts {
                for c in parts {
                    let _ = micros(&format!("{a}{b}{c}"));
                    let _ = micros(&format!("{a} {b}{c}"));
                }
            }
        }
        let text = "Tue, 14 May 2024 10:11:12.123 +0200 CEST";
        for end in 0..=text.len() {
            let _ = micros(&text[..end]);
            let _ = micros(&text[end..]);
        }
    }
}
