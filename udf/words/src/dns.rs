//! The word of a DNS answer, for the client that asked.
//!
//! `CLASS_length_hour_subdomain length_subdomain entropy_parts_type_rcode`: how well known the
//! domain is, and bins of how long and how random the name is. Ranges are not checked here;
//! [`super::invalid`] says which records are valid.

use super::classes::DomainClasses;
use super::domain::DomainInfo;
use super::entropy::{EntropyMeter, utf16_len};
use super::hour::hour_of_frame_time;
use super::math::floor_log2;
use super::writer::WordWriter;

/// What stands for a missing query type or response code.
pub const UNKNOWN_CODE: i64 = -1;

/// The fields of a DNS answer that its word is made of.
#[derive(Debug, Clone, Copy)]
pub struct DnsAnswer<'a> {
    /// TShark's `frame.time` without its comma.
    pub frame_time: &'a str,
    /// Length of the frame in bytes.
    pub frame_len: i64,
    /// The name asked for.
    pub name: &'a str,
    /// The query type, [`UNKNOWN_CODE`] where it is missing.
    pub query_type: i64,
    /// The response code, [`UNKNOWN_CODE`] where it is missing.
    pub response_code: i64,
}

impl DnsAnswer<'_> {
    /// Writes the word. False, and nothing written, if there is none: `frame_time` has no hour.
    #[inline]
    pub fn write_word(
        &self,
        classes: &DomainClasses,
        meter: &mut EntropyMeter,
        word: &mut WordWriter,
    ) -> bool {
        let Some(hour) = hour_of_frame_time(self.frame_time) else {
            return false;
        };
        let info = DomainInfo::of(self.name);
        let (length, entropy) = match info.subdomain {
            Some(subdomain) => (utf16_len(subdomain), meter.bin(subdomain)),
            None => (0, 0),
        };
        word.number(i64::from(classes.class(&info)));
        word.number(i64::from(floor_log2(self.frame_len)));
        word.number(i64::from(hour));
        word.number(i64::from(floor_log2(length as i64)));
        word.number(i64::from(entropy));
        word.number(i64::from(floor_log2(info.parts as i64)));
        word.number(self.query_type);
        word.number(self.response_code);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(frame_time: &str, frame_len: i64, name: &str) -> Option<String> {
        let answer = DnsAnswer {
            frame_time,
            frame_len,
            name,
            query_type: 1,
            response_code: UNKNOWN_CODE,
        };
        let mut made = false;
        let word = crate::writer::word(|writer| {
            made = answer.write_word(
                &DomainClasses::default(),
                &mut EntropyMeter::default(),
                writer,
            );
        });
        made.then_some(word)
    }

    const TIME: &str = "Mar  5 2024 14:23:11.123456000 UTC";

    #[test]
    fn the_word_describes_the_name_without_holding_it() {
        // Subdomain `mail.eu`: 7 characters, all different, log2(7) = 2.81 bits.
        assert_eq!(
            word(TIME, 100, "mail.eu.example.com").unwrap(),
            "0_6_14_2_10_2_1_-1"
        );
    }

    #[test]
    fn a_name_without_subdomain_has_length_and_entropy_zero() {
        assert_eq!(word(TIME, 100, "example.com").unwrap(), "0_6_14_0_0_1_1_-1");
        assert_eq!(word(TIME, 0, "localhost").unwrap(), "0_0_14_0_0_0_1_-1");
    }

    #[test]
    fn an_answer_whose_time_has_no_hour_has_no_word() {
        assert_eq!(word("1709648591", 100, "example.com"), None);
    }
}
