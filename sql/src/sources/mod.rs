//! Sources of context as the engine keeps them: read when a query first needs them, and again when they have changed.
//!
//! The metastore says what there is ([`Definition`], with a version that changes whenever the source does); this keeps
//! what was read of it. A source is read at CREATE, at REFRESH, and by every process when a query first needs it, if its
//! original has changed since. A query gets all sources in one state.
//!
//! One bad list stops nothing. What was read well is copied into the warehouse ([`kept`]); an original that has gone, or
//! holds nothing of use any more, leaves those contents in use ([`contents`]). SHOW tells since when and why, the log and
//! the end of a script warn. A source without any contents says nothing, as if it were not there.

mod contents;
mod definition;
mod kept;
mod read;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use spotql_catalog::{Source, Warehouse};
use spotql_context::geo::Database;
use spotql_context::indicator::IndicatorList;
use spotql_context::network::NetworkList;
use spotql_functions::Needs;
use spotql_functions::sources::{Named, Purpose, Sources};

use crate::error::Result;
use crate::network::Network;
use crate::parse::SourceKind;
use crate::service::Service;

pub(crate) use contents::{Refreshed, create, forget, refresh};
pub(crate) use definition::Definition;

/// A source in memory.
#[derive(Debug, Clone)]
pub(crate) enum Loaded {
    Geo(Arc<Database>),
    Indicators(Purpose, Arc<IndicatorList>),
    Networks(bool, Arc<NetworkList>),
    Service(Arc<Service>),
    /// It has never been read well.
    Nothing,
}

impl Loaded {
    /// What it holds, for a listing.
    pub(crate) fn contents(&self) -> String {
        match self {
            Self::Geo(database) => database.description(),
            Self::Indicators(_, list) => {
                let mut text = format!("{} indicators", list.len());
                for (count, what) in [(list.unusable(), "unusable"), (list.defanged(), "defanged")]
                {
                    if count > 0 {
                        text.push_str(&format!(", {count} {what}"));
                    }
                }
                text
            }
            Self::Networks(_, list) => format!("{} networks", list.len()),
            Self::Service(_) => "not asked yet".to_owned(),
            Self::Nothing => "nothing".to_owned(),
        }
    }

    /// What a list could not use, or not as it is: the first few lines, for the message of a statement.
    pub(crate) fn remarks(&self, kind: SourceKind, name: &str) -> String {
        const SHOWN: usize = 3;
        let Self::Indicators(_, list) = self else {
            return String::new();
        };
        let all = &list.rejected().first;
        let mut text = String::new();
        for line in all.iter().take(SHOWN) {
            text.push_str(&format!(
                "\n  line {}: '{}': {}",
                line.line, line.text, line.reason
            ));
        }
        if all.len() > SHOWN {
            let kind = kind.name().to_uppercase();
            text.push_str(&format!(
                "\n  and {} more: SHOW {kind} {name} REJECTED",
                all.len() - SHOWN
            ));
        }
        text
    }

    /// Whether it says nothing at a time, though it holds something.
    pub(crate) fn is_idle(&self) -> bool {
        match self {
            Self::Indicators(_, list) => list.active(now()) == 0,
            _ => false,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Indicators(_, list) => list.is_empty(),
            Self::Networks(_, list) => list.is_empty(),
            Self::Nothing => true,
            Self::Geo(_) | Self::Service(_) => false,
        }
    }
}

/// What sources are read with.
#[async_trait]
pub(crate) trait Host: Send + Sync {
    /// The warehouse that holds their definitions.
    fn warehouse(&self) -> &Arc<Warehouse>;

    /// The way to services.
    fn network(&self) -> Option<&Arc<dyn Network>>;

    /// The rows of a query of one, in its database.
    ///
    /// # Errors
    /// What the query fails with; [`crate::Error::Unsupported`] if it is none, or reads sources itself.
    async fn rows(&self, query: &str, database: &str) -> Result<(SchemaRef, Vec<RecordBatch>)>;
}

/// A source as this process uses it.
#[derive(Debug, Clone)]
struct Cached {
    version: i64,
    loaded: Loaded,
    /// What users of it should know.
    warning: Option<String>,
}

/// What was read, by kind and name.
type Cache = HashMap<(SourceKind, String), Cached>;

/// What this process has read of the sources.
#[derive(Debug, Default)]
pub(crate) struct SourceCache(tokio::sync::Mutex<Cache>);

impl SourceCache {
    /// The sources that a query needs, as they are now, and what is to be said about them.
    pub(crate) async fn get(
        &self,
        host: &dyn Host,
        needs: Needs,
    ) -> Result<(Sources, Vec<String>)> {
        let all = host.warehouse().sources().await?;
        // Services are told nothing of one's own networks.
        let asking = all.iter().any(|it| it.kind == SourceKind::Services.name());
        let mut cache = self.0.lock().await;
        let mut warnings = Vec::new();
        let mut sources = Sources {
            now: now(),
            ..Sources::default()
        };
        for source in &all {
            // A newer program may know more kinds.
            let Some(kind) = SourceKind::from_name(&source.kind) else {
                continue;
            };
            let needed = match kind {
                SourceKind::Geo => needs.geo,
                SourceKind::Indicators | SourceKind::Services => needs.reputation,
                SourceKind::Networks => needs.networks || (needs.reputation && asking),
            };
            if !needed {
                continue;
            }
            let cached = current(&mut cache, host, kind, source).await?;
            warnings.extend(cached.warning);
            let name = source.name.clone();
            match cached.loaded {
                Loaded::Geo(source) => sources.geo.push(Named { name, source }),
                Loaded::Indicators(purpose, source) => {
                    sources.indicators.push((purpose, Named { name, source }));
                }
                Loaded::Networks(own, source) => {
                    sources.networks.push((own, Named { name, source }));
                }
                Loaded::Service(service) => sources.services.push(service.for_query(
                    &name,
                    cached.version,
                    host.warehouse(),
                    host.network(),
                )),
                Loaded::Nothing => {}
            }
        }
        // What was dropped is held no longer than the last query that uses it.
        cache.retain(|(kind, name), _| {
            all.iter()
                .any(|it| it.kind == kind.name() && it.name == *name)
        });
        Ok((sources, warnings))
    }

    /// One source as it is now.
    pub(crate) async fn one(
        &self,
        host: &dyn Host,
        kind: SourceKind,
        source: &Source,
    ) -> Result<Loaded> {
        let mut cache = self.0.lock().await;
        Ok(current(&mut cache, host, kind, source).await?.loaded)
    }
}

/// A source from memory, or read anew if it has changed.
async fn current(
    cache: &mut Cache,
    host: &dyn Host,
    kind: SourceKind,
    source: &Source,
) -> Result<Cached> {
    let key = (kind, source.name.clone());
    match cache.get(&key) {
        Some(known) if known.version == source.version => return Ok(known.clone()),
        _ => {}
    }
    let first = !cache.contains_key(&key);
    let cached = contents::obtain(host, kind, source, first).await?;
    if let Some(warning) = &cached.warning {
        log::warn!("{warning}");
    }
    cache.insert(key, cached.clone());
    Ok(cached)
}

/// Seconds since 1970.
fn now() -> i64 {
    chrono::Utc::now().timestamp()
}
