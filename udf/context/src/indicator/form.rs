//! What kind of thing a text names: an address, a host or a URL.

use spotql_values::address::{Address, AddressRange};

use super::value;

/// The form of an indicator.
pub enum Form<'a> {
    /// An address, a CIDR block or a range.
    Range(AddressRange),
    /// In lower case.
    Host(&'a str),
    /// Host in lower case, path as it is, without `/` at its end.
    Url(&'a str),
}

impl<'a> Form<'a> {
    /// The form of an indicator; none for what is none. `buffer` holds what has to be written anew.
    pub fn of(value: &str, buffer: &'a mut String) -> Option<Self> {
        if let Some(range) = AddressRange::parse(value) {
            return Some(Self::Range(range));
        }
        let (host, path) = split_url(value);
        let path = path.trim_end_matches('/');
        if let Some(range) = AddressRange::parse(host) {
            if path.is_empty() {
                return Some(Self::Range(range));
            }
            // A block with an impossible prefix, and no path.
            if !value.contains("://") && path[1..].bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
        }
        buffer.clear();
        if value.starts_with('/') && !value.starts_with("//") && path.len() > 1 {
            buffer.push_str(path);
            return Some(Self::Url(buffer));
        }
        // `.example.com` is how some programs write a domain with all below it.
        let host = host.trim_end_matches('.').trim_start_matches("*.");
        let host = value::ascii_host(host.strip_prefix('.').unwrap_or(host))?;
        if !is_host(&host) {
            return None;
        }
        buffer.push_str(&host);
        buffer.make_ascii_lowercase();
        if path.is_empty() {
            return Some(Self::Host(buffer));
        }
        buffer.push_str(path);
        Some(Self::Url(buffer))
    }
}

/// Bytes of a name, without the dot at its end.
pub(super) const LONGEST_NAME: usize = 253;

/// Whether a text may be a host: labels with dots between, of what names and addresses are made of. A single label
/// is none: lists of names hold words by mistake. Nor is what ends in a number (RFC 3696): it is no address either.
pub fn is_host(host: &str) -> bool {
    if Address::parse(host).is_some() {
        return true;
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    host.contains('.')
        && host.len() <= LONGEST_NAME
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        })
}

/// The host of a URL with or without its scheme, and the path from its first `/`, `?` or `#` on.
pub fn split_url(url: &str) -> (&str, &str) {
    // A URL may carry another one behind its host: only what stands before any part of a path is a scheme.
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => rest,
        _ => url.strip_prefix("//").unwrap_or(url),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    // A port, but not the end of an IPv6 address without brackets.
    let host = match host.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|b| b.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => host,
    };
    (host, path)
}
