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

use super::moment::{Moment, SECOND, day, of_number};

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

const WEEKDAYS: [&[u8; 3]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];

/// Names of zones with one meaning, and hours ahead of UTC.
const ZONES: [(&str, i64); 19] = [
    ("z", 0),
    ("utc", 0),
    ("gmt", 0),
    ("ut", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("wet", 0),
    ("west", 1),
    ("cet", 1),
    ("cest", 2),
    ("eet", 2),
    ("eest", 3),
    ("msk", 3),
];

/// Reads a text; none if it is in no notation of this module.
pub(super) fn read(text: &[u8]) -> Option<Moment> {
    let text = trimmed(text);
    if let Some(moment) = iso(text) {
        return Some(moment);
    }
    if let Some(moment) = number(text) {
        return Some(moment);
    }
    let mut cursor = Cursor { text, at: 0 };
    let moment = cursor.moment()?;
    cursor.rest().is_empty().then_some(moment)
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
fn of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
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
pub(super) fn of_float(value: f64) -> Option<Moment> {
    if !value.is_finite() || value.abs() >= 9.2e18 {
        return None;
    }
    let whole = value.floor();
    of_number(
        whole as i64,
        ((value - whole) * SECOND as f64).round() as i64,
    )
}

fn decimal(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |value, byte| {
        value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))
    })
}

/// The digits behind a decimal point, in millionths; those beyond are cut.
fn millionths(digits: &[u8]) -> i64 {
    let kept = digits.iter().chain(std::iter::repeat(&b'0')).take(6);
    kept.fold(0, |value, byte| value * 10 + i64::from(byte - b'0'))
}

/// A place in a text that is read from left to right. What a step does not find it leaves.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_any(&mut self, of: &[u8]) -> bool {
        let skipped = self.rest().iter().take_while(|it| of.contains(it)).count();
        self.at += skipped;
        skipped > 0
    }

    fn skip_one(&mut self, of: &[u8]) -> Option<u8> {
        let byte = *self.rest().first()?;
        of.contains(&byte).then(|| {
            self.at += 1;
            byte
        })
    }

    /// A number of at most `most` digits, and how many it has.
    fn digits(&mut self, most: usize) -> Option<(i64, usize)> {
        let rest = self.rest();
        let count = rest.iter().take_while(|it| it.is_ascii_digit()).count();
        if count == 0 || count > most {
            return None;
        }
        let value = decimal(rest.get(..count)?)?;
        self.at += count;
        Some((value, count))
    }

    /// A word of letters, if `known` knows it.
    fn word<T>(&mut self, known: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let rest = self.rest();
        let count = rest
            .iter()
            .take_while(|it| it.is_ascii_alphabetic())
            .count();
        let found = known(rest.get(..count)?)?;
        self.at += count;
        Some(found)
    }

    fn month(&mut self) -> Option<i64> {
        self.word(|word| {
            let begin = word.get(..3)?;
            let index = MONTHS
                .iter()
                .position(|it| begin.eq_ignore_ascii_case(*it))?;
            // `May`, `Sept`, `September`; not `Marble`.
            let names = [
                "january",
                "february",
                "march",
                "april",
                "may",
                "june",
                "july",
                "august",
                "september",
                "october",
                "november",
                "december",
            ];
            let whole = names.get(index)?.as_bytes();
            let is = word.len() <= whole.len() && word.eq_ignore_ascii_case(&whole[..word.len()]);
            is.then_some(index as i64 + 1)
        })
    }

    fn moment(&mut self) -> Option<Moment> {
        let weekday = |word: &[u8]| {
            let begin = word.get(..3)?;
            WEEKDAYS
                .iter()
                .any(|it| begin.eq_ignore_ascii_case(*it))
                .then_some(())
        };
        if self.word(weekday).is_some() {
            self.skip_any(b", ");
        }
        if let Some(month) = self.month() {
            return self.month_first(month);
        }
        if matches!(self.rest(), [b'T' | b't', digit, ..] if digit.is_ascii_digit()) {
            self.at += 1;
        }
        let begin = self.at;
        let (first, digits) = self.digits(8)?;
        let date = match (digits, self.skip_one(b"-/. ")) {
            // 20240514T101112
            (8, None | Some(b' ')) => day(first / 10_000, first / 100 % 100, first % 100)?,
            (4, Some(separator)) if separator != b' ' => {
                let month = match self.month() {
                    Some(month) => month,
                    None => self.digits(2)?.0,
                };
                self.skip_one(&[separator])?;
                day(first, month, self.digits(2)?.0)?
            }
            (1 | 2, Some(separator)) => {
                let month = match self.month() {
                    Some(month) => month,
                    // 14.05.2024: with points the day comes first; else who knows?
                    None if separator == b'.' => self.digits(2)?.0,
                    None => return None,
                };
                self.skip_one(&[separator])?;
                let (year, digits) = self.digits(4)?;
                if digits != 4 {
                    return None;
                }
                day(year, month, first)?
            }
            // 10:11:12 and 101112 alone.
            (1 | 2 | 6, None) => {
                self.at = begin;
                let time = self.time()?;
                let offset = self.zone()?;
                return Some(Moment {
                    day: None,
                    time: Some(time),
                    offset,
                });
            }
            _ => return None,
        };
        self.after_date(date)
    }

    /// `May 14, 2024 10:11:12 UTC`, `May 14 10:11:12 UTC 2024`.
    fn month_first(&mut self, month: i64) -> Option<Moment> {
        self.skip_any(b" -/");
        let (of_month, _) = self.digits(2)?;
        self.skip_any(b", -/");
        let before = self.at;
        if let Some((year, 4)) = self.digits(4) {
            return self.after_date(day(year, month, of_month)?);
        }
        self.at = before;
        let time = self.time()?;
        let offset = self.zone()?;
        self.skip_any(b" ");
        let (year, digits) = self.digits(4)?;
        (digits == 4).then_some(())?;
        Some(Moment {
            day: Some(day(year, month, of_month)?),
            time: Some(time),
            offset,
        })
    }

    /// A time of day and a zone, if there is more.
    fn after_date(&mut self, date: i64) -> Option<Moment> {
        let mut moment = Moment {
            day: Some(date),
            ..Moment::default()
        };
        let before = self.at;
        self.skip_any(b" ");
        if self.skip_one(b"Tt:,_").is_some() {
            self.skip_any(b" ");
        }
        match self.time() {
            Some(time) => moment.time = Some(time),
            None => self.at = before,
        }
        moment.offset = self.zone()?;
        Some(moment)
    }

    /// `HH:MM[:SS[.ffffff]] [AM|PM]` or `HHMM[SS[.ffffff]]`.
    fn time(&mut self) -> Option<i64> {
        let (first, digits) = self.digits(6)?;
        let (mut hour, minute, second, has_seconds) = match digits {
            6 => (first / 10_000, first / 100 % 100, first % 100, true),
            4 => (first / 100, first % 100, 0, false),
            1 | 2 => {
                self.skip_one(b":")?;
                let (minute, 2) = self.digits(2)? else {
                    return None;
                };
                match self.skip_one(b":") {
                    Some(_) => (first, minute, self.digits(2)?.0, true),
                    None => (first, minute, 0, false),
                }
            }
            _ => return None,
        };
        let mut fraction = 0;
        if has_seconds && matches!(self.rest(), [b'.' | b',', digit, ..] if digit.is_ascii_digit())
        {
            let digits = self.rest().get(1..).unwrap_or_default();
            let count = digits.iter().take_while(|it| it.is_ascii_digit()).count();
            fraction = millionths(digits.get(..count)?);
            self.at += 1 + count;
        }
        let before = self.at;
        self.skip_any(b" ");
        let half = |word: &[u8]| match word {
            b"AM" | b"am" => Some(0),
            b"PM" | b"pm" => Some(12),
            _ => None,
        };
        match self.word(half) {
            // `18:25:39 PM` says the same twice; `18:25:39 AM` and `0:25:39 PM` contradict themselves.
            Some(12) if hour > 12 => {}
            Some(half) => {
                if !(1..=12).contains(&hour) {
                    return None;
                }
                hour = hour % 12 + half;
            }
            None => self.at = before,
        }
        Some(of_day(hour, minute, second)? + fraction)
    }

    /// The zone, in seconds ahead of UTC; none in the inner option if none is written. What it cannot read is left, and
    /// so makes the text unreadable.
    fn zone(&mut self) -> Option<Option<i64>> {
        let mut offset = None;
        for _ in 0..2 {
            let before = self.at;
            self.skip_any(b" ");
            let named = self.word(|word| {
                let is = |(name, _): &&(&str, i64)| word.eq_ignore_ascii_case(name.as_bytes());
                ZONES.iter().find(is).map(|(_, hours)| hours * 3_600)
            });
            let sign = match named {
                Some(_) => None,
                None => self.skip_one(b"+-"),
            };
            let found = match (named, sign) {
                (Some(named), _) => named,
                (None, Some(sign)) => {
                    let (first, digits) = self.digits(4)?;
                    let (hours, minutes) = match digits {
                        4 => (first / 100, first % 100),
                        1 | 2 if self.skip_one(b":").is_some() => (first, self.digits(2)?.0),
                        1 | 2 => (first, 0),
                        _ => return None,
                    };
                    if hours > 18 || minutes > 59 {
                        return None;
                    }
                    let seconds = hours * 3_600 + minutes * 60;
                    if sign == b'-' { -seconds } else { seconds }
                }
                (None, None) => {
                    self.at = before;
                    break;
                }
            };
            // `+0000 UTC`: a second one must say the same.
            if offset.is_some_and(|offset| offset != found) {
                return None;
            }
            offset = Some(found);
        }
        // Java: `+02:00[Europe/Berlin]`.
        if offset.is_some() && self.rest().starts_with(b"[") && self.rest().ends_with(b"]") {
            self.at = self.text.len();
        }
        Some(offset)
    }
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
