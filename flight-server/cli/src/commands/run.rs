//! `spotql run`: scripts, for people and for cron.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use spotql_sql::script::{self, Script, Step};
use spotql_sql::{Outcome, Session};

use super::progress::Progress;
use super::{Common, DEFAULT_WAREHOUSE, Error};
use crate::output::{Format, write_rows};

/// Runs SQL scripts one after the other; stops at the first statement that fails.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Script files, or names of shipped ones such as detect/flow.sql
    #[arg(required = true, value_name = "SCRIPT")]
    scripts: Vec<PathBuf>,
    /// Value of ${NAME} in the scripts
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_variable)]
    variables: Vec<(String, String)>,
    /// How rows are written
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    common: Common,
}

impl Run {
    /// Runs the scripts.
    ///
    /// # Errors
    /// The first failure, with script and line.
    pub(crate) async fn execute(self) -> Result<(), Error> {
        if self.quiet {
            log::set_max_level(log::LevelFilter::Error);
        }
        // All scripts are read before the first statement of the first one runs.
        let scripts = self
            .scripts
            .iter()
            .map(|path| Script::load(path))
            .collect::<Result<Vec<_>, _>>()?;
        let engine = self
            .common
            .open(self.common.warehouse(DEFAULT_WAREHOUSE))
            .await?;
        let session = engine.session();
        let runner = Runner {
            session: &session,
            variables: self.variables.into_iter().collect(),
            progress: Progress::new(self.quiet),
            format: self.format,
        };
        for script in &scripts {
            runner.run(script).await?;
        }
        Ok(())
    }
}

/// Runs scripts in one session.
pub(super) struct Runner<'a> {
    pub(super) session: &'a Session,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) progress: Progress,
    pub(super) format: Format,
}

impl Runner<'_> {
    pub(super) async fn run(&self, script: &Script) -> Result<(), Error> {
        let mut run = script::Run::new(script, self.variables.clone())?;
        while let Some(statement) = run.next_statement() {
            let place = format!("{}:{}", statement.script, statement.line);
            let label = format!(
                "[{}/{}] {place}: {}",
                statement.number,
                statement.count,
                statement.beginning()
            );
            let started = Instant::now();
            let work = run.execute(self.session, &statement);
            match self.progress.during(&label, work).await? {
                Step::Entered(_) => {}
                Step::Outcome(Outcome::Done(done)) => {
                    let seconds = started.elapsed().as_secs_f64();
                    self.progress
                        .line(&format!("{place}: {} ({seconds:.2} s)", done.message));
                }
                Step::Outcome(Outcome::Rows(rows)) => {
                    let mut output = std::io::BufWriter::new(std::io::stdout());
                    match write_rows(rows, self.format, &mut output).await {
                        Err(crate::output::Error::Query(source)) => {
                            return Err(statement.failed(source).into());
                        }
                        other => other?,
                    };
                }
            }
        }
        for warning in self.session.take_warnings() {
            self.progress
                .line(&format!("{}: warning: {warning}", script.name));
        }
        Ok(())
    }
}

/// A text that gives no variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write NAME=VALUE, as in date=2016-07-08")]
struct NoVariable;

fn parse_variable(text: &str) -> Result<(String, String), NoVariable> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err(NoVariable),
    }
}
