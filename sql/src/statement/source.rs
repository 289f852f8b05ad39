//! `CREATE`, `REFRESH`, `DROP` and `SHOW` of geo databases, indicator lists and network lists.

use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use spotql_catalog::Source;

use crate::error::{Error, Result};
use crate::parse::{CreateSource, Origin, SourceKind};
use crate::service::shown_options;
use crate::session::{Done, Session, text_rows};
use crate::sources::{Definition, definition, load};

pub(super) async fn create(session: &Session, create: CreateSource) -> Result<Done> {
    let (kind, name) = (create.kind, create.name.as_str());
    let exists = find(session, kind, name).await?.is_some();
    if exists && create.if_not_exists {
        return Ok(Done::new(format!("{} {name} exists already", kind.name())));
    }
    if exists && !create.or_replace {
        return Err(spotql_catalog::Error::SourceExists {
            kind: kind.name(),
            name: name.to_owned(),
        }
        .into());
    }
    let (location, query) = match create.origin {
        Origin::Location(url) if kind == SourceKind::Services => (Some(url), None),
        Origin::Location(location) => {
            // A server that is started elsewhere must find it, too.
            let path =
                std::path::absolute(Path::new(&location)).map_err(|error| Error::Source {
                    kind: kind.name().to_owned(),
                    name: name.to_owned(),
                    reason: format!("'{location}' is no path: {error}"),
                })?;
            (Some(path.display().to_string()), None)
        }
        Origin::Query(query) => (None, Some((query, session.database()))),
    };
    let defined = Definition {
        location,
        query,
        options: create.options,
        contents: String::new(),
        read_at: String::new(),
    };
    let (text, contents) = read(session, kind, name, defined).await?;
    let created = session
        .warehouse()
        .create_source(kind.name(), name, text, create.or_replace)
        .await;
    match created {
        // Somebody else was quicker.
        Err(spotql_catalog::Error::SourceExists { .. }) if create.if_not_exists => {
            return Ok(Done::new(format!("{} {name} exists already", kind.name())));
        }
        other => other?,
    }
    Ok(Done::new(format!(
        "{} {name} created: {contents}",
        kind.name()
    )))
}

pub(super) async fn refresh(session: &Session, kind: SourceKind, name: &str) -> Result<Done> {
    let Some((defined, version)) = find(session, kind, name).await? else {
        return Err(spotql_catalog::Error::SourceNotFound {
            kind: kind.name(),
            name: name.to_owned(),
        }
        .into());
    };
    let (text, contents) = read(session, kind, name, defined).await?;
    session
        .warehouse()
        .update_source(kind.name(), name, text, version)
        .await?;
    Ok(Done::new(format!(
        "{} {name} refreshed: {contents}",
        kind.name()
    )))
}

pub(super) async fn drop(
    session: &Session,
    kind: SourceKind,
    name: &str,
    if_exists: bool,
) -> Result<Done> {
    let dropped = session
        .warehouse()
        .drop_source(kind.name(), name, if_exists)
        .await?;
    Ok(Done::new(match dropped {
        true => format!("{} {name} dropped", kind.name()),
        false => format!("{} {name} does not exist", kind.name()),
    }))
}

pub(super) async fn show(session: &Session, kind: SourceKind) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for source in session.warehouse().sources().await? {
        if source.kind != kind.name() {
            continue;
        }
        let defined = definition(&source)?;
        let contents = match kind {
            SourceKind::Services => service_contents(session, &source).await?,
            _ => defined.contents,
        };
        let options = shown_options(&defined.options);
        let options: Vec<String> = options
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let origin = match (defined.location, defined.query) {
            (Some(location), _) => location,
            (None, query) => query.map(|(query, _)| query).unwrap_or_default(),
        };
        rows.push(vec![
            Some(source.name),
            Some(contents),
            Some(origin),
            Some(options.join(", ")),
            Some(defined.read_at),
        ]);
    }
    text_rows(&["name", "contents", "origin", "options", "read_at"], rows)
}

/// What is kept of a service's verdicts, and when and why it last did not answer.
async fn service_contents(session: &Session, service: &Source) -> Result<String> {
    let now = chrono::Utc::now().timestamp();
    let warehouse = session.warehouse();
    let (kept, failure) = warehouse
        .service_state(&service.name, service.version, now)
        .await?;
    let failure = failure.and_then(|(at, reason)| {
        let at = chrono::DateTime::from_timestamp(at, 0)?;
        Some(format!("; {}: {reason}", at.format("%Y-%m-%d %H:%M:%S")))
    });
    Ok(format!("{kept} verdicts{}", failure.unwrap_or_default()))
}

/// Reads the source, so that nothing that is of no use is kept, and returns what the metastore is to hold, and what was
/// found.
async fn read(
    session: &Session,
    kind: SourceKind,
    name: &str,
    mut defined: Definition,
) -> Result<(String, String)> {
    let loaded = load(session.engine(), kind, name, &defined).await?;
    defined.contents = loaded.contents();
    defined.read_at = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S").to_string();
    let text = serde_json::to_string(&defined).map_err(|error| Error::Source {
        kind: kind.name().to_owned(),
        name: name.to_owned(),
        reason: format!("it cannot be written down: {error}"),
    })?;
    Ok((text, defined.contents))
}

/// The source of this name, and its version.
async fn find(
    session: &Session,
    kind: SourceKind,
    name: &str,
) -> Result<Option<(Definition, i64)>> {
    let all = session.warehouse().sources().await?;
    let found = all
        .iter()
        .find(|it| it.kind == kind.name() && it.name == name);
    found
        .map(|it| Ok((definition(it)?, it.version)))
        .transpose()
}
