//! An indicator as others can use it: written one way, of a kind that STIX knows, and nobody's own.

use std::fmt;

use spotql_context::indicator::{Form, split_url};
use spotql_context::own::{is_own_address, is_own_name};
use spotql_values::address::{Address, AddressRange};
use spotql_words::classes::DomainClasses;
use spotql_words::name::{Name, NameClass};

use crate::context::Context;

/// What an indicator is: what [`spotql_context::indicator`] reads, but for what STIX cannot say (ranges that are no CIDR
/// block, paths on any host).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// An address, or a CIDR block.
    Addresses(AddressRange),
    /// A domain name in lower case, without the dot at its end. A URL without a path is the name of its host (or its
    /// address): HTTPS through a proxy shows no more than that.
    Name(String),
    /// A URL: the scheme in lower case, where it has one; the host in lower case; the port, the path and what follows it as
    /// they are. User and password are dropped.
    Url {
        scheme: Option<String>,
        host: String,
        rest: String,
    },
}

impl Value {
    /// Reads an indicator in any form that lists have. `None` for what is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return None;
        }
        let mut buffer = String::new();
        match Form::of(text, &mut buffer)? {
            Form::Range(range) => is_block(range).then_some(Self::Addresses(range)),
            Form::Host(host) => Some(match Address::parse(host) {
                Some(address) => Self::Addresses(AddressRange::between(address, address)?),
                None => Self::Name(host.to_owned()),
            }),
            Form::Url(url) if url.starts_with('/') => None,
            Form::Url(_) => Self::parse_url(text),
        }
    }

    fn parse_url(text: &str) -> Option<Self> {
        let (written, path) = split_url(text);
        let before = text.strip_suffix(path)?;
        let (scheme, authority) = match before.split_once("://") {
            Some((scheme, authority)) => (Some(scheme), authority),
            None => (None, before.trim_start_matches('/')),
        };
        if scheme.is_some_and(|scheme| !is_scheme(scheme)) {
            return None;
        }
        let authority = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let port = authority.strip_prefix(written)?;
        let host = written.trim_end_matches('.').trim_start_matches("*.");
        // A sign without a port behind it says nothing.
        let port = if port.len() > 1 { port } else { "" };
        Some(Self::Url {
            scheme: scheme.map(str::to_ascii_lowercase),
            host: host.to_ascii_lowercase(),
            rest: format!("{port}{path}"),
        })
    }

    /// The type of STIX that has such values.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Addresses(AddressRange::V4(..)) => "ipv4-addr",
            Self::Addresses(AddressRange::V6(..)) => "ipv6-addr",
            Self::Name(_) => "domain-name",
            Self::Url { .. } => "url",
        }
    }

    /// The STIX pattern that this value fulfils, and what is in a block. A log of web requests does not always say whether
    /// they were encrypted: a URL without a scheme is sought with both.
    pub(super) fn pattern(&self) -> String {
        let kind = self.kind();
        match self {
            Self::Addresses(AddressRange::V4(first, last)) if first != last => {
                format!("[{kind}:value ISSUBSET '{self}']")
            }
            Self::Addresses(AddressRange::V6(first, last)) if first != last => {
                format!("[{kind}:value ISSUBSET '{self}']")
            }
            Self::Url { scheme: None, .. } => {
                let url = escaped(&self.to_string());
                format!("[{kind}:value = 'http://{url}' OR {kind}:value = 'https://{url}']")
            }
            _ => format!("[{kind}:value = '{}']", escaped(&self.to_string())),
        }
    }

    /// Whether it means the same to others, and is not the organisation's own. Left out are, of addresses and of the hosts of
    /// URLs: those inside ([`Context::is_internal`]), private ones, multicast and what else is no one host; of names: those
    /// below the user's own domains (the setting `spotql.user_domains`), reverse names (`.arpa`), and those of one's own network.
    pub(super) fn is_shareable(&self, context: &Context, domains: &DomainClasses) -> bool {
        let addresses = |range: AddressRange| {
            let [first, last] = ends(range);
            let own = is_own_address(first) && is_own_address(last);
            let internal = context.is_internal(first) || context.is_internal(last);
            !own && !internal
        };
        let host = match self {
            Self::Addresses(range) => return addresses(*range),
            Self::Name(name) => name,
            Self::Url { host, .. } => host,
        };
        if let Some(address) = Address::parse(host) {
            return AddressRange::between(address, address).is_some_and(addresses);
        }
        let name = Name::of(host);
        !is_own_name(host)
            && !matches!(
                name.class(domains),
                NameClass::Reverse | NameClass::Single | NameClass::User
            )
    }
}

/// As it is read.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(range) => range.fmt(f),
            Self::Name(name) => f.write_str(name),
            Self::Url { scheme, host, rest } => {
                if let Some(scheme) = scheme {
                    write!(f, "{scheme}://")?;
                }
                write!(f, "{host}{rest}")
            }
        }
    }
}

fn ends(range: AddressRange) -> [Address; 2] {
    match range {
        AddressRange::V4(first, last) => [Address::V4(first), Address::V4(last)],
        AddressRange::V6(first, last) => [Address::V6(first), Address::V6(last)],
    }
}

/// Whether a range is one address or one CIDR block.
fn is_block(range: AddressRange) -> bool {
    !range.to_string().contains('-')
}

/// Whether a text is a scheme (RFC 3986).
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// A text within the quotes of a STIX pattern.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SpotqlOptions;

    fn written(text: &str) -> Option<(String, &'static str)> {
        let value = Value::parse(text)?;
        // What is written is read as the same again, by us and by lists.
        assert_eq!(Value::parse(&value.to_string()), Some(value.clone()));
        assert!(Form::of(&value.to_string(), &mut String::new()).is_some());
        Some((value.to_string(), value.kind()))
    }

    #[test]
    fn an_indicator_is_written_one_way() {
        for (text, value, kind) in [
            (" 192.0.2.7 ", "192.0.2.7", "ipv4-addr"),
            ("192.0.2.7/24", "192.0.2.0/24", "ipv4-addr"),
            ("192.0.2.0-192.0.2.255", "192.0.2.0/24", "ipv4-addr"),
            ("::ffff:192.0.2.7", "192.0.2.7", "ipv4-addr"),
            ("192.0.2.7:8080", "192.0.2.7", "ipv4-addr"),
            ("http://192.0.2.7/", "192.0.2.7", "ipv4-addr"),
            ("2001:DB8:0::7", "2001:db8::7", "ipv6-addr"),
            ("https://[2001:db8::7]:443", "2001:db8::7", "ipv6-addr"),
            ("Evil.Example.COM.", "evil.example.com", "domain-name"),
            ("*.evil.example.com", "evil.example.com", "domain-name"),
            ("evil.example.com:443", "evil.example.com", "domain-name"),
            (
                "http://evil.example.com/",
                "evil.example.com",
                "domain-name",
            ),
            (
                "Evil.Example.com/A/b?C=d/",
                "evil.example.com/A/b?C=d/",
                "url",
            ),
            (
                "HTTPS://user:secret@Evil.Example.com:8443/A#x",
                "https://evil.example.com:8443/A#x",
                "url",
            ),
            ("//evil.example.com/a", "evil.example.com/a", "url"),
            ("192.0.2.7/login.php", "192.0.2.7/login.php", "url"),
            (
                "http://[2001:DB8::7]:80/a",
                "http://[2001:db8::7]:80/a",
                "url",
            ),
            (
                "evil.example.com/go?to=http://example.org/",
                "evil.example.com/go?to=http://example.org/",
                "url",
            ),
            ("evil.example.com:/a", "evil.example.com/a", "url"),
        ] {
            assert_eq!(written(text), Some((value.to_owned(), kind)), "{text}");
        }
        for text in [
            "",
            " ",
            "-",
            "word",
            "300.1.1.1.1.",
            "192.0.2.0-192.0.2.9",
            "192.0.2.0/99",
            "/wp-login.php",
            "a b.example.com",
            "evil.example.com/a\nb",
            "evil..example.com",
            "1 2://evil.example.com/a",
            "http:///a",
        ] {
            assert_eq!(Value::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn patterns_escape_what_stix_wants_escaped() {
        let pattern = |text: &str| Value::parse(text).map(|it| it.pattern());
        for (text, expected) in [
            ("192.0.2.7", "[ipv4-addr:value = '192.0.2.7']"),
            ("192.0.2.0/24", "[ipv4-addr:value ISSUBSET '192.0.2.0/24']"),
            (
                "2001:db8::/32",
                "[ipv6-addr:value ISSUBSET '2001:db8::/32']",
            ),
            (
                "evil.example.com",
                "[domain-name:value = 'evil.example.com']",
            ),
            (
                r"http://evil.example.com/it's\x",
                r"[url:value = 'http://evil.example.com/it\'s\\x']",
            ),
            (
                "evil.example.com/a",
                "[url:value = 'http://evil.example.com/a' OR url:value = 'https://evil.example.com/a']",
            ),
        ] {
            assert_eq!(pattern(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_ones_own_or_means_something_else_to_others_is_not_shared() {
        let domains = SpotqlOptions::default().domain_classes().unwrap();
        let shareable = |text: &str| {
            let value = Value::parse(text).unwrap();
            value.is_shareable(&Context::default(), &domains)
        };
        for text in [
            "192.0.2.7",
            "2001:db8::7",
            "evil.example.com",
            "localhost.example.com",
            "http://192.0.2.7/a",
        ] {
            assert!(shareable(text), "{text}");
        }
        for text in [
            "10.0.0.1",
            "10.0.0.0/8",
            "0.0.0.0/0",
            "127.0.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "239.255.255.250",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "ff02::fb",
            "::ffff:10.0.0.1",
            "10.0.0.1/login",
            "http://[fd00::1]:80/a",
            "7.2.0.192.in-addr.arpa",
            "1.0.ip6.arpa",
            "printer.local",
            "db.corp.internal",
            "http://nas.local/a",
        ] {
            assert!(!shareable(text), "{text}");
        }
    }
}
