//! Services that are asked over the network what they think of an address, a name or a URL.
//!
//! What a service is asked, and how its answer reads, is here ([`Template`], [`Answer`]); how it is reached is the caller's
//! business ([`Asker`]). A query asks each distinct value once, before the rows that hold it reach the expression that wants to
//! know ([`crate::inquiry`]). Nothing that fails here fails the query: what no answer was had for is *unverified*.
//!
//! Private values are not sent: addresses of one's own networks, private ones and those of no one host. Neither are
//! names of a single label, nor names of zones that are the network's own (`local`, `home.arpa`, reverse names, …). Of
//! a URL, neither the user and password nor the fragment.

mod answer;
mod template;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;

pub use answer::{Answer, AnswerError, Unreadable};
pub use template::{Template, TemplateError};

use spotql_values::address::Address;

/// What a service says of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// 0 nothing, 1 low, 2 medium, 3 high.
    pub severity: u8,
    /// What it is about, if the service says so.
    pub text: Arc<str>,
}

/// What could be found out about some values.
#[derive(Debug, Default)]
pub struct Findings {
    /// By value; those that are missing could not be verified.
    pub verdicts: HashMap<String, Verdict>,
    /// Why the last of the missing ones could not.
    pub failure: Option<String>,
}

/// Reaches a service, on behalf of one query.
#[async_trait]
pub trait Asker: fmt::Debug + Send + Sync {
    /// Asks about values, none of them twice. Takes no longer than the service's definition allows, and never fails.
    async fn ask(&self, values: Vec<String>) -> Findings;
}

/// A service as one query sees it.
pub struct ReputationService {
    name: String,
    template: Template,
    asker: Box<dyn Asker>,
    /// By value; `None` is unverified.
    known: RwLock<HashMap<String, Option<Verdict>>>,
    /// One batch of rows at a time asks: what two of them hold is asked once.
    asking: tokio::sync::Mutex<Option<String>>,
    /// Whether somebody wanted to know what nobody had asked about.
    missed: AtomicBool,
}

impl fmt::Debug for ReputationService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReputationService")
            .field("name", &self.name)
            .field("template", &self.template)
            .finish_non_exhaustive()
    }
}

impl ReputationService {
    /// A service of which nothing has been asked yet.
    pub fn new(name: String, template: Template, asker: Box<dyn Asker>) -> Self {
        Self {
            name,
            template,
            asker,
            known: RwLock::default(),
            asking: tokio::sync::Mutex::default(),
            missed: AtomicBool::new(false),
        }
    }

    /// What the user calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it says of a value: nothing at all if it is not asked about such values, and no verdict if none could be had.
    /// `own` tells which addresses are the organisation's.
    pub fn verdict(&self, value: &str, own: impl Fn(Address) -> bool) -> Option<Option<Verdict>> {
        let subject = self.subject(value, own)?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let verdict = known.get(subject.as_ref());
        if verdict.is_none() {
            self.missed.store(true, Ordering::Relaxed);
        }
        Some(verdict.cloned().flatten())
    }

    fn subject<'a>(&self, value: &'a str, own: impl Fn(Address) -> bool) -> Option<Cow<'a, str>> {
        let subject = self.template.subject(value)?;
        match Template::address(&subject) {
            Some(address) if own(address) => None,
            _ => Some(subject),
        }
    }

    /// Asks about those of the values that have not been asked about yet.
    pub async fn ask(&self, values: impl Iterator<Item = &str>, own: impl Fn(Address) -> bool) {
        let mut wanted: HashSet<String> = HashSet::new();
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            for value in values {
                if let Some(subject) = self.subject(value, &own)
                    && !known.contains_key(subject.as_ref())
                {
                    wanted.insert(subject.into_owned());
                }
            }
        }
        if wanted.is_empty() {
            return;
        }
        let mut failure = self.asking.lock().await;
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            wanted.retain(|value| !known.contains_key(value));
        }
        if wanted.is_empty() {
            return;
        }
        // In order, so that of two runs that may not ask everything both ask the same.
        let mut wanted: Vec<String> = wanted.into_iter().collect();
        wanted.sort_unstable();
        let mut found = self.asker.ask(wanted.clone()).await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for value in wanted {
            let verdict = found.verdicts.remove(&value);
            known.insert(value, verdict);
        }
        if found.failure.is_some() {
            *failure = found.failure;
        }
    }
}

/// At the end of the query, so that it is said once.
impl Drop for ReputationService {
    fn drop(&mut self) {
        let known = self.known.get_mut().unwrap_or_else(PoisonError::into_inner);
        if *self.missed.get_mut() {
            log::warn!(
                "reputation service '{}': where reputation is called on columns of both sides of a join, or on an expression \
                 of constants, nothing is asked and values are unverified; call it in a query around that",
                self.name
            );
        }
        let unverified = known.values().filter(|it| it.is_none()).count();
        if unverified > 0 {
            let reason = self.asking.get_mut().take().unwrap_or_default();
            log::warn!(
                "reputation service '{}': {unverified} of {} values are unverified: {reason}",
                self.name,
                known.len()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows what begins with b, and counts what it is asked.
    #[derive(Debug, Default)]
    struct Known(Arc<std::sync::Mutex<Vec<String>>>);

    #[async_trait]
    impl Asker for Known {
        async fn ask(&self, values: Vec<String>) -> Findings {
            self.0.lock().unwrap().extend(values.iter().cloned());
            let bad = values.into_iter().filter(|it| it.starts_with('b'));
            Findings {
                verdicts: bad
                    .map(|it| {
                        (
                            it,
                            Verdict {
                                severity: 3,
                                text: Arc::from("bad"),
                            },
                        )
                    })
                    .collect(),
                failure: Some("it is down".to_owned()),
            }
        }
    }

    #[tokio::test]
    async fn each_value_is_asked_once_and_only_what_may_leave() {
        let nobody = |_: Address| false;
        let asked = Arc::default();
        let template = Template::parse("http://x/{name}").unwrap();
        let service = ReputationService::new(
            "s".to_owned(),
            template,
            Box::new(Known(Arc::clone(&asked))),
        );
        let values = [
            "b.example.com",
            "B.example.com.",
            "a.example.com",
            "http://b.example.com/x?y",
        ];
        service.ask(values.into_iter(), nobody).await;
        service
            .ask(
                ["10.0.0.1", "printer", "nas.local", "", "b.example.com"].into_iter(),
                nobody,
            )
            .await;
        assert_eq!(*asked.lock().unwrap(), ["a.example.com", "b.example.com"]);
        let bad = Verdict {
            severity: 3,
            text: Arc::from("bad"),
        };
        assert_eq!(service.verdict("b.example.com/z", nobody), Some(Some(bad)));
        assert_eq!(service.verdict("a.example.com", nobody), Some(None));
        assert_eq!(service.verdict("10.0.0.1", nobody), None);
        assert_eq!(
            service.verdict("192.0.2.1", nobody),
            None,
            "it takes names alone"
        );
    }
}
