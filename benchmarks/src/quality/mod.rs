//! How well detection finds attacks, on labelled traffic.
//!
//! Every set of records (`sets.rs`, made of `sources.rs`) is scored by every configuration
//! (`configurations.rs`) with several seeds, in an engine of this process and a warehouse of its
//! own; `figures.rs` says what the rankings are worth, `report.rs` writes it down.
//!
//! Labels are looked at by the figures only: a set is scored as a day of logs would be.

mod configurations;
mod figures;
mod report;
mod sets;
mod sources;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Float64Type, Int8Type, Int64Type};
use spotql_sql::{Engine, EngineOptions, Session};

use crate::kind::Kind;
use crate::statements::{execute, rows};
use configurations::{Configuration, Words};
use figures::{Figures, Overlap, UNSCORED};
use report::Report;
use sets::Set;
use sources::Sources;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder of data: `flow/`, `dns/`, `spot_demo/` and `context/`
    #[arg(long, value_name = "DIR", default_value = "../shared/data")]
    data: PathBuf,
    /// Sets of this kind of log
    #[arg(long, value_enum, default_value = "all")]
    kind: Kinds,
    /// Sets whose name contains this, whatever its case
    #[arg(long, value_name = "SUBSTRING", default_value = "")]
    set: String,
    /// Seeds: figures are means over so many trainings
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Names with commas between, or one `name=arguments of lda_score` (`name@words=…` for leads
    /// by other words); may be given several times [default: all that have a name]
    #[arg(long, value_name = "CONFIGURATIONS")]
    configs: Vec<String>,
    /// Where the report is written besides standard output
    #[arg(long, value_name = "FILE.md")]
    out: Option<PathBuf>,
}

impl Options {
    /// What was called, for the report; without the folder, which differs from machine to machine.
    fn command(&self) -> String {
        let mut command = "spotql-benchmarks quality".to_owned();
        match self.kind {
            Kinds::Flow => command += " --kind flow",
            Kinds::Dns => command += " --kind dns",
            Kinds::Proxy => command += " --kind proxy",
            Kinds::All => {}
        }
        if !self.set.is_empty() {
            command += &format!(" --set \"{}\"", self.set);
        }
        command += &format!(" --seeds {}", self.seeds);
        for text in &self.configs {
            command += &format!(" --configs \"{text}\"");
        }
        command
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kinds {
    Flow,
    Dns,
    Proxy,
    All,
}

impl Kinds {
    fn include(self, kind: Kind) -> bool {
        match self {
            Self::Flow => kind == Kind::Flow,
            Self::Dns => kind == Kind::Dns,
            Self::Proxy => kind == Kind::Proxy,
            Self::All => true,
        }
    }
}

/// What was found out about a set.
struct Measured {
    set: Set,
    records: usize,
    attacks: usize,
    /// In the order of the configurations.
    results: Vec<Measurement>,
}

/// What a configuration made of a set.
struct Measurement {
    records: Figures,
    leads: Figures,
    lead_count: usize,
    lead_attacks: usize,
    /// Of the first 300 records of several seeds.
    overlap: Option<Overlap>,
    /// The median of one scoring.
    seconds: f64,
}

/// The table of the set at hand.
const TABLE: &str = "records";

/// Measures, and writes the report.
///
/// # Errors
/// Configurations that are not known, files that are not what they should be, and statements that
/// fail. Files that are not there only leave out sets.
pub(crate) async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut configurations = Vec::new();
    for text in &options.configs {
        configurations.extend(Configuration::parse(text)?);
    }
    if configurations.is_empty() {
        configurations = Configuration::known();
    }
    let sought = options.set.to_lowercase();
    let chosen: Vec<Set> = sets::sets()
        .into_iter()
        .filter(|set| options.kind.include(set.kind) && set.name.to_lowercase().contains(&sought))
        .collect();
    if chosen.is_empty() {
        return Err("no set is chosen".into());
    }

    let folder = tempfile::tempdir()?;
    let engine = Engine::open(EngineOptions::new(folder.path().join("warehouse"))).await?;
    let session = engine.session();
    let mut sources = Sources::new(&session, &options.data, folder.path()).await?;
    let mut report = Report::new(options.command(), configurations, options.seeds);
    let count = chosen.len();
    for (number, set) in (1..).zip(chosen) {
        eprintln!("{number}/{count} {}", set.name);
        let missing = set
            .parts
            .iter()
            .find_map(|part| sources.missing(&part.source));
        if let Some(file) = missing {
            // Without the folder, which differs from machine to machine.
            let file = file.strip_prefix(&options.data).unwrap_or(&file);
            eprintln!("  skipped: {} is absent", file.display());
            report.skipped.push((set.name, file.to_owned()));
            continue;
        }
        for part in &set.parts {
            sources.provide(&part.source, set.kind).await?;
        }
        let query = set.query(&sources.columns(set.kind).await?);
        execute(&session, &format!("CREATE TABLE {TABLE} AS {query}")).await?;
        let measured = measure(&session, set, &report.configurations, options.seeds).await?;
        report.sets.push(measured);
        execute(&session, &format!("DROP TABLE {TABLE}")).await?;
    }

    let report = report.to_string();
    println!("{report}");
    if let Some(file) = &options.out {
        std::fs::write(file, report).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

async fn measure(
    session: &Session,
    set: Set,
    configurations: &[Configuration],
    seeds: u64,
) -> Result<Measured, Box<dyn Error>> {
    let labels = labels(session).await?;
    // By the words' names: most configurations have the same leads.
    let mut leads: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut results = Vec::new();
    for configuration in configurations {
        let words = configuration.leads;
        let lead_of = match leads.entry(words.name()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(lead_of(session, set.kind, words, labels.len()).await?)
            }
        };

        let seeds = if configuration.is_seeded() { seeds } else { 1 };
        let mut rankings = Vec::new();
        let mut seconds = Vec::new();
        for seed in 1..=seeds {
            let query = configuration.query(set.kind, TABLE, seed);
            let started = Instant::now();
            let scored = rows(session, &query).await;
            seconds.push(started.elapsed().as_secs_f64());
            let scored = scored.map_err(|error| {
                format!(
                    "set '{}', configuration '{}': {error}",
                    set.name, configuration.name
                )
            })?;
            rankings.push(scores(&scored, labels.len()));
        }

        let of_records: Vec<_> = rankings
            .iter()
            .map(|scores| Figures::of(figures::records(&labels, scores)))
            .collect();
        let of_leads: Vec<_> = rankings
            .iter()
            .map(|scores| figures::leads(lead_of, &labels, scores))
            .collect();
        let some_leads = of_leads.first().map_or(&[][..], Vec::as_slice);
        let measurement = Measurement {
            lead_count: some_leads.len(),
            lead_attacks: some_leads.iter().filter(|lead| lead.attack).count(),
            records: Figures::mean(&of_records),
            leads: Figures::mean(&of_leads.into_iter().map(Figures::of).collect::<Vec<_>>()),
            overlap: figures::overlap(&rankings, figures::LIST),
            seconds: figures::median(seconds).unwrap_or_default(),
        };
        eprintln!("  {}", report::in_short(&configuration.name, &measurement));
        results.push(measurement);
    }
    Ok(Measured {
        set,
        records: labels.len(),
        attacks: labels.iter().filter(|label| **label == Some(true)).count(),
        results,
    })
}

/// The label of every record, by its number.
async fn labels(session: &Session) -> Result<Vec<Option<bool>>, Box<dyn Error>> {
    let batch = rows(session, &format!("SELECT row_id, label FROM {TABLE}")).await?;
    let label = batch.column(1).as_primitive::<Int8Type>();
    let mut labels = vec![None; batch.num_rows()];
    for (row, record) in numbers(&batch, 0).enumerate() {
        labels[record] = label.is_valid(row).then(|| label.value(row) == 1);
    }
    Ok(labels)
}

/// The lead of every record, from 0.
async fn lead_of(
    session: &Session,
    kind: Kind,
    words: Words,
    records: usize,
) -> Result<Vec<usize>, Box<dyn Error>> {
    let batch = rows(session, &words.leads(kind, TABLE)).await?;
    let mut leads = vec![0; records];
    for (record, lead) in numbers(&batch, 0).zip(numbers(&batch, 1)) {
        leads[record] = lead - 1;
    }
    Ok(leads)
}

/// The score of every record; of a row that is absent or has none, [`UNSCORED`].
fn scores(batch: &RecordBatch, records: usize) -> Vec<f64> {
    let score = batch.column(1).as_primitive::<Float64Type>();
    let mut scores = vec![UNSCORED; records];
    for (record, score) in numbers(batch, 0).zip(score) {
        scores[record] = score.filter(|score| !score.is_nan()).unwrap_or(UNSCORED);
    }
    scores
}

/// A column of numbers that count something.
fn numbers(batch: &RecordBatch, column: usize) -> impl Iterator<Item = usize> {
    let column = batch.column(column).as_primitive::<Int64Type>();
    column.values().iter().map(|number| *number as usize)
}
