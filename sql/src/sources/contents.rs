//! What a source holds: what its original says, or the last good contents if that is of no use.

use std::path::Path;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use spotql_catalog::Source;

use super::copies::{Copies, Input, Version};
use super::definition::Definition;
use super::host::Host;
use super::memory::{Cached, Loaded};
use super::read;
use crate::error::{Error, Result};
use crate::parse::SourceKind;

/// A copy of an original, and the state that the file had.
type Copied = (String, Option<Version>);

/// Reads a source from its original if that has changed, and otherwise, or if that is of no use, from what was kept.
/// `first`: this process has not read it before.
pub(super) async fn obtain(
    host: &dyn Host,
    kind: SourceKind,
    source: &Source,
    first: bool,
) -> Result<Cached> {
    let (name, mut defined) = (source.name.as_str(), Definition::of(source)?);
    let mut version = source.version;
    if kind == SourceKind::Services {
        let loaded = Loaded::Service(Arc::new(read::service(name, &defined)?));
        return Ok(Cached {
            version,
            loaded,
            warning: None,
        });
    }
    // Processes that find different things must not take turns in writing them down: only the first look does.
    let writes = first && !host.warehouse().is_read_only();
    let mut loaded = Loaded::Nothing;
    let mut reason = defined.problem.as_ref().map(|it| it.reason.clone());
    if (first && !is_unchanged(&defined)) || defined.kept.is_none() {
        // Rows of a query are read by every process; what they were at CREATE or REFRESH is kept.
        let is_news =
            defined.query.is_none() || defined.kept.is_none() || defined.problem.is_some();
        match read_original(host, kind, name, &defined, writes && is_news).await {
            Ok((read, copied)) => {
                reason = None;
                if let Some(copied) = copied {
                    defined.renew(&read, copied);
                    version = store(host, kind, source, &defined).await.unwrap_or(version);
                }
                loaded = read;
            }
            // Somebody with more rights has read it; what was kept is good.
            Err(error) if is_refused(&error) && defined.kept.is_some() => {}
            Err(error) => {
                let found = error.to_string();
                if defined.note(&found) && writes {
                    version = store(host, kind, source, &defined).await.unwrap_or(version);
                }
                reason = Some(found);
            }
        }
    }
    if let (Loaded::Nothing, Some(kept)) = (&loaded, &defined.kept) {
        let read = match copies(host).input(kept) {
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
        _ => defined.in_place_of_original(&reason),
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

/// Whether the rule of paths was in the way, which says nothing about the original.
fn is_refused(error: &Error) -> bool {
    matches!(
        error,
        Error::Catalog(spotql_catalog::Error::PathNotAllowed { .. })
    )
}

/// Reads a source from its original; with `keep`, what it was read from is copied.
///
/// # Errors
/// [`Error::Source`] with what is wrong with it, also if it is empty and was not before;
/// [`spotql_catalog::Error::PathNotAllowed`].
async fn read_original(
    host: &dyn Host,
    kind: SourceKind,
    name: &str,
    defined: &Definition,
    keep: bool,
) -> Result<(Loaded, Option<Copied>)> {
    let bad = |reason: String| Error::Source {
        kind: kind.name().to_owned(),
        name: name.to_owned(),
        reason,
    };
    let input = read::original(host, defined)
        .await
        .map_err(|error| match is_refused(&error) {
            true => error,
            false => bad(error.to_string()),
        })?;
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
        let copy = copies(host)
            .keep(&input)
            .map_err(|error| bad(error.to_string()))?;
        // A feed that is being written is not half a feed.
        let after = state();
        if after == before || attempts >= 3 {
            return Ok((loaded, Some((copy, after))));
        }
        copies(host).forget(&copy);
        before = after;
        attempts += 1;
    }
}

impl Definition {
    fn renew(&mut self, loaded: &Loaded, (copy, version): Copied) {
        self.read_well(loaded);
        self.kept = Some(copy);
        self.version = version;
    }
}

/// Gives a source a new definition, and removes the copy that nobody refers to then. Returns the new version.
///
/// # Errors
/// [`spotql_catalog::Error::SourceChanged`] if somebody else was quicker, or what the metastore fails with.
async fn store(
    host: &dyn Host,
    kind: SourceKind,
    source: &Source,
    defined: &Definition,
) -> Result<i64> {
    let text = defined.text(kind, &source.name)?;
    let stored = host
        .warehouse()
        .update_source(kind.name(), &source.name, text, source.version)
        .await;
    let before = Definition::of(source)?.kept;
    if before != defined.kept {
        let unused = match &stored {
            Ok(_) => before,
            Err(_) => defined.kept.clone(),
        };
        forget(host, unused);
    }
    Ok(stored?)
}

/// Reads a source for CREATE, so that nothing that is of no use is kept. Returns what the metastore is to hold, too.
///
/// # Errors
/// [`Error::Source`] with what is wrong with it.
pub(crate) async fn create(
    host: &dyn Host,
    kind: SourceKind,
    name: &str,
    mut defined: Definition,
) -> Result<(Definition, Loaded)> {
    if kind == SourceKind::Services {
        let loaded = Loaded::Service(Arc::new(read::service(name, &defined)?));
        defined.read_well(&loaded);
        return Ok((defined, loaded));
    }
    sweep(host).await?;
    let (loaded, copied) = read_original(host, kind, name, &defined, true).await?;
    if let Some(copied) = copied {
        defined.renew(&loaded, copied);
    }
    Ok((defined, loaded))
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
    host: &dyn Host,
    kind: SourceKind,
    source: &Source,
) -> Result<Refreshed> {
    let mut known = Definition::of(source)?;
    match create(host, kind, &source.name, known.clone()).await {
        Ok((defined, loaded)) => {
            store(host, kind, source, &defined).await?;
            Ok(Refreshed::Renewed(loaded))
        }
        Err(error) if is_refused(&error) || known.kept.is_none() => Err(error),
        Err(error) => {
            let reason = error.to_string();
            known.note(&reason);
            store(host, kind, source, &known).await?;
            Ok(Refreshed::Kept(known.in_place_of_original(&reason)))
        }
    }
}

/// Removes the copy of a source that is not there any more.
pub(crate) fn forget(host: &dyn Host, kept: Option<String>) {
    if let Some(kept) = kept {
        copies(host).forget(&kept);
    }
}

async fn sweep(host: &dyn Host) -> Result<()> {
    let sources = host.warehouse().sources().await?;
    let known: Vec<String> = sources
        .iter()
        .filter_map(|source| Definition::of(source).ok()?.kept)
        .collect();
    if let Err(error) = copies(host).sweep(&known) {
        log::debug!("copies of sources: {error}");
    }
    Ok(())
}

fn copies(host: &dyn Host) -> Copies {
    Copies::of(host.warehouse().folder())
}
