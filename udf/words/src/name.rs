//! Splits a DNS or host name for words of generation v2, and says whose it is.
//!
//! What stands before the registrable domain is the subdomain, which its
//! owner fills at will. Nothing is checked: any text is split.

use super::classes::DomainClasses;
use super::entropy::{EntropyMeter, utf16_len};
use super::math::log2_of_size;
use super::registrable::registrable;
use super::writer::WordWriter;

/// More labels than these count as these.
pub const MOST_LABELS: usize = 6;
/// Subdomains of more bits a character count as of these. No name of ASCII letters, digits and
/// hyphens reaches them.
pub const MOST_ENTROPY: f64 = 9.0;

/// Whose a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameClass {
    /// No name but an IP address; DNS words do not have it.
    Address,
    /// The name of an address or a number: it ends in `.arpa`.
    Reverse,
    /// At most one label; its owner is the local network.
    Single,
    /// Below one of the user's own domains.
    User,
    /// Below one of the top domains.
    Top,
    /// Below any other domain.
    Other,
}

impl NameClass {
    /// The field of a word that says it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Address => "i",
            Self::Reverse => "a",
            Self::Single => "l",
            Self::User => "u",
            Self::Top => "t",
            Self::Other => "o",
        }
    }

    /// The class that this field of a word says.
    pub fn of_field(field: &str) -> Option<Self> {
        [
            Self::Address,
            Self::Reverse,
            Self::Single,
            Self::User,
            Self::Top,
            Self::Other,
        ]
        .into_iter()
        .find(|class| class.field() == field)
    }
}

/// The parts of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// The whole name in lower case, without dots at its end.
    pub text: &'a str,
    /// The registrable domain; all of a name that is a public suffix itself or a single label.
    pub domain: &'a str,
    /// What stands before the domain, without the dot between; empty if nothing does.
    pub subdomain: &'a str,
}

impl<'a> Name<'a> {
    /// Splits a name in lower case.
    ///
    /// ```
    /// use spotql_words::name::Name;
    /// let name = Name::of("a.www.bbc.co.uk.");
    /// assert_eq!((name.domain, name.subdomain, name.labels()), ("bbc.co.uk", "a.www", 5));
    /// ```
    pub fn of(lower: &'a str) -> Self {
        let text = lower.trim_end_matches('.');
        let domain = registrable(text);
        let before = &text[..text.len() - domain.len()];
        Self {
            text,
            domain,
            subdomain: before.strip_suffix('.').unwrap_or(before),
        }
    }

    /// How many labels there are between dots, empty ones included; 0 for the empty name.
    pub fn labels(&self) -> usize {
        match self.text {
            "" => 0,
            text => 1 + text.bytes().filter(|byte| *byte == b'.').count(),
        }
    }

    /// Whose the name is; never [`NameClass::Address`].
    pub fn class(&self, classes: &DomainClasses) -> NameClass {
        if self.is_reverse() {
            NameClass::Reverse
        } else if !self.text.contains('.') {
            NameClass::Single
        } else if classes.is_users(self.domain) {
            NameClass::User
        } else if classes.is_top(self.domain) {
            NameClass::Top
        } else {
            NameClass::Other
        }
    }

    /// Writes four fields: the class; the binary logarithm of the subdomain's characters + 1 and
    /// its entropy in whole bits a character, dots left out, both rounded down and 0 for reverse
    /// names, whose digits say nothing; the number of labels.
    pub fn write_fields(
        &self,
        classes: &DomainClasses,
        meter: &mut EntropyMeter,
        word: &mut WordWriter,
    ) {
        word.text(self.class(classes).field());
        self.write_subdomain(meter, word);
        word.number(self.labels().min(MOST_LABELS) as i64);
    }

    /// Writes the second and the third of these.
    pub fn write_subdomain(&self, meter: &mut EntropyMeter, word: &mut WordWriter) {
        let subdomain = if self.is_reverse() {
            ""
        } else {
            self.subdomain
        };
        let entropy = meter.entropy_without_dots(subdomain).min(MOST_ENTROPY);
        word.number(i64::from(log2_of_size(utf16_len(subdomain) as i64)));
        word.number(entropy as i64);
    }

    /// Whether it is the name of an address or a number.
    pub fn is_reverse(&self) -> bool {
        self.text == "arpa" || self.text.ends_with(".arpa")
    }
}

/// Texts in lower case, one after the other; keeps the space for those that are not.
#[derive(Debug, Default)]
pub struct LowerCase {
    buffer: String,
}

impl LowerCase {
    /// The text with its ASCII letters in lower case; others stay, as the DNS compares names.
    #[inline]
    pub fn of<'a>(&'a mut self, text: &'a str) -> &'a str {
        if !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return text;
        }
        self.buffer.clear();
        self.buffer.push_str(text);
        self.buffer.make_ascii_lowercase();
        &self.buffer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain_set::{DomainSet, Label};

    fn split(name: &str) -> (&str, &str, usize) {
        let name = Name::of(name);
        (name.domain, name.subdomain, name.labels())
    }

    #[test]
    fn a_name_is_split_before_what_somebody_can_have_registered() {
        assert_eq!(split("bbc.co.uk"), ("bbc.co.uk", "", 3));
        assert_eq!(split("x.info"), ("x.info", "", 2));
        assert_eq!(split("a.b.google.com"), ("google.com", "a.b", 4));
        assert_eq!(split("x.d1.cloudfront.net"), ("d1.cloudfront.net", "x", 4));
        assert_eq!(split("www.пример.рф"), ("пример.рф", "www", 3));
    }

    #[test]
    fn an_ending_that_nobody_knows_counts_as_one() {
        assert_eq!(split("nas.corp.local"), ("corp.local", "nas", 3));
        assert_eq!(split("_ldap._tcp.dc.corp"), ("dc.corp", "_ldap._tcp", 4));
    }

    #[test]
    fn a_name_without_a_registrable_domain_is_its_own() {
        for (name, labels) in [("co.uk", 2), ("cloudfront.net", 2), ("localhost", 1)] {
            assert_eq!(split(name), (name, "", labels));
        }
    }

    #[test]
    fn dots_in_odd_places_do_no_harm() {
        assert_eq!(split("google.com.."), ("google.com", "", 2));
        assert_eq!(split(".google.com"), ("google.com", "", 3));
        assert_eq!(split("www..com"), (".com", "www", 3));
        assert_eq!(split(".com"), (".com", "", 2));
        assert_eq!(split(""), ("", "", 0));
        assert_eq!(split("..."), ("", "", 0));
    }

    #[test]
    fn the_class_says_whose_a_name_is() {
        let own = Arc::new(DomainSet::from_names(["intel"], Label::Domain));
        let top = Arc::new(DomainSet::from_names(
            ["bbc.co.uk", "intel.com"],
            Label::First,
        ));
        let classes = DomainClasses::new(own, top);
        for (name, class) in [
            ("4.3.2.1.in-addr.arpa", NameClass::Reverse),
            ("arpa", NameClass::Reverse),
            ("notarpa", NameClass::Single),
            ("", NameClass::Single),
            ("www.intel.co.uk", NameClass::User),
            ("www.bbc.co.uk", NameClass::Top),
            ("bbc.com", NameClass::Other),
            ("com.intel.example.org", NameClass::Other),
        ] {
            assert_eq!(Name::of(name).class(&classes), class, "{name:?}");
            assert_eq!(NameClass::of_field(class.field()), Some(class));
        }
        assert_eq!(NameClass::of_field("x"), None);
    }

    #[test]
    fn only_names_with_capitals_are_copied() {
        let mut lower = LowerCase::default();
        assert_eq!(lower.of("WWW.Bbc.co.uk"), "www.bbc.co.uk");
        assert_eq!(lower.of("x.info"), "x.info");
        assert_eq!(lower.of("ÉA"), "Éa");
    }
}
