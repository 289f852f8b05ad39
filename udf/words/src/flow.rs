//! The words of a netflow record: one for each end of the connection.
//!
//! `PORT_proto_hour_b_p`: a class of the ports, the protocol, the hour, and the binary logarithms
//! of bytes and packets, rounded up. The end that carries the port of the service gets `-1_` in
//! front. Ranges are not checked here; [`super::invalid`] says which records are valid.

use super::math::ceil_log2;
use super::writer::WordWriter;

/// The highest port that counts as a service's.
const LAST_LOW_PORT: i64 = 1024;
/// The port class of a flow between two service ports.
const BOTH_LOW: i64 = 111_111;
/// The port class of a flow between two other ports.
const BOTH_HIGH: i64 = 333_333;

/// One end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The sender, `sip`; its words come from `flow_src_word`.
    Source,
    /// The receiver, `dip`; its words come from `flow_dst_word`.
    Destination,
}

/// The fields of a flow that its words are made of, with the numbers already binned.
///
/// Flows with equal bins have equal words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowBins {
    /// The port that stands for both, or a class of ports.
    pub port: i64,
    /// Whose word gets the prefix `-1_`.
    pub prefixed: Option<Side>,
    /// Hour of the day.
    pub hour: i64,
    /// Binary logarithm of bytes + 1, rounded up.
    pub bytes: i32,
    /// Binary logarithm of packets + 1, rounded up.
    pub packets: i32,
}

impl FlowBins {
    /// Bins a flow; never fails. `ibyt` and `ipkt` are its bytes and packets: the largest 64-bit
    /// number overflows to bin 0, and -1 gives the smallest 32-bit integer, as in the original.
    ///
    /// A negative port counts as low, and 0 as unknown unless the other port is negative.
    #[inline]
    pub fn of(hour: i64, sport: i64, dport: i64, ibyt: i64, ipkt: i64) -> Self {
        let (port, prefixed) = ports(sport, dport);
        Self {
            port,
            prefixed,
            hour,
            bytes: ceil_log2(ibyt.wrapping_add(1)),
            packets: ceil_log2(ipkt.wrapping_add(1)),
        }
    }

    /// Writes the word of one end. A missing protocol is written `null`, as the original does.
    ///
    /// ```
    /// use spotql_words::flow::{FlowBins, Side};
    /// use spotql_words::writer::WordWriter;
    /// let flow = FlowBins::of(14, 50_000, 443, 1500, 2);
    /// let mut word = WordWriter::default();
    /// flow.write_word(Side::Destination, Some("TCP"), &mut word);
    /// word.finish_word();
    /// assert_eq!(word.into_bytes(), b"-1_443_TCP_14_11_2");
    /// ```
    #[inline]
    pub fn write_word(&self, side: Side, proto: Option<&str>, word: &mut WordWriter) {
        word.minus_one_if(self.prefixed == Some(side));
        word.number(self.port);
        word.text(proto.unwrap_or("null"));
        word.number(self.hour);
        word.number(i64::from(self.bytes));
        word.number(i64::from(self.packets));
    }
}

/// The port class and the side that carries the prefix.
///
/// Ports are as good as random, so that this is made of comparisons without branches.
#[inline]
fn ports(sport: i64, dport: i64) -> (i64, Option<Side>) {
    let (low_source, low_destination) = (sport <= LAST_LOW_PORT, dport <= LAST_LOW_PORT);
    // A port of 0 is unknown: the other one, if positive, stands for both whatever it is.
    let source = (low_source & !low_destination & (sport != 0)) | ((dport == 0) & (sport > 0));
    let destination = (low_destination & !low_source & (dport != 0)) | ((sport == 0) & (dport > 0));
    let class = if low_source { BOTH_LOW } else { BOTH_HIGH };
    let class = if (sport == 0) & (dport == 0) {
        0
    } else {
        class
    };
    let port = if source { sport } else { class };
    let port = if destination { dport } else { port };
    let prefixed = if source { Some(Side::Source) } else { None };
    (
        port,
        if destination {
            Some(Side::Destination)
        } else {
            prefixed
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(flow: FlowBins, side: Side, proto: Option<&str>) -> String {
        crate::writer::word(|writer| flow.write_word(side, proto, writer))
    }

    fn words(sport: i64, dport: i64) -> (String, String) {
        let flow = FlowBins::of(12, sport, dport, 100, 1);
        let [source, destination] =
            [Side::Source, Side::Destination].map(|side| word(flow, side, Some("TCP")));
        (source, destination)
    }

    fn pair(source: &str, destination: &str) -> (String, String) {
        (
            format!("{source}_TCP_12_7_1"),
            format!("{destination}_TCP_12_7_1"),
        )
    }

    #[test]
    fn the_lower_port_names_the_service_and_its_side_gets_the_prefix() {
        assert_eq!(words(50_000, 443), pair("443", "-1_443"));
        assert_eq!(words(53, 50_000), pair("-1_53", "53"));
    }

    #[test]
    fn two_low_or_two_high_ports_have_a_class_of_their_own() {
        assert_eq!(words(22, 1024), pair("111111", "111111"));
        assert_eq!(words(1025, 65_535), pair("333333", "333333"));
    }

    #[test]
    fn port_zero_is_handled_first() {
        assert_eq!(words(0, 0), pair("0", "0"));
        assert_eq!(words(50_000, 0), pair("-1_50000", "50000"));
        assert_eq!(words(0, 50_000), pair("50000", "-1_50000"));
        assert_eq!(words(0, 80), pair("80", "-1_80"));
    }

    #[test]
    fn a_negative_port_counts_as_low() {
        assert_eq!(words(-5, 0), pair("111111", "111111"));
        assert_eq!(words(0, -5), pair("111111", "111111"));
        assert_eq!(words(-5, 1025), pair("-1_-5", "-5"));
    }

    #[test]
    fn byte_counts_overflow_as_64_bit_numbers_do() {
        assert_eq!(FlowBins::of(0, 1, 1, i64::MAX, 0).bytes, 0);
        assert_eq!(FlowBins::of(0, 1, 1, -1, 0).bytes, i32::MIN);
        assert_eq!(FlowBins::of(0, 1, 1, 0, 0).bytes, 0);
    }

    #[test]
    fn a_missing_protocol_is_written_null() {
        let flow = FlowBins::of(3, 80, 443, 1500, 2);
        assert_eq!(word(flow, Side::Source, None), "111111_null_3_11_2");
    }
}
