//! `CREATE`, `DROP` and `SHOW` of schedules.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use datafusion::arrow::array::RecordBatch;
use spotql_catalog::Access;

use crate::error::{Error, Result};
use crate::parse::CreateSchedule;
use crate::schedule::{Definition, KIND, Schedule};
use crate::script::Script;
use crate::service::shown_options;
use crate::session::{Done, Session, text_rows};

pub(super) async fn create(session: &Session, create: CreateSchedule) -> Result<Done> {
    let name = create.name;
    let refused = |reason: String| Error::Source {
        kind: KIND.to_owned(),
        name: name.clone(),
        reason,
    };
    let known = Schedule::all(session).await?.into_iter();
    let mut known = known.filter(|it| match it {
        Ok(schedule) => schedule.name == name,
        Err((other, _)) => *other == name,
    });
    let known = known.next();
    if known.is_some() && create.if_not_exists {
        return Ok(Done::new(format!("schedule {name} exists already")));
    }
    let paths = session.warehouse().paths();
    let script = Script::named(Path::new(&create.script), paths)?;
    // A server that is started elsewhere must find it, too; a shipped script has the name that it has.
    let is_file = paths
        .check(Path::new(&create.script), Access::Read)
        .is_ok_and(|path| path.is_file());
    let path = match is_file {
        true => std::path::absolute(&create.script)
            .map_err(|error| refused(format!("'{}' is no path: {error}", create.script)))?
            .display()
            .to_string(),
        false => script.name,
    };
    let now = Utc::now();
    // What one of the same name has missed is made up for by its successor.
    let created = match known {
        Some(Ok(known)) => known.definition.created,
        _ => now.timestamp(),
    };
    let schedule = Schedule {
        name: name.clone(),
        definition: Definition {
            timing: create.timing,
            script: path,
            variables: create.variables,
            database: session.database(),
            created,
        },
    };
    // What is of no use is not kept: a script that cannot be read, a variable without a value.
    let next = schedule.next(now).and_then(|at| {
        let later = DateTime::from_timestamp(at, 0)?;
        schedule.due(later, (None, None)).map(|due| (at, due))
    });
    let Some((next, due)) = next else {
        return Err(refused("it would never be due".to_owned()));
    };
    for part in &due.parts {
        schedule.tables(session, part)?;
    }
    let text = serde_json::to_string(&schedule.definition)
        .map_err(|error| refused(format!("it cannot be written down: {error}")))?;
    let created = session
        .warehouse()
        .create_source(KIND, &name, text, create.or_replace)
        .await;
    match created {
        Err(spotql_catalog::Error::SourceExists { .. }) if create.if_not_exists => {
            Ok(Done::new(format!("schedule {name} exists already")))
        }
        other => {
            other?;
            Ok(Done::new(format!(
                "schedule {name} created: 'spotql serve' runs it at {} UTC for the first time",
                shown(next)
            )))
        }
    }
}

pub(super) async fn drop(session: &Session, name: &str, if_exists: bool) -> Result<Done> {
    let dropped = session
        .warehouse()
        .drop_source(KIND, name, if_exists)
        .await?;
    Ok(Done::new(match dropped {
        true => format!("schedule {name} dropped"),
        false => format!("schedule {name} does not exist"),
    }))
}

/// The columns of SHOW SCHEDULES.
const NAMES: [&str; 8] = [
    "name",
    "timing",
    "script",
    "options",
    "next_run",
    "last_run",
    "last_state",
    "last_error",
];

pub(super) async fn show(session: &Session) -> Result<RecordBatch> {
    let runs = session.warehouse().runs().await?;
    let last: BTreeMap<&str, _> = runs
        .iter()
        .map(|run| (run.run.schedule.as_str(), run))
        .collect();
    let now = Utc::now();
    let rows = Schedule::all(session).await?.into_iter().map(|schedule| {
        let schedule = match schedule {
            Ok(schedule) => schedule,
            Err((name, error)) => {
                let mut row = vec![None; NAMES.len()];
                row[0] = Some(name);
                row[NAMES.len() - 1] = Some(error.to_string());
                return row;
            }
        };
        let definition = &schedule.definition;
        let variables = shown_options(&definition.variables).into_iter();
        let variables: Vec<String> = variables.map(|(k, v)| format!("{k}={v}")).collect();
        let last = last.get(schedule.name.as_str());
        vec![
            Some(schedule.name.clone()),
            Some(definition.timing.text()),
            Some(definition.script.clone()),
            Some(variables.join(", ")),
            schedule.next(now).map(shown),
            last.map(|it| shown(it.run.due)),
            last.map(|it| it.state.clone()),
            last.and_then(|it| it.error.clone()),
        ]
    });
    text_rows(&NAMES, rows.collect())
}

/// UTC, to the second.
fn shown(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}
