//! Where an address is and who owns it, by databases that the user names.
//!
//! Two formats: MaxMind's (`.mmdb`, <https://maxmind.github.io/MaxMind-DB/>), by whoever it is made (GeoLite2,
//! DB-IP, IPinfo, ip-location-db), and the older CSV with a range a line. Several databases answer
//! together: each part of a place comes from the first one that knows it.
//!
//! A database is read into memory and not mapped from its file: whoever overwrites a mapped file in place (`cp` does)
//! takes the pages away from under the program, which the system ends with SIGBUS. City databases have
//! some 60 MB, country databases 3 to 8.

mod csv;
mod mmdb;

use std::borrow::Cow;
use std::path::Path;

use spotql_values::address::Address;

use super::error::{Error, Result};

/// What is known of a place; `None` where a database does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// The country's two-letter code (ISO 3166-1), or its name where there is no code.
    pub country: Option<Cow<'a, str>>,
    /// Its largest subdivision.
    pub region: Option<Cow<'a, str>>,
    /// The city.
    pub city: Option<Cow<'a, str>>,
    /// The number of the autonomous system (RFC 1930).
    pub asn: Option<u32>,
    /// Whom the address belongs to: the autonomous system's organisation, or the provider.
    pub owner: Option<Cow<'a, str>>,
    /// The owner's domain.
    pub domain: Option<Cow<'a, str>>,
}

impl<'a> Place<'a> {
    /// Takes from another what this one lacks.
    fn fill(&mut self, other: Self) {
        fn fill<T>(own: &mut Option<T>, other: Option<T>) {
            if own.is_none() {
                *own = other;
            }
        }
        fill(&mut self.country, other.country);
        fill(&mut self.region, other.region);
        fill(&mut self.city, other.city);
        fill(&mut self.asn, other.asn);
        fill(&mut self.owner, other.owner);
        fill(&mut self.domain, other.domain);
    }

    /// In one text, as Apache Spot wrote it: `California, US; San Jose`, with what is known of it.
    pub fn text(&self) -> Option<String> {
        let wide: Vec<&str> = [&self.region, &self.country]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        let wide = (!wide.is_empty()).then(|| wide.join(", "));
        let parts: Vec<&str> = [wide.as_deref(), self.city.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// One database.
#[derive(Debug)]
pub enum Database {
    /// Of MaxMind's format.
    Mmdb(mmdb::Mmdb),
    /// Of CSV.
    Csv(csv::Csv),
}

impl Database {
    /// Reads a database; the name of a CSV file ends in `.csv`.
    ///
    /// # Errors
    /// A file that cannot be read, or is of neither format; the error names it.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| Error::read(path, source))?;
        let csv = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        if csv {
            csv::Csv::of(&bytes, path).map(Self::Csv)
        } else {
            mmdb::Mmdb::of(bytes, path).map(Self::Mmdb)
        }
    }

    fn place(&self, address: Address) -> Option<Place<'_>> {
        match self {
            Self::Mmdb(database) => database.place(address),
            Self::Csv(database) => database.place(address),
        }
    }

    /// What it is, for a listing.
    pub fn description(&self) -> String {
        match self {
            Self::Mmdb(database) => database.description(),
            Self::Csv(database) => format!("CSV, {} ranges", database.len()),
        }
    }
}

/// What all of these databases know of an address.
pub fn place<'a>(databases: impl IntoIterator<Item = &'a Database>, address: Address) -> Place<'a> {
    let mut place = Place::default();
    for database in databases {
        if let Some(known) = database.place(address) {
            place.fill(known);
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_with_what_is_known_of_it() {
        let place = |region: &'static str, country: &'static str, city: &'static str| {
            let known = |text: &'static str| (!text.is_empty()).then_some(Cow::Borrowed(text));
            Place {
                country: known(country),
                region: known(region),
                city: known(city),
                ..Place::default()
            }
            .text()
        };
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(
            place("California", "US", "San Jose"),
            told("California, US; San Jose")
        );
        assert_eq!(place("", "CH", "Zurich"), told("CH; Zurich"));
        assert_eq!(place("", "CH", ""), told("CH"));
        assert_eq!(place("", "", "Zurich"), told("Zurich"));
        assert_eq!(place("", "", ""), None);
    }
}
