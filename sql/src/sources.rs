//! Sources of context as the engine keeps them: read when a query first needs them, and again when they have changed.
//!
//! The metastore says what there is ([`Definition`], with a version that changes whenever the source does); this keeps
//! what was read of it. A file is read at CREATE, which refuses what is of no use, and at REFRESH; in other processes, and
//! after a start, when a query asks for it. A query gets all sources in one state.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use spotql_catalog::{Access, Source};
use spotql_udf::enrich::address::AddressRange;
use spotql_udf::enrich::geo::Database;
use spotql_udf::enrich::indicator::{self, Columns, Format, IndicatorList, IndicatorListBuilder};
use spotql_udf::enrich::network::{NetworkList, NetworkListBuilder};
use spotql_udf::enrich::{Named, Needs, Purpose, Sources};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::parse::SourceKind;
use crate::service::Service;
use crate::session::Outcome;

/// What the metastore keeps of a source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// An absolute path, or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    /// A query, and the database in which its tables are looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<(String, String)>,
    /// In the order given.
    pub(crate) options: Vec<(String, String)>,
    /// What it held when it was last read: for listings.
    #[serde(default)]
    pub(crate) contents: String,
    /// When that was, UTC.
    #[serde(default)]
    pub(crate) read_at: String,
}

/// A source in memory.
#[derive(Debug, Clone)]
pub(crate) enum Loaded {
    Geo(Arc<Database>),
    Indicators(Purpose, Arc<IndicatorList>),
    Networks(bool, Arc<NetworkList>),
    Service(Arc<Service>),
}

impl Loaded {
    /// What it holds, for a listing.
    pub(crate) fn contents(&self) -> String {
        match self {
            Self::Geo(database) => database.description(),
            Self::Indicators(_, list) if list.unusable() > 0 => {
                format!("{} indicators, {} unusable", list.len(), list.unusable())
            }
            Self::Indicators(_, list) => format!("{} indicators", list.len()),
            Self::Networks(_, list) => format!("{} networks", list.len()),
            Self::Service(_) => "not asked yet".to_owned(),
        }
    }
}

/// What was read, by kind and name, with the version that it was read for.
type Cache = HashMap<(SourceKind, String), (i64, Loaded)>;

/// What this process has read of the sources.
#[derive(Debug, Default)]
pub(crate) struct SourceCache(tokio::sync::Mutex<Cache>);

impl SourceCache {
    /// The sources that a query needs, as they are now.
    pub(crate) async fn get(&self, engine: &Arc<Engine>, needs: Needs) -> Result<Sources> {
        let all = engine.warehouse().sources().await?;
        // Services are told nothing of one's own networks.
        let asking = all.iter().any(|it| it.kind == SourceKind::Services.name());
        let mut cache = self.0.lock().await;
        let mut sources = Sources {
            now: now(),
            ..Sources::default()
        };
        for source in &all {
            // A newer program may know more kinds.
            let Some(kind) = SourceKind::from_name(&source.kind) else {
                continue;
            };
            let needed = match kind {
                SourceKind::Geo => needs.geo,
                SourceKind::Indicators | SourceKind::Services => needs.reputation,
                SourceKind::Networks => needs.networks || (needs.reputation && asking),
            };
            if !needed {
                continue;
            }
            let key = (kind, source.name.clone());
            let known = cache
                .get(&key)
                .filter(|(version, _)| *version == source.version);
            let loaded = match known {
                Some((_, loaded)) => loaded.clone(),
                None => {
                    let definition = definition(source)?;
                    let loaded = load(engine, kind, &source.name, &definition).await;
                    let loaded = loaded.map_err(|error| Error::SourceUnreadable {
                        reason: error.to_string(),
                    })?;
                    cache.insert(key, (source.version, loaded.clone()));
                    loaded
                }
            };
            let name = source.name.clone();
            match loaded {
                Loaded::Geo(source) => sources.geo.push(Named { name, source }),
                Loaded::Indicators(purpose, source) => {
                    sources.indicators.push((purpose, Named { name, source }));
                }
                Loaded::Networks(own, source) => {
                    sources.networks.push((own, Named { name, source }));
                }
                Loaded::Service(service) => sources.services.push(service.for_query(
                    &name,
                    source.version,
                    engine.warehouse(),
                    engine.network(),
                )),
            }
        }
        // What was dropped is held no longer than the last query that uses it.
        cache.retain(|(kind, name), _| {
            all.iter()
                .any(|it| it.kind == kind.name() && it.name == *name)
        });
        Ok(sources)
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

pub(crate) fn definition(source: &Source) -> Result<Definition> {
    serde_json::from_str(&source.definition).map_err(|error| Error::Source {
        kind: source.kind.clone(),
        name: source.name.clone(),
        reason: format!("what the metastore holds of it cannot be read: {error}; make it anew with CREATE OR REPLACE"),
    })
}

/// Reads a source.
///
/// # Errors
/// [`Error::Source`] with what is wrong with it, or with an option.
pub(crate) async fn load(
    engine: &Arc<Engine>,
    kind: SourceKind,
    name: &str,
    definition: &Definition,
) -> Result<Loaded> {
    let refused = |reason: String| Error::Source {
        kind: kind.name().to_owned(),
        name: name.to_owned(),
        reason,
    };
    if kind == SourceKind::Services {
        let Some(url) = &definition.location else {
            return Err(refused(
                "it is not made AS SELECT; give it a LOCATION, a URL such as 'https://host/path/{value}'".to_owned(),
            ));
        };
        let service = Service::parse(url, &definition.options).map_err(&refused)?;
        return Ok(Loaded::Service(Arc::new(service)));
    }
    let options = Options::of(kind, definition).map_err(&refused)?;
    if let Some((query, database)) = &definition.query {
        return Box::pin(of_query(engine, kind, query, database, &options))
            .await
            .map_err(|error| refused(error.to_string()));
    }
    let path = PathBuf::from(definition.location.clone().unwrap_or_default());
    let path = engine.warehouse().paths().check(&path, Access::Read)?;
    let read = move || -> std::result::Result<Loaded, spotql_udf::enrich::Error> {
        Ok(match kind {
            SourceKind::Geo => Loaded::Geo(Arc::new(Database::open(&path)?)),
            SourceKind::Networks => {
                Loaded::Networks(options.internal, Arc::new(NetworkList::read(&path)?))
            }
            SourceKind::Indicators | SourceKind::Services => {
                let list = indicator::read(&path, &options.columns, now())?;
                Loaded::Indicators(options.purpose, Arc::new(list))
            }
        })
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|error| DataFusionError::External(Box::new(error)))?
        .map_err(|error| refused(error.to_string()))
}

/// How a source is read.
struct Options {
    columns: Columns,
    purpose: Purpose,
    internal: bool,
}

impl Options {
    fn of(kind: SourceKind, definition: &Definition) -> std::result::Result<Self, String> {
        let accepted: &[&str] = match kind {
            SourceKind::Geo | SourceKind::Services => &[],
            SourceKind::Indicators => &[
                "format",
                "column",
                "text_column",
                "text",
                "severity",
                "allow",
            ],
            SourceKind::Networks => &["internal"],
        };
        let mut options = Self {
            columns: Columns::default(),
            purpose: Purpose::Threat,
            internal: false,
        };
        for (key, value) in &definition.options {
            let wrong = |accepted: &str| {
                format!("the option '{key}' = '{value}' is not accepted; give {accepted}")
            };
            let boolean = || match value.to_ascii_lowercase().as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(wrong("'true' or 'false'")),
            };
            match key.as_str() {
                _ if !accepted.contains(&key.as_str()) => {
                    let accepted = match accepted {
                        [] => "none".to_owned(),
                        some => some.join(", "),
                    };
                    return Err(format!("there is no option '{key}'; it takes {accepted}"));
                }
                "format" => {
                    let format = Format::from_name(value).ok_or_else(|| wrong(Format::NAMES))?;
                    options.columns.format = Some(format);
                }
                "column" => options.columns.indicator = Some(value.clone()),
                "text_column" => options.columns.text = Some(value.clone()),
                "text" => options.columns.default_text = value.clone(),
                "severity" => {
                    let severity = indicator::severity_of(value)
                        .ok_or_else(|| wrong("1 (low), 2 (medium) or 3 (high)"))?;
                    options.columns.severity = Some(severity);
                }
                "allow" if boolean()? => options.purpose = Purpose::Allow,
                "internal" => options.internal = boolean()?,
                _ => {}
            }
        }
        Ok(options)
    }
}

/// Reads a source from the rows of a query.
async fn of_query(
    engine: &Arc<Engine>,
    kind: SourceKind,
    query: &str,
    database: &str,
    options: &Options,
) -> Result<Loaded> {
    let session = engine.session();
    session.execute(&format!("USE `{database}`")).await?;
    // One source that reads another would have to wait for it, and might wait for itself.
    if !session.needs(query).await?.is_nothing() {
        return Err(Error::Unsupported {
            what: "a source made with functions that read sources (geolocation, reputation, network_context, …)"
                .to_owned(),
            instead: "store what they give with CREATE TABLE … AS SELECT, and make the source of that table"
                .to_owned(),
        });
    }
    let Outcome::Rows(rows) = session.execute(query).await? else {
        return Err(Error::Unsupported {
            what: format!("a {} AS a statement that is no query", kind.name()),
            instead: "give AS SELECT …".to_owned(),
        });
    };
    match kind {
        SourceKind::Geo => Err(Error::Unsupported {
            what: "a geo database AS SELECT".to_owned(),
            instead: "give it the LOCATION of an .mmdb or .csv file".to_owned(),
        }),
        SourceKind::Networks => networks_of(rows, options).await,
        SourceKind::Indicators | SourceKind::Services => indicators_of(rows, query, options).await,
    }
}

async fn indicators_of(
    mut rows: SendableRecordBatchStream,
    query: &str,
    options: &Options,
) -> Result<Loaded> {
    let schema = rows.schema();
    let columns = &options.columns;
    let optional = |name: &str| required(&schema, name).ok();
    let places = [
        Some(required(
            &schema,
            columns.indicator.as_deref().unwrap_or("indicator"),
        )?),
        match &columns.text {
            Some(name) => Some(required(&schema, name)?),
            None => optional("text"),
        },
        optional("severity"),
        optional("first_seen"),
        optional("last_seen"),
        optional("expires"),
    ];
    let mut list = IndicatorListBuilder::new(now());
    while let Some(batch) = rows.try_next().await? {
        let texts = Texts::of(&batch, places)?;
        for row in 0..batch.num_rows() {
            columns
                .add(texts.row(row), &mut list)
                .map_err(DataFusionError::from)?;
        }
    }
    let list = list.build(query).map_err(DataFusionError::from)?;
    Ok(Loaded::Indicators(options.purpose, Arc::new(list)))
}

async fn networks_of(mut rows: SendableRecordBatchStream, options: &Options) -> Result<Loaded> {
    let schema = rows.schema();
    let places = [
        Some(required(&schema, "network")?),
        Some(required(&schema, "name")?),
    ];
    let mut list = NetworkListBuilder::default();
    let mut empty = true;
    while let Some(batch) = rows.try_next().await? {
        let texts = Texts::of(&batch, places)?;
        for row in 0..batch.num_rows() {
            let [network, name] = texts.row(row).map(Option::unwrap_or_default);
            let range = AddressRange::parse(network).ok_or_else(|| Error::Unsupported {
                what: format!("the network '{network}'"),
                instead: "give an address, a CIDR block such as 10.0.0.0/8, or a range such as \
                          10.0.0.1-10.0.0.9"
                    .to_owned(),
            })?;
            list.add(range, name).map_err(DataFusionError::from)?;
            empty = false;
        }
    }
    if empty {
        // With own networks and none of them, nobody would be internal.
        return Err(Error::Unsupported {
            what: "a network list of a query without rows".to_owned(),
            instead: "fill its table first".to_owned(),
        });
    }
    Ok(Loaded::Networks(options.internal, Arc::new(list.build())))
}

fn required(schema: &Schema, name: &str) -> Result<usize> {
    let same = |field: &Arc<Field>| field.name().eq_ignore_ascii_case(name);
    schema.fields().iter().position(same).ok_or_else(|| {
        let fields = schema.fields().iter();
        let present: Vec<&str> = fields.map(|field| field.name().as_str()).collect();
        Error::Unsupported {
            what: format!(
                "a query without a column '{name}' (it has {})",
                present.join(", ")
            ),
            instead: format!("name it, as in SELECT … AS {name}"),
        }
    })
}

/// Columns of a batch as texts, where there are such columns.
struct Texts<const N: usize>([Option<ArrayRef>; N]);

impl<const N: usize> Texts<N> {
    fn of(batch: &RecordBatch, places: [Option<usize>; N]) -> Result<Self> {
        let mut columns = [const { None }; N];
        for (column, place) in columns.iter_mut().zip(places) {
            *column = match place {
                Some(place) => Some(
                    cast(batch.column(place), &DataType::Utf8View)
                        .map_err(DataFusionError::from)?,
                ),
                None => None,
            };
        }
        Ok(Self(columns))
    }

    fn row(&self, row: usize) -> [Option<&str>; N] {
        self.0.each_ref().map(|column| {
            let column = column.as_ref()?.as_string_view();
            column.is_valid(row).then(|| column.value(row))
        })
    }
}
