//! Where attacks play: who takes part, when, and the record of what was planted.
//!
//! The same for every kind of log; how an act becomes records is the log's own business. Kinds were
//! chosen from MITRE ATT&CK and published descriptions (the folder's `README.md` names them) before
//! any detection result had been seen. Hosts, times and sizes are drawn from the seed.

use super::draw::Draw;
use super::log::{Log, Planted, Record};
use super::population::{HostId, Pool, World};
use std::collections::HashSet;
use std::hash::Hash;

/// Makes one attack's records and tells its story.
pub(super) type Play<L> = fn(&mut Scene<'_, L>) -> String;

/// Plays `a_day` of the `kinds`, by seed. `visible` is what a truth row tells of a record: records
/// alike in all of that are one too many, since a truth row must match exactly one.
pub(super) fn plan<L: Log, Key: Hash + Eq, const N: usize>(
    log: &mut L,
    world: &World,
    mut draw: Draw,
    mut kinds: [(&'static str, Play<L>); N],
    a_day: usize,
    visible: fn(&L::Row) -> Key,
) -> Vec<Planted<L::Row>> {
    draw.shuffle(&mut kinds);
    let mut strangers: Vec<HostId> = world.range(Pool::Stranger).collect();
    draw.shuffle(&mut strangers);
    let mut scene = Scene {
        log,
        world,
        draw,
        strangers,
        rows: Vec::new(),
    };
    let mut seen = HashSet::new();
    kinds
        .into_iter()
        .take(a_day)
        .map(|(kind, play)| {
            let story = play(&mut scene);
            let mut rows = std::mem::take(&mut scene.rows);
            rows.retain(|row| seen.insert(visible(row)));
            rows.sort_unstable_by_key(Record::order);
            Planted { kind, story, rows }
        })
        .collect()
}

/// Where an attack plays: the world, and the records so far.
pub(super) struct Scene<'a, L: Log> {
    /// What the day's rows share: texts of attacks are left there.
    pub(super) log: &'a mut L,
    pub(super) world: &'a World,
    pub(super) draw: Draw,
    /// Outside addresses that nothing else uses, in random order.
    strangers: Vec<HostId>,
    pub(super) rows: Vec<L::Row>,
}

impl<L: Log> Scene<'_, L> {
    /// An address outside that the attacker controls: mostly one that nobody else talks to,
    /// sometimes an ordinary site.
    pub(super) fn outsider(&mut self) -> HostId {
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
    pub(super) fn victim(&mut self) -> HostId {
        self.world.left_on(&mut self.draw)
    }

    /// A member of a pool, all alike.
    pub(super) fn any(&mut self, pool: Pool) -> HostId {
        let range = self.world.range(pool);
        range.start + self.draw.below(range.len()) as u32
    }

    /// A member of a pool other than `host`.
    pub(super) fn other(&mut self, pool: Pool, host: HostId) -> HostId {
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
    pub(super) fn between(&mut self, from_hour: f64, to_hour: f64) -> u32 {
        let local = self.draw.within(from_hour, to_hour) * 3_600.0;
        self.world.utc(local as u32)
    }

    /// The address of a host.
    pub(super) fn address(&self, host: HostId) -> &str {
        self.world.address(host)
    }

    /// Seconds of the UTC day at which something recurs from a random moment of its first
    /// period on, every `period` seconds more or less `jitter` (a fraction), at most `most` times.
    pub(super) fn recurring(&mut self, period: f64, jitter: f64, most: usize) -> Vec<u32> {
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
