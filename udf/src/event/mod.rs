//! The times of log records: from whatever a log writes to TIMESTAMP, and from TIMESTAMP to the text of the ingest tables.
//!
//! * `event_time(value [, time])`, a TIMESTAMP in UTC of a number, a text, a date or a timestamp;
//! * `event_text(time)`, `YYYY-MM-DD HH:MM:SS[.ffffff]`.

mod cursor;
mod event_text;
mod event_time;
mod moment;
mod notation;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

/// All functions of this module.
#[must_use]
pub fn functions() -> Vec<Arc<ScalarUDF>> {
    vec![event_time::function(), event_text::function()]
}

/// The microseconds since 1970 UTC that a text in one of the usual notations means, as `event_time` reads it; a day alone
/// is its midnight.
pub(crate) fn micros_of(text: &str) -> Option<i64> {
    notation::read(text.as_bytes())?.micros()
}
