//! The words of a DNS answer, generation v2: for the client that asked, and for the domain that it
//! asked about.
//!
//! `CLASS_SUBLENGTH_SUBENTROPY_LABELS_LENGTH_TYPE_RCODE_ANSWER`: whose the name is, how long and random the part is
//! that its owner fills at will, and what was asked and answered. The domain's word is of the same form,
//! `n_SUBLENGTH_SUBENTROPY___TYPE_RCODE_ANSWER`, so that what fields have in common is shared. The class is `n` as in
//! name (`r` for reverse names), and what the client's network or resolver decides is left out. A domain whose names
//! look like those of no other shows even where a single resolver asks for a whole network.
//!
//! Ranges are not checked here; [`super::invalid`] says which records are valid.

use spotql_values::absent::{is_absent, trimmed};

use super::classes::DomainClasses;
use super::dns::UNKNOWN_CODE;
use super::entropy::EntropyMeter;
use super::math::log2_of_size;
use super::name::{LowerCase, Name};
use super::writer::WordWriter;

/// The first field of a domain's word.
pub const DOMAIN: &str = "n";
/// That of the word of a part of the reverse tree, whose names are of addresses or numbers.
pub const REVERSE: &str = "r";

/// The fields of a DNS answer that its words are made of.
#[derive(Debug, Clone, Copy)]
pub struct DnsRecord<'a> {
    /// Length of the frame in bytes; a negative one counts as 0.
    pub frame_len: i64,
    /// The name asked for, in any case, with or without a dot at its end.
    pub name: &'a str,
    /// The query type; a missing one is written as [`UNKNOWN_CODE`].
    pub query_type: Option<i64>,
    /// The response code, likewise.
    pub response_code: Option<i64>,
    /// The addresses in the answer; empty or `-` where there are none.
    pub addresses: &'a str,
}

impl DnsRecord<'_> {
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
        Name::of(lower.of(trimmed(self.name))).write_fields(classes, meter, word);
        word.number(i64::from(log2_of_size(self.frame_len)));
        self.write_answer(word);
    }

    /// Writes the word for the registrable domain of the name. The length is not looked at.
    #[inline]
    pub fn write_domain_word(
        &self,
        lower: &mut LowerCase,
        meter: &mut EntropyMeter,
        word: &mut WordWriter,
    ) {
        let name = Name::of(lower.of(trimmed(self.name)));
        word.text(if name.is_reverse() { REVERSE } else { DOMAIN });
        name.write_subdomain(meter, word);
        word.text("");
        word.text("");
        self.write_answer(word);
    }

    fn write_answer(&self, word: &mut WordWriter) {
        word.number(self.query_type.unwrap_or(UNKNOWN_CODE));
        word.number(self.response_code.unwrap_or(UNKNOWN_CODE));
        word.text(if is_absent(self.addresses) { "n" } else { "y" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: DnsRecord<'_> = DnsRecord {
        frame_len: 100,
        name: "example.com",
        query_type: Some(1),
        response_code: Some(0),
        addresses: "192.0.2.1",
    };

    fn word(record: DnsRecord<'_>) -> String {
        crate::writer::word(|writer| {
            record.write_word(
                &DomainClasses::default(),
                &mut LowerCase::default(),
                &mut EntropyMeter::default(),
                writer,
            );
        })
    }

    fn domain_word(name: &str) -> String {
        crate::writer::word(|writer| {
            let (mut lower, mut meter) = (LowerCase::default(), EntropyMeter::default());
            DnsRecord { name, ..RECORD }.write_domain_word(&mut lower, &mut meter, writer);
        })
    }

    #[test]
    fn the_domains_word_describes_what_stands_before_it() {
        assert_eq!(domain_word("Mail.eu.example.com"), "n_3_2___1_0_y");
        assert_eq!(domain_word("example.com"), "n_0_0___1_0_y");
        assert_eq!(domain_word("4.3.2.1.in-addr.arpa"), "r_0_0___1_0_y");
    }

    fn of_name(name: &str) -> String {
        word(DnsRecord { name, ..RECORD })
    }

    #[test]
    fn the_word_describes_the_name_without_holding_it() {
        // Subdomain `mail.eu`: 7 characters, six of them letters and different, log2(6) = 2.58.
        assert_eq!(of_name("mail.eu.example.com"), "o_3_2_4_6_1_0_y");
        assert_eq!(of_name("MAIL.eu.Example.COM."), "o_3_2_4_6_1_0_y");
        assert_eq!(of_name("example.com"), "o_0_0_2_6_1_0_y");
    }

    #[test]
    fn names_that_nobody_registered_have_classes_of_their_own() {
        assert_eq!(of_name("4.3.2.1.IN-ADDR.arpa."), "a_0_0_6_6_1_0_y");
        assert_eq!(of_name("wpad"), "l_0_0_1_6_1_0_y");
        assert_eq!(of_name("."), "l_0_0_0_6_1_0_y");
    }

    #[test]
    fn labels_are_counted_up_to_six() {
        assert_eq!(of_name("a.b.c.example.com"), "o_2_1_5_6_1_0_y");
        assert_eq!(of_name("a.b.c.d.e.example.com"), "o_3_2_6_6_1_0_y");
    }

    #[test]
    fn what_is_missing_is_written_as_missing() {
        let record = DnsRecord {
            frame_len: -5,
            query_type: None,
            response_code: None,
            addresses: "",
            ..RECORD
        };
        assert_eq!(word(record), "o_0_0_2_0_-1_-1_n");
    }
}
