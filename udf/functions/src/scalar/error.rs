//! What can go wrong with the arguments of a scalar function, as a sentence with the way out.

use datafusion::arrow::datatypes::DataType;
use datafusion::error::DataFusionError;

/// An error of a call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
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
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::Plan(error.to_string())
    }
}
