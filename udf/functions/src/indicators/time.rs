//! Times of indicators: read as lists write them, written for SQL and for STIX.

use chrono::{DateTime, Utc};
use spotql_context::indicator::time_of;

/// The last second of the year 9999: the last that RFC 3339 can write.
const LAST: i64 = 253_402_300_799;

/// Reads a time: `YYYY-MM-DD`, with or without a time of day, UTC if it does not say, or seconds since 1970. `None` for
/// what is none, or not of the years 1970 to 9999.
pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    let seconds = text.trim().parse().ok().or_else(|| time_of(text));
    let seconds = seconds.filter(|seconds| (0..=LAST).contains(seconds))?;
    DateTime::from_timestamp(seconds, 0)
}

/// `YYYY-MM-DD HH:MM:SS`.
pub(super) fn sql(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// RFC 3339 with milliseconds, which STIX wants of `created` and `modified`.
pub(super) fn stix(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_alike_however_they_are_read() {
        for (text, expected) in [
            ("2024-05-14 10:11:12", Some("2024-05-14 10:11:12")),
            ("2024-05-14 10:11:12.9", Some("2024-05-14 10:11:12")),
            ("2024-05-14T10:11:12+02:00", Some("2024-05-14 08:11:12")),
            ("2024-05-14", Some("2024-05-14 00:00:00")),
            ("1715681472", Some("2024-05-14 10:11:12")),
            ("0", Some("1970-01-01 00:00:00")),
            ("253402300799", Some("9999-12-31 23:59:59")),
            ("253402300800", None),
            ("-1", None),
            ("9223372036854775807", None),
            ("2024-13-01", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(read(text).map(sql).as_deref(), expected, "{text:?}");
        }
        let time = read("2024-05-14 10:11:12").unwrap();
        assert_eq!(stix(time), "2024-05-14T10:11:12.000Z");
    }
}
