//! Messages to an MQTT 3.1.1 broker, each acknowledged (quality of service 1).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS, StateError,
    TlsConfiguration, Transport,
};
use rustls_platform_verifier::ConfigVerifierExt as _;
use spotql_sql::network::{Broker, NetworkError, Publication};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time;
use url::Url;

/// Messages on the way, before a sender waits.
const QUEUE: usize = 100;
/// Bytes of the longest message.
const LARGEST: usize = 16 << 20;

/// How far it is.
#[derive(Debug, Default, Clone)]
struct Progress {
    connected: bool,
    taken: u64,
    failure: Option<NetworkError>,
}

struct Messages {
    client: AsyncClient,
    topic: String,
    retain: bool,
    timeout: Duration,
    sent: u64,
    progress: watch::Receiver<Progress>,
    polling: JoinHandle<()>,
}

/// What a URL says: host, port, topic, and whether TLS is wanted.
fn target(text: &str) -> Result<(String, u16, String, bool), NetworkError> {
    let expected = || {
        NetworkError::Request(format!(
            "'{text}' is no URL of a topic; give mqtt://host/topic, or mqtts://host/topic for TLS"
        ))
    };
    let url = Url::parse(text).map_err(|_| expected())?;
    let tls = match url.scheme() {
        "mqtt" => false,
        "mqtts" => true,
        _ => return Err(expected()),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NetworkError::Request(
            "a URL is shown to others: give OPTIONS (user = '…', password = '$SPOTQL_…') in place of a user in it"
                .to_owned(),
        ));
    }
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(expected)?;
    let topic = url.path().trim_start_matches('/');
    if topic.is_empty() || url.query().is_some() || url.fragment().is_some() {
        return Err(expected());
    }
    if topic.contains(['+', '#', '%']) {
        return Err(NetworkError::Request(format!(
            "the topic '{topic}' may not hold '+', '#' or '%'"
        )));
    }
    let port = url.port().unwrap_or(if tls { 8883 } else { 1883 });
    let host = host.trim_matches(['[', ']']).to_owned();
    Ok((host, port, topic.to_owned(), tls))
}

/// Connects, and waits until the broker has welcomed us.
pub(super) async fn connect(broker: Broker) -> Result<Box<dyn Publication>, NetworkError> {
    let (host, port, topic, tls) = target(&broker.url)?;
    let name = format!("spotql-{}", uuid::Uuid::new_v4().simple());
    let mut options = MqttOptions::new(name, host, port);
    options.set_keep_alive(Duration::from_secs(15));
    options.set_max_packet_size(LARGEST, LARGEST);
    if let Some((user, password)) = broker.login {
        options.set_credentials(user, password);
    }
    if tls {
        super::choose_cryptography();
        let config = rustls::ClientConfig::with_platform_verifier()
            .map_err(|error| NetworkError::Unreachable(format!("TLS cannot be used: {error}")))?;
        let config = TlsConfiguration::Rustls(Arc::new(config));
        options.set_transport(Transport::tls_with_config(config));
    }
    let (client, events) = AsyncClient::new(options, QUEUE);
    let (say, progress) = watch::channel(Progress::default());
    let mut messages = Messages {
        client,
        topic,
        retain: broker.retain,
        timeout: broker.timeout,
        sent: 0,
        progress,
        polling: tokio::spawn(poll(events, say)),
    };
    messages.wait(|progress| progress.connected).await?;
    Ok(Box::new(messages))
}

/// Keeps the connection going until it breaks.
async fn poll(mut events: EventLoop, say: watch::Sender<Progress>) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => say.send_modify(|it| it.connected = true),
            Ok(Event::Incoming(Packet::PubAck(_))) => say.send_modify(|it| it.taken += 1),
            Ok(_) => {}
            Err(error) => {
                let failure = reason(&error);
                say.send_modify(|it| it.failure = Some(failure));
                return;
            }
        }
    }
}

/// The other side, for what it fails to do.
const BROKER: &str = "the broker";

fn reason(error: &ConnectionError) -> NetworkError {
    use NetworkError::{Broken, Unreachable};
    match error {
        ConnectionError::Io(error) => Unreachable(format!("the broker cannot be reached: {error}")),
        ConnectionError::ConnectionRefused(code) => Unreachable(match code {
            rumqttc::ConnectReturnCode::BadUserNamePassword
            | rumqttc::ConnectReturnCode::NotAuthorized => {
                "the broker refuses the user or the password".to_owned()
            }
            _ => "the broker refuses the connection".to_owned(),
        }),
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => {
            NetworkError::Timeout { who: BROKER }
        }
        ConnectionError::MqttState(StateError::Io(error)) => {
            Broken(format!("the connection to the broker broke off: {error}"))
        }
        other => Broken(format!("the connection to the broker failed: {other}")),
    }
}

/// The connection is no more, and nobody says why.
fn ended() -> NetworkError {
    NetworkError::Broken("the connection to the broker has ended".to_owned())
}

impl Messages {
    /// Waits until it has come so far, as long as it goes on at all.
    async fn wait(&mut self, far_enough: impl Fn(&Progress) -> bool) -> Result<(), NetworkError> {
        loop {
            {
                let progress = self.progress.borrow_and_update();
                if far_enough(&progress) {
                    return Ok(());
                }
                if let Some(failure) = &progress.failure {
                    return Err(failure.clone());
                }
            }
            match time::timeout(self.timeout, self.progress.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(ended()),
                Err(_) => return Err(NetworkError::Timeout { who: BROKER }),
            }
        }
    }
}

#[async_trait]
impl Publication for Messages {
    async fn send(&mut self, message: Vec<u8>) -> Result<(), NetworkError> {
        if message.len() + self.topic.len() + 16 > LARGEST {
            return Err(NetworkError::Request(format!(
                "a message of {} bytes is too long",
                message.len()
            )));
        }
        // As many are on their way as there is room for.
        let sent = self.sent;
        self.wait(|progress| sent - progress.taken < QUEUE as u64)
            .await?;
        let published = self
            .client
            .publish(&self.topic, QoS::AtLeastOnce, self.retain, message)
            .await;
        published.map_err(|_| ended())?;
        self.sent += 1;
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), NetworkError> {
        let sent = self.sent;
        self.wait(|progress| progress.taken >= sent).await?;
        // All is said: whether the farewell arrives does not matter.
        let _ = self.client.disconnect().await;
        let _ = time::timeout(Duration::from_secs(1), &mut self.polling).await;
        Ok(())
    }

    fn taken(&self) -> u64 {
        self.progress.borrow().taken
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn a_url_names_host_port_and_topic() {
        for (url, host, port, topic, tls) in [
            ("mqtt://broker/a/b", "broker", 1883, "a/b", false),
            (
                "mqtts://broker.example.com/a",
                "broker.example.com",
                8883,
                "a",
                true,
            ),
            ("mqtt://[::1]:1884/a", "::1", 1884, "a", false),
        ] {
            let expected = (host.to_owned(), port, topic.to_owned(), tls);
            assert_eq!(target(url).unwrap(), expected, "{url}");
        }
        for (url, why) in [
            ("broker/a", "no URL of a topic"),
            ("http://broker/a", "no URL of a topic"),
            ("mqtt://broker", "no URL of a topic"),
            ("mqtt:///a", "no URL of a topic"),
            ("mqtt://broker/a/#", "no URL of a topic"),
            ("mqtt://broker/a/+", "may not hold"),
            ("mqtt://user:secret@broker/a", "in place of a user"),
        ] {
            let error = target(url).unwrap_err().to_string();
            assert!(error.contains(why), "{url}: {error}");
        }
    }
}
