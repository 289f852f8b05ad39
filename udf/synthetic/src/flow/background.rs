//! The background's flows: by whom, with whom, and the records they leave.

use super::activity::{Activity, Port};
use super::talk::{Outcome, Row, Talk, Transport};
use crate::draw::{Draw, mix};
use crate::mix::Moment;
use crate::population::{HostId, Pool, World};

/// One event (a page view, a call, a poll): a few records, now and then none.
pub(super) fn happen(
    activity: &Activity,
    moment: &Moment<'_>,
    draw: &mut Draw,
    rows: &mut Vec<Row>,
) {
    let world = moment.world;
    let client = moment.client(activity.client, draw);
    let Some(mut server) = peer(world, activity, client, draw) else {
        return;
    };
    let second = moment.second(draw);
    if draw.chance(activity.lookup) {
        lookup(world, client, draw).tell(second, draw, rows);
    }
    let dport = port(activity.dport, client, draw);
    for i in 0..draw.between(1, activity.fan) {
        if activity.sweep && i > 0 {
            server = peer(world, activity, client, draw).unwrap_or(server);
        }
        talk(world, activity, client, server, dport, draw).tell(second, draw, rows);
    }
}

/// Whom the client turns to; none where only the client itself could be meant.
fn peer(world: &World, activity: &Activity, client: HostId, draw: &mut Draw) -> Option<HostId> {
    let server = if draw.chance(activity.loyal) {
        world.usual(activity.server, client, activity.choices, draw.word())
    } else {
        world.member(activity.server, draw.word())
    };
    if server != client {
        return Some(server);
    }
    // Nobody calls himself: the next one of the pool.
    let range = world.range(activity.server);
    let next = if server + 1 < range.end {
        server + 1
    } else {
        range.start
    };
    (next != client).then_some(next)
}

fn port(port: Port, client: HostId, draw: &mut Draw) -> u16 {
    match port {
        Port::Ephemeral => ephemeral(client, draw),
        Port::Is(port) => port,
        Port::Range(low, high) => draw.port(low, high),
        Port::Among(ports) => ports[draw.harmonic(ports.len())],
    }
}

/// A port that the client's operating system would choose: Windows and macOS, or Linux.
pub(super) fn ephemeral(client: HostId, draw: &mut Draw) -> u16 {
    if mix(u64::from(client)).is_multiple_of(4) {
        draw.port(32_768, 60_999)
    } else {
        draw.port(49_152, 65_535)
    }
}

/// The question to the resolver that precedes a connection.
fn lookup(world: &World, client: HostId, draw: &mut Draw) -> Talk {
    Talk {
        client,
        server: world.usual(Pool::Resolver, client, 1, 0),
        v6: false,
        transport: Transport::Udp,
        sport: ephemeral(client, draw),
        dport: 53,
        up: draw.log_normal(38.0, 0.25),
        down: draw.log_normal(120.0, 0.6),
        seconds: draw.log_normal(0.03, 1.0),
        chunk: 1_400.0,
        tos: 0,
        outcome: Outcome::Answered,
    }
}

fn talk(
    world: &World,
    activity: &Activity,
    client: HostId,
    server: HostId,
    dport: u16,
    draw: &mut Draw,
) -> Talk {
    // More than any link carries within the active timeout is cut by `Talk`'s durations.
    const MOST: f64 = 15e9;
    let chance = draw.unit();
    let outcome = if chance < activity.answered {
        Outcome::Answered
    } else if chance < activity.answered + activity.refused {
        Outcome::Refused
    } else {
        Outcome::Silent
    };
    let mut spread = |(median, sigma)| draw.log_normal(median, sigma).min(MOST);
    let (up, down) = (spread(activity.up), spread(activity.down));
    let seconds = spread(activity.seconds);
    Talk {
        client,
        server,
        v6: world.host(client).v6,
        transport: activity.transport,
        sport: match (activity.sport, activity.dport) {
            // Services that use one port at both ends.
            (Port::Among(_), Port::Among(_)) => dport,
            (choice, _) => port(choice, client, draw),
        },
        dport,
        up,
        down,
        seconds,
        chunk: activity.chunk,
        tos: activity.tos,
        outcome,
    }
}
