//! The words of a netflow record, generation v2: one for each end of the connection.
//!
//! `ROLE_SERVICE_PROTO_BYTES_REPLY_FLAGS_DURATION`: what this end did with which service, and how
//! much passed, in what way and for how long. The hour is left out: it split the evidence 24 ways.
//! Ranges are not checked here; [`super::invalid`] says which records are valid.

use super::flow::Side;
use super::math::{log2_of_size, outweighs};
use super::writer::{BLANK, WordWriter};

/// The highest number of a port.
const LAST_PORT: i64 = 65_535;
/// The highest port that is always worth naming.
pub const LAST_NAMED_PORT: i64 = 1024;

/// The durations, in seconds, at which the next class begins. In single precision, as durations
/// are stored: in double precision a stored 0.01 would be less than 0.01.
pub const DURATION_CUTS: [f32; 6] = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0];

/// The fields of a flow that its words are made of.
#[derive(Debug, Clone, Copy)]
pub struct FlowRecord<'a> {
    /// Port of the sender. A number outside 1 to 65,535 counts as 0, which is no port.
    pub sport: i64,
    /// Port of the receiver, likewise.
    pub dport: i64,
    /// The protocol; a missing one is written `null`.
    pub proto: Option<&'a str>,
    /// Bytes from sender to receiver. A negative number, which no valid record has, counts as 0.
    pub ibyt: i64,
    /// Packets back; 0 where they are missing, negative where they are unknown.
    pub opkt: i64,
    /// Bytes back; none, like a negative number, where they are unknown.
    pub obyt: Option<i64>,
    /// The TCP flags as nfdump writes them, such as `.AP.SF`; empty where they are missing.
    pub flags: &'a str,
    /// Seconds; NaN, like a negative number, where they are unknown.
    pub duration: f32,
}

impl FlowRecord<'_> {
    /// Writes the word of one end.
    ///
    /// ```
    /// use spotql_words::{flow::Side, flow_v2::FlowRecord, writer::WordWriter};
    /// let flow = FlowRecord {
    ///     sport: 50_000,
    ///     dport: 445,
    ///     proto: Some("TCP"),
    ///     ibyt: 20_000,
    ///     opkt: 30,
    ///     obyt: Some(18_000),
    ///     flags: ".AP.SF",
    ///     duration: 0.5,
    /// };
    /// let mut word = WordWriter::default();
    /// flow.write_word(Side::Source, &mut word);
    /// word.finish_word();
    /// assert_eq!(word.into_bytes(), b"c_445_TCP_7_b_f_2");
    /// ```
    #[inline]
    pub fn write_word(&self, side: Side, word: &mut WordWriter) {
        let [sport, dport] = [self.sport, self.dport].map(|port| match port {
            0..=LAST_PORT => port,
            _ => 0,
        });
        let (low, high) = (sport.min(dport), sport.max(dport));
        let service = if low == 0 { high } else { low };
        word.text(role(side, sport, dport, service));
        if service > LAST_NAMED_PORT {
            word.foldable_number(service);
        } else {
            word.number(service);
        }
        word.plain_text(self.proto.unwrap_or("null"));
        word.number(i64::from(log2_of_size(self.ibyt) / 2));
        word.text(self.reply());
        word.text(flag_class(self.flags));
        match duration_class(self.duration) {
            Some(class) => word.number(class),
            None => word.text(BLANK),
        }
    }

    /// `n` none (or an exporter that sees one way only), `d` much more came back than went, `u`
    /// much less, `b` about as much, `-` it is not known.
    fn reply(&self) -> &'static str {
        match (self.opkt, self.obyt) {
            (0, _) => "n",
            (1.., Some(obyt @ 0..)) if outweighs(obyt, self.ibyt) => "d",
            (1.., Some(obyt @ 0..)) if outweighs(self.ibyt, obyt) => "u",
            (1.., Some(0..)) => "b",
            _ => BLANK,
        }
    }
}

/// `p` both ends have the service's port, `s` this one has it, `c` the other one has it.
#[inline]
fn role(side: Side, sport: i64, dport: i64, service: i64) -> &'static str {
    let own = match side {
        Side::Source => sport,
        Side::Destination => dport,
    };
    if sport == dport {
        "p"
    } else if own == service {
        "s"
    } else {
        "c"
    }
}

/// What became of the connection: `s` it was asked for (SYN) and never acknowledged, `r` it was
/// reset, `f` it is complete (SYN and FIN), `o` a part of it was seen, `-` there are no such flags.
#[inline]
fn flag_class(flags: &str) -> &'static str {
    let [mut syn, mut ack, mut fin, mut rst] = [false; 4];
    for flag in flags.bytes() {
        syn |= flag == b'S';
        ack |= flag == b'A';
        fin |= flag == b'F';
        rst |= flag == b'R';
    }
    if syn && !ack {
        "s"
    } else if rst {
        "r"
    } else if syn && fin {
        "f"
    } else if syn || ack {
        "o"
    } else {
        "-"
    }
}

/// How many of [`DURATION_CUTS`] a duration has reached; NaN and less than nothing is no duration.
#[inline]
fn duration_class(seconds: f32) -> Option<i64> {
    let reached = DURATION_CUTS.iter().map(|cut| i64::from(seconds >= *cut));
    (seconds >= 0.0).then(|| reached.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOW: FlowRecord<'_> = FlowRecord {
        sport: 50_000,
        dport: 443,
        proto: Some("TCP"),
        ibyt: 1000,
        opkt: 2,
        obyt: Some(1000),
        flags: ".AP.SF",
        duration: 0.5,
    };

    fn word(flow: FlowRecord<'_>, side: Side) -> String {
        crate::writer::word(|writer| flow.write_word(side, writer))
    }

    /// The first two fields of both words.
    fn ends(sport: i64, dport: i64) -> [String; 2] {
        let flow = FlowRecord {
            sport,
            dport,
            ..FLOW
        };
        [Side::Source, Side::Destination].map(|side| word(flow, side).replace("_TCP_4_b_f_2", ""))
    }

    #[test]
    fn the_lower_port_names_the_service_and_the_end_that_has_it_serves() {
        assert_eq!(ends(50_000, 443), ["c_443", "s_443"]);
        assert_eq!(ends(53, 50_000), ["s_53", "c_53"]);
        assert_eq!(ends(22, 1024), ["s_22", "c_22"]);
        assert_eq!(ends(1024, 1025), ["s_1024", "c_1024"]);
    }

    #[test]
    fn a_service_above_1024_is_worth_naming_only_if_it_is_common() {
        assert_eq!(ends(50_000, 8443), ["c_~8443", "s_~8443"]);
        assert_eq!(ends(1025, 1025), ["p_~1025", "p_~1025"]);
    }

    #[test]
    fn equal_ports_make_peers() {
        assert_eq!(ends(123, 123), ["p_123", "p_123"]);
        assert_eq!(ends(0, 0), ["p_0", "p_0"]);
    }

    #[test]
    fn a_port_that_is_none_leaves_the_service_to_the_other() {
        assert_eq!(ends(0, 50_000), ["c_~50000", "s_~50000"]);
        assert_eq!(ends(80, -1), ["s_80", "c_80"]);
        assert_eq!(ends(i64::MIN, i64::MIN), ["p_0", "p_0"]);
        assert_eq!(ends(i64::MAX, i64::MIN), ["p_0", "p_0"]);
        assert_eq!(ends(65_536, 80), ["c_80", "s_80"]);
        assert_eq!(ends(65_535, 70_000), ["s_~65535", "c_~65535"]);
    }

    #[test]
    fn bytes_step_by_factors_of_four() {
        for (ibyt, expected) in [
            (i64::MIN, "0"),
            (0, "0"),
            (2, "0"),
            (3, "1"),
            (14, "1"),
            (15, "2"),
            (16_383, "7"),
            (65_534, "7"),
            (65_535, "8"),
            (i64::MAX, "31"),
        ] {
            let flow = FlowRecord { ibyt, ..FLOW };
            let word = word(flow, Side::Source);
            assert_eq!(word.split('_').nth(3), Some(expected), "{ibyt} bytes");
        }
    }

    #[test]
    fn the_reply_is_weighed_against_what_was_sent() {
        for (ibyt, opkt, obyt, expected) in [
            (1000, 0, 1000, "n"),
            (1000, 1, 4004, "b"),
            (1000, 1, 4005, "d"),
            (4004, 1, 1000, "b"),
            (4005, 1, 1000, "u"),
            (0, 1, 0, "b"),
            (i64::MAX, 1, i64::MAX, "b"),
            (i64::MIN, 1, i64::MAX, "d"),
            // A counter that ran over says nothing.
            (1000, -3, 1000, "-"),
            (1000, 1, -1000, "-"),
        ] {
            let flow = FlowRecord {
                ibyt,
                opkt,
                obyt: Some(obyt),
                ..FLOW
            };
            assert_eq!(flow.reply(), expected, "{flow:?}");
        }
        let flow = FlowRecord { obyt: None, ..FLOW };
        assert_eq!(flow.reply(), "-");
        assert_eq!(FlowRecord { opkt: 0, ..flow }.reply(), "n");
    }

    #[test]
    fn flags_say_what_became_of_the_connection() {
        for (flags, expected) in [
            ("....S.", "s"),
            ("..R.S.", "s"),
            (".A.RS.", "r"),
            (".APRSF", "r"),
            (".AP.SF", "f"),
            (".AP.S.", "o"),
            (".A....", "o"),
            (".A...F", "o"),
            (".....F", "-"),
            ("U.P...", "-"),
            ("......", "-"),
            ("", "-"),
            ("CEs?", "-"),
        ] {
            assert_eq!(flag_class(flags), expected, "{flags:?}");
        }
    }

    #[test]
    fn durations_step_by_factors_of_ten() {
        for (seconds, expected) in [
            (0.0, 0),
            (-0.0, 0),
            (0.009, 0),
            (0.01, 1),
            (0.1, 2),
            (0.999, 2),
            (1.0, 3),
            (10.0, 4),
            (100.0, 5),
            (999.9, 5),
            (1000.0, 6),
            (f32::INFINITY, 6),
        ] {
            assert_eq!(duration_class(seconds), Some(expected), "{seconds} s");
        }
        for seconds in [f32::NAN, -1.0, f32::NEG_INFINITY] {
            let flow = FlowRecord {
                duration: seconds,
                ..FLOW
            };
            assert_eq!(word(flow, Side::Source), "c_443_TCP_4_b_f_-");
        }
    }

    #[test]
    fn a_protocol_cannot_part_the_word() {
        for (proto, expected) in [
            (None, "null"),
            (Some("A_B"), "A-B"),
            (Some("~x"), "-x"),
            (Some(""), "-"),
        ] {
            let flow = FlowRecord { proto, ..FLOW };
            assert_eq!(
                word(flow, Side::Source),
                format!("c_443_{expected}_4_b_f_2")
            );
        }
    }
}
