//! Reputation services as the engine asks them: within a rate, a time and a number of requests, and not while they are down.
//!
//! Verdicts are kept in the metastore until they expire, so that of several queries and processes one asks. A failure is
//! not kept. A service that fails [`FAILURES`] times in a row is left alone for [`PAUSE`], one that says how long it wants
//! to be (Retry-After) for that long, an hour at most.

mod definition;
mod query;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use spotql_functions::services::Unreadable;
use tokio::time::{Instant, sleep_until};

pub(crate) use definition::shown_options;

use crate::network::NetworkError;
use definition::{Definition, DefinitionError};

/// How often in a row a service may fail.
const FAILURES: u32 = 5;
/// How long it is then left alone.
const PAUSE: Duration = Duration::from_secs(60);
/// The longest that it may ask for itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Whether a service may be asked now.
#[derive(Debug)]
struct Gate {
    /// When the next request would begin if all were evenly spaced.
    next: Instant,
    /// Until when it is left alone, and why.
    closed: Option<(Instant, String)>,
    /// In a row.
    failures: u32,
}

/// A service, as all queries of this process share it.
#[derive(Debug)]
pub(crate) struct Service {
    definition: Definition,
    gate: Mutex<Gate>,
}

impl Service {
    /// # Errors
    /// What is wrong with the URL or an option.
    pub(crate) fn parse(url: &str, options: &[(String, String)]) -> Result<Self, DefinitionError> {
        Ok(Self {
            definition: Definition::parse(url, options)?,
            gate: Mutex::new(Gate {
                next: Instant::now(),
                closed: None,
                failures: 0,
            }),
        })
    }

    /// Waits for this request's turn.
    async fn turn(&self, latest: Instant) -> Result<(), Unanswered> {
        let definition = &self.definition;
        let at = {
            let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            match &gate.closed {
                Some((until, why)) if *until > now => return Err(Unanswered::Closed(why.clone())),
                _ => gate.closed = None,
            }
            // The generic cell rate algorithm: `next` is when a request would begin if all were evenly spaced.
            let next = gate.next.max(now);
            let at = next
                .checked_sub(definition.burst)
                .map_or(now, |at| at.max(now));
            if at > latest {
                return Err(Unanswered::Late {
                    wait: humantime::format_duration(definition.max_wait),
                    rate: definition.rate.clone(),
                });
            }
            gate.next = next + definition.spacing;
            at
        };
        sleep_until(at).await;
        Ok(())
    }

    /// Notes how a request went.
    fn ended(&self, failure: Option<&Failure>) {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failure) = failure else {
            gate.failures = 0;
            return;
        };
        gate.failures += 1;
        let pause = match failure.pause {
            Some(pause) => pause.min(LONGEST_PAUSE),
            None if gate.failures >= FAILURES => PAUSE,
            None => return,
        };
        let why = format!(
            "{}; it is left alone for {}",
            failure.reason,
            humantime::format_duration(Duration::from_secs(pause.as_secs()))
        );
        gate.failures = 0;
        gate.closed = Some((Instant::now() + pause, why));
    }
}

/// Why a service did not answer, or what is wrong with its answer: the end of a sentence.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    /// It is left alone for a time, and was not asked.
    #[error("{0}")]
    Closed(String),
    #[error("no more may be asked within the query's max_wait of {wait} at its rate of {rate}")]
    Late {
        wait: humantime::FormattedDuration,
        rate: String,
    },
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error(transparent)]
    Answer(#[from] Unreadable),
    #[error(
        "it answered with status 404; say 'missing: 0' in 'severities' if that means that it knows nothing"
    )]
    NotFound,
    #[error("it answered with status {0}")]
    Status(u16),
}

/// A failure of a service.
#[derive(Debug)]
struct Failure {
    reason: Unanswered,
    /// How long it wants to be left alone.
    pause: Option<Duration>,
}
