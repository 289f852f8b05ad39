//! Databases of MaxMind's format.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use maxminddb::{MaxMindDbError, Reader, WithinOptions};
use serde::Deserialize;
use serde::de::IgnoredAny;
use spotql_values::address::Address;

use super::Place;
use crate::error::{Error, Result};

/// A database in memory.
pub struct Mmdb(Reader<Vec<u8>>);

impl fmt::Debug for Mmdb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mmdb").field(&self.description()).finish()
    }
}

impl Mmdb {
    pub(super) fn of(bytes: Vec<u8>, path: &Path) -> Result<Self> {
        let format = |expected, error: &dyn fmt::Display| {
            Error::format(&path.display().to_string(), expected, error.to_string())
        };
        let reader = Reader::from_source(bytes).map_err(|error| {
            let expected =
                "a database of MaxMind's format (.mmdb), or a CSV file whose name ends in .csv";
            format(expected, &error)
        })?;
        check(&reader).map_err(|error| {
            let expected = "an undamaged database of MaxMind's format; get the file anew";
            format(expected, &error)
        })?;
        Ok(Self(reader))
    }

    pub(super) fn description(&self) -> String {
        let about = self.0.metadata();
        let built = i64::try_from(about.build_epoch).ok();
        let built = built.and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
        let built = built.map_or_else(String::new, |it| it.format(", built %Y-%m-%d").to_string());
        format!("{}{built}", about.database_type)
    }

    /// A part that is damaged, or of another shape, is as if it were not there.
    pub(super) fn place(&self, address: Address) -> Option<Place<'_>> {
        let found = self.0.lookup(address.to_std()).ok()?;
        let record: Record<'_> = found.decode().ok()??;
        Some(record.into())
    }
}

/// Reads all of a database once: a damaged one would know nothing where it is damaged, and not say so. (The reader's own
/// check refuses databases without a description, which many have not.)
fn check(reader: &Reader<Vec<u8>>) -> Result<(), MaxMindDbError> {
    let mut seen: HashSet<usize, ahash::RandomState> = HashSet::default();
    for network in reader.networks(WithinOptions::default())? {
        let network = network?;
        if network.offset().is_some_and(|offset| seen.insert(offset)) {
            network.decode::<IgnoredAny>()?;
        }
    }
    Ok(())
}

/// The fields that the common databases have.
#[derive(Deserialize)]
struct Record<'a> {
    /// MaxMind, DB-IP: a map; IPinfo: a name or code.
    #[serde(borrow)]
    country: Option<Named<'a>>,
    /// ip-location-db.
    country_code: Option<&'a str>,
    registered_country: Option<Named<'a>>,
    city: Option<Named<'a>>,
    subdivisions: Option<Vec<Named<'a>>>,
    /// ip-location-db.
    state1: Option<&'a str>,
    /// IPinfo.
    region: Option<Named<'a>>,
    autonomous_system_number: Option<u32>,
    autonomous_system_organization: Option<&'a str>,
    isp: Option<&'a str>,
    organization: Option<&'a str>,
    /// IPinfo: `AS15169`.
    asn: Option<&'a str>,
    as_name: Option<&'a str>,
    domain: Option<&'a str>,
    as_domain: Option<&'a str>,
}

/// A name, or a map that holds one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Named<'a> {
    Text(&'a str),
    Map {
        iso_code: Option<&'a str>,
        #[serde(borrow)]
        names: Option<Names<'a>>,
    },
}

#[derive(Deserialize)]
struct Names<'a> {
    en: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn code_or_name(&self) -> Option<&'a str> {
        match self {
            Self::Map { iso_code, .. } => iso_code.or_else(|| self.name()),
            Self::Text(_) => self.name(),
        }
    }

    fn name(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Map { names, .. } => names.as_ref()?.en,
        }
    }
}

impl<'a> From<Record<'a>> for Place<'a> {
    fn from(record: Record<'a>) -> Self {
        let country = record.country_code.or_else(|| {
            let found = record.country.as_ref().and_then(Named::code_or_name);
            found.or_else(|| record.registered_country.as_ref()?.code_or_name())
        });
        let region = record.state1.or_else(|| {
            let found = record
                .subdivisions
                .as_ref()
                .and_then(|all| all.first()?.name());
            found.or_else(|| record.region.as_ref()?.name())
        });
        let owner = [
            record.autonomous_system_organization,
            record.organization,
            record.isp,
            record.as_name,
        ];
        let known = |text: Option<&'a str>| text.filter(|it| !it.is_empty()).map(Cow::Borrowed);
        Self {
            country: known(country),
            region: known(region),
            city: known(record.city.as_ref().and_then(Named::name)),
            asn: record.autonomous_system_number.or_else(|| {
                let number = record.asn?;
                number.strip_prefix("AS").unwrap_or(number).parse().ok()
            }),
            owner: known(owner.into_iter().flatten().next()),
            domain: known(record.domain.or(record.as_domain)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_format_is_refused_by_name() {
        let error = Mmdb::of(b"start,end,country".to_vec(), Path::new("/x/geo.txt")).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("'/x/geo.txt'") && error.contains(".csv"),
            "{error}"
        );
        assert!(Mmdb::of(Vec::new(), Path::new("empty.mmdb")).is_err());
    }
}
