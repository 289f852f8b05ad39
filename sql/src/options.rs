//! `OPTIONS (name = 'value')`: what is wrong with one.

use crate::network::SecretError;

/// An option that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OptionError {
    #[error("there is no option '{key}'; it takes {accepted}")]
    Unknown { key: String, accepted: String },
    #[error("the option '{key}' = '{value}' is not accepted; give {accepted}")]
    Value {
        key: String,
        value: String,
        accepted: String,
    },
    #[error("the option '{key}': {source}")]
    Secret { key: String, source: SecretError },
}

impl OptionError {
    /// There is no such option; `accepted` are those that there are.
    pub(crate) fn unknown(key: &str, accepted: &str) -> Self {
        Self::Unknown {
            key: key.to_owned(),
            accepted: accepted.to_owned(),
        }
    }

    /// It does not take this value.
    pub(crate) fn value(key: &str, value: &str, accepted: &str) -> Self {
        Self::Value {
            key: key.to_owned(),
            value: value.to_owned(),
            accepted: accepted.to_owned(),
        }
    }
}
