//! Notations of times that are not of one fixed form, read from left to right.

use super::moment::{Moment, day};
use super::notation::{decimal, millionths, of_day};

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

/// A place in a text that is read from left to right. What a step does not find it leaves.
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The moment that the whole text is.
    pub(super) fn whole(mut self) -> Option<Moment> {
        let moment = self.moment()?;
        self.rest().is_empty().then_some(moment)
    }

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
