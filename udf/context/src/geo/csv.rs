//! The older databases: CSV with a range of addresses a line, in order of the first address or not.
//!
//! `"16777216","16777471","US","United States","California","Los Angeles","34.05","-118.24","owner","example.com"`: first
//! and last address as numbers (those of IPv6 databases, too) or as written, country code and name, region, city, latitude,
//! longitude, owner, domain, as IP2Location's DB and Apache Spot's `iploc.csv` have them. Fields at the end may be
//! missing, `-` and nothing mean not known. A line that holds column names is left out; the columns are those
//! above, whatever it calls them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use spotql_values::address::{Address, AddressRange};
use spotql_values::interner::Interner;

use super::Place;
use crate::error::{Error, Result};
use crate::ranges::{Ranges, RangesBuilder};

/// Country, region, city, owner, domain: numbers of texts.
type Texts = [Option<u32>; 5];

/// A database in memory.
#[derive(Debug)]
pub struct Csv {
    ranges: Ranges,
    lines: usize,
    places: Vec<Texts>,
    texts: Interner,
}

/// Where the columns of [`Texts`] stand, and what stands in for the first one where it is not known.
const COLUMNS: [usize; 5] = [2, 4, 5, 8, 9];
const COUNTRY_NAME: usize = 3;

impl Csv {
    pub(super) fn of(bytes: &[u8], path: &Path) -> Result<Self> {
        let unusable = |line: u64, problem: String| Error::Line {
            path: path.display().to_string(),
            line,
            problem,
        };
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut record = ::csv::ByteRecord::new();
        let mut ranges = RangesBuilder::default();
        let mut known: HashMap<Texts, u32, ahash::RandomState> = HashMap::default();
        let (mut places, mut texts, mut lines) = (Vec::new(), Interner::default(), 0);
        loop {
            let line = reader.position().line();
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(unusable(line, error.to_string())),
            }
            let field = |place: usize| {
                let text = String::from_utf8_lossy(record.get(place)?.trim_ascii());
                (!matches!(text.as_ref(), "" | "-")).then_some(text)
            };
            let last = field(1).and_then(|text| address(&text, false));
            // In a database of IPv6 addresses, small numbers are such, too.
            let six = matches!(last, Some(Address::V6(_)));
            let first = field(0).and_then(|text| address(&text, six));
            let (Some(first), Some(last)) = (first, last) else {
                if lines == 0 && line == 1 {
                    continue;
                }
                let problem = "it does not begin with two addresses".to_owned();
                return Err(unusable(line, problem));
            };
            let range = AddressRange::between(first, last).ok_or_else(|| {
                unusable(line, format!("the range from {first} to {last} is none"))
            })?;
            if field(2).is_some_and(|country| country.bytes().all(|byte| byte.is_ascii_digit())) {
                let problem =
                    "its third column is a number, where the country is expected".to_owned();
                return Err(unusable(line, problem));
            }
            lines += 1;
            let mut place = Texts::default();
            for (known, column) in place.iter_mut().zip(COLUMNS) {
                let text = match (field(column), column) {
                    (None, 2) => field(COUNTRY_NAME),
                    (text, _) => text,
                };
                if let Some(text) = text {
                    *known = Some(texts.intern(&text).map_err(|_| Error::TooMany)?);
                }
            }
            if place == Texts::default() {
                continue;
            }
            let next = u32::try_from(places.len()).map_err(|_| Error::TooMany)?;
            let id = *known.entry(place).or_insert(next);
            if id == next {
                places.push(place);
            }
            ranges.add(range, id);
        }
        if lines == 0 {
            return Err(unusable(1, "the file holds no ranges".to_owned()));
        }
        Ok(Self {
            ranges: ranges.build(),
            lines,
            places,
            texts,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.lines
    }

    pub(super) fn place(&self, address: Address) -> Option<Place<'_>> {
        let place = self.places[self.ranges.get(address)? as usize];
        let text = |id: Option<u32>| id.map(|id| Cow::Borrowed(self.texts.name(id)));
        let [country, region, city, owner, domain] = place.map(text);
        Some(Place {
            country,
            region,
            city,
            asn: None,
            owner,
            domain,
        })
    }
}

/// An address as a number, which may be known to be one of IPv6, or as written.
fn address(text: &str, six: bool) -> Option<Address> {
    let Ok(number) = text.parse::<u128>() else {
        return Address::parse(text);
    };
    if six {
        return Some(Address::V6(number));
    }
    if let Ok(v4) = u32::try_from(number) {
        return Some(Address::V4(v4));
    }
    match std::net::Ipv6Addr::from(number).to_ipv4_mapped() {
        Some(mapped) => Some(Address::V4(mapped.into())),
        None => Some(Address::V6(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Csv> {
        Csv::of(text.as_bytes(), Path::new("iploc.csv"))
    }

    fn told(database: &Csv, address: &str) -> Option<(Option<String>, Option<String>)> {
        let place = database.place(Address::parse(address).unwrap())?;
        Some((place.text(), place.domain.map(Cow::into_owned)))
    }

    #[test]
    fn integer_ranges_are_read_as_the_original_wrote_them() {
        let database = read(
            "\"ip_from\",\"ip_to\",\"country\"\n\
             \"0\",\"16777215\",\"-\",\"-\",\"-\",\"-\"\n\
             \"16777216\",\"16777471\",\"US\",\"United States\",\"California\",\"Los Angeles\",\"34\",\"-118\",\"Owner, Inc.\",\"example.com\"\n\
             16777472,16777727,-,Atlantis\n\
             281470816487424,281470816487679,CH,Switzerland,-,Zurich\n\
             2001:db8::,2001:db8::ff,DE\n",
        )
        .unwrap();
        assert_eq!(database.len(), 5);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            told(&database, "1.0.0.9"),
            Some((text("California, US; Los Angeles"), text("example.com")))
        );
        assert_eq!(told(&database, "1.0.1.9"), Some((text("Atlantis"), None)));
        assert_eq!(told(&database, "8.8.8.8"), Some((text("CH; Zurich"), None)));
        assert_eq!(told(&database, "2001:db8::7"), Some((text("DE"), None)));
        assert_eq!(told(&database, "0.0.0.1"), None);
    }

    #[test]
    fn a_database_of_ipv6_begins_with_small_numbers() {
        let text = "0,281470681743359,-,-\n42540766411282592856903984951653826560,42540766490510755371168322545197776895,DE,Germany\n";
        let database = read(text).unwrap();
        assert_eq!(
            told(&database, "2001:db8::7").unwrap().0.as_deref(),
            Some("DE")
        );
    }

    #[test]
    fn a_line_that_is_no_range_is_named() {
        let asn = read("8.8.8.0,8.8.8.255,15169,Google LLC\n")
            .unwrap_err()
            .to_string();
        assert!(asn.contains("third column is a number"), "{asn}");
        let error = read("1,2,US\nx,3,US\n").unwrap_err().to_string();
        assert!(error.contains("line 2 of 'iploc.csv'"), "{error}");
        let error = read("1,2,US\n9,3,US\n").unwrap_err().to_string();
        assert!(error.contains("from 0.0.0.9 to 0.0.0.3"), "{error}");
        assert!(read("").unwrap_err().to_string().contains("no ranges"));
        assert!(read("ip_from,ip_to\n").is_err());
    }
}
