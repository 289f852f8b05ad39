//! Requests to Arrow columns.

use super::kind::Proxy;
use super::request::{CATEGORIES, Row};
use super::url::extension;
use crate::arguments::Date;
use crate::batch::{clock, ints, put, same_text, texts, written};
use crate::log::{Column, Record};
use crate::names::person;
use crate::population::{Pool, World};
use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, internal_err};

/// The columns of the `proxy` table in their order, then its partition columns. Nothing is null:
/// a ProxySG writes `-`.
pub(super) const COLUMNS: &[Column] = &[
    ("p_date", DataType::Utf8, false),
    ("p_time", DataType::Utf8, false),
    ("clientip", DataType::Utf8, false),
    ("host", DataType::Utf8, false),
    ("reqmethod", DataType::Utf8, false),
    ("useragent", DataType::Utf8, false),
    ("resconttype", DataType::Utf8, false),
    ("duration", DataType::Int32, false),
    ("username", DataType::Utf8, false),
    ("authgroup", DataType::Utf8, false),
    ("exceptionid", DataType::Utf8, false),
    ("filterresult", DataType::Utf8, false),
    ("webcat", DataType::Utf8, false),
    ("referer", DataType::Utf8, false),
    ("respcode", DataType::Utf8, false),
    ("action", DataType::Utf8, false),
    ("urischeme", DataType::Utf8, false),
    ("uriport", DataType::Utf8, false),
    ("uripath", DataType::Utf8, false),
    ("uriquery", DataType::Utf8, false),
    ("uriextension", DataType::Utf8, false),
    ("serverip", DataType::Utf8, false),
    ("scbytes", DataType::Int32, false),
    ("csbytes", DataType::Int32, false),
    ("virusid", DataType::Utf8, false),
    ("bcappname", DataType::Utf8, false),
    ("bcappoper", DataType::Utf8, false),
    ("fulluri", DataType::Utf8, false),
    ("y", DataType::Utf8, false),
    ("m", DataType::Utf8, false),
    ("d", DataType::Utf8, false),
    ("h", DataType::Utf8, false),
];

/// The columns that name one request.
pub(super) const TRUTH: &[&str] = &[
    "p_date",
    "p_time",
    "clientip",
    "host",
    "reqmethod",
    "useragent",
    "fulluri",
    "scbytes",
    "csbytes",
];

/// One column of some requests.
pub(super) fn column(
    proxy: &Proxy,
    world: &World,
    date: Date,
    rows: &[Row],
    name: &str,
) -> Result<ArrayRef> {
    let number = |value: u32, digits: usize| -> String {
        let mut text = [b'0'; 4];
        put(&mut text[..digits], value);
        String::from_utf8_lossy(&text[..digits]).into_owned()
    };
    let year = number(date.year.into(), 4);
    let (month, of_month) = (number(date.month.into(), 2), number(date.day.into(), 2));
    let mut scratch = String::new();
    Ok(match name {
        "p_date" => same_text(rows, &format!("{year}-{month}-{of_month}")),
        "p_time" => clock(b"00:00:00", 0, rows),
        "clientip" => texts(rows, |row| world.address(row.client)),
        "host" => written(rows, |row, out| {
            row.host.write(proxy, world, out);
            true
        }),
        "reqmethod" => texts(rows, |row| row.method.text()),
        "useragent" => written(rows, |row, out| {
            row.agent.write(proxy, row.client, out);
            true
        }),
        "resconttype" => texts(rows, |row| row.content.text()),
        "duration" => ints(rows, |row| row.millis),
        "username" => written(rows, |row, out| {
            if row.known {
                person(row.client, out);
            } else {
                out.push('-');
            }
            true
        }),
        "authgroup" => texts(rows, |row| if row.known { "Staff" } else { "-" }),
        "exceptionid" => texts(rows, |row| row.status.parts()[3]),
        "filterresult" => texts(rows, |row| row.status.parts()[2]),
        "webcat" => texts(rows, |row| CATEGORIES[usize::from(row.category)]),
        "referer" => written(rows, |row, out| {
            row.referer.write(proxy, world, out);
            true
        }),
        "respcode" => texts(rows, |row| row.status.parts()[0]),
        "action" => texts(rows, |row| row.status.parts()[1]),
        "urischeme" => texts(rows, |row| row.scheme.text()),
        "uriport" => written(rows, |row, out| {
            out.push_str(itoa::Buffer::new().format(row.port));
            true
        }),
        "uripath" => written(rows, |row, out| {
            let query = row.path.write(proxy, out);
            out.truncate(query);
            true
        }),
        "uriquery" => written(rows, |row, out| {
            scratch.clear();
            let query = row.path.write(proxy, &mut scratch);
            out.push_str(scratch.get(query..).unwrap_or("-"));
            true
        }),
        "uriextension" => written(rows, |row, out| {
            scratch.clear();
            let query = row.path.write(proxy, &mut scratch);
            out.push_str(extension(scratch.get(..query).unwrap_or_default()));
            true
        }),
        // The proxy itself, whichever serves the client.
        "serverip" => texts(rows, |row| {
            world.address(world.usual(Pool::Proxy, row.client, 1, 0))
        }),
        "scbytes" => ints(rows, |row| row.down),
        "csbytes" => ints(rows, |row| row.up),
        "virusid" | "bcappname" | "bcappoper" => same_text(rows, "-"),
        "fulluri" => written(rows, |row, out| {
            row.host.write(proxy, world, out);
            let path = out.len();
            let query = row.path.write(proxy, out);
            if out.len() - query <= 1 {
                out.truncate(query);
            }
            if query - path <= 1 {
                out.replace_range(path..query, "");
            }
            true
        }),
        "y" => same_text(rows, &year),
        "m" => same_text(rows, &month),
        "d" => same_text(rows, &of_month),
        "h" => {
            let hours: Vec<String> = (0..24).map(|hour| number(hour, 2)).collect();
            texts(rows, |row| {
                hours[(row.second() / 3_600) as usize % 24].as_str()
            })
        }
        other => return internal_err!("the synthetic log has no column {other}"),
    })
}
