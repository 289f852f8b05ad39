//! Flows to Arrow columns.

use super::talk::Row;
use crate::arguments::Date;
use crate::batch::{clock, ints, longs, partition, put, same, texts};
use crate::log::{Column, Record};
use crate::population::World;
use arrow::array::{ArrayRef, Float32Array};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use std::sync::Arc;

/// The columns of the `flow` table in their order, then its partition columns. Nothing is null.
pub(super) const COLUMNS: &[Column] = &[
    ("treceived", DataType::Utf8, false),
    ("unix_tstamp", DataType::Int64, false),
    ("tryear", DataType::Int32, false),
    ("trmonth", DataType::Int32, false),
    ("trday", DataType::Int32, false),
    ("trhour", DataType::Int32, false),
    ("trminute", DataType::Int32, false),
    ("trsec", DataType::Int32, false),
    ("tdur", DataType::Float32, false),
    ("sip", DataType::Utf8, false),
    ("dip", DataType::Utf8, false),
    ("sport", DataType::Int32, false),
    ("dport", DataType::Int32, false),
    ("proto", DataType::Utf8, false),
    ("flag", DataType::Utf8, false),
    ("fwd", DataType::Int32, false),
    ("stos", DataType::Int32, false),
    ("ipkt", DataType::Int64, false),
    ("ibyt", DataType::Int64, false),
    ("opkt", DataType::Int64, false),
    ("obyt", DataType::Int64, false),
    ("input", DataType::Int32, false),
    ("output", DataType::Int32, false),
    ("sas", DataType::Int32, false),
    ("das", DataType::Int32, false),
    ("dtos", DataType::Int32, false),
    ("dir", DataType::Int32, false),
    ("rip", DataType::Utf8, false),
    ("y", DataType::Int16, false),
    ("m", DataType::Int8, false),
    ("d", DataType::Int8, false),
    ("h", DataType::Int8, false),
];

/// The columns that name one flow.
pub(super) const TRUTH: &[&str] = &[
    "treceived",
    "sip",
    "dip",
    "sport",
    "dport",
    "proto",
    "ipkt",
    "ibyt",
];

/// The router inside, and the one at the border.
const ROUTERS: [&str; 2] = ["10.0.0.1", "10.0.0.2"];

/// One column of some flows.
pub(super) fn column(world: &World, date: Date, rows: &[Row], name: &str) -> Result<ArrayRef> {
    let midnight = i64::from(date.epoch) * 86_400;
    Ok(match name {
        "treceived" => clock(&date_time(date), 11, rows),
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
        name => return partition(date, rows, name),
    })
}

fn at_the_border(world: &World, row: &Row) -> bool {
    world.host(row.source).outside || world.host(row.target).outside
}

/// `YYYY-MM-DD HH:MM:SS`, at midnight.
fn date_time(date: Date) -> [u8; 19] {
    let mut text = *b"0000-00-00 00:00:00";
    put(&mut text[0..4], date.year.into());
    put(&mut text[5..7], date.month.into());
    put(&mut text[8..10], date.day.into());
    text
}
