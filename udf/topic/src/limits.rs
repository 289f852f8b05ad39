//! What every training accepts, however it estimates.

use super::Error;

/// Checks topics (1 to 1000), iterations (1 to 100 000) and threads (1 to 1024).
pub(super) fn check(topics: usize, iterations: usize, threads: usize) -> Result<(), Error> {
    for (name, value, most, accepted) in [
        ("topics", topics, 1000, "a whole number from 1 to 1000"),
        (
            "iterations",
            iterations,
            100_000,
            "a whole number from 1 to 100000",
        ),
        ("threads", threads, 1024, "a whole number from 1 to 1024"),
    ] {
        if !(1..=most).contains(&value) {
            return Err(refused(name, value.to_string(), accepted));
        }
    }
    Ok(())
}

/// The refusal of a parameter.
pub(super) fn refused(name: &'static str, value: String, accepted: &'static str) -> Error {
    Error::Parameter {
        name,
        value,
        accepted,
    }
}
