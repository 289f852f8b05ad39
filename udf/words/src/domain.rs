//! Splits a DNS or host name into domain and subdomain.
//!
//! The rules are the original's, faults included: `bbc.co.uk` has domain `co` and subdomain `bbc`;
//! a name in upper case, with a port, or under a newer ending has no domain.

use super::country::{is_country_code, is_generic};

/// What words and the SQL functions hold in place of a missing domain or subdomain.
pub const NONE: &str = "None";

/// The parts of a name that words are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainInfo<'a> {
    /// The domain, without what stands before and after it; it may be empty (`.com`).
    pub domain: Option<&'a str>,
    /// What stands before the domain, dots included; it may be empty (`.google.com`). A subdomain
    /// that reads `None` counts as none, since the original could not tell them apart.
    pub subdomain: Option<&'a str>,
    /// How many parts the name has between its dots, trailing empty ones left out.
    pub parts: usize,
}

impl<'a> DomainInfo<'a> {
    /// Splits a name.
    ///
    /// A name has a domain if it has at least two parts and ends in a country code or one of com,
    /// org, net, int, edu, gov, mil. (Reverse names need no rule of their own: `arpa` is neither.)
    ///
    /// ```
    /// use spotql_words::domain::DomainInfo;
    /// let info = DomainInfo::of("mail.example.com");
    /// assert_eq!((info.domain, info.subdomain, info.parts), (Some("example"), Some("mail"), 3));
    /// ```
    pub fn of(name: &'a str) -> Self {
        let trimmed = name.trim_end_matches('.');
        let parts = match (trimmed, name) {
            // Java splits the empty text into one empty part, and dots alone into none.
            ("", "") => 1,
            ("", _) => 0,
            _ => trimmed.bytes().filter(|byte| *byte == b'.').count() + 1,
        };
        let registered = (parts >= 2).then(|| before_ending(trimmed)).flatten();
        let Some(registered) = registered else {
            return Self {
                domain: None,
                subdomain: None,
                parts,
            };
        };
        let (subdomain, domain) = match registered.rsplit_once('.') {
            Some((subdomain, domain)) => (Some(subdomain), domain),
            None => (None, registered),
        };
        Self {
            domain: Some(domain),
            subdomain: subdomain.filter(|text| *text != NONE),
            parts,
        }
    }

    /// The domain as the original writes it: [`NONE`] where there is none.
    pub fn domain_text(&self) -> &'a str {
        self.domain.unwrap_or(NONE)
    }

    /// The subdomain as the original writes it: [`NONE`] where there is none.
    pub fn subdomain_text(&self) -> &'a str {
        self.subdomain.unwrap_or(NONE)
    }
}

/// What stands before the ending of a name: a country code is taken off, then a generic ending.
/// `None` if the name has no such ending or nothing stands before it.
fn before_ending(name: &str) -> Option<&str> {
    let (before, last) = name.rsplit_once('.')?;
    if is_country_code(last) {
        return match before.rsplit_once('.') {
            Some((rest, second)) if is_generic(second) => Some(rest),
            None if is_generic(before) => None,
            _ => Some(before),
        };
    }
    is_generic(last).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(name: &str) -> (&str, &str, usize) {
        let info = DomainInfo::of(name);
        (info.domain_text(), info.subdomain_text(), info.parts)
    }

    #[test]
    fn a_name_is_split_before_its_ending() {
        assert_eq!(split("google.com"), ("google", "None", 2));
        assert_eq!(split("a.b.google.com"), ("google", "a.b", 4));
        assert_eq!(split("www.wikipedia.com.br"), ("wikipedia", "www", 4));
        assert_eq!(split("www.google.de"), ("google", "www", 3));
        assert_eq!(split("zone.krd"), ("zone", "None", 2));
    }

    #[test]
    fn co_uk_is_no_ending() {
        assert_eq!(split("bbc.co.uk"), ("co", "bbc", 3));
    }

    #[test]
    fn names_without_a_known_ending_have_no_domain() {
        for name in [
            "localhost",
            "8.8.8.8",
            "a.xyz",
            "GOOGLE.COM",
            "google.com:443",
            "пример.рф",
        ] {
            assert_eq!(DomainInfo::of(name).domain, None, "{name}");
        }
        assert_eq!(split("4.3.2.1.in-addr.arpa"), ("None", "None", 6));
    }

    #[test]
    fn an_ending_alone_has_no_domain() {
        assert_eq!(split("com"), ("None", "None", 1));
        assert_eq!(split("com.uk"), ("None", "None", 2));
    }

    #[test]
    fn trailing_dots_are_ignored_and_other_empty_parts_count() {
        assert_eq!(split("google.com.."), ("google", "None", 2));
        assert_eq!(split(".google.com"), ("google", "", 3));
        assert_eq!(split("www..com"), ("", "www", 3));
        assert_eq!(split(".com"), ("", "None", 2));
        assert_eq!(split(""), ("None", "None", 1));
        assert_eq!(split("..."), ("None", "None", 0));
    }

    #[test]
    fn a_subdomain_that_reads_none_counts_as_none() {
        assert_eq!(DomainInfo::of("None.google.com").subdomain, None);
    }
}
