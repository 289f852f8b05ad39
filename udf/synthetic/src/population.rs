//! Who is there: the organisation's hosts, the addresses outside, and the habits of its people.
//!
//! All addresses are text from the start, formatted once a host. Inside addresses are private (RFC 1918) or from the
//! documentation ranges (203.0.113.0/24 of RFC 5737 as the organisation's public range, 2001:db8::/32 of RFC 3849).
//! Outside addresses are drawn at random from public space and mean nobody.
//!
//! It refuses nothing and knows nothing of attacks, but for setting aside some unused outside
//! addresses ([`Pool::Stranger`]), drawn like all others.

use super::draw::{Alias, Draw, mix, scale};
use std::collections::HashSet;
use std::fmt::Write;
use std::ops::Range;

/// A host's number in the [`World`].
pub(super) type HostId = u32;

/// A group of hosts with one role. The order is the order of host numbers, which makes
/// [`Pool::AnyServer`] and [`Pool::AnyInside`] ranges too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pool {
    Workstation,
    Phone,
    Printer,
    Device,
    Resolver,
    Controller,
    Files,
    Mail,
    Intranet,
    Database,
    Proxy,
    Time,
    Backup,
    Monitor,
    Log,
    Update,
    Scanner,
    Pbx,
    Radius,
    Perimeter,
    PublicWeb,
    MailGateway,
    Vpn,
    Nat,
    Workstation6,
    Broadcast,
    Web,
    Web6,
    NameServer,
    MailPeer,
    Visitor,
    Noise,
    RemoteWorker,
    TimeSource,
    Partner,
    Stranger,
    // From here on, parts and unions of the above.
    Admin,
    Helpdesk,
    AnyServer,
    AnyInside,
}

/// How many pools have hosts of their own, and how many there are at all.
const OWN: usize = Pool::Stranger as usize + 1;
const ALL: usize = Pool::AnyInside as usize + 1;

/// Where a pool's addresses come from.
#[derive(Clone, Copy)]
enum Place {
    /// `10.N.x.y`, 250 hosts a /24.
    Subnet(u8),
    /// `203.0.113.N` and following.
    Perimeter(u8),
    /// `2001:db8:10:x::y`
    Inside6,
    /// Random public IPv4.
    Outside,
    /// Random global unicast IPv6.
    Outside6,
    /// Broadcast and multicast groups.
    Fixed(&'static [&'static str]),
}

/// What of a host is visible in a flow record beside its address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Host {
    /// The router interface behind which it lives (an SNMP ifIndex).
    pub(super) interface: u8,
    /// True for addresses beyond the organisation.
    pub(super) outside: bool,
    /// True for IPv6.
    pub(super) v6: bool,
    /// Its autonomous system; 0 inside.
    pub(super) asn: u32,
}

/// When a person works (local hours, possibly across midnight) and how much traffic she makes.
#[derive(Debug, Clone, Copy)]
struct Habit {
    start: f64,
    length: f64,
    activity: f64,
    /// Part of the activity that remains outside working hours; 0 where the machine is off.
    idle: f64,
}

/// The hosts of one synthetic organisation and the outside it talks to.
#[derive(Debug)]
pub(super) struct World {
    text: String,
    ends: Vec<u32>,
    hosts: Vec<Host>,
    ranges: [Range<u32>; ALL],
    skew: Vec<Option<Alias>>,
    habits: Vec<Habit>,
    /// Local time minus UTC, in hours.
    pub(super) utc_offset: i32,
}

impl World {
    /// The population for about `flows` flows a day. Its size grows with the square root of the
    /// traffic: larger organisations have both more hosts and busier ones.
    pub(super) fn new(key: &[u64; 3], flows: u64) -> Self {
        let mut draw = Draw::new(key, 1_000);
        let n = ((flows as f64).sqrt() as usize).clamp(60, 40_000);
        let mut world = Self {
            text: String::new(),
            ends: Vec::new(),
            hosts: Vec::new(),
            ranges: std::array::from_fn(|_| 0..0),
            skew: vec![None; ALL],
            habits: Vec::new(),
            utc_offset: draw.pick(&[-6, -5, 0, 1, 2]),
        };
        let mut taken = HashSet::new();
        for (pool, count, place, exponent) in census(n) {
            let first = world.hosts.len() as u32;
            for i in 0..count {
                world.add(place, i, &mut draw, &mut taken);
            }
            world.ranges[pool as usize] = first..world.hosts.len() as u32;
            if exponent > 0.0 {
                world.skew[pool as usize] = Some(Alias::zipf(count, exponent));
            }
        }
        let staff = world.range(Pool::Workstation);
        let few = (n / 100 + 2) as u32;
        world.ranges[Pool::Admin as usize] = staff.start..staff.start + few;
        world.ranges[Pool::Helpdesk as usize] = staff.start + few..staff.start + 2 * few;
        world.ranges[Pool::AnyServer as usize] =
            world.range(Pool::Resolver).start..world.range(Pool::Radius).end;
        world.ranges[Pool::AnyInside as usize] = staff.start..world.range(Pool::Radius).end;
        world.habits = staff.map(|_| Habit::draw(&mut draw)).collect();
        world
    }

    fn add(&mut self, place: Place, i: usize, draw: &mut Draw, taken: &mut HashSet<u128>) {
        let start = self.text.len();
        let (interface, outside, v6) = match place {
            Place::Subnet(net) => {
                // Writing to a String cannot fail.
                let _ = write!(self.text, "10.{net}.{}.{}", i / 250, i % 250 + 4);
                (net / 10, false, false)
            }
            Place::Perimeter(first) => {
                let _ = write!(self.text, "203.0.113.{}", usize::from(first) + i);
                (8, false, false)
            }
            Place::Inside6 => {
                let _ = write!(
                    self.text,
                    "2001:db8:10:{:x}::{:x}",
                    i / 250,
                    i % 250 + 0x1000
                );
                (1, false, true)
            }
            Place::Outside => {
                let mut octets = outside_v4(draw);
                while !taken.insert(u128::from(u32::from_be_bytes(octets))) {
                    octets = outside_v4(draw);
                }
                let [a, b, c, d] = octets;
                let _ = write!(self.text, "{a}.{b}.{c}.{d}");
                (9, true, false)
            }
            Place::Outside6 => {
                let net = draw.pick(&[0x2400u16, 0x2600, 0x2620, 0x2800, 0x2a00, 0x2a02, 0x2c0f]);
                let word = draw.word();
                let address = (u128::from(net) << 112)
                    | (u128::from(word >> 16) << 64)
                    | (u128::from(word & 0xfff) + 1);
                let _ = write!(self.text, "{}", std::net::Ipv6Addr::from(address));
                (9, true, true)
            }
            Place::Fixed(addresses) => {
                self.text.push_str(addresses[i]);
                (1, false, false)
            }
        };
        debug_assert!(self.text.len() > start);
        // Autonomous systems are few and of very different size.
        let asn = if outside {
            1_000 + (60_000.0 * draw.unit().powi(4)) as u32
        } else {
            0
        };
        self.ends.push(self.text.len() as u32);
        self.hosts.push(Host {
            interface,
            outside,
            v6,
            asn,
        });
    }

    /// The address of a host as text.
    pub(super) fn address(&self, host: HostId) -> &str {
        let host = host as usize;
        let start = if host == 0 { 0 } else { self.ends[host - 1] };
        &self.text[start as usize..self.ends[host] as usize]
    }

    /// What else is visible of a host.
    pub(super) fn host(&self, host: HostId) -> Host {
        self.hosts[host as usize]
    }

    /// The host numbers of a pool.
    pub(super) fn range(&self, pool: Pool) -> Range<u32> {
        self.ranges[pool as usize].clone()
    }

    /// The member of a pool that 64 random (or hashed) bits stand for, by popularity where the
    /// pool has one.
    pub(super) fn member(&self, pool: Pool, word: u64) -> HostId {
        let range = &self.ranges[pool as usize];
        let index = match &self.skew[pool as usize] {
            Some(alias) => alias.pick(word),
            None => scale(word, range.len()),
        };
        range.start + index as u32
    }

    /// One of the handful of members of `pool` that `client` always turns to: its department's
    /// file server, its favourite sites. Hashed, so that it costs no memory.
    pub(super) fn usual(&self, pool: Pool, client: HostId, choices: usize, word: u64) -> HostId {
        let choice = scale(word, choices) as u64;
        self.member(
            pool,
            mix((u64::from(client) << 20) ^ ((pool as u64) << 8) ^ choice),
        )
    }

    /// The workstations' share of the traffic in an hour of the local day.
    pub(super) fn workstations_at(&self, local_hour: usize) -> Alias {
        Alias::new(
            &self
                .habits
                .iter()
                .map(|h| h.weight(local_hour))
                .collect::<Vec<_>>(),
        )
    }

    /// A workstation whose machine stays on at night, or any where all are off.
    pub(super) fn left_on(&self, draw: &mut Draw) -> HostId {
        let n = self.habits.len();
        let from = draw.below(n);
        let on = (0..n)
            .map(|i| (from + i) % n)
            .find(|&i| self.habits[i].idle > 0.0);
        self.range(Pool::Workstation).start + on.unwrap_or(from) as u32
    }

    /// The second of the UTC day at which it is `second` of the local day.
    pub(super) fn utc(&self, local_second: u32) -> u32 {
        (i64::from(local_second) - i64::from(self.utc_offset) * 3_600).rem_euclid(86_400) as u32
    }

    /// The local hour in which an hour of the UTC day falls.
    pub(super) fn local_hour(&self, utc_hour: u32) -> usize {
        (utc_hour as i32 + self.utc_offset).rem_euclid(24) as usize
    }
}

/// Every pool: how many hosts, from where, and the exponent of their popularity (0: all alike).
/// `n` is the number of workstations. Order: that of [`Pool`].
fn census(n: usize) -> [(Pool, usize, Place, f64); OWN] {
    use Place::{Fixed, Inside6, Outside, Outside6, Perimeter, Subnet};
    const GROUPS: &[&str] = &[
        "10.10.255.255",
        "255.255.255.255",
        "239.255.255.250",
        "224.0.0.251",
    ];
    [
        (Pool::Workstation, n, Subnet(10), 0.0),
        (Pool::Phone, n / 3, Subnet(40), 0.0),
        (Pool::Printer, n / 40 + 2, Subnet(30), 0.5),
        (Pool::Device, n / 20 + 2, Subnet(50), 0.0),
        (Pool::Resolver, 2, Subnet(20), 0.5),
        (Pool::Controller, n / 1_000 + 2, Subnet(21), 0.3),
        (Pool::Files, n / 400 + 2, Subnet(22), 0.7),
        (Pool::Mail, n / 2_000 + 1, Subnet(23), 0.0),
        (Pool::Intranet, n / 300 + 3, Subnet(24), 0.9),
        (Pool::Database, n / 500 + 2, Subnet(25), 0.7),
        (Pool::Proxy, n / 3_000 + 1, Subnet(26), 0.0),
        (Pool::Time, 2, Subnet(27), 0.0),
        (Pool::Backup, n / 5_000 + 1, Subnet(28), 0.0),
        (Pool::Monitor, 1, Subnet(29), 0.0),
        (Pool::Log, 1, Subnet(60), 0.0),
        (Pool::Update, 1, Subnet(61), 0.0),
        (Pool::Scanner, 1, Subnet(62), 0.0),
        (Pool::Pbx, 1, Subnet(63), 0.0),
        (Pool::Radius, 1, Subnet(64), 0.0),
        (Pool::Perimeter, 120, Perimeter(100), 0.0),
        (Pool::PublicWeb, 3, Perimeter(10), 0.8),
        (Pool::MailGateway, 2, Perimeter(25), 0.5),
        (Pool::Vpn, 1, Perimeter(40), 0.0),
        (Pool::Nat, 2, Perimeter(4), 0.5),
        (Pool::Workstation6, n / 10 + 2, Inside6, 0.3),
        (Pool::Broadcast, GROUPS.len(), Fixed(GROUPS), 0.5),
        (Pool::Web, n * 10, Outside, 0.9),
        (Pool::Web6, n, Outside6, 0.9),
        (Pool::NameServer, n * 2, Outside, 0.9),
        (Pool::MailPeer, n, Outside, 0.9),
        (Pool::Visitor, n * 4, Outside, 0.6),
        (Pool::Noise, n * 2, Outside, 0.9),
        (Pool::RemoteWorker, n / 8 + 2, Outside, 0.3),
        (Pool::TimeSource, 5, Outside, 0.0),
        (Pool::Partner, 4, Outside, 0.7),
        (Pool::Stranger, 64, Outside, 0.0),
    ]
}

/// A random unicast address outside the special ranges (RFC 6890), coarsely.
fn outside_v4(draw: &mut Draw) -> [u8; 4] {
    loop {
        let [a, b, c, d, ..] = draw.word().to_le_bytes();
        let special = matches!(a, 0 | 10 | 100 | 127 | 169 | 172 | 192 | 198 | 203 | 224..);
        if !special && d != 0 && d != 255 {
            return [a, b, c, d];
        }
    }
}

impl Habit {
    fn draw(draw: &mut Draw) -> Self {
        let kind = draw.unit();
        let (start, length) = match kind {
            k if k < 0.78 => (8.4, 8.7),  // office
            k if k < 0.86 => (5.8, 8.2),  // early birds
            k if k < 0.91 => (11.5, 8.5), // late risers
            k if k < 0.94 => (21.5, 8.5), // the night shift
            _ => (8.2, 4.2),              // mornings only
        };
        let start = (start + 0.7 * draw.normal()).rem_euclid(24.0);
        let length = (length + 0.6 * draw.normal()).clamp(2.0, 14.0);
        let idle = if draw.chance(0.45) {
            draw.within(0.02, 0.1)
        } else {
            0.0
        };
        Self {
            start,
            length,
            activity: draw.log_normal(1.0, 1.0),
            idle,
        }
    }

    /// Activity in a local hour: the part of the hour at work, less at lunch, plus what the
    /// machine does alone.
    fn weight(&self, hour: usize) -> f64 {
        let hour = hour as f64;
        let overlap =
            |start: f64| ((hour + 1.0).min(start + self.length) - hour.max(start)).clamp(0.0, 1.0);
        let at_work = overlap(self.start) + overlap(self.start - 24.0);
        let lunch = if hour == 12.0 { 0.7 } else { 1.0 };
        self.activity * (at_work.min(1.0) * lunch + self.idle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_census_lists_the_pools_in_the_order_of_their_numbers() {
        for (i, (pool, ..)) in census(100).iter().enumerate() {
            assert_eq!(*pool as usize, i);
        }
    }

    #[test]
    fn every_host_has_an_address_of_its_own() {
        for flows in [1, 300_000, 100_000_000] {
            let world = World::new(&[1, flows, 3], flows);
            let all: HashSet<&str> = (0..world.hosts.len() as u32)
                .map(|h| world.address(h))
                .collect();
            assert_eq!(all.len(), world.hosts.len());
            for address in all {
                assert!(address.parse::<std::net::IpAddr>().is_ok(), "{address}");
            }
        }
    }

    #[test]
    fn people_come_in_the_morning_and_leave_in_the_evening() {
        let world = World::new(&[1, 2, 3], 1_000_000);
        let busy = |hour| world.habits.iter().map(|h| h.weight(hour)).sum::<f64>();
        assert!(busy(10) > 8.0 * busy(3));
        assert!(busy(10) > busy(12) && busy(12) > busy(19));
    }
}
