//! Words of DNS answers in plain language.

use super::{Bits, Range, fields, first_owner, hour, owner};
use crate::dns_v2::{DOMAIN, REVERSE};
use crate::name::{MOST_ENTROPY, MOST_LABELS, NameClass};

/// What a word of either generation means; `None` for a text that is none.
///
/// ```
/// use spotql_words::text::dns_word_text;
/// assert_eq!(
///     dns_word_text("t_2_1_3_6_1_0_y").as_deref(),
///     Some(
///         "asks for a name of 3-6 characters below a top domain (1-2 bits a character), \
///          3 labels; type A; answered without error, with an address; frame of 63-126 bytes"
///     )
/// );
/// ```
pub fn dns_word_text(word: &str) -> Option<String> {
    let word = fields(word)?;
    domain(word)
        .or_else(|| second(word))
        .or_else(|| first(word))
}

/// `n_SUBLENGTH_SUBENTROPY___TYPE_RCODE_ANSWER`, of a domain.
fn domain(word: [&str; 8]) -> Option<String> {
    let [of, sublength, entropy, "", "", kind, rcode, answer] = word else {
        return None;
    };
    let names = match Range::of_size(sublength, 1)? {
        _ if of == REVERSE => "reverse names below it".to_owned(),
        _ if of != DOMAIN => return None,
        Range { last: 0, .. } => "itself".to_owned(),
        length => {
            let bits = bits_of(entropy)?;
            format!(
                "names of {} below it ({}{bits})",
                length.of("character", "characters"),
                random(bits)
            )
        }
    };
    Some(format!(
        "is asked for {names}; {}; {}, {}",
        query_type(kind.parse().ok()?),
        response(rcode.parse().ok()?),
        answered(answer)?
    ))
}

/// `CLASS_length_hour_subdomain length_subdomain entropy_parts_type_rcode`.
fn first(word: [&str; 8]) -> Option<String> {
    let [class, length, at, sublength, entropy, parts, kind, rcode] = word;
    let name = below(
        first_owner(class)?,
        Range::of_floor_log2(sublength, 1)?,
        Bits::of_entropy_bin(entropy)?,
    );
    Some(format!(
        "asks at {:02}h for {name}, {}; {}; {}; frame of {}",
        hour(at)?,
        Range::of_floor_log2(parts, 1)?.of("label", "labels"),
        query_type(kind.parse().ok()?),
        response(rcode.parse().ok()?),
        Range::of_floor_log2(length, 1)?.of_bytes(),
    ))
}

/// `CLASS_SUBLENGTH_SUBENTROPY_LABELS_LENGTH_TYPE_RCODE_ANSWER`.
fn second(word: [&str; 8]) -> Option<String> {
    let [
        class,
        sublength,
        entropy,
        labels,
        length,
        kind,
        rcode,
        answer,
    ] = word;
    let class = NameClass::of_field(class).filter(|class| *class != NameClass::Address)?;
    let sublength = Range::of_size(sublength, 1)?;
    let bits = bits_of(entropy)?;
    let labels = match labels.parse().ok()? {
        MOST_LABELS => format!("{MOST_LABELS} or more labels"),
        1 => "1 label".to_owned(),
        labels if labels < MOST_LABELS => format!("{labels} labels"),
        _ => return None,
    };
    let name = match class {
        NameClass::Reverse | NameClass::Single => owner(class).to_owned(),
        _ => below(owner(class), sublength, bits),
    };
    Some(format!(
        "asks for {name}, {labels}; {}; {}, {}; frame of {}",
        query_type(kind.parse().ok()?),
        response(rcode.parse().ok()?),
        answered(answer)?,
        Range::of_size(length, 1)?.of_bytes(),
    ))
}

/// What a whole number of bits a character, rounded down, stands for.
fn bits_of(entropy: &str) -> Option<Bits> {
    let bits = Bits::of_steps(entropy, 1.0)?;
    let high = if bits.low < MOST_ENTROPY {
        bits.high
    } else {
        f64::INFINITY
    };
    Some(Bits { high, ..bits })
}

fn random(bits: Bits) -> &'static str {
    if bits.random_looking() {
        "random-looking: "
    } else {
        ""
    }
}

fn answered(answer: &str) -> Option<&'static str> {
    match answer {
        "y" => Some("with an address"),
        "n" => Some("no address"),
        _ => None,
    }
}

fn below(owner: &str, subdomain: Range, bits: Bits) -> String {
    if subdomain.last == 0 {
        return format!("{owner} itself");
    }
    format!(
        "a name of {} below {owner} ({}{bits})",
        subdomain.of("character", "characters"),
        random(bits)
    )
}

/// The query types that analysts meet, by IANA's names.
fn query_type(number: i64) -> String {
    let name = match number {
        -1 => return "type unknown".to_owned(),
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        10 => "NULL",
        12 => "PTR",
        13 => "HINFO",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        43 => "DS",
        46 => "RRSIG",
        48 => "DNSKEY",
        64 => "SVCB",
        65 => "HTTPS",
        252 => "AXFR",
        255 => "ANY",
        number => return format!("type {number}"),
    };
    format!("type {name}")
}

/// The response codes that resolvers give, by RFC 1035 and RFC 2136.
fn response(code: i64) -> String {
    let text = match code {
        -1 => "response code unknown",
        0 => "answered without error",
        1 => "malformed query (FORMERR)",
        2 => "server failed (SERVFAIL)",
        3 => "no such name (NXDOMAIN)",
        4 => "kind of query unknown to the server (NOTIMP)",
        5 => "refused (REFUSED)",
        9 => "server not responsible (NOTAUTH)",
        code => return format!("response code {code}"),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_first_generation_are_told() {
        for (word, expected) in [
            (
                "0_6_14_2_10_2_1_-1",
                "asks at 14h for a name of 4-7 characters below an unknown domain (2.7-3 bits a \
                 character), 4-7 labels; type A; response code unknown; frame of 64-127 bytes",
            ),
            (
                "2_11_0_0_0_1_999_3",
                "asks at 00h for a name of 0-1 characters below one of your own domains (0 bits \
                 a character), 2-3 labels; type 999; no such name (NXDOMAIN); frame of 2-4 kB",
            ),
        ] {
            assert_eq!(dns_word_text(word).as_deref(), Some(expected), "{word}");
        }
    }

    #[test]
    fn words_of_the_second_generation_are_told() {
        for (word, expected) in [
            (
                "o_6_4_4_7_10_0_n",
                "asks for a name of 63-126 characters below an unknown domain (random-looking: \
                 4-5 bits a character), 4 labels; type NULL; answered without error, no address; \
                 frame of 127-254 bytes",
            ),
            (
                "u_0_0_2_6_28_0_y",
                "asks for one of your own domains itself, 2 labels; type AAAA; answered without \
                 error, with an address; frame of 63-126 bytes",
            ),
            (
                "a_0_0_6_6_12_3_n",
                "asks for a reverse name, 6 or more labels; type PTR; no such name (NXDOMAIN), \
                 no address; frame of 63-126 bytes",
            ),
            (
                "l_0_0_1_5_-1_-1_n",
                "asks for a local name without dots, 1 label; type unknown; response code \
                 unknown, no address; frame of 31-62 bytes",
            ),
            (
                "o_8_9_3_8_16_2_n",
                "asks for a name of 255-510 characters below an unknown domain (random-looking: \
                 more than 9 bits a character), 3 labels; type TXT; server failed (SERVFAIL), no \
                 address; frame of 255-510 bytes",
            ),
            (
                "n_6_4___10_0_n",
                "is asked for names of 63-126 characters below it (random-looking: 4-5 bits a \
                 character); type NULL; answered without error, no address",
            ),
            (
                "r_0_0___12_3_n",
                "is asked for reverse names below it; type PTR; no such name (NXDOMAIN), no address",
            ),
            (
                "n_0_0___1_0_y",
                "is asked for itself; type A; answered without error, with an address",
            ),
        ] {
            assert_eq!(dns_word_text(word).as_deref(), Some(expected), "{word}");
        }
    }

    #[test]
    fn other_texts_are_no_words() {
        for text in [
            "",
            "o_6_4_4_7_10_0",
            "i_6_4_4_7_10_0_n",
            "o_6_4_7_7_10_0_n",
            "o_6_4_4_7_10_0_x",
            "n_6_4_4_7_10_0_n",
            "n_6_4___10_0_x",
            "o_6_4___10_0_n",
            "o_6_4_4_7_A_0_n",
            "3_6_14_2_10_2_1_0",
            "0_6_24_2_10_2_1_0",
            "0_6_14_2_20_2_1_0",
        ] {
            assert_eq!(dns_word_text(text), None, "{text:?}");
        }
    }
}
