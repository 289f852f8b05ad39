//! Reads lists of indicators from files.
//!
//! * Plain: an indicator a line; what follows a blank or a comma is not looked at. Lines that begin with `#`, `;` or `//` are
//!   left out. A hosts file (`0.0.0.0 bad.example.com`) is read for its names.
//! * CSV with a line of column names. The indicator is the column `indicator` or the one that is named; there may be
//!   `text`, `severity` (1 to 3, or low, medium, high), `first_seen`, `last_seen` and `expires`.
//!   Lines that begin with `#` before the names are left out, but the last one of them is
//!   the line of names if no other follows (as abuse.ch writes them).
//! * STIX 2.1 bundles ([`super::stix`]).
//! * MISP warning lists: a JSON object with a `list` (<https://github.com/MISP/misp-warninglists>), of the types
//!   `cidr`, `hostname` and `string`.

use std::path::Path;

use serde::Deserialize;

use super::quotes::tidied;
use super::{DEFAULT_SEVERITY, Indicator, IndicatorList, IndicatorListBuilder, stix};
use crate::enrich::error::{Error, Result};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An indicator a line.
    Plain,
    /// Comma-separated columns with names.
    Csv,
    /// A STIX 2.1 bundle.
    Stix,
    /// A MISP warning list.
    Misp,
}

impl Format {
    /// The names that [`Format::from_name`] takes.
    pub const NAMES: &'static str = "'plain', 'csv', 'stix' or 'misp'";

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "plain" => Some(Self::Plain),
            "csv" => Some(Self::Csv),
            "stix" => Some(Self::Stix),
            "misp" => Some(Self::Misp),
            _ => None,
        }
    }

    /// What a file looks like.
    fn of(bytes: &[u8], path: &Path) -> Self {
        let json = bytes.trim_ascii_start().first() == Some(&b'{');
        let csv = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        match json {
            true if contains(bytes, b"\"bundle\"") => Self::Stix,
            true => Self::Misp,
            false if csv => Self::Csv,
            false => Self::Plain,
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
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

/// Reads a file as of a time, in seconds since 1970.
///
/// # Errors
/// A file that cannot be read, is not of its format, or holds no indicator.
pub fn read(path: &Path, how: &Columns, now: i64) -> Result<IndicatorList> {
    let bytes = std::fs::read(path).map_err(|source| Error::read(path, source))?;
    // A byte order mark says nothing here.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut list = IndicatorListBuilder::new(now);
    let origin = path.display().to_string();
    match how.format.unwrap_or_else(|| Format::of(bytes, path)) {
        Format::Plain => plain(bytes, how, &mut list)?,
        Format::Csv => columns(bytes, &origin, how, &mut list)?,
        Format::Stix => stix::read(bytes, &origin, how, &mut list)?,
        Format::Misp => misp(bytes, &origin, how, &mut list)?,
    }
    list.build(&origin)
}

impl Columns {
    /// Adds an entry from the texts of its columns: indicator, text, severity, first seen, last seen, expires. One whose
    /// severity or expiry cannot be read is unusable: it would count for worse, or longer, than it says.
    ///
    /// # Errors
    /// Too many.
    pub fn add(&self, texts: [Option<&str>; 6], list: &mut IndicatorListBuilder) -> Result<()> {
        let [value, text, severity, first_seen, last_seen, expires] = texts;
        let bare = self.bare(value.unwrap_or_default());
        let known = (severity.map(severity_of), expires.map(time_of));
        if matches!(known, (Some(None), _) | (_, Some(None))) {
            list.reject(bare.value);
            return Ok(());
        }
        list.add(&Indicator {
            text: text.unwrap_or(bare.text),
            severity: known.0.flatten().unwrap_or(bare.severity),
            first_seen: first_seen.and_then(time_of),
            last_seen: last_seen.and_then(time_of),
            expires: known.1.flatten(),
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
            expires: None,
        }
    }
}

fn plain(bytes: &[u8], how: &Columns, list: &mut IndicatorListBuilder) -> Result<()> {
    for line in bytes.split(|&byte| byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || ["#", ";", "//"].iter().any(|it| line.starts_with(it)) {
            continue;
        }
        let mut parts = line.split(|c: char| c.is_whitespace() || c == ',');
        let mut value = parts.next().unwrap_or_default();
        if matches!(value, "0.0.0.0" | "127.0.0.1" | "::" | "::1")
            && let Some(name) = parts.find(|part| !part.is_empty())
        {
            value = name;
        }
        list.add(&how.bare(value))?;
    }
    Ok(())
}

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
    let (names, mut pending) = loop {
        if !more(&mut record)? {
            return Err(format("it has no line of column names".to_owned()));
        }
        if record.get(0).is_some_and(|first| first.starts_with('#')) {
            comment = Some(record.clone());
        } else if place_in(&record, wanted).is_some() {
            break (record.clone(), false);
        } else {
            match comment {
                Some(comment) if place_in(&comment, wanted).is_some() => break (comment, true),
                _ => break (record.clone(), false),
            }
        }
    };
    let Some(value) = place_in(&names, wanted) else {
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
    let [severity, first, last, expires] =
        ["severity", "first_seen", "last_seen", "expires"].map(|name| place_in(&names, name));
    loop {
        if !std::mem::take(&mut pending) && !more(&mut record)? {
            return Ok(());
        }
        if record.get(0).is_some_and(|first| first.starts_with('#')) {
            continue;
        }
        let field = |place: Option<usize>| record.get(place?).filter(|text| !text.is_empty());
        how.add(
            [Some(value), text, severity, first, last, expires].map(field),
            list,
        )?;
    }
}

/// 1 to 3, or low, medium, high; `None` for anything else.
pub fn severity_of(text: &str) -> Option<u8> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "1.0" | "low" => Some(1),
        "2" | "2.0" | "medium" => Some(2),
        "3" | "3.0" | "high" | "critical" => Some(3),
        _ => None,
    }
}

/// A date, or a date and a time, of UTC if it does not say; or seconds since 1970.
pub fn time_of(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches(" UTC");
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    if let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp());
    }
    for format in [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
    ] {
        if let Ok(time) = chrono::NaiveDateTime::parse_from_str(text, format) {
            return Some(time.and_utc().timestamp());
        }
    }
    let date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
}

#[derive(Deserialize)]
struct WarningList {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    list: Vec<String>,
}

fn misp(bytes: &[u8], origin: &str, how: &Columns, list: &mut IndicatorListBuilder) -> Result<()> {
    let format = |problem: String| Error::Format {
        path: origin.to_owned(),
        expected: "a MISP warning list (a JSON object with a 'list')",
        problem,
    };
    let warnings: WarningList =
        serde_json::from_slice(bytes).map_err(|error| format(error.to_string()))?;
    if let Some(kind @ ("regex" | "substring")) = warnings.kind.as_deref() {
        return Err(format(format!(
            "it is of type '{kind}'; those of type cidr, hostname and string are read"
        )));
    }
    for value in &warnings.list {
        let bare = how.bare(value);
        let text = match (bare.text, &warnings.name) {
            ("", Some(name)) => name,
            (text, _) => text,
        };
        list.add(&Indicator { text, ..bare })?;
    }
    Ok(())
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
        assert_eq!((told(&list, "z.example.com"), list.unusable()), (None, 2));
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
