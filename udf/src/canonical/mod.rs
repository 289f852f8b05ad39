//! One form for values that logs write in several: addresses, names, protocols, and what stands for nothing.
//!
//! A value in another form is another document or word, and looks like a stranger. Each function takes a whole column, and
//! gives none where every value has its form already, which is nearly always: then nothing is copied.
//!
//! Words of the original are made of values as they are; `source => …` gives them these forms before.

mod function;
mod protocol;

use std::borrow::Cow;

use arrow::array::{ArrayRef, StringViewArray};
use datafusion::error::Result;

use crate::enrich::address::Address;
use crate::enrich::texts_by_distinct;

pub use function::functions;
pub(crate) use function::{address, name, present, protocol};
pub(crate) use protocol::protocol_name;

/// The form of a text.
enum Form<'a> {
    /// It has it.
    Same,
    /// It stands for nothing.
    Absent,
    Other(Cow<'a, str>),
}

impl<'a> Form<'a> {
    fn of(text: &str, form: Cow<'a, str>) -> Self {
        if form == text {
            Self::Same
        } else {
            Self::Other(form)
        }
    }
}

/// What loggers write for nothing, blanks around it left out: nothing, `-`, and Zeek's `(empty)`.
pub(crate) fn is_absent(text: &str) -> bool {
    matches!(trimmed(text), "" | "-" | "(empty)")
}

/// Without blanks and control characters (the zeros of fields of fixed width) around it.
pub(crate) fn trimmed(text: &str) -> &str {
    let ends = |byte: &u8| byte.is_ascii_graphic();
    if text.as_bytes().first().is_some_and(ends) && text.as_bytes().last().is_some_and(ends) {
        return text;
    }
    text.trim_matches(|char: char| char.is_whitespace() || char.is_control())
}

fn form_of_present(text: &str) -> Form<'_> {
    if is_absent(text) {
        Form::Absent
    } else {
        Form::Same
    }
}

/// Addresses as RFC 5952 writes them, IPv4 within IPv6 as IPv4; anything else as a name.
fn form_of_address(text: &str) -> Form<'_> {
    let bare = trimmed(text);
    if let Some(address) = Address::parse(bare) {
        let ends = [bare.as_bytes().first(), bare.as_bytes().last()];
        let dotted =
            ends.iter().all(|end| end.is_some_and(u8::is_ascii_digit)) && !bare.contains(':');
        // An IPv4 address in dots cannot be written in another way.
        return if dotted {
            Form::of(text, Cow::Borrowed(bare))
        } else {
            Form::of(text, Cow::Owned(address.to_string()))
        };
    }
    // A link-local address with its interface, whose name has a case.
    let zoned = bare.split_once('%');
    match zoned.and_then(|(address, zone)| Some((Address::parse(address)?, zone))) {
        Some((address, zone)) => Form::of(text, Cow::Owned(format!("{address}%{zone}"))),
        None => form_of_name(text),
    }
}

/// Names in lower case, as the DNS compares them, without the dot of the root at their end.
fn form_of_name(text: &str) -> Form<'_> {
    if is_absent(text) {
        return Form::Absent;
    }
    let name = trimmed(text);
    let name = match name.strip_suffix('.') {
        Some(rest) if !rest.is_empty() => rest,
        _ => name,
    };
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Form::Other(Cow::Owned(name.to_ascii_lowercase()));
    }
    Form::of(text, Cow::Borrowed(name))
}

/// The column in its form; none if it has it.
fn column(texts: &StringViewArray, form: fn(&str) -> Form<'_>) -> Result<Option<ArrayRef>> {
    let same = |text| matches!(form(text), Form::Same);
    if texts.iter().flatten().all(same) {
        return Ok(None);
    }
    texts_by_distinct(texts, |text| match form(text) {
        Form::Same => Some(text.to_owned()),
        Form::Absent => None,
        Form::Other(form) => Some(form.into_owned()),
    })
    .map(Some)
}

/// Addresses in their form: see `canonical_address`.
pub(crate) fn addresses(texts: &StringViewArray) -> Result<Option<ArrayRef>> {
    column(texts, form_of_address)
}

/// Names in their form: see `canonical_name`.
pub(crate) fn names(texts: &StringViewArray) -> Result<Option<ArrayRef>> {
    column(texts, form_of_name)
}

/// Protocols in their form: see `canonical_protocol`.
pub(crate) fn protocols(texts: &StringViewArray) -> Result<Option<ArrayRef>> {
    column(texts, protocol::form_of_protocol)
}

/// Texts, and NULL for those that stand for nothing: see `absent_as_null`.
pub(crate) fn presents(texts: &StringViewArray) -> Result<Option<ArrayRef>> {
    column(texts, form_of_present)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str, form: fn(&str) -> Form<'_>) -> Option<String> {
        match form(text) {
            Form::Same => Some(text.to_owned()),
            Form::Absent => None,
            Form::Other(other) => {
                assert_ne!(other, text, "the same text is no other one");
                Some(other.into_owned())
            }
        }
    }

    #[test]
    fn an_address_has_one_form() {
        for (text, expected) in [
            ("10.0.0.1", "10.0.0.1"),
            (" 10.0.0.1", "10.0.0.1"),
            ("10.0.0.1 ", "10.0.0.1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::FFFF:0a00:0001", "10.0.0.1"),
            ("2001:DB8:0:0::0007", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("FE80::1%eth0", "fe80::1%eth0"),
            ("PC-1.Corp.", "pc-1.corp"),
            // Some programs take the zero for octal.
            ("010.0.0.1", "010.0.0.1"),
        ] {
            assert_eq!(form(text, form_of_address).as_deref(), Some(expected));
        }
        for text in ["", "-", " ", "\t- ", "(empty)", "\0\0"] {
            assert_eq!(form(text, form_of_address), None, "{text:?}");
        }
    }

    #[test]
    fn a_name_has_no_case_and_no_dot_at_its_end() {
        for (text, expected) in [
            ("WWW.Example.COM.", "www.example.com"),
            ("example.com", "example.com"),
            (".", "."),
            ("É.example", "É.example"),
        ] {
            assert_eq!(form(text, form_of_name).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_column_that_has_its_form_is_not_copied() {
        let column: StringViewArray = [Some("10.0.0.1"), None, Some("::1")].into_iter().collect();
        assert!(addresses(&column).unwrap().is_none());
        assert!(presents(&column).unwrap().is_none());
        let column: StringViewArray = [Some("TCP"), None, Some("GRE"), Some("200")]
            .into_iter()
            .collect();
        assert!(protocols(&column).unwrap().is_none());
    }
}
