//! HTTP(S) requests; `HTTPS_PROXY` and its kin are heeded.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use spotql_sql::network::{NetworkError, Request, Response};

const AGENT: &str = concat!("SpotQL/", env!("CARGO_PKG_VERSION"));

/// Made with the first request: the system's certificates are read then.
#[derive(Debug, Default)]
pub(super) struct Client(OnceLock<Result<reqwest::Client, NetworkError>>);

impl Client {
    fn client(&self) -> Result<&reqwest::Client, NetworkError> {
        let made = self.0.get_or_init(|| {
            super::choose_cryptography();
            reqwest::Client::builder()
                .user_agent(AGENT)
                .redirect(Policy::none())
                .build()
                .map_err(|error| reason(&error))
        });
        made.as_ref().map_err(Clone::clone)
    }

    pub(super) async fn get(&self, request: Request) -> Result<Response, NetworkError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let name = HeaderName::try_from(name)
                .map_err(|error| NetworkError::Request(error.to_string()))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| {
                NetworkError::Request(format!("the value of the header {name} cannot be sent"))
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let sent = self
            .client()?
            .get(&request.url)
            .headers(headers)
            .timeout(request.timeout)
            .send()
            .await;
        let mut answer = sent.map_err(|error| reason(&error))?;
        let retry_after = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| reason(&error))? {
            if body.len() + chunk.len() > request.largest {
                return Err(NetworkError::TooLong {
                    largest: request.largest,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response {
            status: answer.status().as_u16(),
            retry_after,
            body,
        })
    }
}

/// What went wrong, down to its cause, without the URL: it holds the value, which differs from row to row.
fn reason(error: &reqwest::Error) -> NetworkError {
    if error.is_timeout() {
        return NetworkError::Timeout { who: "it" };
    }
    let mut cause = error.source();
    let mut last = None;
    while let Some(inner) = cause {
        last = Some(inner.to_string());
        cause = inner.source();
    }
    let told = |what: &str| match &last {
        Some(last) => format!("{what}: {last}"),
        None => what.to_owned(),
    };
    match error.is_connect() {
        true => NetworkError::Unreachable(told("it cannot be reached")),
        false => NetworkError::Broken(told("its answer broke off")),
    }
}
