//! The word of a web request, generation v2, for the client that made it.
//!
//! `CLASS_METHOD_CONTENT_CODE_AGENTS_URILENGTH_URIENTROPY_DIRECTION`: whose the host is, what was
//! asked and answered, how common the program that asked, how long and random the address, and
//! which way the bytes went. Ranges are not checked here; [`super::invalid`] says which records are
//! valid.

use std::net::{IpAddr, Ipv6Addr};

use spotql_values::absent::trimmed;

use super::classes::DomainClasses;
use super::entropy::{EntropyMeter, utf16_len};
use super::math::{log2_of_size, outweighs};
use super::name::{LowerCase, Name, NameClass};
use super::writer::{BLANK, WordWriter};

/// Bits a character from one class of addresses' entropy to the next.
pub const ENTROPY_STEP: f64 = 0.6;

/// The fields of a web request that its word is made of.
#[derive(Debug, Clone, Copy)]
pub struct ProxyRecord<'a> {
    /// The host asked for, a name or an IP address, with or without a port.
    pub host: &'a str,
    /// The method, in any case. A missing text is written as [`BLANK`], here and below.
    pub method: Option<&'a str>,
    /// The content type of the response; what stands before its first slash counts.
    pub content_type: Option<&'a str>,
    /// The response code.
    pub response_code: Option<&'a str>,
    /// How often this user agent occurs in the whole input; 0 where that is not known.
    pub agent_count: i64,
    /// The whole address.
    pub uri: &'a str,
    /// Bytes to the client; none, like a negative number, where they are unknown.
    pub received: Option<i64>,
    /// Bytes from the client, likewise.
    pub sent: Option<i64>,
}

impl ProxyRecord<'_> {
    /// Writes the word.
    ///
    /// `lower` and `meter` keep their space from word to word.
    #[inline]
    pub fn write_word(
        &self,
        classes: &DomainClasses,
        lower: &mut LowerCase,
        meter: &mut EntropyMeter,
        word: &mut WordWriter,
    ) {
        word.text(host_class(trimmed(self.host), classes, lower).field());
        word.upper_text(trimmed(self.method.unwrap_or(BLANK)));
        let content_type = trimmed(self.content_type.unwrap_or(BLANK));
        let content = content_type.split_once('/');
        word.lower_text(content.map_or(content_type, |(content, _)| content));
        word.plain_text(trimmed(self.response_code.unwrap_or(BLANK)));
        word.number(i64::from(self.agent_count.max(1).ilog2() / 2));
        word.number(i64::from(log2_of_size(utf16_len(self.uri) as i64)));
        word.number((meter.entropy(self.uri) / ENTROPY_STEP) as i64);
        word.text(self.direction());
    }

    /// `u` much more went up than came down, `d` the other way round, `b` about as much, `-` it is not known.
    fn direction(&self) -> &'static str {
        match (self.sent, self.received) {
            (Some(sent @ 0..), Some(received @ 0..)) => {
                if outweighs(sent, received) {
                    "u"
                } else if outweighs(received, sent) {
                    "d"
                } else {
                    "b"
                }
            }
            _ => BLANK,
        }
    }
}

/// Whose a host is: `name`, `name:port`, an IPv4 address with or without port, an IPv6 address in
/// brackets with or without port, or a bare one.
fn host_class(host: &str, classes: &DomainClasses, lower: &mut LowerCase) -> NameClass {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    if bracketed.is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok()) {
        return NameClass::Address;
    }
    let name = match host.split_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    if name.parse::<IpAddr>().is_ok() {
        return NameClass::Address;
    }
    Name::of(lower.of(name)).class(classes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain_set::{DomainSet, Label};

    const REQUEST: ProxyRecord<'_> = ProxyRecord {
        host: "www.example.com",
        method: Some("GET"),
        content_type: Some("text/html"),
        response_code: Some("200"),
        agent_count: 1000,
        uri: "abcdefgh",
        received: Some(1000),
        sent: Some(1000),
    };

    fn word(request: ProxyRecord<'_>) -> String {
        crate::writer::word(|writer| {
            request.write_word(
                &DomainClasses::default(),
                &mut LowerCase::default(),
                &mut EntropyMeter::default(),
                writer,
            );
        })
    }

    #[test]
    fn the_word_describes_the_address_without_holding_it() {
        // 8 different characters: 3 bits, the fifth step of 0.6. 1000 agents: 4^4 to 4^5.
        assert_eq!(word(REQUEST), "o_GET_text_200_4_3_5_b");
    }

    #[test]
    fn what_is_missing_is_written_as_missing() {
        let request = ProxyRecord {
            host: "",
            method: None,
            content_type: None,
            response_code: None,
            agent_count: 0,
            uri: "",
            received: Some(0),
            sent: Some(0),
        };
        assert_eq!(word(request), "l_-_-_-_0_0_0_b");
        let extreme = ProxyRecord {
            agent_count: i64::MIN,
            received: Some(i64::MIN),
            sent: Some(i64::MAX),
            ..request
        };
        assert_eq!(word(extreme), "l_-_-_-_0_0_0_-");
    }

    #[test]
    fn texts_cannot_part_the_word() {
        let request = ProxyRecord {
            method: Some("RPC_OUT_DATA"),
            content_type: Some("/html"),
            response_code: Some("~200"),
            ..REQUEST
        };
        assert_eq!(word(request), "o_RPC-OUT-DATA_-_-200_4_3_5_b");
    }

    #[test]
    fn the_host_may_be_an_address_or_carry_a_port() {
        let own = Arc::new(DomainSet::from_names(["corp.co.uk"], Label::Domain));
        let classes = DomainClasses::new(own, Arc::default());
        for (host, class) in [
            ("192.0.2.1", NameClass::Address),
            ("192.0.2.1:8080", NameClass::Address),
            ("[2001:db8::1]", NameClass::Address),
            ("[2001:db8::1]:443", NameClass::Address),
            ("2001:db8::1", NameClass::Address),
            ("[nonsense]", NameClass::Single),
            ("192.0.2.256", NameClass::Other),
            ("WWW.Corp.CO.UK:443", NameClass::User),
            ("corp.com:443", NameClass::Other),
            ("proxy:3128", NameClass::Single),
            ("1.2.0.192.in-addr.arpa", NameClass::Reverse),
        ] {
            let mut lower = LowerCase::default();
            assert_eq!(host_class(host, &classes, &mut lower), class, "{host}");
        }
    }

    #[test]
    fn the_direction_says_which_way_most_bytes_went() {
        for (sent, received, expected) in [
            (4004, 1000, "b"),
            (4005, 1000, "u"),
            (1000, 4005, "d"),
            (0, 5, "d"),
            (4, 0, "b"),
        ] {
            let request = ProxyRecord {
                sent: Some(sent),
                received: Some(received),
                ..REQUEST
            };
            assert_eq!(request.direction(), expected, "{sent} up, {received} down");
        }
    }
}
