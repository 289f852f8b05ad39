//! A service on behalf of one query.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use spotql_catalog::{KeptVerdict, Warehouse};
use spotql_functions::services::{self, Answer, Asker, Findings, Verdict};
use tokio::time::Instant;

use super::{Failure, Service, Unanswered};
use crate::network::{Network, Request, Response, SecretError, from_environment};

/// After so many verdicts they are written down: what is cancelled has not been for nothing.
const KEPT_AT_ONCE: usize = 100;
/// Bytes of the longest answer.
const LARGEST_ANSWER: usize = 1 << 20;

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

impl Service {
    /// The service for one query.
    pub(crate) fn for_query(
        self: &Arc<Self>,
        name: &str,
        version: i64,
        warehouse: &Arc<Warehouse>,
        network: Option<&Arc<dyn Network>>,
    ) -> services::ReputationService {
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
        services::ReputationService::new(
            name.to_owned(),
            self.definition.template.clone(),
            Box::new(query),
        )
    }
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
            Err(error) => {
                let error: SecretError = error;
                findings.failure = Some(error.to_string());
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
                    Err(reason) => findings.failure = Some(reason.to_string()),
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

    fn headers(&self) -> Result<Vec<(String, String)>, SecretError> {
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
    ) -> Result<Verdict, Unanswered> {
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
            Err(error) => Err(Failure {
                reason: error.into(),
                pause: None,
            }),
        };
        self.service.ended(verdict.as_ref().err());
        verdict.map_err(|failure| failure.reason)
    }
}

fn read(answer: &Answer, response: &Response) -> Result<Verdict, Failure> {
    let failure = |reason: Unanswered| Failure {
        reason,
        pause: response.retry_after,
    };
    match response.status {
        200..300 => {
            let verdict = answer.verdict(&response.body);
            verdict.map_err(|error| failure(error.into()))
        }
        404 => answer
            .unknown()
            .ok_or_else(|| failure(Unanswered::NotFound)),
        status => Err(failure(Unanswered::Status(status))),
    }
}
