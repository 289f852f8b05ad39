//! `CREATE`, `REFRESH`, `DROP` and `SHOW` of geo databases, indicator lists and network lists.

use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use spotql_catalog::Source;
use spotql_context::indicator::RejectedLine;
use spotql_functions::Needs;

use crate::error::{Error, Result};
use crate::parse::{CreateSource, Origin, SourceKind};
use crate::service::shown_options;
use crate::session::{Done, Session, text_rows};
use crate::sources::{self, Definition, Loaded, Refreshed};

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
        ..Definition::default()
    };
    let engine = session.engine();
    let (defined, loaded) = sources::create(engine, kind, name, defined).await?;
    let text = defined.text(kind, name)?;
    let before = find(session, kind, name).await?;
    let before = before.and_then(|it| Definition::of(&it).ok()?.kept);
    let created = session
        .warehouse()
        .create_source(kind.name(), name, text, create.or_replace)
        .await;
    sources::forget(
        engine,
        if created.is_ok() {
            before
        } else {
            defined.kept
        },
    );
    match created {
        // Somebody else was quicker.
        Err(spotql_catalog::Error::SourceExists { .. }) if create.if_not_exists => {
            return Ok(Done::new(format!("{} {name} exists already", kind.name())));
        }
        other => other?,
    }
    Ok(Done::new(format!(
        "{} {name} created: {}{}",
        kind.name(),
        loaded.contents(),
        loaded.remarks(kind, name)
    )))
}

pub(super) async fn refresh(session: &Session, kind: SourceKind, name: &str) -> Result<Done> {
    let Some(source) = find(session, kind, name).await? else {
        return Err(spotql_catalog::Error::SourceNotFound {
            kind: kind.name(),
            name: name.to_owned(),
        }
        .into());
    };
    Ok(Done::new(
        match sources::refresh(session.engine(), kind, &source).await? {
            Refreshed::Renewed(loaded) => {
                let remarks = loaded.remarks(kind, name);
                format!(
                    "{} {name} refreshed: {}{remarks}",
                    kind.name(),
                    loaded.contents()
                )
            }
            Refreshed::Kept(why) => {
                session.warn(why.clone());
                format!("{} {name} NOT refreshed: {why}", kind.name())
            }
        },
    ))
}

pub(super) async fn drop(
    session: &Session,
    kind: SourceKind,
    name: &str,
    if_exists: bool,
) -> Result<Done> {
    let source = find(session, kind, name).await?;
    let dropped = session
        .warehouse()
        .drop_source(kind.name(), name, if_exists)
        .await?;
    let kept = source.and_then(|it| Definition::of(&it).ok()?.kept);
    sources::forget(session.engine(), kept);
    Ok(Done::new(match dropped {
        true => format!("{} {name} dropped", kind.name()),
        false => format!("{} {name} does not exist", kind.name()),
    }))
}

pub(super) async fn show(session: &Session, kind: SourceKind) -> Result<RecordBatch> {
    // A source that has gone bad since it was last used is to be seen here, too.
    let needs = Needs {
        geo: kind == SourceKind::Geo,
        reputation: kind == SourceKind::Indicators,
        networks: kind == SourceKind::Networks,
    };
    session
        .engine()
        .sources()
        .get(session.engine(), needs)
        .await?;
    let mut rows = Vec::new();
    for source in session.warehouse().sources().await? {
        if source.kind != kind.name() {
            continue;
        }
        let defined = Definition::of(&source)?;
        let contents = match kind {
            SourceKind::Services => service_contents(session, &source).await?,
            _ => defined.contents,
        };
        let idle = kind == SourceKind::Indicators
            && session
                .engine()
                .sources()
                .one(session.engine(), kind, &source)
                .await?
                .is_idle();
        let state = match (&defined.problem, &defined.kept) {
            (None, _) if idle => "holds no indicator that is valid now",
            (None, _) => "good",
            (Some(_), Some(_)) => "last good contents in use",
            (Some(_), None) => "no contents",
        };
        let (since, reason) = match defined.problem {
            Some(problem) => (Some(problem.since), Some(problem.reason)),
            None => (None, None),
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
            Some(state.to_owned()),
            since,
            reason,
        ]);
    }
    let names = [
        "name", "contents", "origin", "options", "read_at", "state", "since", "reason",
    ];
    text_rows(&names, rows)
}

/// The lines of an indicator list that could not be used, or not as they are.
pub(super) async fn show_rejected(
    session: &Session,
    kind: SourceKind,
    name: &str,
) -> Result<RecordBatch> {
    let Some(source) = find(session, kind, name).await? else {
        return Err(spotql_catalog::Error::SourceNotFound {
            kind: kind.name(),
            name: name.to_owned(),
        }
        .into());
    };
    let engine = session.engine();
    let loaded = engine.sources().one(engine, kind, &source).await?;
    let rows = match &loaded {
        Loaded::Indicators(_, list) => {
            let lines = list.rejected().first.iter();
            let row = |it: &RejectedLine| {
                vec![
                    Some(it.line.to_string()),
                    Some(it.text.clone()),
                    Some(it.reason.clone()),
                    Some(if it.used { "yes" } else { "no" }.to_owned()),
                ]
            };
            lines.map(row).collect()
        }
        _ => Vec::new(),
    };
    text_rows(&["line", "text", "reason", "used"], rows)
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

/// The source of this name.
async fn find(session: &Session, kind: SourceKind, name: &str) -> Result<Option<Source>> {
    let all = session.warehouse().sources().await?;
    Ok(all
        .into_iter()
        .find(|it| it.kind == kind.name() && it.name == name))
}
