//! What statements want of the network. The language knows none: whoever opens an engine may lend it one.

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

/// A way to others.
#[async_trait]
pub trait Network: fmt::Debug + Send + Sync {
    /// Asks a server.
    ///
    /// # Errors
    /// Why there is no answer, in words.
    async fn get(&self, request: Request) -> Result<Response, String>;
}
