//! The attacks of a day, and the record of what was planted.
//!
//! Kinds were chosen from MITRE ATT&CK and published descriptions (the `README.md` names
//! them) before any detection result had been seen. [`inside`] has what an intruder does in the
//! network, [`channel`] how machines talk to him. Hosts, times, ports and sizes are drawn from the
//! seed; conversations are told by the same `talk::Talk` as the background's.

mod channel;
mod inside;
mod scene;

use super::kind::Flow;
use super::talk::Row;
use crate::draw::Draw;
use crate::log::{Planted, Record};
use crate::population::World;
use crate::scene::{Play, plan as play};

/// How many of the kinds a day has.
const KINDS_A_DAY: usize = 10;

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
    play(flow, world, draw, KINDS, KINDS_A_DAY, |row| {
        let ports = (row.sport, row.dport, row.transport);
        let ends = (row.source, row.target);
        (row.second(), ends, ports, row.packets, row.bytes)
    })
}
