//! How a file of indicators is read: its format, its columns, and what holds for entries that do not say it themselves.

use super::builder::IndicatorListBuilder;
use super::list::{DEFAULT_SEVERITY, Indicator};
use super::scale::{is_never, severity_of, time_of};
use crate::error::Result;

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
