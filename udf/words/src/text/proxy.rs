//! Words of web requests in plain language.

use super::{Bits, Range, fields, first_owner, hour, owner};
use crate::name::NameClass;
use crate::proxy_v2::ENTROPY_STEP;
use crate::writer::BLANK;

/// What a word of either generation means; `None` for a text that is none.
///
/// ```
/// use spotql_words::text::proxy_word_text;
/// assert_eq!(
///     proxy_word_text("i_POST_-_200_0_5_7_u").as_deref(),
///     Some(
///         "POST to an IP address; answered with unknown content, code 200; user agent seen 0-3 \
///          times; address of 31-62 characters (4.2-4.8 bits a character); more than 4 times as \
///          much sent as received"
///     )
/// );
/// ```
pub fn proxy_word_text(word: &str) -> Option<String> {
    second(word).or_else(|| first(word))
}

/// `CLASS_hour_method_URI entropy_content_agent count_URI length_response`.
fn first(word: &str) -> Option<String> {
    let (rest, code) = match word.strip_suffix("_unknown_response_code") {
        Some(rest) => (rest, BLANK),
        None => word.rsplit_once('_')?,
    };
    let (rest, length) = rest.rsplit_once('_')?;
    let (rest, agents) = rest.rsplit_once('_')?;
    let (class, rest) = rest.split_once('_')?;
    let (at, rest) = rest.split_once('_')?;
    let (method, bits, content) = method_bits_and_content(rest)?;
    let (class, at) = (first_owner(class)?, hour(at)?);
    let request = request(method, class, &format!(" at {at:02}h"), content, code);
    let address = address(
        Range::of_floor_log2(agents, 1)?,
        Range::of_floor_log2(length, 1)?,
        bits,
    );
    Some(format!("{request}; {address}"))
}

/// Method and content are any texts; the first number between them is the entropy.
fn method_bits_and_content(fields: &str) -> Option<(&str, Bits, &str)> {
    fields.match_indices('_').find_map(|(at, _)| {
        let (bits, content) = fields[at + 1..].split_once('_')?;
        Some((&fields[..at], Bits::of_entropy_bin(bits)?, content))
    })
}

/// `CLASS_METHOD_CONTENT_CODE_AGENTS_URILENGTH_URIENTROPY_DIRECTION`.
fn second(word: &str) -> Option<String> {
    let [
        class,
        method,
        content,
        code,
        agents,
        length,
        entropy,
        direction,
    ] = fields(word)?;
    let request = request(
        method,
        owner(NameClass::of_field(class)?),
        "",
        content,
        code,
    );
    let address = address(
        Range::of_floor_log2(agents, 2)?,
        Range::of_size(length, 1)?,
        Bits::of_steps(entropy, ENTROPY_STEP)?,
    );
    let direction = match direction {
        "u" => "more than 4 times as much sent as received",
        "d" => "more than 4 times as much received as sent",
        "b" => "about as much sent as received",
        BLANK => "unknown whether more was sent or received",
        _ => return None,
    };
    Some(format!("{request}; {address}; {direction}"))
}

fn request(method: &str, owner: &str, at: &str, content: &str, code: &str) -> String {
    let method = match method {
        "" | "null" | BLANK => "request of unknown method",
        method => method,
    };
    let content = match content {
        "" | "unknown_content_type" | BLANK => "unknown content",
        content => content,
    };
    let code = match code {
        "" | BLANK => "code unknown".to_owned(),
        code => format!("code {code}"),
    };
    format!("{method} to {owner}{at}; answered with {content}, {code}")
}

fn address(agents: Range, length: Range, bits: Bits) -> String {
    format!(
        "user agent seen {}; address of {} ({bits})",
        agents.of("time", "times"),
        length.of("character", "characters")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_first_generation_are_told() {
        for (word, expected) in [
            (
                "0_14_GET_10_text_9_3_200",
                "GET to an unknown domain at 14h; answered with text, code 200; user agent seen \
                 512-1023 times; address of 8-15 characters (2.7-3 bits a character)",
            ),
            (
                "2_0_RPC_IN_DATA_19_unknown_content_type_0_0_unknown_response_code",
                "RPC_IN_DATA to one of your own domains at 00h; answered with unknown content, \
                 code unknown; user agent seen 0-1 times; address of 0-1 characters (more than \
                 5.4 bits a character)",
            ),
            (
                "1_7_null_0__1_1_",
                "request of unknown method to a top domain at 07h; answered with unknown \
                 content, code unknown; user agent seen 2-3 times; address of 2-3 characters (0 \
                 bits a character)",
            ),
        ] {
            assert_eq!(proxy_word_text(word).as_deref(), Some(expected), "{word}");
        }
    }

    #[test]
    fn words_of_the_second_generation_are_told() {
        for (word, expected) in [
            (
                "o_GET_text_200_4_3_5_b",
                "GET to an unknown domain; answered with text, code 200; user agent seen 256-1023 \
                 times; address of 7-14 characters (3-3.6 bits a character); about as much sent \
                 as received",
            ),
            (
                "l_-_-_-_0_0_0_d",
                "request of unknown method to a local name without dots; answered with unknown \
                 content, code unknown; user agent seen 0-3 times; address of no characters \
                 (0-0.6 bits a character); more than 4 times as much received as sent",
            ),
            (
                "o_GET_text_200_4_3_5_-",
                "GET to an unknown domain; answered with text, code 200; user agent seen 256-1023 \
                 times; address of 7-14 characters (3-3.6 bits a character); unknown whether more \
                 was sent or received",
            ),
        ] {
            assert_eq!(proxy_word_text(word).as_deref(), Some(expected), "{word}");
        }
    }

    #[test]
    fn other_texts_are_no_words() {
        for text in [
            "",
            "o_GET_text_200_4_3_5",
            "x_GET_text_200_4_3_5_b",
            "o_GET_text_200_4_3_5_x",
            "o_GET_text_200_4_3_99_b",
            "3_14_GET_10_text_9_3_200",
            "0_14_GET_x_text_9_3_200",
            "0_14_GET_10_text_9_200",
        ] {
            assert_eq!(proxy_word_text(text), None, "{text:?}");
        }
    }
}
