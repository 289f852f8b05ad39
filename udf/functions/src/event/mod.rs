//! The times of log records: from whatever a log writes to TIMESTAMP, and from TIMESTAMP to the text of the ingest tables.
//!
//! * `event_time(value [, time])`, a TIMESTAMP in UTC of a number, a text, a date or a timestamp;
//! * `event_text(time)`, `YYYY-MM-DD HH:MM:SS[.ffffff]`.

mod event_text;
mod event_time;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

/// All functions of this module.
#[must_use]
pub(crate) fn functions() -> Vec<Arc<ScalarUDF>> {
    vec![event_time::function(), event_text::function()]
}
