//! Runs the warehouse's schedules while the server is up.
//!
//! Once a second it looks what is due. Schedules that write a table together run one after the other, whichever of several
//! servers runs them; all others run side by side. How a run went is in the table `system.schedule_runs` and, in a line, in
//! the log. Runs that go on when the server stops are cancelled, and count as failed.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use datafusion::error::DataFusionError;
use futures::{FutureExt, TryStreamExt};
use spotql_catalog::{NewRun, RunEnd, RunOwner, RunStart, RunState};
use spotql_sql::schedule::{DayPart, Due, Schedule};
use spotql_sql::script::{Failure, Step};
use spotql_sql::{Engine, Error, Outcome, Session};
use tokio::task::{Id, JoinSet};
use tokio::time;

/// How often it looks what is due, and whether a table is free.
const TICK: Duration = Duration::from_secs(1);

/// How long it waits before it tries again to note the end of a run.
const RETRY: Duration = Duration::from_secs(10);

const PANIC: &str = "a statement panicked; the program's log says where";

/// Runs what is due.
#[derive(Debug)]
pub struct Scheduler {
    engine: Arc<Engine>,
    owner: Arc<RunOwner>,
    tasks: JoinSet<()>,
    /// Which schedule a task runs.
    running: HashMap<Id, String>,
}

impl Scheduler {
    /// A scheduler for the engine's warehouse; nothing runs yet.
    ///
    /// # Errors
    /// When the warehouse cannot be used.
    pub async fn new(engine: Arc<Engine>) -> Result<Self, Error> {
        let owner = Arc::new(engine.warehouse().run_owner().await?);
        Ok(Self {
            engine,
            owner,
            tasks: JoinSet::new(),
            running: HashMap::new(),
        })
    }

    /// Runs what is due, again and again. Does not end.
    pub async fn run(&mut self) {
        let mut ticks = time::interval(TICK);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        let mut said = String::new();
        loop {
            ticks.tick().await;
            // A metastore that cannot be read now may be readable later; once is said what is wrong.
            let problem = match self.begin_due(Utc::now()).await {
                Ok(()) => String::new(),
                Err(error) => error.to_string(),
            };
            if problem != said {
                if !problem.is_empty() {
                    log::error!("schedules: {problem}");
                }
                said = problem;
            }
        }
    }

    /// Begins what is due at a time and not at work yet.
    ///
    /// # Errors
    /// When the metastore cannot be read; when it holds a schedule that cannot be understood, after the others have begun.
    pub async fn begin_due(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.forget(ended);
        }
        let mut problem = None;
        for schedule in Schedule::all(&self.engine.session()).await? {
            let schedule = match schedule {
                Ok(schedule) => schedule,
                Err((_, error)) => {
                    problem = Some(*error);
                    continue;
                }
            };
            if self.running.values().any(|name| *name == schedule.name) {
                continue;
            }
            let last = self
                .engine
                .warehouse()
                .last_run(&schedule.name, now.timestamp())
                .await?;
            let Some(due) = schedule.due(now, last) else {
                continue;
            };
            let name = schedule.name.clone();
            let run = run_due(
                Arc::clone(&self.engine),
                Arc::clone(&self.owner),
                schedule,
                due,
            );
            self.running.insert(self.tasks.spawn(run).id(), name);
        }
        problem.map_or(Ok(()), Err)
    }

    /// Waits until everything that was begun has ended.
    pub async fn finish(&mut self) {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.forget(ended);
        }
    }

    /// Cancels what goes on, and notes that it has failed.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        if let Err(error) = self.engine.warehouse().abandon_runs(&self.owner).await {
            log::error!("schedules: {error}");
        }
    }

    fn forget(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.running.remove(&id);
    }
}

/// Runs a schedule for all days of a period, up to the first that fails.
async fn run_due(engine: Arc<Engine>, owner: Arc<RunOwner>, schedule: Schedule, due: Due) {
    for (i, part) in due.parts.iter().enumerate() {
        match run_part(&engine, &owner, &schedule, due.at, part, i == 0).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                log::error!("schedule {}: {error}", schedule.name);
                return;
            }
        }
    }
}

/// Runs it for one day; `false` if it failed, or is not to run.
async fn run_part(
    engine: &Arc<Engine>,
    owner: &RunOwner,
    schedule: &Schedule,
    due: i64,
    part: &DayPart,
    first: bool,
) -> Result<bool, Error> {
    let warehouse = engine.warehouse();
    let session = engine.session();
    // What is wrong with the script belongs into the history; without its tables it must not run.
    let (tables, unreadable) = match schedule.tables(&session, part) {
        Ok(tables) => (tables, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let id = loop {
        let run = NewRun {
            schedule: schedule.name.clone(),
            due,
            period_start: part.start,
            period_end: part.end,
            tables: tables.clone(),
        };
        match warehouse.begin_run(owner, run).await? {
            RunStart::Begun(id) => break id,
            RunStart::Taken => return Ok(false),
            // What is due may be another period by the time it is free.
            RunStart::Busy(_) if first => return Ok(false),
            RunStart::Busy(_) => time::sleep(TICK).await,
        }
    };
    let started = Instant::now();
    let mut rows = 0;
    let result = match unreadable {
        Some(error) => Err(whole(schedule, error)),
        // A run that is never ended would keep its tables for ever.
        None => AssertUnwindSafe(run_script(&session, schedule, part, &mut rows))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| {
                let failed = DataFusionError::Internal(PANIC.to_owned());
                Err(whole(schedule, failed.into()))
            }),
    };
    let (state, error) = match result {
        Ok(()) => (RunState::Done, None),
        Err(failure) if failure.source.is_no_data() => (RunState::NoData, Some(failure)),
        Err(failure) => (RunState::Failed, Some(failure)),
    };
    for warning in session.take_warnings() {
        log::warn!("schedule {}: {warning}", schedule.name);
    }
    let error = error.map(|failure| failure.to_string());
    let variables = schedule.variables(part);
    let text = |name: &str| variables.get(name).map_or("", String::as_str);
    let line = format!(
        "schedule {}: {} {} {}, {rows} rows, {:.1} s",
        schedule.name,
        text("date"),
        text("hours"),
        state.name(),
        started.elapsed().as_secs_f64()
    );
    match &error {
        Some(error) if state == RunState::Failed => log::error!("{line}: {error}"),
        _ => log::info!("{line}"),
    }
    let end = RunEnd {
        state,
        rows: Some(rows),
        error,
    };
    while let Err(error) = warehouse.end_run(id, end.clone()).await {
        log::error!("{line}: its end cannot be noted, which is tried again: {error}");
        time::sleep(RETRY).await;
    }
    Ok(state != RunState::Failed)
}

/// An error of the script as a whole.
fn whole(schedule: &Schedule, source: Error) -> Failure {
    Failure {
        script: format!("schedule {}", schedule.name),
        line: 1,
        statement: "the whole script".to_owned(),
        source: Box::new(source),
    }
}

async fn run_script(
    session: &Session,
    schedule: &Schedule,
    part: &DayPart,
    rows: &mut i64,
) -> Result<(), Failure> {
    let whole = |source: Error| whole(schedule, source);
    let database = format!("USE `{}`", schedule.database());
    session.execute(&database).await.map_err(whole)?;
    let mut run = schedule.script(session, part).map_err(whole)?;
    while let Some(statement) = run.next_statement() {
        match run.execute(session, &statement).await? {
            Step::Entered(_) => {}
            Step::Outcome(Outcome::Done(done)) => {
                *rows += done
                    .rows
                    .and_then(|rows| i64::try_from(rows).ok())
                    .unwrap_or(0);
            }
            // Nobody is there to read them, but they may be what fails.
            Step::Outcome(Outcome::Rows(mut batches)) => {
                while let Some(batch) = batches
                    .try_next()
                    .await
                    .map_err(|error| statement.failed(error.into()))?
                {
                    drop(batch);
                }
            }
        }
    }
    Ok(())
}
