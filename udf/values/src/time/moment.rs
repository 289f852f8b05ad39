//! A moment as it was written: a day, a time of day, an offset from UTC, or some of them; and numbers as moments.

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds of a day.
pub const DAY: i64 = 86_400 * SECOND;

/// The first and the last day that a moment may have: those of the years 1 and 9999, as days since 1970.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

/// Numbers below this many seconds (1973-03-03) are taken for no time: counters, uptimes, zeros of clocks that were not set.
const LEAST: i64 = 100_000_000;

/// What one value says of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Days since 1970.
    pub day: Option<i64>,
    /// Microseconds of the day.
    pub time: Option<i64>,
    /// Seconds that the clock was ahead of UTC.
    pub offset: Option<i64>,
}

impl Moment {
    /// A moment of microseconds since 1970 UTC; none outside the years 1 to 9999.
    pub fn of_micros(micros: i64) -> Option<Self> {
        let day = micros.div_euclid(DAY);
        (FIRST_DAY..=LAST_DAY).contains(&day).then_some(Self {
            day: Some(day),
            time: Some(micros.rem_euclid(DAY)),
            offset: None,
        })
    }

    /// A day alone.
    pub fn of_day(day: i64) -> Option<Self> {
        (FIRST_DAY..=LAST_DAY).contains(&day).then_some(Self {
            day: Some(day),
            ..Self::default()
        })
    }

    /// Microseconds since 1970 UTC; a day alone is its midnight.
    pub fn micros(self) -> Option<i64> {
        self.at(self.time.unwrap_or(0))
    }

    fn at(self, time: i64) -> Option<i64> {
        let local = self.day?.checked_mul(DAY)?.checked_add(time)?;
        let utc = local.checked_sub(self.offset.unwrap_or(0) * SECOND)?;
        Self::of_micros(utc).map(|_| utc)
    }

    /// The moment of a day in one value and a time of day in another. Neither is made up: without a time of day there is
    /// none. A time that has a day of its own is a moment by itself.
    pub fn with_time(self, time: Option<Self>) -> Option<i64> {
        match time {
            Some(whole @ Self { day: Some(_), .. }) => whole.micros(),
            Some(Self {
                time: Some(time),
                offset,
                ..
            }) => Self {
                offset: offset.or(self.offset),
                ..self
            }
            .at(time),
            _ => self.at(self.time?),
        }
    }
}

/// Days since 1970 of a date of the Gregorian calendar; none if there is no such day.
pub fn day(year: i64, month: i64, day: i64) -> Option<i64> {
    const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = LENGTHS.get(index)? + i64::from(leap && month == 2);
    if !(1..=length).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    // Years begin in March, so that the leap day is the last: Howard Hinnant, "chrono-compatible low-level date
    // algorithms", days_from_civil.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The date of days since 1970: the inverse of [`day`].
pub fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// A number as a moment. By its size it counts seconds, milliseconds, microseconds or nanoseconds since 1970; one of the
/// form `YYYYMMDD` (of 1990 to 2099) is a day. `fraction`: what follows the decimal point, in millionths.
pub fn of_number(whole: i64, fraction: i64) -> Option<Moment> {
    if whole < LEAST {
        let (year, rest) = (whole / 10_000, whole % 10_000);
        if fraction == 0 && (1990..2100).contains(&year) {
            return Moment::of_day(day(year, rest / 100, rest % 100)?);
        }
        return None;
    }
    let micros = if whole < 1_000 * LEAST {
        whole.checked_mul(SECOND)?.checked_add(fraction)?
    } else if whole < 1_000_000 * LEAST {
        whole.checked_mul(1_000)?.checked_add(fraction / 1_000)?
    } else if whole < 1_000_000_000 * LEAST {
        whole
    } else {
        whole / 1_000
    };
    Moment::of_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (FIRST_DAY..=LAST_DAY).step_by(13) {
            let (year, month, of_month) = date(days);
            assert_eq!(day(year, month, of_month), Some(days));
        }
        assert_eq!(day(1970, 1, 1), Some(0));
        assert_eq!(day(2024, 2, 29), Some(19_782));
        for (year, month, of_month) in [
            (2023, 2, 29),
            (1900, 2, 29),
            (2024, 13, 1),
            (2024, 4, 31),
            (0, 1, 1),
        ] {
            assert_eq!(
                day(year, month, of_month),
                None,
                "{year}-{month}-{of_month}"
            );
        }
    }

    #[test]
    fn numbers_count_by_their_size() {
        let second = 1_715_681_472;
        let expected = Some(second * SECOND + 250_000);
        for (whole, fraction) in [
            (second, 250_000),
            (second * 1_000 + 250, 0),
            (second * 1_000_000 + 250_000, 999_999),
            (second * 1_000_000_000 + 250_000_000, 0),
        ] {
            assert_eq!(of_number(whole, fraction).unwrap().micros(), expected);
        }
        assert_eq!(
            of_number(20_240_514, 0),
            Moment::of_day(day(2024, 5, 14).unwrap())
        );
        for whole in [0, -1, 2024, 20_241_314, 86_400] {
            assert_eq!(of_number(whole, 0), None, "{whole}");
        }
    }
}
