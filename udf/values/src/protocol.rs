//! IP protocols, by IANA's keywords.

use std::borrow::Cow;
use std::sync::LazyLock;

use hashbrown::{HashMap, HashSet};

use crate::absent::{is_absent, trimmed};
use crate::form::Form;
use crate::iana::PROTOCOLS;

/// Other names for them: of nfdump, of `/etc/protocols`, of RFCs.
const OTHER_NAMES: [(&str, &str); 8] = [
    ("ICMP6", "IPv6-ICMP"),
    ("ICMPV6", "IPv6-ICMP"),
    ("ICMP-V6", "IPv6-ICMP"),
    ("IPIP", "IPv4"),
    ("IP-IN-IP", "IPv4"),
    ("IPENCAP", "IPv4"),
    ("OSPF", "OSPFIGP"),
    ("IP6", "IPv6"),
];

type Random = ahash::RandomState;

/// IANA's keywords. A protocol that only has a description keeps its number.
static KEYWORDS: LazyLock<HashSet<&str, Random>> =
    LazyLock::new(|| PROTOCOLS.names().filter(|name| is_keyword(name)).collect());

/// The keywords by their text in upper case.
static BY_NAME: LazyLock<HashMap<String, &str, Random>> = LazyLock::new(|| {
    let known = KEYWORDS
        .iter()
        .map(|name| (name.to_ascii_uppercase(), *name));
    let others = OTHER_NAMES
        .iter()
        .map(|(other, name)| ((*other).to_owned(), *name));
    known.chain(others).collect()
});

fn is_keyword(name: &str) -> bool {
    !name.contains(' ')
}

/// IANA's keyword for a number or a name in any case; another name in upper case, a number without one without zeros in front.
pub fn of_protocol(text: &str) -> Form<'_> {
    if matches!(text, "TCP" | "UDP" | "ICMP") || KEYWORDS.contains(text) {
        return Form::Same;
    }
    if is_absent(text) {
        return Form::Absent;
    }
    let name = trimmed(text);
    if let Some(number) = number(name) {
        let known = PROTOCOLS
            .name(number.into())
            .filter(|name| is_keyword(name));
        let form = known.map_or_else(|| number.to_string().into(), Cow::Borrowed);
        return Form::of(text, form);
    }
    let name = name.to_ascii_uppercase();
    match BY_NAME.get(name.as_str()) {
        Some(known) => Form::Other(Cow::Borrowed(known)),
        None => Form::of(text, Cow::Owned(name)),
    }
}

/// The number of a protocol, as exporters write it: up to three digits.
fn number(text: &str) -> Option<u8> {
    let digits = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// What people call the protocol: its keyword, or the description where there is only that.
pub fn protocol_name(text: &str) -> Option<Cow<'_, str>> {
    match of_protocol(text) {
        Form::Same => Some(named(Cow::Borrowed(text))),
        Form::Absent => None,
        Form::Other(form) => Some(named(form)),
    }
}

fn named(form: Cow<'_, str>) -> Cow<'_, str> {
    let described = number(&form).and_then(|number| PROTOCOLS.name(number.into()));
    described.map_or(form, Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_goes_by_its_keyword() {
        for (text, expected) in [
            ("TCP", Some("TCP")),
            ("tcp", Some("TCP")),
            (" TCP ", Some("TCP")),
            ("6", Some("TCP")),
            ("006", Some("TCP")),
            ("17", Some("UDP")),
            ("58", Some("IPv6-ICMP")),
            ("ICMP6", Some("IPv6-ICMP")),
            ("ipv6-icmp", Some("IPv6-ICMP")),
            ("IPv6-ICMP", Some("IPv6-ICMP")),
            ("61", Some("61")),
            ("200", Some("200")),
            ("256", Some("256")),
            ("6.0", Some("6.0")),
            ("ours", Some("OURS")),
            ("A_B", Some("A_B")),
            ("-", None),
            ("  ", None),
        ] {
            let form = match of_protocol(text) {
                Form::Same => Some(text.to_owned()),
                Form::Absent => None,
                Form::Other(form) => Some(form.into_owned()),
            };
            assert_eq!(form.as_deref(), expected, "{text:?}");
        }
        assert_eq!(
            protocol_name("61").as_deref(),
            Some("any host internal protocol")
        );
    }

    #[test]
    fn other_names_are_those_of_keywords() {
        for (_, name) in OTHER_NAMES {
            assert!(KEYWORDS.contains(name), "{name}");
        }
    }
}
