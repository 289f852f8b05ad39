//! Lists with an indicator a line, hosts files, and lists of ranges.

use spotql_values::address::{Address, AddressRange};

use super::{Columns, Indicator, IndicatorListBuilder};
use crate::error::Result;

pub(super) fn read(bytes: &[u8], how: &Columns, list: &mut IndicatorListBuilder) -> Result<()> {
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
