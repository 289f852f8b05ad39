//! Why a call is refused.

use datafusion::error::DataFusionError;

/// A call beyond its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// Its result would be too large.
    #[error(
        "the result of {function}() could take {bytes} bytes, and at most {limit} are allowed ({setting}); make the result \
         smaller"
    )]
    Result {
        /// The function.
        function: String,
        /// How large the result could be.
        bytes: u64,
        /// How large it may be.
        limit: u64,
        /// The setting that says so.
        setting: &'static str,
    },
    /// It would compute for too long.
    #[error(
        "{function}() of these two texts would compare {pairs} pairs of letters, and at most {limit} are allowed for a row; \
         compare the beginnings, as in {function}(left(a, 10000), left(b, 10000))"
    )]
    Comparison {
        /// The function.
        function: String,
        /// Length of the one text times that of the other.
        pairs: u64,
        /// How many may be.
        limit: u64,
    },
    /// A call of constants has given no value.
    #[error("a call of constants has given no value; this is a bug")]
    Empty,
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        match error {
            Error::Result { .. } => Self::ResourcesExhausted(error.to_string()),
            Error::Comparison { .. } => Self::Execution(error.to_string()),
            Error::Empty => Self::Internal(error.to_string()),
        }
    }
}
