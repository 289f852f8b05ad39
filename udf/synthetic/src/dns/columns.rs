//! DNS answers to Arrow columns.

use super::kind::Dns;
use super::reply::{Answer, Row};
use crate::arguments::Date;
use crate::batch::{ints, longs, partition, put, put_time, same_text, texts, written};
use crate::log::{Column, Record};
use crate::population::World;
use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use std::fmt::Write;

/// The columns of the `dns` table in their order, then its partition columns. `dns_a` is null
/// where an answer has no A record, nothing else is.
pub(super) const COLUMNS: &[Column] = &[
    ("frame_time", DataType::Utf8, false),
    ("unix_tstamp", DataType::Int64, false),
    ("frame_len", DataType::Int32, false),
    ("ip_dst", DataType::Utf8, false),
    ("ip_src", DataType::Utf8, false),
    ("dns_qry_name", DataType::Utf8, false),
    ("dns_qry_class", DataType::Utf8, false),
    ("dns_qry_type", DataType::Int32, false),
    ("dns_qry_rcode", DataType::Int32, false),
    ("dns_a", DataType::Utf8, true),
    ("y", DataType::Int16, false),
    ("m", DataType::Int8, false),
    ("d", DataType::Int8, false),
    ("h", DataType::Int8, false),
];

/// The columns that name one answer.
pub(super) const TRUTH: &[&str] = &[
    "frame_time",
    "unix_tstamp",
    "frame_len",
    "ip_dst",
    "dns_qry_name",
    "dns_qry_type",
    "dns_qry_rcode",
];

/// One column of some answers.
pub(super) fn column(
    dns: &Dns,
    world: &World,
    date: Date,
    rows: &[Row],
    name: &str,
) -> Result<ArrayRef> {
    let midnight = i64::from(date.epoch) * 86_400;
    let mut text = String::new();
    Ok(match name {
        "frame_time" => frame_times(date, rows),
        "unix_tstamp" => longs(rows, |row| midnight + i64::from(row.second())),
        "frame_len" => {
            let mut lengths = Vec::with_capacity(rows.len());
            for row in rows {
                text.clear();
                row.name.write(dns, world, &mut text);
                lengths.push(row.frame_len(world, text.len()));
            }
            ints(&lengths, |length| *length)
        }
        "ip_dst" => texts(rows, |row| world.address(row.client)),
        "ip_src" => texts(rows, |row| world.address(row.server)),
        "dns_qry_name" => written(rows, |row, out| {
            row.name.write(dns, world, out);
            true
        }),
        "dns_qry_class" => same_text(rows, "0x00000001"),
        "dns_qry_type" => ints(rows, |row| i32::from(row.kind)),
        "dns_qry_rcode" => ints(rows, |row| i32::from(row.code)),
        "dns_a" => written(rows, |row, out| match row.answer {
            Answer::None => false,
            Answer::Host(host) => {
                out.push_str(world.address(host));
                true
            }
            // Block lists answer with addresses of the loopback network.
            Answer::Listed(code) => write!(out, "127.0.0.{code}").is_ok(),
        }),
        name => return partition(date, rows, name),
    })
}

/// TShark's `frame.time` without its comma, in UTC, to the microsecond.
fn frame_times(date: Date, rows: &[Row]) -> ArrayRef {
    const MONTHS: [&[u8; 3]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let mut text = *b"Jan  1 1970 00:00:00.000000000 UTC";
    text[0..3].copy_from_slice(MONTHS[usize::from(date.month - 1) % 12]);
    put(&mut text[4..6], date.day.into());
    if date.day < 10 {
        text[4] = b' ';
    }
    put(&mut text[7..11], date.year.into());
    written(rows, |row, out| {
        put_time(&mut text[12..20], row.second());
        put(&mut text[21..27], row.micros());
        // Always ASCII.
        out.push_str(std::str::from_utf8(&text).unwrap_or_default());
        true
    })
}
