//! Times as logs write them, as moments in UTC.

mod cursor;
pub mod moment;
pub mod notation;

/// The microseconds since 1970 UTC that a text in one of the usual notations means, as `event_time` reads it; a day alone
/// is its midnight.
#[must_use]
pub fn micros_of(text: &str) -> Option<i64> {
    notation::read(text.as_bytes())?.micros()
}
