//! The sources that this process has read.

use std::collections::HashMap;

use spotql_catalog::Source;
use spotql_functions::Needs;
use spotql_functions::context::{Context, Named};

use super::contents;
use super::host::Host;
use super::memory::{Cached, Loaded, now};
use crate::error::Result;
use crate::parse::SourceKind;

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
    ) -> Result<(Context, Vec<String>)> {
        let all = host.warehouse().sources().await?;
        // Services are told nothing of one's own networks.
        let asking = all.iter().any(|it| it.kind == SourceKind::Services.name());
        let mut cache = self.0.lock().await;
        let mut warnings = Vec::new();
        let mut context = Context {
            now: now(),
            ..Context::default()
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
                Loaded::Geo(source) => context.geo.push(Named { name, source }),
                Loaded::Indicators(purpose, source) => {
                    context.indicators.push((purpose, Named { name, source }));
                }
                Loaded::Networks(own, source) => {
                    context.networks.push((own, Named { name, source }));
                }
                Loaded::Service(service) => context.services.push(service.for_query(
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
        Ok((context, warnings))
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
