//! When a schedule is due, and what its periods consist of. All in UTC: no hour is missing or comes twice.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use serde::{Deserialize, Serialize};

/// How far back a period may reach, in seconds: 7 days.
pub const LONGEST_PERIOD: i64 = 7 * DAY;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// When a schedule is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Timing {
    /// Every so many seconds, counted from midnight of 1970-01-01.
    Every(i64),
    /// As a cron expression of five fields says.
    Cron(String),
}

/// A text that is no timing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TimingError {
    #[error(
        "EVERY '{0}' is not accepted; give whole minutes, hours or days, 7 days at most, such as '4 hours'"
    )]
    Every(String),
    #[error(
        "CRON '{text}' is not accepted: {source}; give minute, hour, day of the month, month and day of the week, such as '10 */4 * * *'"
    )]
    Cron {
        text: String,
        source: croner::errors::CronError,
    },
}

impl Timing {
    /// `4 hours`, `1 day`, `30 min`: whole minutes.
    ///
    /// # Errors
    /// What is accepted.
    pub(crate) fn every(text: &str) -> Result<Self, TimingError> {
        let duration = humantime::parse_duration(text).unwrap_or(Duration::ZERO);
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(0);
        if duration.subsec_nanos() != 0
            || seconds <= 0
            || seconds % 60 != 0
            || seconds > LONGEST_PERIOD
        {
            return Err(TimingError::Every(text.to_owned()));
        }
        Ok(Self::Every(seconds))
    }

    /// Minute, hour, day of the month, month, day of the week.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn cron(text: &str) -> Result<Self, TimingError> {
        let never = |source| TimingError::Cron {
            text: text.to_owned(),
            source,
        };
        let cron = parser().parse(text).map_err(never)?;
        cron.find_next_occurrence(&Utc::now(), true)
            .map_err(never)?;
        Ok(Self::Cron(text.to_owned()))
    }

    /// As it is written in SQL.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Every(seconds) => {
                let duration = Duration::from_secs(seconds.unsigned_abs());
                format!("every {}", humantime::format_duration(duration))
            }
            Self::Cron(text) => format!("cron {text}"),
        }
    }

    /// The last time, in seconds, at which it is due, up to this one.
    pub(crate) fn at_or_before(&self, time: DateTime<Utc>) -> Option<i64> {
        match self {
            Self::Every(seconds) => Some(time.timestamp().div_euclid(*seconds) * seconds),
            Self::Cron(text) => occurrence(text, |cron| cron.find_previous_occurrence(&time, true)),
        }
    }

    /// The first time after this one.
    pub(crate) fn after(&self, time: DateTime<Utc>) -> Option<i64> {
        match self {
            Self::Every(seconds) => Some((time.timestamp().div_euclid(*seconds) + 1) * seconds),
            Self::Cron(text) => occurrence(text, |cron| cron.find_next_occurrence(&time, false)),
        }
    }
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Disallowed).build()
}

fn occurrence(
    text: &str,
    find: impl FnOnce(&Cron) -> Result<DateTime<Utc>, croner::errors::CronError>,
) -> Option<i64> {
    let cron = parser().parse(text).ok()?;
    find(&cron).ok().map(|found| found.timestamp())
}

/// What a period has of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayPart {
    /// The day, in days since 1970.
    pub day: i64,
    /// The hours that are meant; `None` is all of them.
    pub hours: Option<std::ops::Range<u32>>,
    /// Seconds since 1970; so is the next.
    pub start: i64,
    /// The first second that does not belong to it.
    pub end: i64,
}

impl DayPart {
    /// What scripts know of it.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let time = |seconds: i64, format: &str| {
            let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
            time.format(format).to_string()
        };
        let mut variables = BTreeMap::from([
            ("date".to_owned(), time(self.day * DAY, "%Y-%m-%d")),
            (
                "period_start".to_owned(),
                time(self.start, "%Y-%m-%d %H:%M:%S"),
            ),
            ("period_end".to_owned(), time(self.end, "%Y-%m-%d %H:%M:%S")),
        ]);
        if let Some(hours) = &self.hours {
            let hours: Vec<String> = hours.clone().map(|hour| hour.to_string()).collect();
            variables.insert("hours".to_owned(), hours.join(","));
        }
        variables
    }
}

/// A period by days. An hour that has begun at its end is left to the next period; of a period within one hour it is that hour.
pub(super) fn parts(start: i64, end: i64) -> Vec<DayPart> {
    let start = start.max(end - LONGEST_PERIOD);
    let first = start.div_euclid(HOUR);
    let last = end.div_euclid(HOUR).max(first + 1);
    let days = first.div_euclid(24)..=(last - 1).div_euclid(24);
    days.map(|day| {
        let hours = (first.max(day * 24) - day * 24)..(last.min((day + 1) * 24) - day * 24);
        DayPart {
            day,
            hours: (hours != (0..24)).then_some(hours.start as u32..hours.end as u32),
            start: start.max(day * DAY),
            end: end.min((day + 1) * DAY),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("{text}:00Z"))
            .unwrap()
            .to_utc()
    }

    fn shown(seconds: Option<i64>) -> String {
        let time = DateTime::from_timestamp(seconds.unwrap(), 0).unwrap();
        time.format("%Y-%m-%dT%H:%M").to_string()
    }

    #[test]
    fn times_are_on_a_grid_or_as_cron_says() {
        for (timing, now, before, after) in [
            (
                "4 hours",
                "2024-05-14T11:59",
                "2024-05-14T08:00",
                "2024-05-14T12:00",
            ),
            (
                "4 hours",
                "2024-05-14T12:00",
                "2024-05-14T12:00",
                "2024-05-14T16:00",
            ),
            (
                "1day",
                "2024-05-14T12:00",
                "2024-05-14T00:00",
                "2024-05-15T00:00",
            ),
            (
                "15 min",
                "2024-05-14T12:14",
                "2024-05-14T12:00",
                "2024-05-14T12:15",
            ),
            (
                "10 */4 * * *",
                "2024-05-14T12:09",
                "2024-05-14T08:10",
                "2024-05-14T12:10",
            ),
            (
                "10 */4 * * *",
                "2024-05-14T12:10",
                "2024-05-14T12:10",
                "2024-05-14T16:10",
            ),
            (
                "20 0 1 * *",
                "2024-03-10T00:00",
                "2024-03-01T00:20",
                "2024-04-01T00:20",
            ),
            (
                "0 6 * * MON-FRI",
                "2024-05-12T12:00",
                "2024-05-10T06:00",
                "2024-05-13T06:00",
            ),
        ] {
            let parsed = Timing::every(timing)
                .or_else(|_| Timing::cron(timing))
                .unwrap();
            assert_eq!(
                shown(parsed.at_or_before(at(now))),
                before,
                "{timing} {now}"
            );
            assert_eq!(shown(parsed.after(at(now))), after, "{timing} {now}");
        }
        for wrong in ["", "soon", "0 min", "90 s", "8 days", "-1 h"] {
            assert!(Timing::every(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "* * * *",
            "61 * * * *",
            "* * * * * *",
            "0 0 31 2 *",
            "every day",
        ] {
            assert!(Timing::cron(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_period_is_its_whole_hours_day_by_day() {
        let parts = |start: &str, end: &str| -> Vec<(String, Option<String>)> {
            let parts = parts(at(start).timestamp(), at(end).timestamp());
            let variables = parts.iter().map(DayPart::variables);
            variables
                .map(|it| (it["date"].clone(), it.get("hours").cloned()))
                .collect()
        };
        let hours = |day: &str, hours: &str| (format!("2024-05-{day}"), Some(hours.to_owned()));
        let whole = |day: &str| (format!("2024-05-{day}"), None);
        for (start, end, expected) in [
            (
                "2024-05-14T08:00",
                "2024-05-14T12:00",
                vec![hours("14", "8,9,10,11")],
            ),
            (
                "2024-05-14T08:10",
                "2024-05-14T12:10",
                vec![hours("14", "8,9,10,11")],
            ),
            (
                "2024-05-13T20:10",
                "2024-05-14T00:10",
                vec![hours("13", "20,21,22,23")],
            ),
            (
                "2024-05-13T22:00",
                "2024-05-14T02:00",
                vec![hours("13", "22,23"), hours("14", "0,1")],
            ),
            ("2024-05-13T00:00", "2024-05-14T00:00", vec![whole("13")]),
            ("2024-05-13T00:20", "2024-05-14T00:20", vec![whole("13")]),
            (
                "2024-05-12T23:00",
                "2024-05-15T01:00",
                vec![
                    hours("12", "23"),
                    whole("13"),
                    whole("14"),
                    hours("15", "0"),
                ],
            ),
            (
                "2024-05-14T10:15",
                "2024-05-14T10:30",
                vec![hours("14", "10")],
            ),
            (
                "2024-05-14T10:45",
                "2024-05-14T11:00",
                vec![hours("14", "10")],
            ),
            (
                "2024-05-13T23:45",
                "2024-05-14T00:00",
                vec![hours("13", "23")],
            ),
        ] {
            assert_eq!(parts(start, end), expected, "{start} {end}");
        }
        // A server that comes back after a year does not do all of it.
        let long = super::parts(
            at("2023-05-14T00:00").timestamp(),
            at("2024-05-14T00:00").timestamp(),
        );
        assert_eq!(long.len(), 7);
        // The parts of one period join without a gap.
        let parts = super::parts(
            at("2024-05-12T23:10").timestamp(),
            at("2024-05-15T01:10").timestamp(),
        );
        assert!(parts.windows(2).all(|two| two[0].end == two[1].start));
    }
}
