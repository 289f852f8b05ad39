//! The network that statements may use. TLS trusts the certificates of the system, or those of `SSL_CERT_FILE`.

mod http;
mod mqtt;

use async_trait::async_trait;
use spotql_sql::network::{Broker, Network, NetworkError, Publication, Request, Response};

/// The network of this machine.
#[derive(Debug, Default)]
pub(crate) struct Internet {
    http: http::Client,
}

#[async_trait]
impl Network for Internet {
    async fn get(&self, request: Request) -> Result<Response, NetworkError> {
        self.http.get(request).await
    }

    async fn connect(&self, broker: Broker) -> Result<Box<dyn Publication>, NetworkError> {
        mqtt::connect(broker).await
    }
}

/// Chooses who does the cryptography of TLS; the first time counts.
fn choose_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
