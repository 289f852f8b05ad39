//! Reputation services as the engine asks them: within a rate, a time and a number of requests, and not while they are down.
//!
//! Verdicts are kept in the metastore until they expire, so that of several queries and processes one asks. A failure is
//! not kept. A service that fails [`FAILURES`] times in a row is left alone for [`PAUSE`], one that says how long it wants
//! to be (Retry-After) for that long, an hour at most.

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
/// The longest time that an option takes.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
/// Bytes of the longest answer.
const LARGEST_ANSWER: usize = 1 << 20;

/// The options of a service, for error texts.
pub(crate) const OPTIONS: &str = "verdict, severities, text, header.NAME, timeout, rate, parallel, expires, max_requests, max_wait";

/// What a service was made with.
#[derive(Debug)]
struct Definition {
    template: Template,
    answer: Answer,
    headers: Vec<(String, String)>,
    timeout: Duration,
    /// Between the beginnings of two requests, in the long run.
    spacing: Duration,
    /// How far requests may be ahead of that: so many as the rate allows may begin at once.
    burst: Duration,
    /// As it was written.
    rate: String,
    parallel: usize,
    expires: Duration,
    max_requests: usize,
    max_wait: Duration,
}

impl Definition {
    fn parse(url: &str, options: &[(String, String)]) -> Result<Self, String> {
        let mut verdict = None;
        let (mut text, mut severities) = (None, None);
        check_secrets(url).map_err(|why| format!("the URL: {why}"))?;
        let mut definition = Self {
            template: Template::parse(url)?,
            answer: Answer::parse("$", None, None)?,
            headers: Vec::new(),
            timeout: Duration::from_secs(5),
            spacing: Duration::from_millis(100),
            burst: Duration::from_millis(900),
            rate: "10/s".to_owned(),
            parallel: 4,
            expires: Duration::from_secs(24 * 3600),
            max_requests: 1000,
            max_wait: Duration::from_secs(60),
        };
        for (key, value) in options {
            let wrong = |accepted: &str| {
                format!("the option '{key}' = '{value}' is not accepted; give {accepted}")
            };
            let duration = || match humantime::parse_duration(value) {
                Ok(duration) if !duration.is_zero() && duration <= LONGEST => Ok(duration),
                _ => Err(wrong(
                    "a time such as '5 s', '2 min', '12 hours' or '1 day', 30 days at most",
                )),
            };
            let count = || match value.parse() {
                Ok(count @ 1_usize..) => Ok(count),
                _ => Err(wrong("a whole number from 1 on")),
            };
            match key.as_str() {
                "verdict" => verdict = Some(value.as_str()),
                "text" => text = Some(value.as_str()),
                "severities" => severities = Some(value.as_str()),
                "timeout" => definition.timeout = duration()?,
                "expires" => definition.expires = duration()?,
                "max_wait" => definition.max_wait = duration()?,
                "parallel" => definition.parallel = count()?.min(100),
                "max_requests" => definition.max_requests = count()?,
                "rate" => {
                    (definition.spacing, definition.burst) = spacing(value).ok_or_else(|| {
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
        definition.answer = Answer::parse(verdict, text, severities)?;
        Ok(definition)
    }
}

/// `10/s` as the time between two, and between the first and the last of ten.
fn spacing(rate: &str) -> Option<(Duration, Duration)> {
    let (count, unit) = rate.split_once('/')?;
    let count: u32 = count.trim().parse().ok().filter(|count| *count > 0)?;
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "second" => 1,
        "min" | "minute" => 60,
        "h" | "hour" => 3600,
        "d" | "day" => 24 * 3600,
        _ => return None,
    };
    let unit = Duration::from_secs(unit);
    Some((unit / count, unit - unit / count))
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
    check_secrets(value)
}

/// Whether a text takes from the environment only what it may. Whether that is set is seen when the service is asked, by
/// whichever program does.
fn check_secrets(text: &str) -> Result<(), String> {
    expanded(text, |_| Some(String::new())).map(drop)
}

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
            noted: Mutex::default(),
        };
        spotql_udf::enrich::service::Service::new(
            name.to_owned(),
            self.definition.template.clone(),
            Box::new(query),
        )
    }

    /// Waits for this request's turn.
    async fn turn(&self, latest: Instant) -> Result<(), String> {
        let definition = &self.definition;
        let at = {
            let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            match &gate.closed {
                Some((until, why)) if *until > now => return Err(why.clone()),
                _ => gate.closed = None,
            }
            // The generic cell rate algorithm: `next` is when a request would begin if all were evenly spaced.
            let next = gate.next.max(now);
            let at = next
                .checked_sub(definition.burst)
                .map_or(now, |at| at.max(now));
            if at > latest {
                return Err(format!(
                    "no more may be asked within the query's max_wait of {} at its rate of {}",
                    humantime::format_duration(self.definition.max_wait),
                    self.definition.rate
                ));
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
    /// The failure that was noted last.
    noted: Mutex<String>,
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
            self.note(reason).await;
        }
        findings
    }
}

impl Query {
    /// Notes a failure for SHOW, unless it is the one that was noted before.
    async fn note(&self, reason: &str) {
        {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            if *noted == reason {
                return;
            }
            reason.clone_into(&mut noted);
        }
        let now = chrono::Utc::now().timestamp();
        let noted = self
            .warehouse
            .note_failure(&self.name, self.version, now, reason.to_owned())
            .await;
        if let Err(error) = noted {
            log::warn!("the failure of '{}' could not be noted: {error}", self.name);
        }
    }

    async fn ask_service(
        &self,
        network: &dyn Network,
        mut open: Vec<String>,
        findings: &mut Findings,
    ) {
        let definition = &self.service.definition;
        let spent = Duration::from_millis(self.spent.load(Ordering::Relaxed));
        let latest = Instant::now() + definition.max_wait.saturating_sub(spent);
        let left = definition
            .max_requests
            .saturating_sub(self.asked.load(Ordering::Relaxed));
        if open.len() > left {
            open.truncate(left);
            findings.failure = Some(format!(
                "no more than {} values a query are asked about (option max_requests)",
                definition.max_requests
            ));
        }
        let secrets = || {
            Ok((
                self.headers()?,
                definition.template.replaced(from_environment)?,
            ))
        };
        let (headers, template) = match secrets() {
            Ok(secrets) => secrets,
            Err(reason) => {
                findings.failure = Some(reason);
                return;
            }
        };
        for some in open.chunks(KEPT_AT_ONCE) {
            let (headers, template) = (&headers, &template);
            let answers = futures::stream::iter(some.to_vec()).map(|value| async move {
                let answer = self
                    .ask_one(network, template.url(&value), headers, latest)
                    .await;
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
        url: String,
        headers: &[(String, String)],
        latest: Instant,
    ) -> Result<Verdict, String> {
        self.service.turn(latest).await?;
        self.asked.fetch_add(1, Ordering::Relaxed);
        let definition = &self.service.definition;
        let request = Request {
            url,
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
            failure("it answered with status 404; say 'missing: 0' in 'severities' if that means that it knows nothing".to_owned())
        }),
        status => Err(failure(format!("it answered with status {status}"))),
    }
}

/// Options as they may be shown: what might be a secret, because it is not of the environment, is not.
pub(crate) fn shown_options(options: &[(String, String)]) -> Vec<(String, String)> {
    let secret = |key: &str| {
        let words = ["header.", "password", "secret", "token", "key"];
        words
            .iter()
            .any(|word| key.to_ascii_lowercase().contains(word))
    };
    // `$NAME`, or a scheme of authentication before it.
    let of_environment = |value: &str| {
        let name = value.rsplit(' ').next().unwrap_or_default();
        let rest = name.strip_prefix('$').unwrap_or_default();
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && value.matches('$').count() == 1
            && value.split(' ').count() <= 2
    };
    let shown = options.iter().map(|(key, value)| {
        let hidden = secret(key) && !of_environment(value);
        let value = if hidden { "…" } else { value };
        (key.clone(), value.to_owned())
    });
    shown.collect()
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
    fn secrets_are_not_shown() {
        let shown = |key: &str, value: &str| {
            let options = [(key.to_owned(), value.to_owned())];
            shown_options(&options)[0].1.clone()
        };
        for (key, value) in [
            ("header.key", "$SPOTQL_A"),
            ("header.authorization", "Bearer $SPOTQL_A"),
            ("password", "$SPOTQL_A"),
            ("timeout", "5 s"),
        ] {
            assert_eq!(shown(key, value), value, "{key}");
        }
        for (key, value) in [
            ("header.key", "hunter2"),
            ("header.key", "lit$$eral"),
            ("header.authorization", "Basic $SPOTQL_A:hunter2"),
            ("header.authorization", "Basic hunter2 $SPOTQL_A"),
            ("Password", "hunter2"),
        ] {
            assert_eq!(shown(key, value), "…", "{key} {value}");
        }
    }

    #[test]
    fn options_are_times_rates_and_numbers() {
        let definition = parse(&[
            ("verdict", "$.v"),
            ("timeout", "2 s"),
            ("rate", "4/min"),
            ("expires", "12 hours"),
            ("max_requests", "7"),
            ("header.x-key", "Bearer $SPOTQL_KEY"),
        ])
        .unwrap();
        assert_eq!(definition.timeout, Duration::from_secs(2));
        assert_eq!(definition.spacing, Duration::from_secs(15));
        assert_eq!(definition.burst, Duration::from_secs(45));
        assert_eq!(definition.expires, Duration::from_secs(43_200));
        assert_eq!(definition.max_requests, 7);
        for (key, value, why) in [
            ("timeout", "soon", "a time such as"),
            ("timeout", "0s", "a time such as"),
            ("max_wait", "500000000000 years", "30 days at most"),
            ("rate", "10", "a number a time"),
            ("rate", "0/s", "a number a time"),
            ("rate", "1/fortnight", "a number a time"),
            ("parallel", "0", "a whole number"),
            ("header.a b", "x", "no name of a header"),
            ("header.x", "a\nb", "on one line"),
            ("header.x", "$HOME", "begins with SPOTQL_"),
            ("severities", "bad", "is not accepted"),
            ("colour", "red", "there is no option 'colour'"),
        ] {
            let error = parse(&[("verdict", "$.v"), (key, value)]).unwrap_err();
            assert!(error.contains(why), "{key} = {value}: {error}");
        }
        assert!(parse(&[]).unwrap_err().contains("'verdict' is missing"));
    }
}
