//! CSV with a line of column names.

use super::quotes::tidied;
use super::{Columns, IndicatorListBuilder};
use crate::error::{Error, Result};

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

pub(super) fn read(
    bytes: &[u8],
    origin: &str,
    how: &Columns,
    list: &mut IndicatorListBuilder,
) -> Result<()> {
    let format = |problem: String| Error::format(origin, "a CSV file of indicators", problem);
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
