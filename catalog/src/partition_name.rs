//! Partition values as text: the names of directories (`y=2016/m=7`), and the typed values behind them.
//!
//! A value has a *raw* text, as the directory spells it (`07`), and a typed value (7 for a TINYINT column). The
//! *canonical* text of a typed value is what this crate writes (`7`); for strings it is the raw text. Two directories
//! `m=7` and `m=07` of a TINYINT column are two partitions of one key. Special characters are escaped as Hive's
//! `FileUtils.escapePathName` does. NULL, and the empty string as in Hive, is `__HIVE_DEFAULT_PARTITION__`.

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::util::display::FormatOptions;
use datafusion::common::ScalarValue;

use crate::error::{Error, Result};
use crate::table::{Column, TableDefinition};

/// The directory name of NULL.
pub const DEFAULT_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// The raw values of one partition, in the order of the partition columns. `None` is NULL.
pub type RawValues = Vec<Option<String>>;

/// `y=2016/m=7`: the partition's name, and its directory below the table's location.
pub(crate) fn partition_name(columns: &[Column], values: &[Option<String>]) -> String {
    let mut name = String::new();
    for (column, value) in columns.iter().zip(values) {
        if !name.is_empty() {
            name.push('/');
        }
        escape_into(&mut name, &column.name);
        name.push('=');
        match value {
            Some(value) => escape_into(&mut name, value),
            None => name.push_str(DEFAULT_PARTITION),
        }
    }
    name
}

/// The column (lower case) and raw value of a directory's name; `None` if it is no `column=value`.
pub(crate) fn parse_directory(name: &str) -> Option<(String, Option<String>)> {
    let (column, value) = name.split_once('=')?;
    let value = (value != DEFAULT_PARTITION && !value.is_empty()).then(|| unescape(value));
    Some((unescape(column).to_lowercase(), value))
}

fn must_escape(c: char) -> bool {
    c.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(c)
}

fn escape_into(out: &mut String, text: &str) {
    use std::fmt::Write;
    for c in text.chars() {
        if must_escape(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{:02X}", c as u32);
        } else {
            out.push(c);
        }
    }
}

/// Undoes the escaping; a `%` that no two hexadecimal digits follow stands for itself, as in Hive. pyarrow and DuckDB
/// escape each byte of a letter's UTF-8 (`m%C3%BCnchen`); bytes that make no UTF-8 are taken for Latin-1.
fn unescape(text: &str) -> String {
    if !text.contains('%') {
        return text.to_string();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

/// Reads the raw values of one column for many partitions; the result has the column's Arrow type. A text that the
/// type cannot hold becomes NULL, as Hive reads it. Blanks round a number or a date do not matter.
pub(crate) fn typed_column<'a>(
    column: &Column,
    raw: impl Iterator<Item = Option<&'a str>>,
) -> Result<ArrayRef> {
    let exact = column.data_type.is_text();
    let text = StringArray::from_iter(
        raw.map(|value| value.map(|text| if exact { text } else { text.trim() })),
    );
    let options = CastOptions {
        safe: true,
        format_options: FormatOptions::default(),
    };
    Ok(cast_with_options(
        &text,
        &column.data_type.to_arrow(),
        &options,
    )?)
}

/// Types one value that a user gave.
///
/// # Errors
/// [`Error::InvalidPartitionValue`] if the column's type cannot hold it.
pub(crate) fn typed_value(
    table: &TableDefinition,
    column: &Column,
    raw: Option<&str>,
) -> Result<ScalarValue> {
    let array = typed_column(column, std::iter::once(raw.filter(|text| !text.is_empty())))?;
    if array.is_null(0) && raw.is_some_and(|text| !text.is_empty()) {
        return Err(Error::InvalidPartitionValue {
            table: table.full_name(),
            column: column.name.clone(),
            data_type: column.data_type.to_string(),
            value: raw.unwrap_or_default().to_string(),
        });
    }
    Ok(ScalarValue::try_from_array(&array, 0)?)
}

/// The text by which a typed value is written: numbers without padding, timestamps as
/// `YYYY-MM-DD HH:MM:SS[.ffffff]`, strings as they are. `None` for NULL and for the empty string.
pub(crate) fn canonical_text(value: &ScalarValue) -> Option<String> {
    if value.is_null() {
        return None;
    }
    match value {
        ScalarValue::TimestampMicrosecond(Some(micros), _) => {
            let time = chrono::DateTime::from_timestamp_micros(*micros)?.naive_utc();
            Some(time.format("%Y-%m-%d %H:%M:%S%.f").to_string())
        }
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.clone().filter(|text| !text.is_empty())
        }
        other => Some(other.to_string()),
    }
}

/// The key of a partition: the name that its typed values have. A raw text that its type cannot hold counts as it is,
/// so that such directories stay apart.
pub(crate) fn partition_key(
    columns: &[Column],
    raw: &[Option<String>],
    typed: &[ScalarValue],
) -> String {
    let canonical: Vec<Option<String>> = raw
        .iter()
        .zip(typed)
        .map(|(raw, typed)| canonical_text(typed).or_else(|| raw.clone()))
        .collect();
    partition_name(columns, &canonical)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::HiveType;

    fn column(name: &str, data_type: HiveType) -> Column {
        Column::new(name, data_type)
    }

    #[test]
    fn special_characters_are_escaped_as_hive_does_and_read_back() {
        let columns = [column("ts", HiveType::String)];
        for text in [
            "2016-07-08 00:04:17",
            "a/b=c",
            "100%",
            "{x}[y]^",
            "tab\there",
            "ümlaut",
            "a b",
        ] {
            let name = partition_name(&columns, &[Some(text.to_string())]);
            assert!(!name[3..].contains([':', '/', '=', '[', '\t']), "{name}");
            assert_eq!(
                parse_directory(&name).unwrap(),
                ("ts".into(), Some(text.to_string()))
            );
        }
        assert_eq!(
            partition_name(&columns, &[Some("00:04".to_string())]),
            "ts=00%3A04",
            "Hive's spelling"
        );
    }

    #[test]
    fn a_lone_percent_sign_stands_for_itself() {
        assert_eq!(parse_directory("a=5%").unwrap().1.as_deref(), Some("5%"));
        for (name, value) in [
            ("a=m%C3%BCnchen", "münchen"),
            ("a=m%c3%bcnchen", "münchen"),
            ("a=%E2%82%AC%F0%9F%90%9D", "€🐝"),
            ("a=m%FCnchen", "münchen"),
            ("a=ü%3D", "ü="),
            ("a=%+1%", "%+1%"),
        ] {
            let parsed = parse_directory(name).unwrap().1;
            assert_eq!(parsed.as_deref(), Some(value), "{name}");
        }
        assert_eq!(
            parse_directory("a=%zz%41").unwrap().1.as_deref(),
            Some("%zzA")
        );
        assert_eq!(parse_directory("a=%é").unwrap().1.as_deref(), Some("%é"));
    }

    #[test]
    fn null_and_the_empty_string_are_the_default_partition() {
        let columns = [column("p", HiveType::String)];
        assert_eq!(
            partition_name(&columns, &[None]),
            "p=__HIVE_DEFAULT_PARTITION__"
        );
        assert_eq!(
            parse_directory("p=__HIVE_DEFAULT_PARTITION__").unwrap().1,
            None
        );
        assert_eq!(canonical_text(&ScalarValue::from("")), None);
    }

    #[test]
    fn padded_numbers_are_numbers_and_padded_strings_are_strings() {
        let definition = TableDefinition::new("d", "t", vec![]);
        let number = column("m", HiveType::TinyInt);
        let value = typed_value(&definition, &number, Some("07")).unwrap();
        assert_eq!(value, ScalarValue::Int8(Some(7)));
        assert_eq!(canonical_text(&value).as_deref(), Some("7"));
        let text = column("m", HiveType::String);
        let value = typed_value(&definition, &text, Some("07")).unwrap();
        assert_eq!(canonical_text(&value).as_deref(), Some("07"));
    }

    #[test]
    fn a_value_that_the_type_cannot_hold_is_an_error_that_names_it() {
        let definition = TableDefinition::new("d", "t", vec![]);
        for (data_type, text) in [
            (HiveType::TinyInt, "300"),
            (HiveType::Int, "seven"),
            (HiveType::Date, "2016-13-01"),
            (HiveType::Boolean, "maybe"),
        ] {
            let error = typed_value(&definition, &column("c", data_type), Some(text)).unwrap_err();
            assert!(error.to_string().contains(&format!("'{text}'")), "{error}");
        }
    }

    #[test]
    fn every_type_reads_what_it_writes() {
        let definition = TableDefinition::new("d", "t", vec![]);
        for (data_type, text) in [
            ("bigint", "-5"),
            ("date", "2016-07-08"),
            ("timestamp", "2016-07-08 00:04:17"),
            ("timestamp", "2016-07-08 00:04:17.123456"),
            ("boolean", "true"),
            ("decimal(5,2)", "12.50"),
            ("double", "1.5"),
            ("string", " x "),
        ] {
            let value = typed_value(
                &definition,
                &column("c", data_type.parse().unwrap()),
                Some(text),
            )
            .unwrap();
            assert_eq!(canonical_text(&value).as_deref(), Some(text), "{data_type}");
        }
    }
}
