//! Names of numbers in IANA's registries. Ports are those of IANA's file of April 2024; the other registries were
//! gathered from copies and libraries in November 2026 and not compared with IANA's own files of that day.
//!
//! <https://www.iana.org/assignments/> – dns-parameters (classes, types, response codes), http-status-codes,
//! protocol-numbers, service-names-port-numbers. A file a registry, `number⇥name` a line. Where a registry
//! gives a number several names, the first one is kept; `*` of DNS is written `ANY`, as resolvers do.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A registry of names.
#[derive(Debug)]
pub struct Registry {
    /// The rows, in order of number.
    names: Vec<(u32, &'static str)>,
}

impl Registry {
    fn of(text: &'static str) -> Self {
        let mut names: Vec<(u32, &str)> = text
            .lines()
            .filter_map(|line| {
                let (number, name) = line.split_once('\t')?;
                Some((number.parse().ok()?, name))
            })
            .collect();
        names.sort_unstable();
        Self { names }
    }

    /// All names, in order of number.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().map(|(_, name)| *name)
    }

    /// The name of a number.
    pub fn name(&self, number: i64) -> Option<&'static str> {
        let number = u32::try_from(number).ok()?;
        let place = self.names.binary_search_by_key(&number, |row| row.0).ok()?;
        Some(self.names[place].1)
    }
}

/// DNS classes (RFC 6895): `IN`.
pub static DNS_CLASSES: LazyLock<Registry> =
    LazyLock::new(|| Registry::of(include_str!("dns_classes.tsv")));
/// DNS record types (RFC 6895): `AAAA`.
pub static DNS_TYPES: LazyLock<Registry> =
    LazyLock::new(|| Registry::of(include_str!("dns_types.tsv")));
/// DNS response codes (RFC 6895): `NXDomain`.
pub static DNS_RCODES: LazyLock<Registry> =
    LazyLock::new(|| Registry::of(include_str!("dns_rcodes.tsv")));
/// HTTP status codes (RFC 9110): `Not Found`.
pub static HTTP_STATUS: LazyLock<Registry> =
    LazyLock::new(|| Registry::of(include_str!("http_status.tsv")));
/// IP protocols: `TCP`.
pub static PROTOCOLS: LazyLock<Registry> =
    LazyLock::new(|| Registry::of(include_str!("protocols.tsv")));

/// Services by port and the first letter of their transport protocol (RFC 6335).
static PORTS: LazyLock<HashMap<(u16, u8), &'static str, ahash::RandomState>> =
    LazyLock::new(|| {
        let mut names = HashMap::default();
        for line in include_str!("ports.tsv").lines() {
            let mut fields = line.split('\t');
            let port = fields.next().and_then(|port| port.parse().ok());
            if let (Some(port), Some(name), Some(protocols)) = (port, fields.next(), fields.next())
            {
                names.extend(protocols.bytes().map(|protocol| ((port, protocol), name)));
            }
        }
        names
    });

/// The service registered for a port of a transport protocol (TCP, UDP, SCTP or DCCP, in any case).
///
/// ```
/// use spotql_values::iana::port_name;
/// assert_eq!(port_name(443, "TCP"), Some("https"));
/// assert_eq!(port_name(443, "ICMP"), None);
/// ```
pub fn port_name(port: i64, protocol: &str) -> Option<&'static str> {
    let known = ["tcp", "udp", "sctp", "dccp"];
    let known = known.iter().find(|it| it.eq_ignore_ascii_case(protocol))?;
    let key = (u16::try_from(port).ok()?, known.as_bytes()[0]);
    PORTS.get(&key).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_registered_names() {
        assert_eq!(DNS_CLASSES.name(1), Some("IN"));
        assert_eq!(DNS_TYPES.name(28), Some("AAAA"));
        assert_eq!(DNS_TYPES.name(65), Some("HTTPS"));
        assert_eq!(DNS_RCODES.name(3), Some("NXDomain"));
        assert_eq!(HTTP_STATUS.name(404), Some("Not Found"));
        assert_eq!(PROTOCOLS.name(6), Some("TCP"));
        assert_eq!(PROTOCOLS.name(255), None);
        assert_eq!(DNS_TYPES.name(-1), None);
        assert_eq!(port_name(22, "tcp"), Some("ssh"));
        assert_eq!(port_name(53, "UDP"), Some("domain"));
        assert_eq!(port_name(65_536, "UDP"), None);
    }

    #[test]
    fn every_line_of_every_registry_is_read_once() {
        for (registry, text) in [
            (&DNS_CLASSES, include_str!("dns_classes.tsv")),
            (&DNS_TYPES, include_str!("dns_types.tsv")),
            (&DNS_RCODES, include_str!("dns_rcodes.tsv")),
            (&HTTP_STATUS, include_str!("http_status.tsv")),
            (&PROTOCOLS, include_str!("protocols.tsv")),
        ] {
            assert_eq!(registry.names.len(), text.lines().count());
            assert!(registry.names.windows(2).all(|two| two[0].0 < two[1].0));
        }
        let ports: usize = include_str!("ports.tsv")
            .lines()
            .map(|line| line.rsplit('\t').next().unwrap().len())
            .sum();
        assert_eq!(PORTS.len(), ports);
    }
}
