//! Records to Arrow columns: only those that are asked for, and no text made a record.

use super::arguments::Date;
use super::day::Day;
use super::log::{Column, Log, Planted, Record};
use arrow::array::{
    ArrayRef, Int8Array, Int16Array, Int32Array, Int64Array, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{Result, internal_err};
use std::sync::Arc;

/// The schema of a kind of log.
pub(super) fn schema<L: Log>() -> SchemaRef {
    Arc::new(Schema::new(
        L::COLUMNS.iter().map(field).collect::<Vec<_>>(),
    ))
}

/// The schema of its truth.
pub(super) fn truth_schema<L: Log>() -> SchemaRef {
    let mut fields = vec![
        Field::new("attack", DataType::Utf8, false),
        Field::new("story", DataType::Utf8, false),
    ];
    let known = |name| L::COLUMNS.iter().find(|column| column.0 == name);
    fields.extend(L::TRUTH.iter().filter_map(|name| known(*name)).map(field));
    Arc::new(Schema::new(fields))
}

fn field((name, kind, nullable): &Column) -> Field {
    Field::new(*name, kind.clone(), *nullable)
}

/// A batch of records with the columns of `schema`, a projection of [`schema`].
pub(super) fn batch<L: Log>(
    day: &Day<L>,
    rows: &[L::Row],
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    assemble(schema, rows.len(), |name| day.column(rows, name))
}

/// A batch of truth rows with the columns of `schema`, a projection of [`truth_schema`].
pub(super) fn truth_batch<L: Log>(
    day: &Day<L>,
    rows: &[(&Planted<L::Row>, L::Row)],
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    let records: Vec<L::Row> = rows.iter().map(|(_, row)| *row).collect();
    let text = |get: fn(&Planted<L::Row>) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(attack, _)| get(attack)),
        ))
    };
    assemble(schema, rows.len(), |name| match name {
        "attack" => Ok(text(|attack| attack.kind)),
        "story" => Ok(text(|attack| &attack.story)),
        name => day.column(&records, name),
    })
}

fn assemble(
    schema: &SchemaRef,
    rows: usize,
    column: impl Fn(&str) -> Result<ArrayRef>,
) -> Result<RecordBatch> {
    let columns: Result<Vec<ArrayRef>> = schema
        .fields()
        .iter()
        .map(|field| column(field.name()))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns?,
        &options,
    )?)
}

/// The partition columns `y`, `m`, `d`, `h` as numbers; an error for any other name.
pub(super) fn partition<R: Record>(date: Date, rows: &[R], name: &str) -> Result<ArrayRef> {
    Ok(match name {
        "y" => Arc::new(Int16Array::from_value(date.year as i16, rows.len())),
        "m" => Arc::new(Int8Array::from_value(date.month as i8, rows.len())),
        "d" => Arc::new(Int8Array::from_value(date.day as i8, rows.len())),
        "h" => Arc::new(Int8Array::from_iter_values(
            rows.iter().map(|row| (row.second() / 3_600) as i8),
        )),
        other => return internal_err!("the synthetic log has no column {other}"),
    })
}

/// A column of integers.
pub(super) fn ints<R>(rows: &[R], get: impl Fn(&R) -> i32) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(rows.iter().map(get)))
}

/// A column of long integers.
pub(super) fn longs<R>(rows: &[R], get: impl Fn(&R) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(get)))
}

/// The same integer in every row.
pub(super) fn same<R>(rows: &[R], value: i32) -> ArrayRef {
    Arc::new(Int32Array::from_value(value, rows.len()))
}

/// A column of texts that exist already.
pub(super) fn texts<'a, R>(rows: &[R], get: impl Fn(&R) -> &'a str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(get)))
}

/// The same text in every row.
pub(super) fn same_text<R>(rows: &[R], text: &str) -> ArrayRef {
    texts(rows, |_| text)
}

/// A column of texts that are written row by row into one buffer; false means null.
pub(super) fn written<R>(rows: &[R], mut write: impl FnMut(&R, &mut String) -> bool) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(rows.len(), rows.len() * 24);
    let mut text = String::new();
    for row in rows {
        text.clear();
        if write(row, &mut text) {
            builder.append_value(&text);
        } else {
            builder.append_null();
        }
    }
    Arc::new(builder.finish())
}

/// `template` with `HH:MM:SS` written at `place`. Rows come in order of time: the text changes
/// from second to second only, and then in place.
pub(super) fn clock<R: Record>(template: &[u8], place: usize, rows: &[R]) -> ArrayRef {
    let mut text = template.to_vec();
    let mut builder = StringBuilder::with_capacity(rows.len(), rows.len() * text.len());
    let mut shown = 0;
    for row in rows {
        let second = row.second();
        if second != shown {
            put_time(&mut text[place..], second);
            shown = second;
        }
        // Always ASCII.
        builder.append_value(std::str::from_utf8(&text).unwrap_or_default());
    }
    Arc::new(builder.finish())
}

/// Writes `HH:MM:SS`.
pub(super) fn put_time(text: &mut [u8], second: u32) {
    put(&mut text[0..2], second / 3_600);
    put(&mut text[3..5], second / 60 % 60);
    put(&mut text[6..8], second % 60);
}

/// Writes a number in decimal, with leading zeros.
pub(super) fn put(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
