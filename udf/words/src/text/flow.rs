//! Words of netflow records in plain language.

use super::{Range, fields, hour};
use crate::writer::{BLANK, FOLDABLE};

/// What a word of either generation means; `None` for a text that is none.
///
/// ```
/// use spotql_words::text::flow_word_text;
/// assert_eq!(
///     flow_word_text("-1_445_TCP_3_15_4").as_deref(),
///     Some("serves TCP port 445, at 03h, 16-32 kB in 8-15 packets")
/// );
/// ```
pub fn flow_word_text(word: &str) -> Option<String> {
    second(word).or_else(|| first(word))
}

/// `[-1_]PORT_proto_hour_b_p`, the protocol being any text.
fn first(word: &str) -> Option<String> {
    let (rest, packets) = word.rsplit_once('_')?;
    let (rest, bytes) = rest.rsplit_once('_')?;
    let (rest, at) = rest.rsplit_once('_')?;
    let (prefixed, (port, proto)) = match rest.strip_prefix("-1_").and_then(port_and_proto) {
        Some(fields) => (true, fields),
        None => (false, port_and_proto(rest)?),
    };
    let what = match port {
        0 => format!("{}, neither end has a port", known(proto)),
        111_111 => format!("{} between two ports up to 1024", known(proto)),
        333_333 => format!("{} between two ports above 1024", known(proto)),
        // Such a port stands for both only where the other one is 0.
        1025.. if prefixed => format!("has {}, the other end none", port_of(port, proto)),
        1025.. => format!("has no port, the other end {}", port_of(port, proto)),
        _ if prefixed => format!("serves {}", port_of(port, proto)),
        _ => format!("asks for {}", port_of(port, proto)),
    };
    Some(format!(
        "{what}, at {:02}h, {} in {}",
        hour(at)?,
        Range::of_ceil_log2(bytes)?.of_bytes(),
        Range::of_ceil_log2(packets)?.of("packet", "packets"),
    ))
}

fn port_and_proto(fields: &str) -> Option<(i64, &str)> {
    let (port, proto) = fields.split_once('_')?;
    Some((port.parse().ok()?, proto))
}

/// `ROLE_SERVICE_PROTO_BYTES_REPLY_FLAGS_DURATION`.
///
/// The bytes are the source's and not "this end's": an exporter that sees one way only makes
/// records of what a server sends, too.
fn second(word: &str) -> Option<String> {
    let [role, service, proto, bytes, reply, flags, duration] = fields(word)?;
    let icmp = proto.to_ascii_uppercase().contains("ICMP");
    let service = match service.strip_prefix(FOLDABLE) {
        Some("") if icmp => format!("an uncommon type of {proto}"),
        Some("") => format!("an uncommon port above 1024 ({})", known(proto)),
        port => match port.unwrap_or(service).parse().ok()? {
            // Exporters write type and code where other protocols have the port.
            code @ 0..=65_535_i64 if icmp => {
                format!("{proto} type {} code {}", code >> 8, code & 255)
            }
            0 => format!("{} without a port", known(proto)),
            port => port_of(port, proto),
        },
    };
    let role = match role {
        "c" | "s" | "p" if icmp => format!("sends or gets {service}"),
        // A SYN that nobody acknowledged says nothing of a service there.
        "c" if flags == "s" => format!("tries {service}"),
        "s" if flags == "s" => format!("is asked for {service}"),
        "c" => format!("asks for {service}"),
        "s" => format!("serves {service}"),
        "p" => format!("uses {service} at both ends"),
        _ => return None,
    };
    let bytes = Range::of_size(bytes, 2)?.of_bytes();
    let reply = match reply {
        "n" => "no answer seen",
        "d" => "answered with more than 4 times as much",
        "b" => "answered with about as much",
        "u" => "answered with less than a quarter of it",
        BLANK => "unknown whether answered with more or less",
        _ => return None,
    };
    let flags = match flags {
        "s" => "; never acknowledged (SYN alone)",
        "r" => "; reset",
        "f" => "; complete connection",
        "o" => "; part of a connection",
        "-" => "",
        _ => return None,
    };
    let duration = match duration {
        "0" => "less than 0.01 s",
        "1" => "0.01-0.1 s",
        "2" => "0.1-1 s",
        "3" => "1-10 s",
        "4" => "10-100 s",
        "5" => "100-1000 s",
        "6" => "1000 s or more",
        BLANK => "unknown duration",
        _ => return None,
    };
    Some(format!(
        "{role}; source sends {bytes}, {reply}{flags}; {duration}"
    ))
}

fn known(proto: &str) -> &str {
    match proto {
        "" | "null" | BLANK => "protocol unknown",
        proto => proto,
    }
}

fn port_of(port: i64, proto: &str) -> String {
    match proto {
        "" | "null" | BLANK => format!("port {port} (protocol unknown)"),
        proto => format!("{proto} port {port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_first_generation_are_told() {
        for (word, expected) in [
            (
                "-1_445_TCP_3_15_4",
                "serves TCP port 445, at 03h, 16-32 kB in 8-15 packets",
            ),
            (
                "443_TCP_14_11_2",
                "asks for TCP port 443, at 14h, 1-2 kB in 2-3 packets",
            ),
            (
                "333333_UDP_0_7_1",
                "UDP between two ports above 1024, at 00h, 64-127 bytes in 1 packet",
            ),
            (
                "111111_null_23_0_0",
                "protocol unknown between two ports up to 1024, at 23h, no bytes in no packets",
            ),
            (
                "0_ICMP_1_7_1",
                "ICMP, neither end has a port, at 01h, 64-127 bytes in 1 packet",
            ),
            (
                "-1_50000_TCP_1_7_1",
                "has TCP port 50000, the other end none, at 01h, 64-127 bytes in 1 packet",
            ),
            (
                "80_A_B_1_7_1",
                "asks for A_B port 80, at 01h, 64-127 bytes in 1 packet",
            ),
            (
                "-1_6_12_7_1",
                "asks for 6 port -1, at 12h, 64-127 bytes in 1 packet",
            ),
        ] {
            assert_eq!(flow_word_text(word).as_deref(), Some(expected), "{word}");
        }
    }

    #[test]
    fn words_of_the_second_generation_are_told() {
        for (word, expected) in [
            (
                "c_445_TCP_7_b_f_2",
                "asks for TCP port 445; source sends 16-64 kB, answered with about as much; \
                 complete connection; 0.1-1 s",
            ),
            (
                "s_~8443_TCP_4_d_o_6",
                "serves TCP port 8443; source sends 255-1022 bytes, answered with more than 4 \
                 times as much; part of a connection; 1000 s or more",
            ),
            (
                "s_~2048_ICMP_3_n_-_0",
                "sends or gets ICMP type 8 code 0; source sends 63-254 bytes, no answer seen; less \
                 than 0.01 s",
            ),
            (
                "c_~_TCP_2_n_s_0",
                "tries an uncommon port above 1024 (TCP); source sends 15-62 bytes, no answer \
                 seen; never acknowledged (SYN alone); less than 0.01 s",
            ),
            (
                "p_0_ICMP_3_u_-_3",
                "sends or gets ICMP type 0 code 0; source sends 63-254 bytes, answered with \
                 less than a quarter of it; 1-10 s",
            ),
            (
                "p_123_null_3_b_r_1",
                "uses port 123 (protocol unknown) at both ends; source sends 63-254 bytes, \
                 answered with about as much; reset; 0.01-0.1 s",
            ),
            (
                "c_443_TCP_4_-_f_-",
                "asks for TCP port 443; source sends 255-1022 bytes, unknown whether answered with more or less; \
                 complete connection; unknown duration",
            ),
        ] {
            assert_eq!(flow_word_text(word).as_deref(), Some(expected), "{word}");
        }
    }

    #[test]
    fn other_texts_are_no_words() {
        for text in [
            "",
            "_",
            "c_445_TCP_7_b_f",
            "x_445_TCP_7_b_f_2",
            "c_~x_TCP_7_b_f_2",
            "c_445_TCP_32_b_f_2",
            "c_445_TCP_7_b_f_7",
            "443_TCP_24_11_2",
            "http_TCP_14_11_2",
            "443_TCP_14_-2147483648_2",
            "443_TCP_14_11_64",
        ] {
            assert_eq!(flow_word_text(text), None, "{text:?}");
        }
    }
}
