//! The URL by which a service is asked about a value.

use std::borrow::Cow;

use spotql_context::indicator::{is_host, split_url};
use spotql_context::own::{is_own_address, is_own_name};
use spotql_values::address::Address;
use url::Url;

/// Zones of reverse names.
const REVERSE: &str = "arpa";

/// A URL with a place for the value: `{value}` for all of them, or `{address}`, `{name}`, `{url}` for those of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    before: String,
    after: String,
    takes: Takes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    All,
    Addresses,
    Names,
    Urls,
}

/// A text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is no place for a value, or there are several.
    #[error(
        "the URL '{0}' has to hold one of {{value}}, {{address}}, {{name}} and {{url}}, once, where the value is to stand"
    )]
    Place(String),
    /// Not HTTP, or the value would be in the host.
    #[error("'{0}' is no URL of a service; give one such as https://host/path/{{value}}")]
    NoUrl(String),
    /// No URL at all.
    #[error("'{text}' is no URL of a service: {source}")]
    Malformed {
        /// The text.
        text: String,
        /// What is wrong.
        source: url::ParseError,
    },
    /// URLs are shown to others.
    #[error(
        "'{0}' is no URL of a service: it holds a user; give OPTIONS (header.authorization = 'Basic $SPOTQL_…')"
    )]
    User(String),
}

const PLACES: [(&str, Takes); 4] = [
    ("{value}", Takes::All),
    ("{address}", Takes::Addresses),
    ("{name}", Takes::Names),
    ("{url}", Takes::Urls),
];

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let places: Vec<_> = PLACES
            .iter()
            .flat_map(|(place, takes)| {
                text.match_indices(place)
                    .map(move |(at, _)| (at, *place, *takes))
            })
            .collect();
        let [(at, place, takes)] = places[..] else {
            return Err(TemplateError::Place(text.to_owned()));
        };
        let (before, after) = (&text[..at], &text[at + place.len()..]);
        let scheme = before
            .split_once("://")
            .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
        match scheme {
            Some((scheme, host))
                if (scheme == "http" || scheme == "https") && host.contains(['/', '?']) => {}
            // The value must not say which host is asked.
            _ => {
                return Err(TemplateError::NoUrl(text.to_owned()));
            }
        }
        let whole = Url::parse(&format!("{before}x{after}")).map_err(|source| {
            TemplateError::Malformed {
                text: text.to_owned(),
                source,
            }
        })?;
        if !whole.username().is_empty() || whole.password().is_some() {
            return Err(TemplateError::User(text.to_owned()));
        }
        Ok(Self {
            before: before.to_owned(),
            after: after.to_owned(),
            takes,
        })
    }

    /// What is asked about a value: the value itself in its canonical form, or the host of a URL where the service takes no
    /// URLs; nothing for what it does not take, and for what is not to leave the network.
    pub fn subject<'a>(&self, value: &'a str) -> Option<Cow<'a, str>> {
        let value = value.trim();
        let (host, path) = split_url(value);
        if path.len() > 1 && matches!(self.takes, Takes::All | Takes::Urls) {
            host_of(host)?;
            // Who asked, and for which part of the page, is nobody's business.
            let before = value.strip_suffix(path)?;
            let path = path.split('#').next().unwrap_or_default();
            return Some(match before.rsplit_once('@') {
                Some((login, host)) => {
                    let scheme = login.split_once("://").map_or("", |(scheme, _)| scheme);
                    let parting = if scheme.is_empty() { "" } else { "://" };
                    Cow::Owned(format!("{scheme}{parting}{host}{path}"))
                }
                None => Cow::Borrowed(&value[..before.len() + path.len()]),
            });
        }
        let host = match Address::parse(value) {
            Some(_) => value,
            None => host,
        };
        match (host_of(host)?, self.takes) {
            (Host::Address(address), Takes::All | Takes::Addresses) => {
                Some(Cow::Owned(address.to_string()))
            }
            (Host::Name(name), Takes::All | Takes::Names) => Some(name),
            _ => None,
        }
    }

    /// The template with the texts around the value replaced, for secrets in them.
    ///
    /// # Errors
    /// Those of `replace`.
    pub fn replaced<E>(&self, replace: impl Fn(&str) -> Result<String, E>) -> Result<Self, E> {
        Ok(Self {
            before: replace(&self.before)?,
            after: replace(&self.after)?,
            takes: self.takes,
        })
    }

    /// The address that a subject is, or its host is.
    pub(super) fn address(subject: &str) -> Option<Address> {
        Address::parse(subject).or_else(|| Address::parse(split_url(subject).0))
    }

    /// The URL for a subject.
    pub fn url(&self, subject: &str) -> String {
        let mut url = self.before.clone();
        for byte in subject.bytes() {
            // What RFC 3986 calls unreserved stands for itself.
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                url.push(char::from(byte));
            } else {
                url.push('%');
                for half in [byte >> 4, byte & 15] {
                    url.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
                }
            }
        }
        url.push_str(&self.after);
        url
    }
}

enum Host<'a> {
    Address(Address),
    Name(Cow<'a, str>),
}

/// A host that others may be asked about.
fn host_of(host: &str) -> Option<Host<'_>> {
    if let Some(address) = Address::parse(host) {
        return (!is_own_address(address)).then_some(Host::Address(address));
    }
    let host = host.trim_end_matches('.');
    let zone = host.rsplit('.').next().unwrap_or_default();
    if !is_host(host) || is_own_name(host) || zone.eq_ignore_ascii_case(REVERSE) {
        return None;
    }
    Some(Host::Name(
        match host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(host.to_ascii_lowercase()),
            false => Cow::Borrowed(host),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_its_place_and_nothing_more() {
        let template = Template::parse("https://h/api?q={value}&v=1").unwrap();
        assert_eq!(
            template.url("a.org/b?c=d&e=/../#ü"),
            "https://h/api?q=a.org%2Fb%3Fc%3Dd%26e%3D%2F..%2F%23%C3%BC&v=1"
        );
        for (wrong, why) in [
            ("https://h/x", "has to hold"),
            ("https://h/{value}/{name}", "has to hold"),
            ("https://h/{value}/{value}", "has to hold"),
            ("ftp://h/{value}", "is no URL"),
            ("https://{value}/", "is no URL"),
            ("https://{value}.h/", "is no URL"),
            ("h/{value}", "is no URL"),
            ("https://h:99999/{value}", "is no URL"),
            ("https://user:secret@h/{value}", "it holds a user"),
        ] {
            let error = Template::parse(wrong).unwrap_err().to_string();
            assert!(error.contains(why), "{wrong}: {error}");
        }
    }

    #[test]
    fn what_is_asked_depends_on_what_the_service_takes() {
        let subject = |template: &str, value: &str| {
            let template = Template::parse(&format!("http://h/{template}")).unwrap();
            template.subject(value).map(Cow::into_owned)
        };
        for (template, value, expected) in [
            ("{value}", "8.8.8.8", Some("8.8.8.8")),
            (
                "{value}",
                "2001:4860:4860::8888",
                Some("2001:4860:4860::8888"),
            ),
            ("{value}", "Example.COM.", Some("example.com")),
            ("{value}", "example.com/A?b", Some("example.com/A?b")),
            ("{address}", "http://8.8.8.8:80/x", Some("8.8.8.8")),
            ("{address}", "example.com", None),
            ("{name}", "example.com/A?b", Some("example.com")),
            ("{name}", "8.8.8.8", None),
            ("{url}", "example.com", None),
            (
                "{url}",
                "https://example.com/a",
                Some("https://example.com/a"),
            ),
            (
                "{value}",
                "https://user:secret@example.com/a#top",
                Some("https://example.com/a"),
            ),
            ("{value}", "user@example.com/a?b", Some("example.com/a?b")),
            ("{value}", "100.64.0.1", None),
            ("{value}", "224.0.0.251", None),
            ("{value}", "255.255.255.255", None),
            ("{value}", "ff02::fb", None),
            ("{value}", "10.1.2.3", None),
            ("{value}", "fe80::1", None),
            ("{value}", "10.1.2.3/admin", None),
            ("{value}", "nas.local/admin", None),
            ("{value}", "1.0.0.10.in-addr.arpa", None),
            ("{value}", "intranet", None),
            ("{value}", "", None),
            ("{value}", "not a value", None),
        ] {
            assert_eq!(
                subject(template, value).as_deref(),
                expected,
                "{template} {value}"
            );
        }
    }
}
