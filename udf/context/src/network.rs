//! Names for networks: what an address is to the organisation, and whether it is inside.

use std::path::Path;

use spotql_values::address::{Address, AddressRange};
use spotql_values::interner::Interner;

use super::error::{Error, Result};
use super::ranges::{Ranges, RangesBuilder};

/// A list of networks and their names.
#[derive(Debug)]
pub struct NetworkList {
    ranges: Ranges,
    names: Interner,
    networks: usize,
}

/// A list being made.
#[derive(Debug, Default)]
pub struct NetworkListBuilder {
    ranges: RangesBuilder,
    names: Interner,
    networks: usize,
}

impl NetworkListBuilder {
    /// Adds a network.
    ///
    /// # Errors
    /// Too many names.
    pub fn add(&mut self, range: AddressRange, name: &str) -> Result<()> {
        let name = self.names.intern(name).map_err(|_| Error::TooMany)?;
        self.ranges.add(range, name);
        self.networks += 1;
        Ok(())
    }

    /// The list.
    pub fn build(self) -> NetworkList {
        NetworkList {
            ranges: self.ranges.build(),
            names: self.names,
            networks: self.networks,
        }
    }
}

impl NetworkList {
    /// Reads a file: `network,name` a line, the network being an address, a CIDR block or a range `a-b`, or
    /// `first,last,name`. Lines that begin with `#`, and empty ones, are left out. The most specific network wins.
    ///
    /// # Errors
    /// A line of another form: a network that is left out in silence would make its hosts strangers.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| Error::read(path, source))?;
        Self::parse(&bytes, path)
    }

    fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let mut list = NetworkListBuilder::default();
        for record in reader.records() {
            let unusable = |line: u64, problem: String| Error::Line {
                path: path.display().to_string(),
                line,
                problem,
            };
            let record = record.map_err(|error| {
                let line = error.position().map_or(0, csv::Position::line);
                unusable(line, error.to_string())
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            let fields: Vec<&str> = record.iter().collect();
            let (range, name) = match *fields.as_slice() {
                [network, name] => (AddressRange::parse(network), name),
                [first, last, name] => {
                    let ends = Address::parse(first).zip(Address::parse(last));
                    (
                        ends.and_then(|(first, last)| AddressRange::between(first, last)),
                        name,
                    )
                }
                _ => (None, ""),
            };
            // A line of column names, as a query has them.
            if line == 1
                && fields
                    .last()
                    .is_some_and(|name| name.eq_ignore_ascii_case("name"))
                && range.is_none()
            {
                continue;
            }
            let range = range.ok_or_else(|| {
                let problem = "'network,name' or 'first,last,name' is expected, the network being an \
                               address, a CIDR block such as 10.0.0.0/8, or a range such as \
                               10.0.0.1-10.0.0.9";
                unusable(line, problem.to_owned())
            })?;
            list.add(range, name)?;
        }
        if list.networks == 0 {
            return Err(Error::NothingUsable {
                path: path.display().to_string(),
                what: "networks",
                unusable: 0,
                example: String::new(),
                advice: "Give a line 'network,name' for each",
            });
        }
        Ok(list.build())
    }

    /// The name of the most specific network that holds an address.
    #[inline]
    pub fn name(&self, address: Address) -> Option<&str> {
        Some(self.names.name(self.ranges.get(address)?))
    }

    /// How many networks it has.
    pub fn len(&self) -> usize {
        self.networks
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.networks == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<NetworkList> {
        NetworkList::parse(text.as_bytes(), Path::new("networks.csv"))
    }

    #[test]
    fn networks_are_read_in_every_form() {
        let networks = list(
            "network,name\n# ours\n10.0.0.0/8,offices\n\n10.1.2.3, print server\n10.1.0.0-10.1.9.9,\"labs, east\"\n\
             192.168.0.0,192.168.0.255,home\nfd00::/8,six\n",
        )
        .unwrap();
        assert_eq!(networks.len(), 5);
        let name = |address: &str| networks.name(Address::parse(address).unwrap());
        assert_eq!(name("10.1.2.3"), Some("print server"));
        assert_eq!(name("10.1.2.4"), Some("labs, east"));
        assert_eq!(name("10.200.0.1"), Some("offices"));
        assert_eq!(name("192.168.0.7"), Some("home"));
        assert_eq!(name("fd00::1"), Some("six"));
        assert_eq!(name("8.8.8.8"), None);
    }

    #[test]
    fn a_network_that_is_none_is_an_error_with_its_line() {
        for (text, line) in [
            ("10.0.0.0/8,a\n10.0.0.0/40,b\n", "line 2"),
            ("10.0.0.9,10.0.0.1,b\n", "line 1"),
            ("10.0.0.0/8\n", "line 1"),
        ] {
            let error = list(text).unwrap_err().to_string();
            assert!(
                error.contains(line) && error.contains("'networks.csv'"),
                "{error}"
            );
        }
        assert!(list("# nothing\n").is_err());
    }
}
