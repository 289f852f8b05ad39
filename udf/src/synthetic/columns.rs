//! Rows to Arrow columns: only those that are asked for, and no text made a row.

use super::attack::Planted;
use super::day::{Date, Day};
use super::population::World;
use super::talk::Row;
use arrow::array::{
    ArrayRef, Float32Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray,
    StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{Result, internal_err};
use std::sync::{Arc, LazyLock};

/// The columns of the `flow` table in their order, then its partition columns.
const FLOW: [(&str, DataType); 32] = [
    ("treceived", DataType::Utf8),
    ("unix_tstamp", DataType::Int64),
    ("tryear", DataType::Int32),
    ("trmonth", DataType::Int32),
    ("trday", DataType::Int32),
    ("trhour", DataType::Int32),
    ("trminute", DataType::Int32),
    ("trsec", DataType::Int32),
    ("tdur", DataType::Float32),
    ("sip", DataType::Utf8),
    ("dip", DataType::Utf8),
    ("sport", DataType::Int32),
    ("dport", DataType::Int32),
    ("proto", DataType::Utf8),
    ("flag", DataType::Utf8),
    ("fwd", DataType::Int32),
    ("stos", DataType::Int32),
    ("ipkt", DataType::Int64),
    ("ibyt", DataType::Int64),
    ("opkt", DataType::Int64),
    ("obyt", DataType::Int64),
    ("input", DataType::Int32),
    ("output", DataType::Int32),
    ("sas", DataType::Int32),
    ("das", DataType::Int32),
    ("dtos", DataType::Int32),
    ("dir", DataType::Int32),
    ("rip", DataType::Utf8),
    ("y", DataType::Int16),
    ("m", DataType::Int8),
    ("d", DataType::Int8),
    ("h", DataType::Int8),
];

const TRUTH: [(&str, DataType); 10] = [
    ("attack", DataType::Utf8),
    ("story", DataType::Utf8),
    ("treceived", DataType::Utf8),
    ("sip", DataType::Utf8),
    ("dip", DataType::Utf8),
    ("sport", DataType::Int32),
    ("dport", DataType::Int32),
    ("proto", DataType::Utf8),
    ("ipkt", DataType::Int64),
    ("ibyt", DataType::Int64),
];

/// The router inside, and the one at the border.
const ROUTERS: [&str; 2] = ["10.0.0.1", "10.0.0.2"];

static FLOW_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| schema(&FLOW));
static TRUTH_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| schema(&TRUTH));

fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, kind)| Field::new(*name, kind.clone(), false))
        .collect();
    Arc::new(Schema::new(fields))
}

/// The schema of `synthetic_flow`. Nothing is null.
pub(super) fn flow_schema() -> SchemaRef {
    Arc::clone(&FLOW_SCHEMA)
}

/// The schema of `synthetic_flow_truth`. Nothing is null.
pub(super) fn truth_schema() -> SchemaRef {
    Arc::clone(&TRUTH_SCHEMA)
}

/// A batch of flow rows with the columns of `schema`, a projection of [`flow_schema`].
pub(super) fn flow_batch(day: &Day, rows: &[Row], schema: &SchemaRef) -> Result<RecordBatch> {
    let columns: Result<Vec<ArrayRef>> = schema
        .fields()
        .iter()
        .map(|field| flow_column(day, rows, field.name()))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns?,
        &options,
    )?)
}

/// A batch of truth rows with the columns of `schema`, a projection of [`truth_schema`].
pub(super) fn truth_batch(
    day: &Day,
    rows: &[(&Planted, Row)],
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    let flows: Vec<Row> = rows.iter().map(|(_, row)| *row).collect();
    let text = |get: fn(&Planted) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(attack, _)| get(attack)),
        ))
    };
    let columns: Result<Vec<ArrayRef>> = schema
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            "attack" => Ok(text(|attack| attack.kind)),
            "story" => Ok(text(|attack| &attack.story)),
            name => flow_column(day, &flows, name),
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns?,
        &options,
    )?)
}

fn flow_column(day: &Day, rows: &[Row], name: &str) -> Result<ArrayRef> {
    let (world, date) = (&day.world, day.request.date);
    let midnight = i64::from(date.epoch) * 86_400;
    Ok(match name {
        "treceived" => times(date, rows),
        "unix_tstamp" => longs(rows, |row| midnight + i64::from(row.second())),
        "tryear" => same(rows, i32::from(date.year)),
        "trmonth" => same(rows, i32::from(date.month)),
        "trday" => same(rows, i32::from(date.day)),
        "trhour" => ints(rows, |row| (row.second() / 3_600) as i32),
        "trminute" => ints(rows, |row| (row.second() / 60 % 60) as i32),
        "trsec" => ints(rows, |row| (row.second() % 60) as i32),
        "tdur" => Arc::new(Float32Array::from_iter_values(
            rows.iter().map(|row| row.millis as f32 / 1_000.0),
        )),
        "sip" => texts(rows, |row| world.address(row.source)),
        "dip" => texts(rows, |row| world.address(row.target)),
        "sport" => ints(rows, |row| i32::from(row.sport)),
        "dport" => ints(rows, |row| i32::from(row.dport)),
        "proto" => texts(rows, |row| row.transport.name()),
        "flag" => texts(rows, |row| row.flags.text()),
        // Forwarding status 64: forwarded, no reason given (RFC 7270, section 4.12).
        "fwd" => same(rows, 64),
        "stos" | "dtos" => ints(rows, |row| i32::from(row.tos)),
        "ipkt" => longs(rows, |row| row.packets as i64),
        "ibyt" => longs(rows, |row| row.bytes as i64),
        "opkt" | "obyt" => longs(rows, |_| 0),
        "input" => ints(rows, |row| i32::from(world.host(row.source).interface)),
        "output" => ints(rows, |row| i32::from(world.host(row.target).interface)),
        "sas" => ints(rows, |row| world.host(row.source).asn as i32),
        "das" => ints(rows, |row| world.host(row.target).asn as i32),
        // 1: leaving the organisation.
        "dir" => ints(rows, |row| i32::from(world.host(row.target).outside)),
        "rip" => texts(rows, |row| ROUTERS[usize::from(at_the_border(world, row))]),
        "y" => Arc::new(Int16Array::from_value(date.year as i16, rows.len())),
        "m" => Arc::new(Int8Array::from_value(date.month as i8, rows.len())),
        "d" => Arc::new(Int8Array::from_value(date.day as i8, rows.len())),
        "h" => Arc::new(Int8Array::from_iter_values(
            rows.iter().map(|row| (row.second() / 3_600) as i8),
        )),
        other => return internal_err!("synthetic flows have no column {other}"),
    })
}

fn at_the_border(world: &World, row: &Row) -> bool {
    world.host(row.source).outside || world.host(row.target).outside
}

fn ints(rows: &[Row], get: impl Fn(&Row) -> i32) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(rows.iter().map(get)))
}

fn longs(rows: &[Row], get: impl Fn(&Row) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(get)))
}

fn same(rows: &[Row], value: i32) -> ArrayRef {
    Arc::new(Int32Array::from_value(value, rows.len()))
}

fn texts<'a>(rows: &[Row], get: impl Fn(&Row) -> &'a str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(get)))
}

/// `YYYY-MM-DD HH:MM:SS`. Rows come in order of time: the text changes from second to second
/// only, and then in place.
fn times(date: Date, rows: &[Row]) -> ArrayRef {
    let mut text = *b"0000-00-00 00:00:00";
    put(&mut text[0..4], date.year.into());
    put(&mut text[5..7], date.month.into());
    put(&mut text[8..10], date.day.into());
    let mut builder = StringBuilder::with_capacity(rows.len(), rows.len() * text.len());
    let mut shown = 0;
    for row in rows {
        let second = row.second();
        if second != shown {
            put(&mut text[11..13], second / 3_600);
            put(&mut text[14..16], second / 60 % 60);
            put(&mut text[17..19], second % 60);
            shown = second;
        }
        // Always ASCII digits.
        builder.append_value(std::str::from_utf8(&text).unwrap_or_default());
    }
    Arc::new(builder.finish())
}

/// Writes a number in decimal, with leading zeros.
fn put(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
