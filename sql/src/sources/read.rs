//! Reading a source: from a file, or from the rows of a query.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::DataFusionError;
use spotql_catalog::Access;
use spotql_context::geo::Database;
use spotql_context::indicator::{self, Columns, Format, IndicatorListBuilder};
use spotql_context::network::{NetworkList, NetworkListBuilder};
use spotql_functions::context::Purpose;
use spotql_values::address::AddressRange;

use super::copies::Input;
use super::definition::Definition;
use super::host::Host;
use super::memory::{Loaded, now};
use crate::error::{Error, Result};
use crate::options::OptionError;
use crate::parse::SourceKind;
use crate::service::Service;

/// The definition of a service, which holds all of it.
///
/// # Errors
/// [`Error::Source`] with an option that cannot be.
pub(super) fn service(name: &str, definition: &Definition) -> Result<Service> {
    let refused = |reason: String| refused(SourceKind::Services, name, reason);
    let Some(url) = &definition.location else {
        return Err(refused(
            "it is not made AS SELECT; give it a LOCATION, a URL such as 'https://host/path/{value}'".to_owned(),
        ));
    };
    Service::parse(url, &definition.options).map_err(|error| refused(error.to_string()))
}

/// Finds the original of a source: the file, as far as it may be read, or the rows of the query.
///
/// # Errors
/// What the query fails with; [`spotql_catalog::Error::PathNotAllowed`].
pub(super) async fn original(host: &dyn Host, definition: &Definition) -> Result<Input> {
    match &definition.query {
        Some((query, database)) => {
            let (schema, rows) = host.rows(query, database).await?;
            Ok(Input::Rows(schema, rows))
        }
        None => {
            let path = PathBuf::from(definition.location.clone().unwrap_or_default());
            Ok(Input::File(
                host.warehouse().paths().check(&path, Access::Read)?,
            ))
        }
    }
}

/// Reads a source from its original, or from what was kept of that.
///
/// # Errors
/// [`Error::Source`] with what is wrong with it, or with an option.
pub(super) async fn load(
    kind: SourceKind,
    name: &str,
    definition: &Definition,
    input: &Input,
) -> Result<Loaded> {
    let refused = |reason: String| refused(kind, name, reason);
    let options = Options::of(kind, definition).map_err(|error| refused(error.to_string()))?;
    let path = match input {
        Input::File(path) => path.clone(),
        Input::Rows(schema, batches) => {
            let origin = definition.query.as_ref().map_or("", |(query, _)| query);
            return of_rows(kind, schema, batches, origin, &options)
                .map_err(|error| refused(error.to_string()));
        }
    };
    let read = move || -> std::result::Result<Loaded, spotql_context::Error> {
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

fn refused(kind: SourceKind, name: &str, reason: String) -> Error {
    Error::Source {
        kind: kind.name().to_owned(),
        name: name.to_owned(),
        reason,
    }
}

/// How a source is read.
struct Options {
    columns: Columns,
    purpose: Purpose,
    internal: bool,
}

impl Options {
    fn of(kind: SourceKind, definition: &Definition) -> Result<Self, OptionError> {
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
            let wrong = |accepted: &str| OptionError::value(key, value, accepted);
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
                    return Err(OptionError::unknown(key, &accepted));
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

fn of_rows(
    kind: SourceKind,
    schema: &Schema,
    batches: &[RecordBatch],
    origin: &str,
    options: &Options,
) -> Result<Loaded> {
    match kind {
        SourceKind::Geo => Err(Error::Unsupported {
            what: "a geo database AS SELECT".to_owned(),
            instead: "give it the LOCATION of an .mmdb or .csv file".to_owned(),
        }),
        SourceKind::Networks => networks_of(schema, batches, options),
        SourceKind::Indicators | SourceKind::Services => {
            indicators_of(schema, batches, origin, options)
        }
    }
}

fn indicators_of(
    schema: &Schema,
    batches: &[RecordBatch],
    origin: &str,
    options: &Options,
) -> Result<Loaded> {
    let columns = &options.columns;
    let optional = |name: &str| required(schema, name).ok();
    let places = [
        Some(required(
            schema,
            columns.indicator.as_deref().unwrap_or("indicator"),
        )?),
        match &columns.text {
            Some(name) => Some(required(schema, name)?),
            None => optional("text"),
        },
        optional("severity"),
        optional("first_seen"),
        optional("last_seen"),
        optional("valid_from"),
        optional("expires"),
    ];
    let mut list = IndicatorListBuilder::new(now());
    let mut number = 0;
    for batch in batches {
        let texts = Texts::of(batch, places)?;
        for row in 0..batch.num_rows() {
            number += 1;
            list.at(number);
            columns.add(texts.row(row), &mut list).map_err(unusable)?;
        }
    }
    let list = list.build(origin).map_err(unusable)?;
    Ok(Loaded::Indicators(options.purpose, Arc::new(list)))
}

fn networks_of(schema: &Schema, batches: &[RecordBatch], options: &Options) -> Result<Loaded> {
    let places = [
        Some(required(schema, "network")?),
        Some(required(schema, "name")?),
    ];
    let mut list = NetworkListBuilder::default();
    let mut empty = true;
    for batch in batches {
        let texts = Texts::of(batch, places)?;
        for row in 0..batch.num_rows() {
            let [network, name] = texts.row(row).map(Option::unwrap_or_default);
            let range = AddressRange::parse(network).ok_or_else(|| Error::Unsupported {
                what: format!("the network '{network}'"),
                instead: "give an address, a CIDR block such as 10.0.0.0/8, or a range such as \
                          10.0.0.1-10.0.0.9"
                    .to_owned(),
            })?;
            list.add(range, name).map_err(unusable)?;
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

/// What is wrong with the rows of a query, as its failure.
fn unusable(error: spotql_context::Error) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}
