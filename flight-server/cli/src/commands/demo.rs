//! `spotql demo`: the main road, on a synthetic day.
//!
//! The day is made, loaded by INSERT and searched by the same scripts that serve real data; only
//! the report at the end knows which attacks were planted.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::Args;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
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
    #[command(flatten)]
    common: Common,
}

const DATABASE: &str = "demo";
const DEFAULT_FOLDER: &str = "demo-warehouse";

/// A kind of log: its table, what its records are called, and a title.
const LOGS: [(&str, &str, &str); 3] = [
    ("flow", "flows", "NETFLOW"),
    ("dns", "answers", "DNS"),
    ("proxy", "requests", "WEB PROXY"),
];

impl Demo {
    /// Runs the demo.
    ///
    /// # Errors
    /// When a step fails.
    pub(crate) async fn execute(self) -> Result<(), Error> {
        let folder = self.common.warehouse(DEFAULT_FOLDER);
        let shown_folder = folder.display().to_string();
        let engine = self.common.open(folder).await?;
        let session = engine.session();
        say(&format!(
            "SpotQL demo: a synthetic day, {} (seed {}), as netflow, DNS and web proxy logs of one \
             organisation.\nNo real traffic, no real attacks. In the lists, log10_p = -9 is a \
             probability of one in a billion;\n'planted' is the answer, which detection has not \
             seen.",
            self.date, self.seed
        ))?;
        for log in LOGS {
            self.detect(&session, log).await?;
        }
        say(&format!(
            "\nA record is judged by what the other hosts do, and the more often a habit that nobody \
             shares is repeated, the\nhigher it ranks; attacks that look like everyday traffic \
             stay below. That is the honest picture, not a tuned one:\nthe attacks were chosen \
             from public descriptions before the detector was run on them.\nApache Spot's own \
             method, for comparison: spotql run detect/flow.sql --var words=spot --var scoring=spot \
             …\n\n\
             The warehouse is in {shown_folder}. Look around, for instance:\n\
             \x20 spotql sql --warehouse {shown_folder} \"SHOW TABLES IN {DATABASE}\"\n\
             \x20 spotql sql --warehouse {shown_folder} \"SELECT * FROM {DATABASE}.flow_scores ORDER BY rank LIMIT 10\"\n\
             \x20 spotql sql --warehouse {shown_folder} \"SELECT attack, max(story) AS story FROM {DATABASE}.dns_planted GROUP BY attack\"\n\
             \x20 spotql serve --warehouse {shown_folder}\n\
             (spotql is target/release/spotql, or 'cargo run --release --' in its place.)"
        ))
    }

    /// Loads one kind of log, searches it, and tells what was found.
    async fn detect(
        &self,
        session: &Session,
        (log, records, title): (&str, &str, &str),
    ) -> Result<(), Error> {
        say(&format!("\n{title}"))?;
        let runner = self.runner(session);
        let started = Instant::now();
        runner.run(&shipped(&format!("schema/{log}.sql"))?).await?;
        runner.run(&shipped(&format!("demo/{log}.sql"))?).await?;
        let loaded = started.elapsed();
        let started = Instant::now();
        runner.run(&shipped(&format!("detect/{log}.sql"))?).await?;
        let detected = started.elapsed();
        let leads = shipped(&format!("detect/{log}_leads.sql"))?;
        runner.run(&leads).await?;

        let date = &self.date;
        let day = format!(
            "CAST(y AS INT) = year('{date}') AND CAST(m AS INT) = month('{date}') \
             AND CAST(d AS INT) = day('{date}')"
        );
        let counted = |table: &str| format!("SELECT count(*) FROM {DATABASE}.{table} WHERE {day}");
        let all = count(session, &counted(log)).await?;
        let listed = count(session, &counted(&format!("{log}_scores"))).await?;
        say(&format!(
            "{all} {records} loaded in {:.1} s; the {listed} least probable found in {:.1} s. The \
             first:\n",
            loaded.as_secs_f64(),
            detected.as_secs_f64()
        ))?;
        runner
            .run(&shipped(&format!("demo/{log}_top.sql"))?)
            .await?;
        let (leads, _) = self
            .rows_of(session, &format!("demo/{log}_leads.sql"))
            .await?;
        say("\nThe first leads (records of the same hosts and words stand together), and why:")?;
        for batch in &leads {
            for row in 0..batch.num_rows() {
                let text = |column| text(batch, column, row);
                say(&format!("{:>4}. {}", text(0)?, text(1)?))?;
                say(&format!("      {}\n      {}", text(2)?, text(3)?))?;
                say(&format!("      usually: {}", text(4)?))?;
            }
        }
        let (found, schema) = self
            .rows_of(session, &format!("demo/{log}_found.sql"))
            .await?;
        let sum = |column: usize| -> i64 {
            let columns = found.iter().map(|batch| batch.column(column));
            columns
                .flat_map(|column| column.as_primitive::<Int64Type>().iter().flatten())
                .sum()
        };
        say(&format!(
            "\nOf {} planted {records}, {} are among the first 50 of the list and {} among the \
             first 300. By kind of attack:\n",
            sum(1),
            sum(2),
            sum(3)
        ))?;
        let rows = futures::stream::iter(found.into_iter().map(Ok));
        let rows = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
        output::write_rows(rows, runner.format, &mut std::io::stdout()).await?;
        Ok(())
    }

    fn runner<'a>(&self, session: &'a Session) -> Runner<'a> {
        let variables = BTreeMap::from([
            ("database".to_owned(), DATABASE.to_owned()),
            ("flows".to_owned(), self.flows.to_string()),
            ("dns".to_owned(), self.dns.to_string()),
            ("proxy".to_owned(), self.proxy.to_string()),
            ("seed".to_owned(), self.seed.to_string()),
            ("date".to_owned(), self.date.clone()),
        ]);
        Runner {
            session,
            variables,
            progress: Progress::new(false),
            format: Format::Table,
        }
    }

    /// The rows of a script's query.
    async fn rows_of(
        &self,
        session: &Session,
        name: &str,
    ) -> Result<(Vec<RecordBatch>, SchemaRef), Error> {
        let mut run = script::Run::new(&shipped(name)?, self.runner(session).variables)?;
        while let Some(statement) = run.next_statement() {
            let step = run.execute(session, &statement).await?;
            if let Step::Outcome(Outcome::Rows(rows)) = step {
                let schema = rows.schema();
                let batches = rows.try_collect().await.map_err(spotql_sql::Error::from)?;
                return Ok((batches, schema));
            }
        }
        Err(Error::Usage(format!("{name} holds no query")))
    }
}

/// A value as text, `-` for NULL.
fn text(batch: &RecordBatch, column: usize, row: usize) -> Result<String, Error> {
    let options = FormatOptions::default().with_null("-");
    let column = ArrayFormatter::try_new(batch.column(column), &options)
        .map_err(|error| spotql_sql::Error::from(DataFusionError::from(error)))?;
    Ok(column.value(row).to_string())
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
