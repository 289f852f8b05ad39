//! What can go wrong with a setting, as a sentence with the way out.

use datafusion::error::DataFusionError;

/// An error of a setting that names domains.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of domains cannot be read.
    #[error(transparent)]
    File(#[from] spotql_words::Error),
    /// The value names no list.
    #[error("'{value}' names no list of domains: {problem}; {accepted}")]
    DomainList {
        /// The value.
        value: String,
        /// What is wrong with it.
        problem: String,
        /// What is accepted.
        accepted: &'static str,
    },
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::Configuration(error.to_string())
    }
}
