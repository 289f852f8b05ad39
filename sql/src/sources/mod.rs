//! Sources of context as the engine keeps them: read when a query first needs them, and again when they have changed.
//!
//! The metastore says what there is ([`Definition`], with a version that changes whenever the source does); this keeps
//! what was read of it. A source is read at CREATE, at REFRESH, and by every process when a query first needs it, if its
//! original has changed since. A query gets all sources in one state.
//!
//! One bad list stops nothing. What was read well is copied into the warehouse ([`kept`]); an original that has gone, or
//! holds nothing of use any more, leaves those contents in use. SHOW tells since when and why, the log and the end of a
//! script warn. A source without any contents says nothing, as if it were not there.

mod kept;
mod read;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use serde::{Deserialize, Serialize};
use spotql_catalog::Source;
use spotql_udf::enrich::geo::Database;
use spotql_udf::enrich::indicator::IndicatorList;
use spotql_udf::enrich::network::NetworkList;
use spotql_udf::enrich::{Named, Needs, Purpose, Sources};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::parse::SourceKind;
use crate::service::Service;
use kept::{Copies, Version};
use read::Input;

/// What the metastore keeps of a source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// An absolute path, or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    /// A query, and the database in which its tables are looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<(String, String)>,
    /// In the order given.
    pub(crate) options: Vec<(String, String)>,
    /// What it held when it was last read: for listings.
    #[serde(default)]
    pub(crate) contents: String,
    /// When that was, UTC.
    #[serde(default)]
    pub(crate) read_at: String,
    /// The copy of what was read then; none in a metastore of an older program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<String>,
    /// The state of the file that was read then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<Version>,
    /// What is wrong with the original since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<Problem>,
}

/// Why a source's original is not in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// When it was first met, UTC.
    pub(crate) since: String,
    pub(crate) reason: String,
}

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
        engine: &Arc<Engine>,
        needs: Needs,
    ) -> Result<(Sources, Vec<String>)> {
        let all = engine.warehouse().sources().await?;
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
            let cached = current(&mut cache, engine, kind, source).await?;
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
                    engine.warehouse(),
                    engine.network(),
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
        engine: &Arc<Engine>,
        kind: SourceKind,
        source: &Source,
    ) -> Result<Loaded> {
        let mut cache = self.0.lock().await;
        Ok(current(&mut cache, engine, kind, source).await?.loaded)
    }
}

/// A source from memory, or read anew if it has changed.
async fn current(
    cache: &mut Cache,
    engine: &Arc<Engine>,
    kind: SourceKind,
    source: &Source,
) -> Result<Cached> {
    let key = (kind, source.name.clone());
    match cache.get(&key) {
        Some(known) if known.version == source.version => return Ok(known.clone()),
        _ => {}
    }
    // Processes that find different things must not take turns in writing them down: only the first look does.
    let first = !cache.contains_key(&key);
    let cached = obtain(engine, kind, source, first).await?;
    if let Some(warning) = &cached.warning {
        log::warn!("{warning}");
    }
    cache.insert(key, cached.clone());
    Ok(cached)
}

/// Reads a source from its original if that has changed, and otherwise, or if that is of no use, from what was kept.
async fn obtain(
    engine: &Arc<Engine>,
    kind: SourceKind,
    source: &Source,
    first: bool,
) -> Result<Cached> {
    let (name, mut defined) = (source.name.as_str(), definition(source)?);
    let mut version = source.version;
    if kind == SourceKind::Services {
        let loaded = Loaded::Service(Arc::new(read::service(name, &defined)?));
        return Ok(Cached {
            version,
            loaded,
            warning: None,
        });
    }
    let writes = first && !engine.warehouse().is_read_only();
    let mut loaded = Loaded::Nothing;
    let mut reason = defined.problem.as_ref().map(|it| it.reason.clone());
    if (first && !is_unchanged(&defined)) || defined.kept.is_none() {
        match read_original(engine, kind, name, &defined, writes).await {
            Ok((read, kept)) => {
                loaded = read;
                reason = None;
                // Rows of a query are read by every process; what they were at CREATE or REFRESH is kept.
                let news =
                    defined.query.is_none() || defined.kept.is_none() || defined.problem.is_some();
                if let Some((kept, state)) = kept {
                    if news {
                        defined.renew(&loaded, kept, state);
                        version = store(engine, kind, source, &defined)
                            .await
                            .unwrap_or(version);
                    } else {
                        copies(engine).forget(&kept);
                    }
                }
            }
            // Somebody with more rights has read it; what was kept is good.
            Err(Error::Catalog(spotql_catalog::Error::PathNotAllowed { .. }))
                if defined.kept.is_some() => {}
            Err(error) => {
                let found = Problem {
                    since: now_text(),
                    reason: error.to_string(),
                };
                if writes && defined.problem.as_ref().map(|it| &it.reason) != Some(&found.reason) {
                    defined.problem = Some(found.clone());
                    version = store(engine, kind, source, &defined)
                        .await
                        .unwrap_or(version);
                }
                reason = Some(found.reason);
            }
        }
    }
    if let (Loaded::Nothing, Some(kept)) = (&loaded, &defined.kept) {
        let read = match copies(engine).input(kept) {
            Ok(input) => read::load(kind, name, &defined, &input).await,
            Err(error) => Err(DataFusionError::IoError(error).into()),
        };
        match read {
            Ok(read) => loaded = read,
            Err(error) => reason = Some(error.to_string()),
        }
    }
    let warning = reason.map(|reason| match &loaded {
        Loaded::Nothing => format!("{reason}; it says nothing until it can be read"),
        _ => format!(
            "{reason}; its contents of {} UTC stay in use",
            defined.read_at
        ),
    });
    Ok(Cached {
        version,
        loaded,
        warning,
    })
}

/// Whether what was kept is what the original holds, as far as a look at the file can tell.
fn is_unchanged(defined: &Definition) -> bool {
    match (&defined.location, defined.version, &defined.problem) {
        (Some(location), Some(version), None) => {
            Version::of(Path::new(location)).is_ok_and(|now| now == version)
        }
        _ => false,
    }
}

/// Reads a source from its original; with `keep`, what it was read from is copied, with the state of the file.
///
/// # Errors
/// [`Error::Source`] with what is wrong with it; also if it is empty and was not before.
async fn read_original(
    engine: &Arc<Engine>,
    kind: SourceKind,
    name: &str,
    defined: &Definition,
    keep: bool,
) -> Result<(Loaded, Option<(String, Option<Version>)>)> {
    let bad = |reason: String| Error::Source {
        kind: kind.name().to_owned(),
        name: name.to_owned(),
        reason,
    };
    let failed = |error: std::io::Error| bad(error.to_string());
    let input = match read::original(engine, defined).await {
        Err(error @ Error::Catalog(spotql_catalog::Error::PathNotAllowed { .. })) => {
            return Err(error);
        }
        other => other.map_err(|error| bad(error.to_string()))?,
    };
    let state = || match &input {
        Input::File(path) => Version::of(path).ok(),
        Input::Rows(..) => None,
    };
    let mut before = state();
    let mut attempts = 0;
    loop {
        let loaded = read::load(kind, name, defined, &input).await?;
        if loaded.is_empty() && defined.kept.is_some() {
            let what = match kind {
                SourceKind::Networks => "networks",
                _ => "indicators",
            };
            return Err(bad(format!("it holds no {what} any more")));
        }
        if !keep {
            return Ok((loaded, None));
        }
        let copy = copies(engine).keep(&input).map_err(failed)?;
        // A feed that is being written is not half a feed.
        let after = state();
        if after == before || attempts >= 3 {
            return Ok((loaded, Some((copy, after))));
        }
        copies(engine).forget(&copy);
        before = after;
        attempts += 1;
    }
}

impl Definition {
    fn renew(&mut self, loaded: &Loaded, kept: String, version: Option<Version>) {
        self.contents = loaded.contents();
        self.read_at = now_text();
        self.kept = Some(kept);
        self.version = version;
        self.problem = None;
    }

    fn text(&self, kind: SourceKind, name: &str) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Source {
            kind: kind.name().to_owned(),
            name: name.to_owned(),
            reason: format!("it cannot be written down: {error}"),
        })
    }
}

/// Writes a definition down, and removes the copy that nobody refers to then. `None`: somebody else was quicker, or
/// nothing can be written.
async fn store(
    engine: &Arc<Engine>,
    kind: SourceKind,
    source: &Source,
    defined: &Definition,
) -> Option<i64> {
    let text = defined.text(kind, &source.name).ok()?;
    let stored = engine
        .warehouse()
        .update_source(kind.name(), &source.name, text, source.version)
        .await;
    let before = definition(source).ok()?.kept;
    let unused = match &stored {
        Ok(_) => before.filter(|before| Some(before) != defined.kept.as_ref()),
        Err(_) => defined
            .kept
            .clone()
            .filter(|kept| Some(kept) != before.as_ref()),
    };
    if let Some(unused) = unused {
        copies(engine).forget(&unused);
    }
    stored.ok()
}

/// Reads a source for CREATE, so that nothing that is of no use is kept. Returns what the metastore is to hold.
///
/// # Errors
/// [`Error::Source`] with what is wrong with it.
pub(crate) async fn create(
    engine: &Arc<Engine>,
    kind: SourceKind,
    name: &str,
    mut defined: Definition,
) -> Result<(String, Loaded)> {
    if kind == SourceKind::Services {
        let loaded = Loaded::Service(Arc::new(read::service(name, &defined)?));
        defined.contents = loaded.contents();
        defined.read_at = now_text();
        return Ok((defined.text(kind, name)?, loaded));
    }
    sweep(engine).await?;
    let (loaded, kept) = read_original(engine, kind, name, &defined, true).await?;
    if let Some((kept, version)) = kept {
        defined.renew(&loaded, kept, version);
    }
    Ok((defined.text(kind, name)?, loaded))
}

/// What REFRESH came to.
pub(crate) enum Refreshed {
    Renewed(Loaded),
    /// The original is of no use: why.
    Kept(String),
}

/// Reads a source anew.
///
/// # Errors
/// [`Error::Source`] if it cannot be read and never was; [`spotql_catalog::Error::SourceChanged`].
pub(crate) async fn refresh(
    engine: &Arc<Engine>,
    kind: SourceKind,
    source: &Source,
) -> Result<Refreshed> {
    let (name, mut defined) = (source.name.as_str(), definition(source)?);
    let update = |defined: &Definition| {
        let text = defined.text(kind, name);
        async {
            engine
                .warehouse()
                .update_source(kind.name(), name, text?, source.version)
                .await
                .map_err(Error::from)
        }
    };
    if kind == SourceKind::Services {
        let (text, loaded) = create(engine, kind, name, defined).await?;
        let warehouse = engine.warehouse();
        warehouse
            .update_source(kind.name(), name, text, source.version)
            .await?;
        return Ok(Refreshed::Renewed(loaded));
    }
    sweep(engine).await?;
    match read_original(engine, kind, name, &defined, true).await {
        Ok((loaded, kept)) => {
            let before = defined.kept.take();
            let made = kept.as_ref().map(|(copy, _)| copy.clone());
            if let Some((kept, version)) = kept {
                defined.renew(&loaded, kept, version);
            }
            match update(&defined).await {
                Ok(_) => forget(engine, before),
                Err(error) => {
                    forget(engine, made);
                    return Err(error);
                }
            }
            Ok(Refreshed::Renewed(loaded))
        }
        Err(error @ Error::Catalog(spotql_catalog::Error::PathNotAllowed { .. })) => Err(error),
        Err(error) if defined.kept.is_none() => Err(error),
        Err(error) => {
            let reason = error.to_string();
            let since = match defined.problem.take() {
                Some(known) => known.since,
                None => now_text(),
            };
            defined.problem = Some(Problem {
                since,
                reason: reason.clone(),
            });
            update(&defined).await?;
            Ok(Refreshed::Kept(format!(
                "{reason}; its contents of {} UTC stay in use",
                defined.read_at
            )))
        }
    }
}

/// Removes the copy of a source that is not there any more.
pub(crate) fn forget(engine: &Arc<Engine>, kept: Option<String>) {
    if let Some(kept) = kept {
        copies(engine).forget(&kept);
    }
}

async fn sweep(engine: &Arc<Engine>) -> Result<()> {
    let sources = engine.warehouse().sources().await?;
    let known: Vec<String> = sources
        .iter()
        .filter_map(|source| definition(source).ok()?.kept)
        .collect();
    if let Err(error) = copies(engine).sweep(&known) {
        log::debug!("copies of sources: {error}");
    }
    Ok(())
}

fn copies(engine: &Arc<Engine>) -> Copies {
    Copies::of(engine.warehouse().folder())
}

/// Seconds since 1970.
fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

/// UTC, to the second.
fn now_text() -> String {
    chrono::Utc::now().format("%Y-%m-%d %H:%M:%S").to_string()
}

pub(crate) fn definition(source: &Source) -> Result<Definition> {
    serde_json::from_str(&source.definition).map_err(|error| Error::Source {
        kind: source.kind.clone(),
        name: source.name.clone(),
        reason: format!("what the metastore holds of it cannot be read: {error}; make it anew with CREATE OR REPLACE"),
    })
}
