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

use super::quotes::tidied;
use super::scale::{is_never, severity_of, time_of};
use super::{DEFAULT_SEVERITY, Indicator, IndicatorList, IndicatorListBuilder, bytes, json, stix};
use crate::enrich::address::{Address, AddressRange};
use crate::enrich::error::{Error, Result};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An indicator a line.
    Plain,
    /// Comma-separated columns with names.
    Csv,
    /// A STIX 2.1 bundle, or a TAXII envelope.
    Stix,
    /// Another JSON text, or a JSON text a line: MISP's warning lists and events, objects, texts.
    Json,
}

impl Format {
    /// The names that [`Format::from_name`] takes.
    pub const NAMES: &'static str = "'plain', 'csv', 'stix', 'misp' or 'json'";

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "plain" => Some(Self::Plain),
            "csv" => Some(Self::Csv),
            "stix" => Some(Self::Stix),
            "misp" | "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// What a file looks like.
    fn of(bytes: &[u8], path: &Path) -> Self {
        let json = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
        let csv = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        match json {
            true if json::is_stix(bytes) => Self::Stix,
            // An address in brackets.
            true if bytes.trim_ascii_start().starts_with(b"[") && !json::is_array(bytes) => {
                Self::Plain
            }
            true => Self::Json,
            false if csv => Self::Csv,
            false => Self::Plain,
        }
    }
}

/// How a file is read.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// None: as the file looks.
    pub format: Option<Format>,
    /// The column of indicators, of CSV.
    pub indicator: Option<String>,
    /// The column that says what an indicator is about, of CSV.
    pub text: Option<String>,
    /// What all indicators are about that do not say it themselves.
    pub default_text: String,
    /// How bad they are if they do not say it themselves; high if nobody does.
    pub severity: Option<u8>,
}

/// Reads a file as of a time, in seconds since 1970. A feed that is empty, or has expired, is a list without indicators.
///
/// # Errors
/// A file that cannot be read, is not of its format, or holds entries and none of use.
pub fn read(path: &Path, how: &Columns, now: i64) -> Result<IndicatorList> {
    let bytes = bytes::read(path)?;
    let mut list = IndicatorListBuilder::new(now);
    let origin = path.display().to_string();
    match how.format.unwrap_or_else(|| Format::of(&bytes, path)) {
        Format::Plain => plain(&bytes, how, &mut list)?,
        Format::Csv => columns(&bytes, &origin, how, &mut list)?,
        Format::Stix => stix::read(&bytes, &origin, how, &mut list)?,
        Format::Json => json::read(&bytes, &origin, how, &mut list)?,
    }
    list.build(&origin)
}

impl Columns {
    /// Adds an entry from the texts of its columns: indicator, text, severity, first seen, last seen, valid from, expires. A
    /// severity that is not understood is the usual one. An entry is rejected if its expiry, or the time from which it
    /// holds, cannot be read: it would count for longer than it says.
    ///
    /// # Errors
    /// Too many.
    pub fn add(&self, texts: [Option<&str>; 7], list: &mut IndicatorListBuilder) -> Result<()> {
        let [
            value,
            text,
            severity,
            first_seen,
            last_seen,
            valid_from,
            expires,
        ] = texts;
        let bare = self.bare(value.unwrap_or_default());
        let mut bounds = [None; 2];
        for (bound, text, what) in [
            (0, valid_from, "the time from which it holds"),
            (1, expires, "its expiry"),
        ] {
            match text.filter(|text| !is_never(text)) {
                None => {}
                Some(text) => match time_of(text) {
                    Some(time) => bounds[bound] = Some(time),
                    None => {
                        list.reject(bare.value, &format!("{what} '{text}' cannot be read"));
                        return Ok(());
                    }
                },
            }
        }
        let severity = match severity.filter(|text| !text.trim().is_empty()) {
            None => bare.severity,
            Some(text) => severity_of(text).unwrap_or_else(|| {
                let remark = format!(
                    "used, with severity {}: '{text}' is none of 1 to 3, 11 to 100, low, medium or high",
                    bare.severity
                );
                list.note(bare.value, &remark);
                bare.severity
            }),
        };
        let mut seen = |text: Option<&str>| {
            let text = text.filter(|text| !is_never(text))?;
            let time = time_of(text);
            if time.is_none() {
                list.note(
                    bare.value,
                    &format!("used, without the time '{text}', which cannot be read"),
                );
            }
            time
        };
        let (first_seen, last_seen) = (seen(first_seen), seen(last_seen));
        list.add(&Indicator {
            text: text.unwrap_or(bare.text),
            severity,
            first_seen,
            last_seen,
            valid_from: bounds[0],
            expires: bounds[1],
            ..bare
        })
    }

    /// An indicator about which no more is known.
    pub(super) fn bare<'a>(&'a self, value: &'a str) -> Indicator<'a> {
        Indicator {
            value,
            text: &self.default_text,
            severity: self.severity.unwrap_or(DEFAULT_SEVERITY),
            first_seen: None,
            last_seen: None,
            valid_from: None,
            expires: None,
        }
    }
}

fn plain(bytes: &[u8], how: &Columns, list: &mut IndicatorListBuilder) -> Result<()> {
    // Whether a comment says that the columns are the ends of ranges.
    let mut ranges = false;
    for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
        list.at(number);
        let line = String::from_utf8_lossy(line);
        let line = line.trim_start_matches('\u{feff}').trim();
        if ["#", ";", "//"].iter().any(|it| line.starts_with(it)) {
            let line = line.to_ascii_lowercase();
            ranges |= line.contains("start") && line.contains("end");
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let is_end = |c: char| c.is_whitespace() || c == ',';
        let mut parts = line.split(is_end).filter(|part| !part.is_empty());
        let first = parts.next().unwrap_or_default();
        if let Some(address) = Address::parse(first) {
            let second = parts.next().unwrap_or_default();
            let (dash, end) = match second.strip_prefix('-') {
                Some("") => (true, parts.next().unwrap_or_default()),
                Some(end) => (true, end),
                None => (false, second),
            };
            if let Some(end) = Address::parse(end) {
                // Two addresses side by side are a range only if something says so.
                let range = AddressRange::between(address, end);
                match range.filter(|range| dash || ranges || range.is_block()) {
                    Some(_) => list.add(&how.bare(&format!("{first}-{end}")))?,
                    None => list.reject(
                        line,
                        "two addresses: a range is written a-b, or in columns that a comment names start and end",
                    ),
                }
                continue;
            }
            if dash {
                list.reject(line, "the end of the range is no address");
                continue;
            }
            // A hosts file.
            if matches!(first, "0.0.0.0" | "127.0.0.1" | "::" | "::1") && !second.is_empty() {
                list.add(&how.bare(second))?;
                continue;
            }
        }
        // As P2P programs write their lists: `what it is about:a-b`.
        if let Some((text, range)) = line.rsplit_once(':')
            && range.contains('-')
            && AddressRange::parse(range).is_some()
        {
            let text = text.trim();
            let bare = how.bare(range);
            let text = if bare.text.is_empty() {
                text
            } else {
                bare.text
            };
            list.add(&Indicator { text, ..bare })?;
            continue;
        }
        // What follows an address after these is a port or a remark.
        let value = match first.split_once([';', '|']) {
            Some((address, _)) if AddressRange::parse(address).is_some() => address,
            _ => first,
        };
        list.add(&how.bare(value))?;
    }
    Ok(())
}

/// The names of the columns that hold the first and the last address of a range.
const ENDS: [(&str, &str); 8] = [
    ("start", "end"),
    ("start_ip", "end_ip"),
    ("ip_start", "ip_end"),
    ("range_start", "range_end"),
    ("first_ip", "last_ip"),
    ("first", "last"),
    ("from", "to"),
    ("ip_from", "ip_to"),
];

fn columns(
    bytes: &[u8],
    origin: &str,
    how: &Columns,
    list: &mut IndicatorListBuilder,
) -> Result<()> {
    let format = |problem: String| Error::Format {
        path: origin.to_owned(),
        expected: "a CSV file of indicators",
        problem,
    };
    let bytes = tidied(bytes).map_err(|line| Error::Line {
        path: origin.to_owned(),
        line: line as u64,
        problem: "a quote that is opened here is never closed".to_owned(),
    })?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes.as_ref());
    let mut record = csv::StringRecord::new();
    let mut bytes = csv::ByteRecord::new();
    let mut comment = None;
    let mut more = |record: &mut csv::StringRecord| {
        let more = reader.read_byte_record(&mut bytes);
        let more = more.map_err(|error| format(error.to_string()))?;
        *record = csv::StringRecord::from_byte_record_lossy(bytes.clone());
        record.set_position(bytes.position().cloned());
        Ok::<_, Error>(more)
    };
    // The line of names: the first that is no comment, or the last comment if it names the column.
    let wanted = how.indicator.as_deref().unwrap_or("indicator");
    let place_in = |names: &csv::StringRecord, wanted: &str| {
        names.iter().position(|name| {
            let name = name.trim_start_matches(['#', '\u{feff}', ' ']);
            name.eq_ignore_ascii_case(wanted)
        })
    };
    let ends_in = |names: &csv::StringRecord| {
        if how.indicator.is_some() {
            return None;
        }
        let mut ends = ENDS.iter();
        ends.find_map(|(start, end)| Some((place_in(names, start)?, place_in(names, end)?)))
    };
    let (names, mut pending) = loop {
        if !more(&mut record)? {
            return Err(format("it has no line of column names".to_owned()));
        }
        if record.get(0).is_some_and(|first| first.starts_with('#')) {
            comment = Some(record.clone());
        } else if place_in(&record, wanted).is_some() || ends_in(&record).is_some() {
            break (record.clone(), false);
        } else {
            match comment {
                Some(comment) if place_in(&comment, wanted).is_some() => break (comment, true),
                _ => break (record.clone(), false),
            }
        }
    };
    let ends = ends_in(&names).filter(|_| place_in(&names, wanted).is_none());
    let Some(value) = place_in(&names, wanted).or(ends.map(|(start, _)| start)) else {
        let names: Vec<&str> = names.iter().collect();
        return Err(format(format!(
            "it has no column '{wanted}'; say which one holds the indicators with OPTIONS ('column' = '…'). Its \
             columns are: {}",
            names.join(", ")
        )));
    };
    let text = match &how.text {
        Some(name) => Some(
            place_in(&names, name).ok_or_else(|| format(format!("it has no column '{name}'")))?,
        ),
        None => place_in(&names, "text"),
    };
    let [severity, first, last, valid_from, expires] = [
        "severity",
        "first_seen",
        "last_seen",
        "valid_from",
        "expires",
    ]
    .map(|name| place_in(&names, name));
    loop {
        if !std::mem::take(&mut pending) && !more(&mut record)? {
            return Ok(());
        }
        if record.get(0).is_some_and(|first| first.starts_with('#')) {
            continue;
        }
        list.at(record.position().map_or(0, csv::Position::line));
        let field = |place: Option<usize>| record.get(place?).filter(|text| !text.is_empty());
        let places = [
            Some(value),
            text,
            severity,
            first,
            last,
            valid_from,
            expires,
        ];
        let mut texts = places.map(field);
        let range;
        if let Some((start, end)) = ends {
            let end = field(Some(end)).unwrap_or_default();
            range = match field(Some(start)) {
                Some(start) if !end.is_empty() => format!("{start}-{end}"),
                only => only.unwrap_or(end).to_owned(),
            };
            texts[0] = Some(&range);
        }
        how.add(texts, list)?;
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
