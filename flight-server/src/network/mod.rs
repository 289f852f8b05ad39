//! The network that statements may use.

mod http;

use async_trait::async_trait;
use spotql_sql::network::{Network, Request, Response};

/// The network of this machine.
#[derive(Debug, Default)]
pub(crate) struct Internet {
    http: http::Client,
}

#[async_trait]
impl Network for Internet {
    async fn get(&self, request: Request) -> Result<Response, String> {
        self.http.get(request).await
    }
}
