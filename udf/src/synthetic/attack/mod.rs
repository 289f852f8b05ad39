//! The attacks of a day, and the record of what was planted.
//!
//! Kinds were chosen from MITRE ATT&CK and published descriptions (the folder's `README.md` names
//! them) before any detection result had been seen. [`inside`] has what an intruder does in the
//! network, [`channel`] how machines talk to him. Hosts, times, ports and sizes are drawn from the
//! seed; conversations are told by the same [`Talk`] as the background's.

mod channel;
mod inside;

use super::background::ephemeral;
use super::draw::Draw;
use super::population::{HostId, Pool, World};
use super::talk::{Outcome, Row, Talk, Transport};
use std::collections::HashSet;

/// How many of the kinds a day has.
const KINDS_A_DAY: usize = 10;

/// One planted attack.
#[derive(Debug)]
pub(super) struct Planted {
    /// The kind, with its ATT&CK technique.
    pub(super) kind: &'static str,
    /// What happened, in one sentence.
    pub(super) story: String,
    /// Its flows, both directions, in order of time.
    pub(super) rows: Vec<Row>,
}

/// Makes one attack's flows and tells its story.
type Play = fn(&mut Scene<'_>) -> String;

/// Every kind.
const KINDS: [(&str, Play); 13] = [
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
pub(super) fn plan(world: &World, mut draw: Draw) -> Vec<Planted> {
    let mut kinds = KINDS;
    draw.shuffle(&mut kinds);
    let mut strangers: Vec<HostId> = world.range(Pool::Stranger).collect();
    draw.shuffle(&mut strangers);
    let mut scene = Scene {
        world,
        draw,
        strangers,
        rows: Vec::new(),
    };
    let mut seen = HashSet::new();
    kinds
        .into_iter()
        .take(KINDS_A_DAY)
        .map(|(kind, play)| {
            let story = play(&mut scene);
            let mut rows = std::mem::take(&mut scene.rows);
            // A truth row must match one flow: two flows alike in all that can be seen are
            // one too many.
            rows.retain(|row| {
                let ports = (row.sport, row.dport, row.transport);
                seen.insert((
                    row.second(),
                    row.source,
                    row.target,
                    ports,
                    row.packets,
                    row.bytes,
                ))
            });
            rows.sort_unstable_by_key(|row| row.order);
            Planted { kind, story, rows }
        })
        .collect()
}

/// Where an attack plays: the world, and the flows so far.
struct Scene<'a> {
    world: &'a World,
    draw: Draw,
    /// Outside addresses that nothing else uses, in random order.
    strangers: Vec<HostId>,
    rows: Vec<Row>,
}

impl Scene<'_> {
    /// An address outside that the attacker controls: mostly one that nobody else talks to,
    /// sometimes an ordinary site.
    fn outsider(&mut self) -> HostId {
        let known = self.draw.chance(0.3);
        match self.strangers.pop() {
            Some(stranger) if !known => stranger,
            _ => {
                let sites = self.world.range(Pool::Web);
                sites.start + self.draw.below(sites.len()) as u32
            }
        }
    }

    /// A machine inside that is on day and night: some workstation.
    fn victim(&mut self) -> HostId {
        self.world.left_on(&mut self.draw)
    }

    /// A member of a pool, all alike.
    fn any(&mut self, pool: Pool) -> HostId {
        let range = self.world.range(pool);
        range.start + self.draw.below(range.len()) as u32
    }

    /// A member of a pool other than `host`.
    fn other(&mut self, pool: Pool, host: HostId) -> HostId {
        let range = self.world.range(pool);
        let found = self.any(pool);
        let next = if found + 1 < range.end {
            found + 1
        } else {
            range.start
        };
        if found == host { next } else { found }
    }

    /// A UTC second between two hours of the local day.
    fn between(&mut self, from_hour: f64, to_hour: f64) -> u32 {
        let local = self.draw.within(from_hour, to_hour) * 3_600.0;
        self.world.utc(local as u32)
    }

    /// The address of a host.
    fn address(&self, host: HostId) -> &str {
        self.world.address(host)
    }

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

    /// Seconds of the UTC day at which something recurs from a random moment of its first
    /// period on, every `period` seconds more or less `jitter` (a fraction), at most `most` times.
    fn recurring(&mut self, period: f64, jitter: f64, most: usize) -> Vec<u32> {
        let mut at = self.draw.within(0.0, period);
        // Where the whole day does not fit, somewhere within it.
        let spare = 86_400.0 - period * (1.0 + jitter) * most as f64;
        if spare > 0.0 {
            at += self.draw.within(0.0, spare);
        }
        let mut seconds = Vec::new();
        while at < 86_400.0 && seconds.len() < most {
            seconds.push(at as u32);
            at += period * self.draw.within(1.0 - jitter, 1.0 + jitter);
        }
        seconds
    }
}
