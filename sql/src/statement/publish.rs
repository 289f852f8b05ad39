//! `PUBLISH`: a message for every row of a query, to a topic of a message broker (MQTT).
//!
//! The query has one column of text. The statement ends when the broker has taken every message (quality of service 1: at least
//! once). NULL is no message.

use std::time::Duration;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::execute_stream;
use futures::TryStreamExt;

use crate::error::{Error, Result};
use crate::network::{Broker, Publication, from_environment};
use crate::options::OptionError;
use crate::parse::Publish;
use crate::session::{Done, Session};

pub(super) async fn run(session: &Session, publish: Publish) -> Result<Done> {
    let failed = |taken: u64, reason: String| Error::Publish {
        url: publish.url.clone(),
        taken,
        reason,
    };
    let broker = broker(&publish).map_err(|error| failed(0, error.to_string()))?;
    let plan = session.plan_query(*publish.query).await?;
    let schema = plan.schema();
    let [column] = &schema.fields()[..] else {
        return Err(failed(
            0,
            format!(
                "the query has {} columns; a message is one",
                schema.fields().len()
            ),
        ));
    };
    if !column.data_type().is_string() {
        return Err(failed(
            0,
            format!("the column {} is no text; CAST it AS STRING", column.name()),
        ));
    }
    let Some(network) = session.engine().network() else {
        return Err(failed(0, "this program sends nothing to others".to_owned()));
    };
    let mut rows = execute_stream(plan, session.task_context())?;
    // The query may fail, or be found empty, before anybody is bothered.
    let mut publication: Option<Box<dyn Publication>> = None;
    loop {
        let batch = match rows.try_next().await {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(error) => match &publication {
                Some(open) => return Err(failed(open.taken(), Error::from(error).to_string())),
                None => return Err(error.into()),
            },
        };
        let texts = cast(batch.column(0), &DataType::Utf8View).map_err(DataFusionError::from)?;
        for message in texts.as_string_view().iter().flatten() {
            let open = match publication.as_mut() {
                Some(open) => open,
                None => {
                    let connected = network.connect(broker.clone()).await;
                    publication.insert(connected.map_err(|error| failed(0, error.to_string()))?)
                }
            };
            let sent = open.send(message.as_bytes().to_vec()).await;
            sent.map_err(|error| failed(open.taken(), error.to_string()))?;
        }
    }
    let mut taken = 0;
    if let Some(mut open) = publication {
        let finished = open.finish().await;
        taken = open.taken();
        finished.map_err(|error| failed(taken, error.to_string()))?;
    }
    Ok(Done {
        message: format!("{taken} messages published to {}", publish.url),
        rows: Some(taken),
    })
}

fn broker(publish: &Publish) -> Result<Broker, OptionError> {
    let (mut user, mut password) = (None, None);
    let mut broker = Broker {
        url: publish.url.clone(),
        login: None,
        retain: false,
        timeout: Duration::from_secs(30),
    };
    for (key, value) in &publish.options {
        let wrong = |accepted: &str| OptionError::value(key, value, accepted);
        match key.as_str() {
            "user" | "password" => {
                let read = from_environment(value).map_err(|source| OptionError::Secret {
                    key: key.clone(),
                    source,
                })?;
                *(if key == "user" {
                    &mut user
                } else {
                    &mut password
                }) = Some(read);
            }
            "retain" => {
                let parsed = value.to_ascii_lowercase().parse();
                broker.retain = parsed.map_err(|_| wrong("'true' or 'false'"))?;
            }
            "timeout" => match humantime::parse_duration(value) {
                Ok(timeout) if !timeout.is_zero() => broker.timeout = timeout,
                _ => return Err(wrong("a time such as '30 s'")),
            },
            _ => {
                return Err(OptionError::unknown(key, "user, password, retain, timeout"));
            }
        }
    }
    // A script's variable that nobody has set.
    let user = user.filter(|user| !user.is_empty());
    broker.login = user.map(|user| (user, password.unwrap_or_default()));
    Ok(broker)
}
