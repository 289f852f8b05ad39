//! Reputation services as the engine asks them: within a rate, a time and a number of requests, and not while they are down.
//!
//! Verdicts are kept in the metastore until they expire, so that of several queries and processes one asks. A failure is
//! not kept. A service that fails [`FAILURES`] times in a row is left alone for [`PAUSE`], one that says how long it wants
//! to be (Retry-After) for that long, an hour at most.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use spotql_catalog::{KeptVerdict, Warehouse};
use spotql_udf::enrich::service::{Answer, Asker, Findings, Template, Verdict};
use tokio::time::{Instant, sleep_until};

use crate::network::{Network, Request, Response, expanded, from_environment};

/// How often in a row a service may fail.
const FAILURES: u32 = 5;
/// How long it is then left alone.
const PAUSE: Duration = Duration::from_secs(60);
/// The longest that it may ask for itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// After so many verdicts they are written down: what is cancelled has not been for nothing.
const KEPT_AT_ONCE: usize = 100;
/// Bytes of the longest answer.
const LARGEST_ANSWER: usize = 1 << 20;

/// The options of a service, for error texts.
pub(crate) const OPTIONS: &str =
    "verdict, verdicts, text, header.NAME, timeout, rate, parallel, expires, limit, patience";

/// What a service was made with.
#[derive(Debug)]
struct Definition {
    template: Template,
    answer: Answer,
    headers: Vec<(String, String)>,
    timeout: Duration,
    /// Between the beginnings of two requests.
    spacing: Duration,
    /// As it was written.
    rate: String,
    parallel: usize,
    expires: Duration,
    limit: usize,
    patience: Duration,
}

impl Definition {
    fn parse(url: &str, options: &[(String, String)]) -> Result<Self, String> {
        let mut verdict = None;
        let (mut text, mut verdicts) = (None, None);
        let mut definition = Self {
            template: Template::parse(url)?,
            answer: Answer::parse("$", None, None)?,
            headers: Vec::new(),
            timeout: Duration::from_secs(5),
            spacing: Duration::from_millis(100),
            rate: "10/s".to_owned(),
            parallel: 4,
            expires: Duration::from_secs(24 * 3600),
            limit: 1000,
            patience: Duration::from_secs(60),
        };
        for (key, value) in options {
            let wrong = |accepted: &str| {
                format!("the option '{key}' = '{value}' is not accepted; give {accepted}")
            };
            let duration = || match humantime::parse_duration(value) {
                Ok(duration) if !duration.is_zero() => Ok(duration),
                _ => Err(wrong(
                    "a time such as '5 s', '2 min', '12 hours' or '1 day'",
                )),
            };
            let count = || match value.parse() {
                Ok(count @ 1_usize..) => Ok(count),
                _ => Err(wrong("a whole number from 1 on")),
            };
            match key.as_str() {
                "verdict" => verdict = Some(value.as_str()),
                "text" => text = Some(value.as_str()),
                "verdicts" => verdicts = Some(value.as_str()),
                "timeout" => definition.timeout = duration()?,
                "expires" => definition.expires = duration()?,
                "patience" => definition.patience = duration()?,
                "parallel" => definition.parallel = count()?.min(100),
                "limit" => definition.limit = count()?,
                "rate" => {
                    definition.spacing = spacing(value).ok_or_else(|| {
                        wrong("a number a time, such as '10/s', '4/min', '500/day'")
                    })?;
                    definition.rate.clone_from(value);
                }
                _ => match key.strip_prefix("header.") {
                    Some(name) if is_token(name) => {
                        check_header(value).map_err(|why| wrong(&why))?;
                        definition.headers.push((name.to_owned(), value.clone()));
                    }
                    Some(_) => {
                        return Err(format!("the option '{key}': this is no name of a header"));
                    }
                    None => {
                        return Err(format!("there is no option '{key}'; it takes {OPTIONS}"));
                    }
                },
            }
        }
        let verdict = verdict.ok_or(
            "the option 'verdict' is missing: the JSON path to the verdict in the service's answer, such as '$.data.verdict'",
        )?;
        definition.answer = Answer::parse(verdict, text, verdicts)?;
        Ok(definition)
    }
}

/// `10/s` as the time between two.
fn spacing(rate: &str) -> Option<Duration> {
    let (count, unit) = rate.split_once('/')?;
    let count: u32 = count.trim().parse().ok().filter(|count| *count > 0)?;
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "second" => 1,
        "min" | "minute" => 60,
        "h" | "hour" => 3600,
        "d" | "day" => 24 * 3600,
        _ => return None,
    };
    Some(Duration::from_secs(unit) / count)
}

/// Whether a text may be the name of a header (RFC 9110, token).
fn is_token(name: &str) -> bool {
    let special = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || special(byte))
}

fn check_header(value: &str) -> Result<(), String> {
    if value.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
        return Err("a text of ASCII characters on one line".to_owned());
    }
    // Whether they are set is seen when the service is asked, by whichever program does.
    expanded(value, |_| Some(String::new())).map(drop)
}

/// Whether a service may be asked now.
#[derive(Debug)]
struct Gate {
    /// When the next request may begin.
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
    /// What is wrong with the URL or an option, in words.
    pub(crate) fn parse(url: &str, options: &[(String, String)]) -> Result<Self, String> {
        Ok(Self {
            definition: Definition::parse(url, options)?,
            gate: Mutex::new(Gate {
                next: Instant::now(),
                closed: None,
                failures: 0,
            }),
        })
    }

    /// The service for one query.
    pub(crate) fn for_query(
        self: &Arc<Self>,
        name: &str,
        version: i64,
        warehouse: &Arc<Warehouse>,
        network: Option<&Arc<dyn Network>>,
    ) -> spotql_udf::enrich::service::Service {
        let query = Query {
            service: Arc::clone(self),
            name: name.to_owned(),
            version,
            warehouse: Arc::clone(warehouse),
            network: network.cloned(),
            asked: AtomicUsize::new(0),
            spent: AtomicU64::new(0),
        };
        spotql_udf::enrich::service::Service::new(
            name.to_owned(),
            self.definition.template.clone(),
            Box::new(query),
        )
    }

    /// Waits for this request's turn.
    async fn turn(&self, latest: Instant) -> Result<(), String> {
        let at = {
            let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            match &gate.closed {
                Some((until, why)) if *until > now => return Err(why.clone()),
                _ => gate.closed = None,
            }
            let at = gate.next.max(now);
            if at > latest {
                return Err(format!(
                    "no more may be asked within the query's patience of {} at its rate of {}",
                    humantime::format_duration(self.definition.patience),
                    self.definition.rate
                ));
            }
            gate.next = at + self.definition.spacing;
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

/// Why a service did not answer, or what is wrong with its answer.
#[derive(Debug)]
struct Failure {
    reason: String,
    /// How long it wants to be left alone.
    pause: Option<Duration>,
}

/// A service on behalf of one query.
struct Query {
    service: Arc<Service>,
    name: String,
    version: i64,
    warehouse: Arc<Warehouse>,
    network: Option<Arc<dyn Network>>,
    asked: AtomicUsize,
    /// Milliseconds that the query has waited for it.
    spent: AtomicU64,
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Query").field(&self.name).finish()
    }
}

#[async_trait]
impl Asker for Query {
    async fn ask(&self, values: Vec<String>) -> Findings {
        let mut findings = Findings::default();
        let now = chrono::Utc::now().timestamp();
        let kept = self
            .warehouse
            .verdicts(&self.name, self.version, values.clone(), now)
            .await;
        match kept {
            Ok(kept) => findings.verdicts.extend(kept.into_iter().map(|it| {
                let text = Arc::from(it.text);
                let severity = it.severity;
                (it.value, Verdict { severity, text })
            })),
            Err(error) => log::warn!("verdicts of '{}' that were kept: {error}", self.name),
        }
        let mut open: Vec<String> = values;
        open.retain(|value| !findings.verdicts.contains_key(value));
        if open.is_empty() {
            return findings;
        }
        let Some(network) = &self.network else {
            findings.failure = Some("this program asks no services".to_owned());
            return findings;
        };
        let started = Instant::now();
        self.ask_service(network.as_ref(), open, &mut findings)
            .await;
        let spent = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.spent.fetch_add(spent, Ordering::Relaxed);
        if let Some(reason) = &findings.failure {
            let now = chrono::Utc::now().timestamp();
            let noted = self
                .warehouse
                .note_failure(&self.name, self.version, now, reason.clone())
                .await;
            if let Err(error) = noted {
                log::warn!("the failure of '{}' could not be noted: {error}", self.name);
            }
        }
        findings
    }
}

impl Query {
    async fn ask_service(
        &self,
        network: &dyn Network,
        mut open: Vec<String>,
        findings: &mut Findings,
    ) {
        let definition = &self.service.definition;
        let spent = Duration::from_millis(self.spent.load(Ordering::Relaxed));
        let latest = Instant::now() + definition.patience.saturating_sub(spent);
        let left = definition
            .limit
            .saturating_sub(self.asked.load(Ordering::Relaxed));
        if open.len() > left {
            open.truncate(left);
            findings.failure = Some(format!(
                "no more than {} values a query are asked about (option limit)",
                definition.limit
            ));
        }
        let headers = match self.headers() {
            Ok(headers) => headers,
            Err(reason) => {
                findings.failure = Some(reason);
                return;
            }
        };
        for some in open.chunks(KEPT_AT_ONCE) {
            let headers = &headers;
            let answers = futures::stream::iter(some.to_vec()).map(|value| async move {
                let answer = self.ask_one(network, &value, headers, latest).await;
                (value, answer)
            });
            let mut answers = answers.buffer_unordered(definition.parallel);
            let mut keep = Vec::new();
            while let Some((value, answer)) = answers.next().await {
                match answer {
                    Ok(verdict) => {
                        keep.push(KeptVerdict {
                            value: value.clone(),
                            severity: verdict.severity,
                            text: verdict.text.to_string(),
                        });
                        findings.verdicts.insert(value.clone(), verdict);
                    }
                    Err(reason) => findings.failure = Some(reason),
                }
            }
            if keep.is_empty() {
                continue;
            }
            let now = chrono::Utc::now().timestamp();
            let expires = now.saturating_add_unsigned(definition.expires.as_secs().max(1));
            let kept = self
                .warehouse
                .keep_verdicts(&self.name, self.version, keep, now, expires)
                .await;
            if let Err(error) = kept {
                log::warn!("verdicts of '{}' could not be kept: {error}", self.name);
            }
        }
    }

    fn headers(&self) -> Result<Vec<(String, String)>, String> {
        let headers = self.service.definition.headers.iter();
        headers
            .map(|(name, value)| {
                let value = from_environment(value)?;
                Ok((name.clone(), value))
            })
            .collect()
    }

    async fn ask_one(
        &self,
        network: &dyn Network,
        value: &str,
        headers: &[(String, String)],
        latest: Instant,
    ) -> Result<Verdict, String> {
        self.service.turn(latest).await?;
        self.asked.fetch_add(1, Ordering::Relaxed);
        let definition = &self.service.definition;
        let request = Request {
            url: definition.template.url(value),
            headers: headers.to_vec(),
            timeout: definition.timeout,
            largest: LARGEST_ANSWER,
        };
        let verdict = match network.get(request).await {
            Ok(response) => read(&definition.answer, &response),
            Err(reason) => Err(Failure {
                reason,
                pause: None,
            }),
        };
        self.service.ended(verdict.as_ref().err());
        verdict.map_err(|failure| failure.reason)
    }
}

fn read(answer: &Answer, response: &Response) -> Result<Verdict, Failure> {
    let failure = |reason: String| Failure {
        reason,
        pause: response.retry_after,
    };
    match response.status {
        200..300 => answer.verdict(&response.body).map_err(failure),
        404 => answer.unknown().ok_or_else(|| {
            failure("it answered with status 404; say 'missing: 0' in 'verdicts' if that means that it knows nothing".to_owned())
        }),
        status => Err(failure(format!("it answered with status {status}"))),
    }
}

/// The options that a user could take for headers of this name hold secrets if they are written out; none are shown.
pub(crate) fn shown_options(options: &[(String, String)]) -> Vec<(String, String)> {
    let mut names = HashSet::new();
    let shown = options.iter().map(|(key, value)| {
        let literal = key.starts_with("header.") && !value.contains('$');
        let value = if literal {
            "…".to_owned()
        } else {
            value.clone()
        };
        (key.clone(), value)
    });
    shown.filter(|(key, _)| names.insert(key.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[(&str, &str)]) -> Result<Definition, String> {
        let owned = options
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Definition::parse("https://h/{value}", &owned.collect::<Vec<_>>())
    }

    #[test]
    fn options_are_times_rates_and_numbers() {
        let definition = parse(&[
            ("verdict", "$.v"),
            ("timeout", "2 s"),
            ("rate", "4/min"),
            ("expires", "12 hours"),
            ("limit", "7"),
            ("header.x-key", "Bearer $SPOTQL_KEY"),
        ])
        .unwrap();
        assert_eq!(definition.timeout, Duration::from_secs(2));
        assert_eq!(definition.spacing, Duration::from_secs(15));
        assert_eq!(definition.expires, Duration::from_secs(43_200));
        assert_eq!(definition.limit, 7);
        for (key, value, why) in [
            ("timeout", "soon", "a time such as"),
            ("timeout", "0s", "a time such as"),
            ("rate", "10", "a number a time"),
            ("rate", "0/s", "a number a time"),
            ("rate", "1/fortnight", "a number a time"),
            ("parallel", "0", "a whole number"),
            ("header.a b", "x", "no name of a header"),
            ("header.x", "a\nb", "on one line"),
            ("header.x", "$HOME", "begins with SPOTQL_"),
            ("verdicts", "bad", "is not accepted"),
            ("colour", "red", "there is no option 'colour'"),
        ] {
            let error = parse(&[("verdict", "$.v"), (key, value)]).unwrap_err();
            assert!(error.contains(why), "{key} = {value}: {error}");
        }
        assert!(parse(&[]).unwrap_err().contains("'verdict' is missing"));
    }
}
