//! What can go wrong with the words' functions and settings, each as a sentence with the way out.

use std::path::PathBuf;

use arrow::datatypes::DataType;
use datafusion::error::DataFusionError;

/// An error of a word function or of one of its settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The wrong number of arguments.
    #[error("{function} takes {expected} argument(s), not {given}; write {usage}")]
    ArgumentCount {
        /// The function.
        function: &'static str,
        /// How many arguments it takes.
        expected: usize,
        /// How many were given.
        given: usize,
        /// Its arguments with their types.
        usage: String,
    },
    /// An argument of a type that the function does not take.
    #[error("{function}: {argument} is {given}; it takes {accepted}, as in {usage}")]
    ArgumentType {
        /// The function.
        function: &'static str,
        /// The argument's name.
        argument: &'static str,
        /// The type given.
        given: DataType,
        /// The types taken.
        accepted: &'static str,
        /// The function's arguments with their types.
        usage: String,
    },
    /// A file of domains cannot be read.
    #[error(
        "the list of domains '{path}' cannot be read: {problem}; name a file with one domain or \
         one rank,domain a line"
    )]
    DomainFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The value of a setting that names domains.
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
        match error {
            Error::DomainFile { .. } | Error::DomainList { .. } => {
                Self::Configuration(error.to_string())
            }
            Error::ArgumentCount { .. } | Error::ArgumentType { .. } => {
                Self::Plan(error.to_string())
            }
        }
    }
}
