//! Whole detection against one pass over the needed columns.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use spotql_sql::{Engine, EngineOptions, Session};

use crate::kind::Kind;
use crate::memory;
use crate::statements::{execute, rows, run_script};

/// One pass over the columns that detection needs: what no detection can be faster than.
fn floor_query(source: Kind) -> &'static str {
    match source {
        Kind::Flow => {
            "SELECT sip, dip, count(*), sum(ibyt), sum(ipkt), min(trhour), max(sport), \
             max(dport), max(proto) FROM flow GROUP BY sip, dip"
        }
        Kind::Dns => {
            "SELECT ip_dst, dns_qry_name, count(*), max(frame_time), sum(frame_len), \
             max(dns_qry_type), max(dns_qry_rcode), max(dns_qry_class), max(unix_tstamp) \
             FROM dns GROUP BY ip_dst, dns_qry_name"
        }
        Kind::Proxy => {
            "SELECT clientip, host, count(*), max(p_date), max(p_time), max(reqmethod), \
             max(useragent), max(resconttype), max(respcode), max(fulluri) \
             FROM proxy GROUP BY clientip, host"
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Detection {
    /// Which kind of log
    #[arg(long, value_enum, default_value = "flow")]
    source: Kind,
    /// About how many records
    #[arg(long, default_value_t = 1_000_000)]
    records: u64,
    /// Runs of each; the fastest counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Where the records are kept between runs of the benchmark
    #[arg(long, default_value = "target/benchmark")]
    folder: PathBuf,
    #[arg(long)]
    threads: Option<usize>,
    /// 'double' or 'single'
    #[arg(long, default_value = "double")]
    precision: String,
    /// 'em', or another optimizer
    #[arg(long, default_value = "em")]
    optimizer: String,
}

const DATE: &str = "2024-05-14";

impl Detection {
    pub(crate) async fn run(self) -> Result<(), Box<dyn Error>> {
        let name = self.source.name();
        let mut options = EngineOptions::new(self.folder.join(format!("{name}-{}", self.records)));
        options.threads = self.threads;
        let engine = Engine::open(options).await?;
        let session = engine.session();
        let variables = BTreeMap::from([
            ("date".to_owned(), DATE.to_owned()),
            ("precision".to_owned(), self.precision.clone()),
            ("optimizer".to_owned(), self.optimizer.clone()),
        ]);
        run_script(&session, &format!("schema/{name}.sql"), &variables).await?;
        let count = &format!("SELECT count(*) FROM {name}");
        if number(&session, count).await? == 0 {
            println!("making {} records …", self.records);
            let started = Instant::now();
            let sql = format!(
                "INSERT INTO {name} PARTITION (y, m, d, h) SELECT * FROM synthetic_{name}({}, 1, '{DATE}')",
                self.records
            );
            execute(&session, &sql).await?;
            println!(
                "made and loaded in {:.1} s",
                started.elapsed().as_secs_f64()
            );
        }
        println!("{name} records: {}", number(&session, count).await?);

        let detect = format!("detect/{name}.sql");
        let mut floor = Figures::default();
        let mut detection = Figures::default();
        // Alternating, so that both meet the same machine.
        for _ in 0..self.runs {
            floor
                .measure(execute(&session, floor_query(self.source)))
                .await?;
            detection
                .measure(run_script(&session, &detect, &variables))
                .await?;
        }
        floor.print("floor query");
        detection.print("detection");
        println!(
            "detection / floor: {:.2}",
            detection.fastest().as_secs_f64() / floor.fastest().as_secs_f64()
        );
        Ok(())
    }
}

#[derive(Default)]
struct Figures {
    times: Vec<Duration>,
    peak: u64,
}

impl Figures {
    async fn measure(
        &mut self,
        work: impl Future<Output = Result<(), Box<dyn Error>>>,
    ) -> Result<(), Box<dyn Error>> {
        memory::reset_peak();
        let started = Instant::now();
        work.await?;
        self.times.push(started.elapsed());
        self.peak = self.peak.max(memory::peak().unwrap_or(0));
        Ok(())
    }

    fn fastest(&self) -> Duration {
        self.times.iter().min().copied().unwrap_or_default()
    }

    fn print(&self, what: &str) {
        let times: Vec<String> = self
            .times
            .iter()
            .map(|time| format!("{:.2}", time.as_secs_f64()))
            .collect();
        println!(
            "{what}: {:.2} s (runs: {}), peak memory of the process {} MiB",
            self.fastest().as_secs_f64(),
            times.join(", "),
            self.peak >> 20
        );
    }
}

async fn number(session: &Session, sql: &str) -> Result<i64, Box<dyn Error>> {
    let batch = rows(session, sql).await?;
    Ok(batch
        .column(0)
        .as_primitive::<Int64Type>()
        .values()
        .iter()
        .sum())
}
