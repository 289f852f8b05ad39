//! Reads lists of indicators from files.
//!
//! * Plain: an indicator a line; what follows a blank or a comma is not looked at. Lines that begin with `#`, `;` or `//` are
//!   left out. A hosts file (`0.0.0.0 bad.example.com`) is read for its names.
//! * CSV with a line of column names. The indicator is the column `indicator` or the one that is named; there may be
//!   `text`, `severity` ([`super::severity_of`]), `first_seen`, `last_seen`, `valid_from` and `expires`
//!   ([`super::time_of`]). In place of the indicator two columns may name the ends of a range: `start` and `end`, `from` and `to`,
//!   with or without `ip`.
//!   Lines that begin with `#` before the names are left out, but the last one of them is
//!   the line of names if no other follows (as abuse.ch writes them).
//! * STIX 2.1 bundles ([`super::stix`]).
//! * MISP and other JSON ([`super::json`]): warning lists, events, arrays and lines of objects or texts.
//!
//! Any of them may be packed with gzip, and UTF-16 with a byte order mark ([`super::bytes`]). A range is written `a-b`, or in
//! two columns; what is defanged (`hxxp://evil[.]example[.]com`) is read as it is meant. Whatever cannot be used is kept with
//! its line and the reason ([`super::Rejected`]).

use std::path::Path;

use super::{
    Columns, Format, IndicatorList, IndicatorListBuilder, bytes, columns, json, plain, stix,
};
use crate::error::Result;

/// Reads a file as of a time, in seconds since 1970. A feed that is empty, or has expired, is a list without indicators.
///
/// # Errors
/// A file that cannot be read, is not of its format, or holds entries and none of use.
pub fn read(path: &Path, how: &Columns, now: i64) -> Result<IndicatorList> {
    let bytes = bytes::read(path)?;
    let mut list = IndicatorListBuilder::new(now);
    let origin = path.display().to_string();
    match how.format.unwrap_or_else(|| format_of(&bytes, path)) {
        Format::Plain => plain::read(&bytes, how, &mut list)?,
        Format::Csv => columns::read(&bytes, &origin, how, &mut list)?,
        Format::Stix => stix::read(&bytes, &origin, how, &mut list)?,
        Format::Json => json::read(&bytes, &origin, how, &mut list)?,
    }
    list.build(&origin)
}

/// What a file looks like.
fn format_of(bytes: &[u8], path: &Path) -> Format {
    let json = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
    let csv = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    match json {
        true if json::is_stix(bytes) => Format::Stix,
        // An address in brackets.
        true if bytes.trim_ascii_start().starts_with(b"[") && !json::is_array(bytes) => {
            Format::Plain
        }
        true => Format::Json,
        false if csv => Format::Csv,
        false => Format::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str, how: &Columns) -> Result<IndicatorList> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read(&path, how, 0)
    }

    fn told(list: &IndicatorList, value: &str) -> Option<(String, u8)> {
        let found = list.find(value, 0)?;
        Some((found.text.to_owned(), found.severity))
    }

    #[test]
    fn plain_lists_and_hosts_files() {
        let how = Columns {
            default_text: "spam".to_owned(),
            severity: Some(2),
            ..Columns::default()
        };
        let text = "\u{feff}# comment\n192.0.2.1\t9\r\n198.51.100.0/24,x\n; more\n\n0.0.0.0 bad.example.com # why\n// no\n";
        let list = of("list.txt", text, &how).unwrap();
        assert_eq!((list.len(), list.unusable()), (3, 0));
        for value in ["192.0.2.1", "198.51.100.9", "www.bad.example.com"] {
            assert_eq!(told(&list, value), Some(("spam".to_owned(), 2)), "{value}");
        }
    }

    #[test]
    fn csv_with_names() {
        let text = "first_seen,indicator,text,severity,expires\n\
                    2024-05-14,192.0.2.1,\"a, b\",low,\n\
                    2024-05-14T10:00:00Z,x.example.com,,,1970-01-02\n\
                    ,y.example.com,z,,\n\
                    ,z.example.com,z,9,\n\
                    ,z.example.com,z,,soon\n";
        let how = Columns {
            default_text: "list".to_owned(),
            ..Columns::default()
        };
        let list = of("list.csv", text, &how).unwrap();
        assert_eq!(told(&list, "192.0.2.1"), Some(("a, b".to_owned(), 1)));
        assert_eq!(told(&list, "x.example.com"), Some(("list".to_owned(), 3)));
        assert_eq!(told(&list, "y.example.com"), Some(("z".to_owned(), 3)));
        // A severity that is not understood does not cost the indicator, an expiry does.
        assert_eq!(told(&list, "z.example.com"), Some(("z".to_owned(), 3)));
        let remarks: Vec<_> = list
            .rejected()
            .first
            .iter()
            .map(|it| (it.line, it.used))
            .collect();
        assert_eq!((list.unusable(), remarks), (1, vec![(5, true), (6, false)]));
        assert_eq!(
            list.find("192.0.2.1", 0).unwrap().first_seen,
            Some(1_715_644_800)
        );
        assert!(list.find("x.example.com", 86_400).is_none());
    }

    #[test]
    fn csv_with_blanks_before_quotes_and_with_a_quote_that_is_not_closed() {
        let text = "# \"first_seen_utc\", \"ioc_value\", \"threat\"\n\
                    \"2024-05-14 10:00:00\", \"x.example.com\", \"a, b\"\n";
        let how = Columns {
            indicator: Some("ioc_value".to_owned()),
            text: Some("threat".to_owned()),
            ..Columns::default()
        };
        let list = of("list.csv", text, &how).unwrap();
        assert_eq!(told(&list, "x.example.com"), Some(("a, b".to_owned(), 3)));
        let open = "indicator,text\nx.example.com,\"a\ny.example.com,b\n";
        let error = of("list.csv", open, &Columns::default()).unwrap_err();
        assert!(error.to_string().contains("line 2 of"), "{error}");
    }

    #[test]
    fn csv_as_abuse_ch_writes_it() {
        let text = "# Updated\n# id,dateadded,url,threat\n\"1\",\"2024\",\"http://x.example.com/a\",\"malware\"\n";
        let how = Columns {
            indicator: Some("url".to_owned()),
            text: Some("threat".to_owned()),
            ..Columns::default()
        };
        let list = of("list.csv", text, &how).unwrap();
        assert_eq!(
            told(&list, "x.example.com/a/b"),
            Some(("malware".to_owned(), 3))
        );
        let error = of("list.csv", text, &Columns::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no column 'indicator'") && error.contains("'column'"),
            "{error}"
        );
    }

    #[test]
    fn warning_lists_of_misp() {
        let text = r#"{"name": "Top sites", "type": "hostname", "version": 1, "list": ["example.com", "192.0.2.0/24"]}"#;
        let list = of("list.json", text, &Columns::default()).unwrap();
        assert_eq!(
            told(&list, "www.example.com"),
            Some(("Top sites".to_owned(), 3))
        );
        let error = of(
            "list.json",
            r#"{"type": "regex", "list": ["x"]}"#,
            &Columns::default(),
        );
        assert!(error.unwrap_err().to_string().contains("type 'regex'"));
        assert!(of("list.json", "{", &Columns::default()).is_err());
    }

    #[test]
    fn files_that_are_not_there_or_empty_are_named() {
        let error = read(Path::new("no/such/list.txt"), &Columns::default(), 0).unwrap_err();
        assert!(error.to_string().contains("'no/such/list.txt'"));
        for name in ["list.txt", "list.csv"] {
            assert!(of(name, "", &Columns::default()).is_err(), "{name}");
        }
    }
}
