//! The attacks of a day, and the record of what was planted.
//!
//! Kinds were chosen from MITRE ATT&CK and published descriptions (the `README.md` names
//! them) before any detection result had been seen. [`inside`] has what an intruder does in the
//! network, [`channel`] how machines talk to him. Hosts, times, ports and sizes are drawn from the
//! seed; conversations are told by the same [`Talk`] as the background's.

mod channel;
mod inside;

use super::Flow;
use super::background::ephemeral;
use super::talk::{Outcome, Row, Talk, Transport};
use crate::draw::Draw;
use crate::log::{Planted, Record};
use crate::population::{HostId, World};
use crate::scene::{self, Play};

/// How many of the kinds a day has.
const KINDS_A_DAY: usize = 10;

/// Where an attack plays.
type Scene<'a> = scene::Scene<'a, Flow>;

/// Every kind.
const KINDS: [(&str, Play<Flow>); 13] = [
    ("port scan (T1046)", inside::port_scan),
    ("lateral movement (T1021)", inside::lateral_movement),
    ("SSH brute force (T1110)", inside::ssh_brute_force),
    ("worm (T1210)", inside::worm),
    ("tool transfer (T1570)", inside::tool_transfer),
    ("HTTPS beacon (T1071.001)", channel::https_beacon),
    ("odd port beacon (T1571)", channel::odd_port_beacon),
    ("DNS tunnel (T1572)", channel::dns_tunnel),
    ("exfiltration (T1048)", channel::exfiltration),
    ("cryptomining (T1496)", channel::cryptomining),
    ("ICMP tunnel (T1095)", channel::icmp_tunnel),
    ("IRC bot (T1071)", channel::irc_bot),
    ("Tor (T1090.003)", channel::tor),
];

/// The attacks of the day that `world` and `draw` stand for.
pub(super) fn plan(flow: &mut Flow, world: &World, draw: Draw) -> Vec<Planted<Row>> {
    scene::plan(flow, world, draw, KINDS, KINDS_A_DAY, |row| {
        let ports = (row.sport, row.dport, row.transport);
        let ends = (row.source, row.target);
        (row.second(), ends, ports, row.packets, row.bytes)
    })
}

impl Scene<'_> {
    /// A conversation over TCP from an ephemeral port, answered; adjust it and [`Self::tell`] it.
    fn tcp(&mut self, client: HostId, server: HostId, dport: u16) -> Talk {
        Talk {
            client,
            server,
            v6: false,
            transport: Transport::Tcp,
            sport: ephemeral(client, &mut self.draw),
            dport,
            up: 500.0,
            down: 500.0,
            seconds: 1.0,
            chunk: 1_460.0,
            tos: 0,
            outcome: Outcome::Answered,
        }
    }

    /// Writes the flows of a conversation that ends in `second` of the UTC day.
    fn tell(&mut self, talk: Talk, second: u32) {
        talk.tell(second.min(86_399), &mut self.draw, &mut self.rows);
    }
}
