//! Context: how fast lists of indicators load and match, and what the functions over them cost a million rows.
//!
//! The lists and databases are those of `../shared/data/context`. Values that match and values that do not take turns. The
//! matching is measured on one thread and without SQL; the functions in SQL, once over addresses that are all
//! different, which is the worst there is, and once over a day's flows, where few hosts come again and again.

use std::error::Error;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use spotql_context::indicator::{DEFAULT_SEVERITY, Indicator, IndicatorListBuilder};
use spotql_sql::{Engine, EngineOptions, Session};

use crate::statements::{execute, rows};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder of lists and databases
    #[arg(long, value_name = "DIR", default_value = "../shared/data/context")]
    data: PathBuf,
    /// Rows
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// Each figure is the best of so many runs
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

pub(crate) async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Engine::open(EngineOptions::new(folder.path().join("warehouse"))).await?;
    let session = engine.session();
    let files = folder.path().join("maltrail");
    std::fs::create_dir(&files)?;
    let list = options.data.join("maltrail_static_malware.parquet");
    std::fs::copy(list, files.join("part.parquet"))?;
    let table =
        "CREATE EXTERNAL TABLE maltrail (indicator STRING, family STRING) STORED AS PARQUET";
    execute(&session, &format!("{table} LOCATION '{}'", files.display())).await?;
    execute(&session, "REFRESH maltrail").await?;
    matching(&session, options).await?;

    let path = |name: &str| options.data.join(name).display().to_string();
    println!("\nsources, from SQL:");
    for statement in [
        "CREATE INDICATOR LIST maltrail OPTIONS ('text_column' = 'family') AS SELECT * FROM maltrail".to_owned(),
        format!("CREATE INDICATOR LIST ipsum LOCATION '{}'", path("ipsum_level3.txt")),
        format!("CREATE GEO DATABASE whois LOCATION '{}'", path("geo-whois-asn-country.mmdb")),
        "CREATE NETWORK LIST nets AS SELECT * FROM (VALUES ('10.0.0.0/8', 'a'), ('10.1.0.0/16', 'b')) t(network, name)".to_owned(),
    ] {
        let began = Instant::now();
        execute(&session, &statement).await?;
        let words: Vec<&str> = statement.split_whitespace().take(4).collect();
        println!("{}: {:.2} s", words.join(" "), began.elapsed().as_secs_f64());
    }
    functions(&session, options).await
}

/// The list alone: loading, memory, look-ups a second.
async fn matching(session: &Session, options: &Options) -> Result<(), Box<dyn Error>> {
    let all = rows(session, "SELECT indicator, family FROM maltrail").await?;
    let texts = |place: usize| cast(all.column(place), &DataType::Utf8View);
    let (indicators, families) = (texts(0)?, texts(1)?);
    let (indicators, families) = (indicators.as_string_view(), families.as_string_view());
    let began = Instant::now();
    let mut list = IndicatorListBuilder::default();
    for row in 0..indicators.len() {
        list.add(&Indicator {
            value: indicators.value(row),
            text: families.value(row),
            severity: DEFAULT_SEVERITY,
            first_seen: None,
            last_seen: None,
            valid_from: None,
            expires: None,
        })?;
    }
    let list = list.build("maltrail")?;
    println!(
        "{} indicators ({} unusable) in {:.2} s and {} MiB",
        list.len(),
        list.unusable(),
        began.elapsed().as_secs_f64(),
        list.memory_bytes() >> 20
    );
    let of_kind = |kind: fn(&str) -> bool| {
        let known = indicators.iter().flatten().filter(|value| kind(value));
        known.map(str::to_owned).collect::<Vec<String>>()
    };
    let numeric = |value: &str| {
        value
            .bytes()
            .all(|byte| byte == b'.' || byte.is_ascii_digit())
    };
    let name =
        |value: &str| !value.contains('/') && value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let url = |value: &str| value.contains("://") && value.matches('/').count() > 2;
    let mut random = 1_u64;
    let mut next = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 32) as u32
    };
    for (kind, known) in [
        ("addresses", of_kind(numeric)),
        ("names", of_kind(name)),
        ("URLs", of_kind(url)),
    ] {
        let values: Vec<String> = (0..options.rows)
            .map(|row| {
                let known = &known[next() as usize % known.len()];
                match (row % 2, kind) {
                    (0, "names") => format!("www.{known}"),
                    (0, _) => known.clone(),
                    (_, "addresses") => std::net::Ipv4Addr::from(next()).to_string(),
                    (_, "names") => format!("host{}.example{}.com", next() % 1000, next()),
                    _ => format!("www.example{}.com/a/b{}?c=d", next() % 1000, next()),
                }
            })
            .collect();
        let mut best = f64::INFINITY;
        let mut found = 0;
        for _ in 0..options.runs {
            let began = Instant::now();
            found = values
                .iter()
                .filter(|value| black_box(list.find(value, 0)).is_some())
                .count();
            best = best.min(began.elapsed().as_secs_f64());
        }
        println!(
            "{kind}: {:.2} million a second on one thread ({found} of {} found)",
            values.len() as f64 / best / 1e6,
            values.len()
        );
    }
    Ok(())
}

/// What the functions cost, and a count to compare with.
async fn functions(session: &Session, options: &Options) -> Result<(), Box<dyn Error>> {
    let rows = options.rows;
    execute(
        session,
        &format!(
            "CREATE TABLE addresses AS SELECT concat_ws('.', CAST(value % 223 + 1 AS STRING), CAST(value / 223 % 256 AS STRING),
               CAST(value / 57088 % 256 AS STRING), CAST(value % 251 AS STRING)) AS a FROM generate_series(1, {rows})"
        ),
    )
    .await?;
    execute(
        session,
        &format!(
            "CREATE TABLE flows AS SELECT sip AS a FROM synthetic_flow({rows}, 1, '2024-05-14')"
        ),
    )
    .await?;
    println!("\n{rows} rows, seconds: all different; a day's sources of flows");
    for function in [
        "length",
        "geolocation",
        "geo_country",
        "network_context",
        "is_internal",
        "reputation",
        "reputation_severity",
    ] {
        let mut seconds = Vec::new();
        for table in ["addresses", "flows"] {
            let mut best = f64::INFINITY;
            for _ in 0..options.runs {
                let began = Instant::now();
                let sql = format!("SELECT count({function}(a)), max({function}(a)) FROM {table}");
                execute(session, &sql).await?;
                best = best.min(began.elapsed().as_secs_f64());
            }
            seconds.push(format!("{best:.2}"));
        }
        println!("{function}: {}", seconds.join("; "));
    }
    Ok(())
}
