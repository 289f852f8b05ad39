//! Severities and times as feeds write them.

/// How bad: 1 to 3; a word; or a score of 0 to 100, in thirds, from 11 on (of less it cannot be known whether it is one
/// of ten or of a hundred). `None` for anything else.
pub fn severity_of(text: &str) -> Option<u8> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return match number {
            1.0 => Some(1),
            2.0 => Some(2),
            3.0 => Some(3),
            11.0..34.0 => Some(1),
            34.0..67.0 => Some(2),
            67.0..=100.0 => Some(3),
            _ => None,
        };
    }
    match text.to_ascii_lowercase().as_str() {
        "info" | "informational" | "information" | "low" | "minor" => Some(1),
        "medium" | "moderate" | "med" | "suspicious" | "warning" => Some(2),
        "high" | "critical" | "severe" | "very high" | "malicious" | "major" => Some(3),
        _ => None,
    }
}

/// A time in one of the usual notations (those of `event_time`), of UTC if it does not say: in seconds since 1970. An
/// hour that is missing is 0. `None` for what cannot be read.
pub fn time_of(text: &str) -> Option<i64> {
    let text = text.trim();
    // Fewer digits are no day, and no time of a log: seconds.
    if text.len() < 8
        && let Ok(seconds) = text.parse()
    {
        return Some(seconds);
    }
    spotql_values::time::micros_of(text).map(|micros| micros.div_euclid(1_000_000))
}

/// Whether a text says that something has no end.
pub(super) fn is_never(text: &str) -> bool {
    matches!(
        text.trim().to_ascii_lowercase().as_str(),
        "" | "-"
            | "0"
            | "never"
            | "none"
            | "no"
            | "null"
            | "n/a"
            | "unlimited"
            | "permanent"
            | "forever"
    )
}
