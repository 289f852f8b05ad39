//! One form for values that logs write in several: addresses, names, and what stands for nothing.
//!
//! A value in another form is another document or word, and looks like a stranger.

use std::borrow::Cow;

use crate::absent::{is_absent, trimmed};
use crate::address::Address;

/// The form of a text.
pub enum Form<'a> {
    /// It has it.
    Same,
    /// It stands for nothing.
    Absent,
    /// This is the text in it.
    Other(Cow<'a, str>),
}

impl<'a> Form<'a> {
    /// [`Form::Other`], or [`Form::Same`] if the text is of this form.
    pub fn of(text: &str, form: Cow<'a, str>) -> Self {
        if form == text {
            Self::Same
        } else {
            Self::Other(form)
        }
    }
}

/// A text, unless it stands for nothing.
pub fn of_present(text: &str) -> Form<'_> {
    if is_absent(text) {
        Form::Absent
    } else {
        Form::Same
    }
}

/// Addresses as RFC 5952 writes them, IPv4 within IPv6 as IPv4; anything else as a name.
pub fn of_address(text: &str) -> Form<'_> {
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
        None => of_name(text),
    }
}

/// Names in lower case, as the DNS compares them, without the dot of the root at their end.
pub fn of_name(text: &str) -> Form<'_> {
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
            assert_eq!(form(text, of_address).as_deref(), Some(expected));
        }
        for text in ["", "-", " ", "\t- ", "(empty)", "\0\0"] {
            assert_eq!(form(text, of_address), None, "{text:?}");
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
            assert_eq!(form(text, of_name).as_deref(), Some(expected));
        }
    }
}
