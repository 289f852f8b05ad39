//! `spotql demo`: the main road, on a synthetic day.
//!
//! The day is made, loaded by INSERT and searched by the same scripts that serve real data; only
//! the report at the end knows which attacks were planted. The report is short ([`brief`]), or tells all ([`verbose`]).

mod brief;
mod layout;
mod verbose;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::Args;
use datafusion::error::DataFusionError;
use futures::TryStreamExt;
use spotql_sql::script::{self, Script, Step};
use spotql_sql::{Outcome, Session};

use super::progress::Progress;
use super::run::Runner;
use super::{Common, Error};
use crate::output::{self, Format};

/// Makes a synthetic day with planted attacks, runs the detection, shows what it found.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// About how many flows the day has
    #[arg(long, default_value_t = 300_000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    flows: u32,
    /// About how many DNS answers it has
    #[arg(long, default_value_t = 100_000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    dns: u32,
    /// About how many web requests it has
    #[arg(long, default_value_t = 100_000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    proxy: u32,
    /// Another seed, another day
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u32,
    /// The day's date
    #[arg(long, default_value = "2024-05-14", value_name = "YYYY-MM-DD")]
    date: String,
    /// Show every statement, the head of the scored records and the full lists
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    common: Common,
}

const DATABASE: &str = "demo";
const DEFAULT_FOLDER: &str = "demo-warehouse";

/// A kind of log.
#[derive(Debug, Clone, Copy)]
struct Log {
    /// Its table.
    table: &'static str,
    /// What its records are called.
    records: &'static str,
    title: &'static str,
}

const LOGS: [Log; 3] = [
    Log {
        table: "flow",
        records: "flows",
        title: "NETFLOW",
    },
    Log {
        table: "dns",
        records: "answers",
        title: "DNS",
    },
    Log {
        table: "proxy",
        records: "requests",
        title: "WEB PROXY",
    },
];

impl Demo {
    /// Runs the demo.
    ///
    /// # Errors
    /// When a step fails.
    pub(crate) async fn execute(self) -> Result<(), Error> {
        let folder = self.common.warehouse(DEFAULT_FOLDER);
        let engine = self.common.open(folder.clone()).await?;
        let work = Work {
            session: &engine.session(),
            demo: &self,
            warehouse: folder.display().to_string(),
        };
        match self.verbose {
            true => verbose::report(&work).await,
            false => brief::report(&work).await,
        }
    }
}

/// How long the parts of the work on a log took.
#[derive(Debug, Clone, Copy)]
struct Took {
    loading: Duration,
    scoring: Duration,
    leads: Duration,
}

/// The demo at work in a session.
struct Work<'a> {
    session: &'a Session,
    demo: &'a Demo,
    /// The warehouse's folder, as it is shown.
    warehouse: String,
}

impl Work<'_> {
    /// Loads one kind of log and searches it.
    async fn detect(&self, log: Log) -> Result<Took, Error> {
        let table = log.table;
        let loading = [format!("schema/{table}.sql"), format!("demo/{table}.sql")];
        let scoring = [format!("detect/{table}.sql")];
        let leads = [format!("detect/{table}_leads.sql")];
        let step = |what: &str| format!("{}: {what}", log.title);
        Ok(Took {
            loading: self.step(&step("make the day, load it"), &loading).await?,
            scoring: self.step(&step("score every record"), &scoring).await?,
            leads: self.step(&step("collect the leads"), &leads).await?,
        })
    }

    /// Runs scripts, and tells how long they took. Their statements are shown, or the step alone.
    async fn step(&self, label: &str, scripts: &[String]) -> Result<Duration, Error> {
        let started = Instant::now();
        let runner = self.runner();
        let work = async {
            for name in scripts {
                runner.run(&shipped(name)?).await?;
            }
            Ok::<(), Error>(())
        };
        match self.demo.verbose {
            true => work.await?,
            false => Progress::new(false).step(label, work).await?,
        }
        Ok(started.elapsed())
    }

    /// How many records of the day a table has.
    async fn count(&self, table: &str) -> Result<i64, Error> {
        let date = &self.demo.date;
        let sql = format!(
            "SELECT count(*) FROM {DATABASE}.{table} WHERE CAST(y AS INT) = year('{date}') \
             AND CAST(m AS INT) = month('{date}') AND CAST(d AS INT) = day('{date}')"
        );
        count(self.session, &sql).await
    }

    fn runner(&self) -> Runner<'_> {
        let demo = self.demo;
        let variables = BTreeMap::from([
            ("database".to_owned(), DATABASE.to_owned()),
            ("flows".to_owned(), demo.flows.to_string()),
            ("dns".to_owned(), demo.dns.to_string()),
            ("proxy".to_owned(), demo.proxy.to_string()),
            ("seed".to_owned(), demo.seed.to_string()),
            ("date".to_owned(), demo.date.clone()),
        ]);
        Runner {
            session: self.session,
            variables,
            progress: Progress::new(!demo.verbose),
            format: Format::Table,
        }
    }

    /// The rows of a script's query.
    async fn rows_of(&self, name: &str) -> Result<(Vec<RecordBatch>, SchemaRef), Error> {
        let mut run = script::Run::new(&shipped(name)?, self.runner().variables)?;
        while let Some(statement) = run.next_statement() {
            let step = run.execute(self.session, &statement).await?;
            if let Step::Outcome(Outcome::Rows(rows)) = step {
                let schema = rows.schema();
                let batches = rows.try_collect().await.map_err(spotql_sql::Error::from)?;
                return Ok((batches, schema));
            }
        }
        Err(Error::Usage(format!("{name} holds no query")))
    }

    /// The rows of a script's query as texts, in columns of that number.
    async fn texts<const N: usize>(&self, name: &str) -> Result<Vec<[String; N]>, Error> {
        let (batches, schema) = self.rows_of(name).await?;
        if schema.fields().len() != N {
            return Err(Error::Usage(format!("{name} does not have {N} columns")));
        }
        let mut rows = Vec::new();
        for batch in &batches {
            for row in 0..batch.num_rows() {
                let mut texts = [const { String::new() }; N];
                for (column, cell) in texts.iter_mut().enumerate() {
                    *cell = text(batch, column, row)?;
                }
                rows.push(texts);
            }
        }
        Ok(rows)
    }
}

/// How NULL is shown.
const NULL: &str = "-";

/// A value as text that a terminal shows and does not obey.
fn text(batch: &RecordBatch, column: usize, row: usize) -> Result<String, Error> {
    let options = FormatOptions::default().with_null(NULL);
    let column = ArrayFormatter::try_new(batch.column(column), &options)
        .map_err(|error| spotql_sql::Error::from(DataFusionError::from(error)))?;
    Ok(output::printable(&column.value(row)))
}

fn say(text: &str) -> Result<(), Error> {
    writeln!(std::io::stdout(), "{text}").map_err(|error| output::Error::Write(error).into())
}

fn shipped(name: &str) -> Result<Script, Error> {
    Script::shipped(name).ok_or_else(|| Error::Usage(format!("this build has no script {name}")))
}

async fn count(session: &Session, sql: &str) -> Result<i64, Error> {
    let Outcome::Rows(rows) = session.execute(sql).await? else {
        return Ok(0);
    };
    let batches: Vec<RecordBatch> = rows.try_collect().await.map_err(spotql_sql::Error::from)?;
    let first = batches.iter().find(|batch| batch.num_rows() > 0);
    let value = first.map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0));
    value.ok_or_else(|| {
        spotql_sql::Error::from(DataFusionError::Execution(format!("no rows from: {sql}"))).into()
    })
}
