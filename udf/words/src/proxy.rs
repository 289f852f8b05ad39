//! The word of a web request, for the client that made it.
//!
//! `CLASS_hour_method_URI entropy_content_agent count_URI length_response`: how well known the
//! host's domain is, how random and long the address is, and how common the program that asked
//! for it. Ranges are not checked here; [`super::invalid`] says which records are valid.

use super::classes::DomainClasses;
use super::domain::DomainInfo;
use super::entropy::{EntropyMeter, utf16_len};
use super::hour::hour_of_time;
use super::math::floor_log2;
use super::writer::WordWriter;

/// What stands for a missing response code.
const UNKNOWN_RESPONSE: &str = "unknown_response_code";
/// What stands for a content type that is nothing but slashes.
const UNKNOWN_CONTENT: &str = "unknown_content_type";

/// The fields of a web request that its word is made of.
#[derive(Debug, Clone, Copy)]
pub struct ProxyRequest<'a> {
    /// The host asked for.
    pub host: &'a str,
    /// Time of day, `HH:MM:SS`.
    pub time: &'a str,
    /// The method; a missing one is written `null`, as the original does.
    pub method: Option<&'a str>,
    /// The whole address.
    pub uri: &'a str,
    /// The content type of the response. The original writes `-` for a missing one before it
    /// makes words.
    pub content_type: &'a str,
    /// How often this user agent occurs in the whole input.
    pub agent_count: i64,
    /// The response code.
    pub response_code: Option<&'a str>,
}

impl ProxyRequest<'_> {
    /// Writes the word. False, and nothing written, if there is none: `time` has no hour.
    #[inline]
    pub fn write_word(
        &self,
        classes: &DomainClasses,
        meter: &mut EntropyMeter,
        word: &mut WordWriter,
    ) -> bool {
        let Some(hour) = hour_of_time(self.time) else {
            return false;
        };
        word.number(i64::from(classes.class(&DomainInfo::of(self.host))));
        word.number(i64::from(hour));
        word.text(self.method.unwrap_or("null"));
        word.number(i64::from(meter.bin(self.uri)));
        word.text(content(self.content_type));
        word.number(i64::from(floor_log2(self.agent_count)));
        word.number(i64::from(floor_log2(utf16_len(self.uri) as i64)));
        word.text(self.response_code.unwrap_or(UNKNOWN_RESPONSE));
        true
    }
}

/// What stands before the first slash, which may be nothing; slashes alone split into no parts.
fn content(content_type: &str) -> &str {
    match content_type.split_once('/') {
        Some(_) if content_type.bytes().all(|byte| byte == b'/') => UNKNOWN_CONTENT,
        Some((content, _)) => content,
        None => content_type,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: ProxyRequest<'_> = ProxyRequest {
        host: "www.example.com",
        time: "14:23:11",
        method: Some("GET"),
        uri: "abcdefgh",
        content_type: "text/html",
        agent_count: 1000,
        response_code: Some("200"),
    };

    fn word(request: ProxyRequest<'_>) -> Option<String> {
        let mut made = false;
        let word = crate::writer::word(|writer| {
            made = request.write_word(
                &DomainClasses::default(),
                &mut EntropyMeter::default(),
                writer,
            );
        });
        made.then_some(word)
    }

    #[test]
    fn the_word_describes_the_address_without_holding_it() {
        assert_eq!(word(REQUEST).unwrap(), "0_14_GET_10_text_9_3_200");
    }

    #[test]
    fn missing_method_and_response_code_have_words_of_their_own() {
        let request = ProxyRequest {
            method: None,
            response_code: None,
            ..REQUEST
        };
        assert_eq!(
            word(request).unwrap(),
            "0_14_null_10_text_9_3_unknown_response_code"
        );
    }

    #[test]
    fn the_content_is_what_stands_before_the_first_slash() {
        for (content_type, expected) in [
            ("text", "text"),
            ("", ""),
            ("-", "-"),
            ("/html", ""),
            ("/", "unknown_content_type"),
            ("//", "unknown_content_type"),
            ("a/b/c", "a"),
        ] {
            assert_eq!(content(content_type), expected, "{content_type:?}");
        }
    }

    #[test]
    fn a_request_whose_time_has_no_hour_has_no_word() {
        assert_eq!(
            word(ProxyRequest {
                time: "noon",
                ..REQUEST
            }),
            None
        );
    }
}
