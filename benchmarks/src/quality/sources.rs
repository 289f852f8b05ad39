//! Where records come from: captures on disk, synthetic days, and names that malware used.
//!
//! A source is a table of the warehouse with the columns of the ingest table and
//! `row_id` (from 0, the order of the file), `label` (1 attack, 0 normal, NULL unsure) and
//! `attack_type`. It is made when it is first needed.

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int8Array, Int64Array, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use spotql_sql::Session;

use crate::kind::Kind;
use crate::statements::{execute, rows, run_script};

/// A capture: the source's name, its records and their labels.
pub(super) struct Capture {
    pub(super) name: &'static str,
    pub(super) records: &'static str,
    labels: &'static str,
}

macro_rules! captures {
    ($($name:literal $folder:literal $file:literal $records:literal $labels:literal,)*) => {
        [$(Capture {
            name: $name,
            records: concat!($folder, "/", $file, ".", $records, ".parquet"),
            labels: concat!($folder, "/", $file, ".", $labels, ".parquet"),
        },)*]
    };
}

#[rustfmt::skip]
pub(super) const CAPTURES: [Capture; 18] = captures! {
    "iot_34"      "flow" "CTU-IoT-Malware-Capture-34-1"     "flows" "labels",
    "iot_34_uni"  "flow" "CTU-IoT-Malware-Capture-34-1.uni" "flows" "labels",
    "iot_42"      "flow" "CTU-IoT-Malware-Capture-42-1"     "flows" "labels",
    "iot_42_uni"  "flow" "CTU-IoT-Malware-Capture-42-1.uni" "flows" "labels",
    "honeypot_4"  "flow" "CTU-Honeypot-Capture-4-1"         "flows" "labels",
    "apt29_1"     "flow" "apt29_day1"                       "flows" "labels",
    "apt29_1_uni" "flow" "apt29_day1.uni"                   "flows" "labels",
    "apt29_2"     "flow" "apt29_day2"                       "flows" "labels",
    "apt29_2_uni" "flow" "apt29_day2.uni"                   "flows" "labels",
    "luflow_17"   "flow" "luflow_2020.12.17"                "flows" "labels",
    "luflow_21"   "flow" "luflow_2020.12.21"                "flows" "labels",
    "luflow_22"   "flow" "luflow_2020.12.22"                "flows" "labels",
    "spot_demo"   "spot_demo" "flow_edges"                  "flows" "labels",
    "wrccdc"      "dns"  "wrccdc-2018-03-24"                "dns"   "labels",
    "sme"         "dns"  "CTU-SME-11-2023-02-20"            "dns"   "labels",
    "apt29_dns_1" "dns"  "apt29_day1"                       "dns"   "dns.labels",
    "apt29_dns_2" "dns"  "apt29_day2"                       "dns"   "dns.labels",
    "iodine"      "dns"  "elastic_dns-tunnel-iodine"        "dns"   "labels",
};

const MALWARE_NAMES: &str = "malware_names";
const MALWARE_FILE: &str = "context/maltrail_static_malware.parquet";
/// Real names of two families, in answers that say that there is no such name. The records are
/// made up: a length as such answers have it (headers, question, the zone's SOA), one moment.
const MALWARE_SQL: &str = "SELECT 'Mar 24 2018 00:00:00.000000000 UTC' AS frame_time,
  CAST(1521849600 AS BIGINT) AS unix_tstamp,
  CAST(132 + length(indicator) AS INT) AS frame_len,
  '10.0.0.1' AS ip_dst, '10.0.0.2' AS ip_src, indicator AS dns_qry_name,
  '0x00000001' AS dns_qry_class, CAST(1 AS INT) AS dns_qry_type, CAST(3 AS INT) AS dns_qry_rcode,
  CAST(NULL AS STRING) AS dns_a,
  CAST(row_number() OVER (ORDER BY family, indicator) AS BIGINT) - CAST(1 AS BIGINT) AS row_id,
  CAST(1 AS TINYINT) AS label, family AS attack_type, family
FROM indicators
WHERE family IN ('matsnu', 'necurs')
  AND regexp_like(indicator, '^[a-z0-9-]{8,}[.][a-z]{2,6}$')";

/// Whether there is such a source.
#[cfg(test)]
pub(super) fn is_known(source: &str) -> bool {
    let mut captures = CAPTURES.iter().map(|capture| capture.name);
    captures.any(|name| name == source)
        || source == MALWARE_NAMES
        || source.starts_with("synthetic_")
}

/// Makes sources as they are needed.
pub(super) struct Sources<'a> {
    session: &'a Session,
    /// The folder of data.
    data: &'a Path,
    /// For the files of the tables.
    scratch: &'a Path,
    made: HashSet<String>,
}

impl<'a> Sources<'a> {
    pub(super) async fn new(
        session: &'a Session,
        data: &'a Path,
        scratch: &'a Path,
    ) -> Result<Self, Box<dyn Error>> {
        for kind in ["flow", "dns", "proxy"] {
            run_script(session, &format!("schema/{kind}.sql"), &BTreeMap::new()).await?;
        }
        Ok(Self {
            session,
            data,
            scratch,
            made: HashSet::new(),
        })
    }

    /// The columns of a kind's ingest table, without those of its partitions.
    pub(super) async fn columns(&self, kind: Kind) -> Result<Vec<String>, Box<dyn Error>> {
        let none = rows(
            self.session,
            &format!("SELECT * FROM {} LIMIT 0", kind.name()),
        )
        .await?;
        let names = none.schema();
        let names = names.fields().iter().map(|field| field.name().clone());
        Ok(names
            .filter(|name| !["y", "m", "d", "h"].contains(&name.as_str()))
            .collect())
    }

    /// The first file that a source needs and that is not there.
    pub(super) fn missing(&self, source: &str) -> Option<PathBuf> {
        let files = match CAPTURES.iter().find(|capture| capture.name == source) {
            Some(capture) => vec![capture.records, capture.labels],
            None if source == MALWARE_NAMES => vec![MALWARE_FILE],
            None => Vec::new(),
        };
        let mut files = files.into_iter().map(|file| self.data.join(file));
        files.find(|file| !file.exists())
    }

    /// Makes the source if it has not been made yet.
    pub(super) async fn provide(&mut self, source: &str, kind: Kind) -> Result<(), Box<dyn Error>> {
        if !self.made.insert(source.to_owned()) {
            return Ok(());
        }
        if let Some(capture) = CAPTURES.iter().find(|capture| capture.name == source) {
            let records = read(&self.data.join(capture.records))?;
            let labels = read(&self.data.join(capture.labels))?;
            let labelled = labelled(&records, &labels)
                .map_err(|problem| format!("{}: {problem}", capture.labels))?;
            return self.table(source, &labelled).await;
        }
        let query = if source == MALWARE_NAMES {
            let indicators = read(&self.data.join(MALWARE_FILE))?;
            self.table("indicators", &indicators).await?;
            MALWARE_SQL.to_owned()
        } else {
            let seed = source.rsplit('_').next().unwrap_or_default();
            synthetic(kind, seed, &self.columns(kind).await?)
        };
        execute(self.session, &format!("CREATE TABLE {source} AS {query}")).await
    }

    /// A table of these rows.
    async fn table(&self, name: &str, batch: &RecordBatch) -> Result<(), Box<dyn Error>> {
        let folder = self.scratch.join(name);
        std::fs::create_dir(&folder)?;
        let file = File::create(folder.join("records.parquet"))?;
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None)?;
        writer.write(batch)?;
        writer.close()?;
        let columns: Vec<String> = batch
            .schema()
            .fields()
            .iter()
            .map(|field| Ok(format!("{} {}", field.name(), sql_type(field.data_type())?)))
            .collect::<Result<_, Box<dyn Error>>>()?;
        let sql = format!(
            "CREATE EXTERNAL TABLE {name} ({}) STORED AS PARQUET LOCATION '{}'",
            columns.join(", "),
            folder.display()
        );
        execute(self.session, &sql).await
    }
}

fn sql_type(data_type: &DataType) -> Result<&'static str, Box<dyn Error>> {
    Ok(match data_type {
        DataType::Int8 => "TINYINT",
        DataType::Int32 => "INT",
        DataType::Int64 => "BIGINT",
        DataType::Float32 => "FLOAT",
        DataType::Float64 => "DOUBLE",
        DataType::Utf8 => "STRING",
        other => return Err(format!("no column of type {other} is known here").into()),
    })
}

/// A Parquet file in one batch; text as the tables have it.
fn read(path: &Path) -> Result<RecordBatch, Box<dyn Error>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    let schema = Arc::clone(reader.schema());
    let batches = reader.build()?.collect::<Result<Vec<_>, _>>()?;
    let batch = concat_batches(&schema, &batches)?;
    let columns = schema.fields().iter().zip(batch.columns());
    let columns: Vec<(&str, ArrayRef)> = columns
        .map(|(field, column)| {
            let column = match column.data_type() {
                DataType::LargeUtf8 | DataType::Utf8View => cast(column, &DataType::Utf8)?,
                _ => Arc::clone(column),
            };
            Ok((field.name().as_str(), column))
        })
        .collect::<Result<_, datafusion::arrow::error::ArrowError>>()?;
    Ok(RecordBatch::try_from_iter(columns)?)
}

/// The records with their labels, which must be in the same order.
fn labelled(records: &RecordBatch, labels: &RecordBatch) -> Result<RecordBatch, Box<dyn Error>> {
    let column = |name: &str| {
        let column = labels.column_by_name(name);
        column.ok_or_else(|| format!("no column {name}"))
    };
    let numbers = cast(column("row_id")?, &DataType::Int64)?;
    let expected = Int64Array::from_iter_values(0..records.num_rows() as i64);
    if *numbers.as_primitive::<Int64Type>() != expected {
        return Err("row_id does not count the records from 0".into());
    }
    let texts = cast(column("label")?, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    let label: Int8Array = (0..texts.len())
        .map(|row| match texts.value(row) {
            "attack" => Ok(Some(1)),
            "benign" | "unknown" => Ok(Some(0)),
            "outlier" => Ok(None),
            other => Err(format!("label '{other}' is not known")),
        })
        .collect::<Result<_, _>>()?;
    let attack_type = cast(column("attack_type")?, &DataType::Utf8)?;

    let schema = records.schema();
    let mut fields = schema.fields().to_vec();
    fields.push(Arc::new(Field::new("row_id", DataType::Int64, false)));
    fields.push(Arc::new(Field::new("label", DataType::Int8, true)));
    fields.push(Arc::new(Field::new("attack_type", DataType::Utf8, true)));
    let mut columns = records.columns().to_vec();
    columns.extend([numbers, Arc::new(label), attack_type]);
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

/// A synthetic day; what `synthetic_…_truth` tells is an attack.
fn synthetic(kind: Kind, seed: &str, columns: &[String]) -> String {
    // What a row of the truth tells about its record: enough to find exactly one.
    let key: &[&str] = match kind {
        Kind::Flow => &[
            "treceived",
            "sip",
            "dip",
            "sport",
            "dport",
            "proto",
            "ipkt",
            "ibyt",
        ],
        Kind::Dns => &[
            "frame_time",
            "unix_tstamp",
            "frame_len",
            "ip_dst",
            "dns_qry_name",
            "dns_qry_type",
            "dns_qry_rcode",
        ],
        Kind::Proxy => &[
            "p_date",
            "p_time",
            "clientip",
            "host",
            "reqmethod",
            "useragent",
            "fulluri",
            "scbytes",
            "csbytes",
        ],
    };
    let name = kind.name();
    let arguments = format!("({RECORDS}, {seed}, '2016-07-08')");
    let same: Vec<String> = key
        .iter()
        .map(|column| format!("r.{column} = t.{column}"))
        .collect();
    let columns: Vec<String> = columns.iter().map(|column| format!("r.{column}")).collect();
    let columns = columns.join(", ");
    format!(
        "SELECT {columns}, \
         CAST(row_number() OVER (ORDER BY {columns}) AS BIGINT) - CAST(1 AS BIGINT) AS row_id, \
         CAST(CASE WHEN t.attack IS NULL THEN 0 ELSE 1 END AS TINYINT) AS label, \
         coalesce(t.attack, '') AS attack_type \
         FROM synthetic_{name}{arguments} r LEFT JOIN synthetic_{name}_truth{arguments} t ON {}",
        same.join(" AND ")
    )
}

/// Of a synthetic day.
pub(super) const RECORDS: u32 = 60_000;
