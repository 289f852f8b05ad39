//! What statements want of the network. The language knows none: whoever opens an engine may lend it one.
//!
//! Secrets stand in statements as `$NAME` of environment variables of the program that uses them.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

/// A GET over HTTP(S). Redirections are not followed: the headers may be secret.
#[derive(Debug, Clone)]
pub struct Request {
    /// The whole URL.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// For all of it, from the connection to the last byte.
    pub timeout: Duration,
    /// Bytes of the longest body that is taken.
    pub largest: usize,
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// How long it wants to be left alone (RFC 9110, Retry-After, in seconds).
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why nothing came of a request or a message, as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// What was to be sent cannot be: a URL, a header, a message.
    #[error("{0}")]
    Request(String),
    /// The other side cannot be reached, or wants nobody.
    #[error("{0}")]
    Unreachable(String),
    /// There was a connection, and it ended too early.
    #[error("{0}")]
    Broken(String),
    /// It took too long.
    #[error("{who} did not answer in time")]
    Timeout {
        /// The other side.
        who: &'static str,
    },
    /// A longer body than is taken.
    #[error("its answer is longer than {largest} bytes")]
    TooLong {
        /// How many are taken.
        largest: usize,
    },
}

/// A way to others.
#[async_trait]
pub trait Network: fmt::Debug + Send + Sync {
    /// Asks a server.
    ///
    /// # Errors
    /// Why there is no answer.
    async fn get(&self, request: Request) -> Result<Response, NetworkError>;

    /// Connects to a message broker.
    ///
    /// # Errors
    /// Why there is no connection.
    async fn connect(&self, broker: Broker) -> Result<Box<dyn Publication>, NetworkError>;
}

/// A topic of a message broker.
#[derive(Debug, Clone)]
pub struct Broker {
    /// `mqtt://host:port/topic`, or `mqtts://…` with TLS.
    pub url: String,
    /// The user's name and password, if it wants one.
    pub login: Option<(String, String)>,
    /// Whether the broker keeps the last message for those who come later.
    pub retain: bool,
    /// How long it may take to answer.
    pub timeout: Duration,
}

/// Messages on their way to a broker. Dropping it ends the connection.
#[async_trait]
pub trait Publication: Send {
    /// Sends a message, or waits until there is room for it.
    ///
    /// # Errors
    /// Why no more can be sent.
    async fn send(&mut self, message: Vec<u8>) -> Result<(), NetworkError>;

    /// Waits until the broker has taken everything.
    ///
    /// # Errors
    /// Why it has not.
    async fn finish(&mut self) -> Result<(), NetworkError>;

    /// How many messages the broker has taken so far.
    fn taken(&self) -> u64;
}

/// Only variables whose names begin so are read: everybody who can send statements could ask for any other.
const ENVIRONMENT: &str = "SPOTQL_";

/// Why a value cannot take its secrets from the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    #[error(
        "after '$' the name of an environment variable is expected that begins with {ENVIRONMENT} ('$$' is a dollar sign)"
    )]
    Name,
    #[error("the environment variable {0} is not set in this program")]
    Unset(String),
}

/// The value with `$NAME` replaced by that environment variable.
pub(crate) fn from_environment(value: &str) -> Result<String, SecretError> {
    expanded(value, |name| std::env::var(name).ok())
}

/// The value with `$NAME` replaced by that environment variable; `$$` is a dollar sign.
pub(crate) fn expanded(
    value: &str,
    get: impl Fn(&str) -> Option<String>,
) -> Result<String, SecretError> {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        let end = after
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        if !name.starts_with(ENVIRONMENT) {
            // The text around it may be a secret.
            return Err(SecretError::Name);
        }
        text.push_str(&get(name).ok_or_else(|| SecretError::Unset(name.to_owned()))?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::expanded;

    #[test]
    fn headers_take_their_secrets_from_the_environment() {
        let get = |name: &str| (name == "SPOTQL_A").then(|| "secret".to_owned());
        assert_eq!(
            expanded("Bearer $SPOTQL_A!", get),
            Ok("Bearer secret!".to_owned())
        );
        assert_eq!(expanded("a$$b", get), Ok("a$b".to_owned()));
        assert!(
            expanded("$SPOTQL_B", get)
                .unwrap_err()
                .to_string()
                .contains("SPOTQL_B is not set")
        );
        assert!(expanded("$", get).is_err());
    }
}
