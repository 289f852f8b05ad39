//! A conversation between two hosts, and the one or two flow records that a router keeps of it.
//!
//! Records are unidirectional, as NetFlow v5 and `nfdump` without `-B` have them. `ipkt` and `ibyt` count what went
//! from `sip` to `dip`. The answer is a record of its own with the ends exchanged, and `opkt` and `obyt` are 0.
//! Background and attacks are made by the same code, so that no artefact of the making tells them apart.
//!
//! Sizes follow from the payload: headers, handshake and acknowledgements are added, a packet has
//! 40 bytes at least and 1500 at most, and a record covers 300 s at most (the usual active
//! timeout).

use crate::draw::Draw;
use crate::log::Record;
use crate::population::HostId;

/// The active timeout of the exporter: no record is longer. Seconds.
pub(super) const ACTIVE_TIMEOUT: f64 = 300.0;
/// The largest Ethernet payload, in bytes.
const MTU: f64 = 1_500.0;
/// No link carries more (400 Mbit/s to one host), in bytes a second.
const LINK: f64 = 50e6;

/// The transport protocol of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Transport {
    Tcp,
    Udp,
    /// The destination port is type x 256 + code, as NetFlow writes it.
    Icmp,
    /// IPsec; it has no ports.
    Esp,
}

impl Transport {
    /// The name that nfdump prints.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Icmp => "ICMP",
            Self::Esp => "ESP",
        }
    }

    fn header(self, v6: bool) -> f64 {
        let ip = if v6 { 40.0 } else { 20.0 };
        ip + match self {
            Self::Tcp => 20.0,
            Self::Udp | Self::Icmp => 8.0,
            Self::Esp => 32.0,
        }
    }
}

/// The TCP flags seen in a record, in nfdump's notation (`UAPRSF`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flags {
    None,
    Syn,
    Refused,
    Whole,
    Reset,
    Open,
    Middle,
}

impl Flags {
    /// The text of the `flag` column.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::None => "......",
            Self::Syn => "....S.",
            Self::Refused => ".A.R..",
            Self::Whole => ".AP.SF",
            Self::Reset => ".APRS.",
            Self::Open => ".AP.S.",
            Self::Middle => ".AP...",
        }
    }
}

/// One flow record, still without text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Second of the day at which the flow ended, and in the lower half 32 random bits, so that
    /// sorting mixes what happens in one second.
    pub(super) order: u64,
    pub(super) source: HostId,
    pub(super) target: HostId,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) millis: u32,
    pub(super) sport: u16,
    pub(super) dport: u16,
    pub(super) transport: Transport,
    pub(super) flags: Flags,
    pub(super) tos: u8,
}

impl Record for Row {
    fn order(&self) -> u64 {
        self.order
    }
}

/// How the server takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It answers.
    Answered,
    /// It says no: a reset, or a port-unreachable message.
    Refused,
    /// Nothing comes back.
    Silent,
}

/// A conversation: who, how, and how much payload each way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    pub(super) client: HostId,
    pub(super) server: HostId,
    pub(super) v6: bool,
    pub(super) transport: Transport,
    pub(super) sport: u16,
    pub(super) dport: u16,
    /// Payload bytes from client to server.
    pub(super) up: f64,
    /// Payload bytes from server to client.
    pub(super) down: f64,
    pub(super) seconds: f64,
    /// Payload bytes that the application puts into one packet, at most.
    pub(super) chunk: f64,
    pub(super) tos: u8,
    pub(super) outcome: Outcome,
}

impl Talk {
    /// Writes the records of this conversation, which ends in `second` of the UTC day.
    pub(super) fn tell(&self, second: u32, draw: &mut Draw, rows: &mut Vec<Row>) {
        match (self.transport, self.outcome) {
            (Transport::Tcp, Outcome::Answered) => self.tell_tcp(second, draw, rows),
            (Transport::Tcp, outcome) => self.tell_refusal(second, outcome, draw, rows),
            (_, outcome) => self.tell_datagrams(second, outcome, draw, rows),
        }
    }

    fn tell_tcp(&self, second: u32, draw: &mut Draw, rows: &mut Vec<Row>) {
        // With or without the time stamp option (12 bytes).
        let header = self.transport.header(self.v6) + draw.pick(&[0.0, 12.0]);
        let segment = self.chunk.min(MTU - header);
        let (up, down) = (self.up.max(1.0), self.down.max(1.0));
        let up_data = (up / segment).ceil();
        let down_data = (down / segment).ceil();
        let seconds = duration(self.seconds, up.max(down));
        let control = f64::from(draw.between(2, 4));
        // Every second segment is acknowledged.
        let up_packets = up_data + control + (down_data / 2.0).floor();
        let down_packets = down_data + control + (up_data / 2.0).floor();
        let flags = if seconds >= ACTIVE_TIMEOUT {
            Flags::Middle
        } else {
            match draw.unit() {
                u if u < 0.86 => Flags::Whole,
                u if u < 0.95 => Flags::Reset,
                _ => Flags::Open,
            }
        };
        let millis = (seconds * 1_000.0) as u32;
        let there = Size {
            packets: up_packets,
            bytes: up + up_packets * header,
        };
        let back = Size {
            packets: down_packets,
            bytes: down + down_packets * header,
        };
        rows.push(self.row(second, draw, there, millis, flags));
        rows.push(self.back(second, draw, back, millis, flags));
    }

    fn tell_refusal(&self, second: u32, outcome: Outcome, draw: &mut Draw, rows: &mut Vec<Row>) {
        let extra = if self.v6 { 20.0 } else { 0.0 };
        // A SYN with more or fewer options: nmap and bots, Windows, Linux.
        let syn = draw.pick(&[40.0, 44.0, 52.0, 52.0, 60.0]) + extra;
        let refused = outcome == Outcome::Refused;
        // Without an answer, many stacks repeat after 1 s and again after 2 s more.
        let packets = if refused {
            1.0
        } else {
            f64::from(draw.pick(&[1u32, 1, 1, 2, 3]))
        };
        let millis = ((packets * packets - packets) * 500.0) as u32;
        let there = Size {
            packets,
            bytes: packets * syn,
        };
        rows.push(self.row(second, draw, there, millis, Flags::Syn));
        if refused {
            let back = Size {
                packets: 1.0,
                bytes: 40.0 + extra,
            };
            rows.push(self.back(second, draw, back, 0, Flags::Refused));
        }
    }

    fn tell_datagrams(&self, second: u32, outcome: Outcome, draw: &mut Draw, rows: &mut Vec<Row>) {
        let header = self.transport.header(self.v6);
        let seconds = duration(self.seconds, self.up.max(self.down));
        let size = |payload: f64| {
            let payload = payload.max(18.0);
            let packets = (payload / self.chunk.min(MTU - header)).ceil();
            Size {
                packets,
                bytes: payload + packets * header,
            }
        };
        let time = |size: &Size| {
            if size.packets < 2.0 {
                0
            } else {
                (seconds * 1_000.0) as u32
            }
        };
        let there = size(self.up);
        rows.push(self.row(second, draw, there, time(&there), Flags::None));
        match outcome {
            Outcome::Silent => {}
            // ICMP version 6 is not among the protocols of this day.
            Outcome::Refused if self.v6 => {}
            Outcome::Answered => {
                let back = size(self.down);
                rows.push(self.back(second, draw, back, time(&back), Flags::None));
            }
            Outcome::Refused => {
                // Port unreachable (type 3, code 3), which quotes the packet.
                let back = Size {
                    packets: 1.0,
                    bytes: 56.0,
                };
                let mut row = self.back(second, draw, back, 0, Flags::None);
                (row.transport, row.sport, row.dport) = (Transport::Icmp, 0, 3 * 256 + 3);
                rows.push(row);
            }
        }
    }

    fn row(&self, second: u32, draw: &mut Draw, size: Size, millis: u32, flags: Flags) -> Row {
        Row {
            order: (u64::from(second) << 32) | (draw.word() >> 32),
            source: self.client,
            target: self.server,
            packets: size.packets as u64,
            bytes: size.bytes as u64,
            millis,
            sport: self.sport,
            dport: self.dport,
            transport: self.transport,
            flags,
            tos: self.tos,
        }
    }

    fn back(&self, second: u32, draw: &mut Draw, size: Size, millis: u32, flags: Flags) -> Row {
        let row = self.row(second, draw, size, millis, flags);
        // An echo is answered by type 0, code 0.
        let (sport, dport) = if self.transport == Transport::Icmp {
            (0, 0)
        } else {
            (row.dport, row.sport)
        };
        Row {
            source: row.target,
            target: row.source,
            sport,
            dport,
            ..row
        }
    }
}

/// What a record counts.
#[derive(Clone, Copy)]
struct Size {
    packets: f64,
    bytes: f64,
}

/// A duration that the link can keep up with, within the active timeout.
fn duration(seconds: f64, bytes: f64) -> f64 {
    seconds.max(bytes / LINK).min(ACTIVE_TIMEOUT)
}
