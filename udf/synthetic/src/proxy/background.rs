//! The background's requests: by whom, where to, and the lines they leave.

use super::activity::{Activity, Place, Visit, Who};
use super::agent::Agent;
use super::line::{category, request};
use super::page;
use super::request::{Method, Row, Scheme, Status};
use super::url::{Host, Path};
use crate::draw::{Draw, mix};
use crate::log::{later, order};
use crate::mix::Moment;
use crate::names::usual_host;
use crate::population::{HostId, Pool, World};

/// One event: a page with all that belongs to it, or some requests to one place.
pub(super) fn happen(
    activity: &Activity,
    moment: &Moment<'_>,
    draw: &mut Draw,
    rows: &mut Vec<Row>,
) {
    let world = moment.world;
    let client = moment.client(activity.client, draw);
    let second = moment.second(draw);
    if let Visit::Page = activity.visit {
        let site = site(world, activity, client, draw);
        page::load(client, site, second, moment, draw, rows);
        return;
    }
    let number = number(activity.place, draw);
    let host = host(world, activity, client, number, draw);
    let port = draw.pick(activity.ports);
    let agent = agent(activity.agent, client, number, draw);
    let mut order = order(second, draw);
    for _ in 0..draw.between(1, activity.fan) {
        let mut row = Row {
            path: path(activity.visit, draw),
            agent,
            method: activity.method,
            content: draw.pick(activity.content),
            scheme: match (port, activity.scheme) {
                (443, Scheme::Http) => Scheme::Https,
                (_, scheme) => scheme,
            },
            port,
            category: activity.category.unwrap_or_else(|| category(host)),
            known: activity.known,
            ..request(order, client, host)
        };
        let status = ending(activity, draw);
        let mut spread = |(median, sigma)| draw.log_normal(median, sigma);
        let (up, down) = (spread(activity.up), spread(activity.down));
        let seconds = spread(activity.seconds);
        row.transfer(status, up, down, seconds, draw);
        rows.push(row);
        order = later(order, draw);
    }
}

/// How a request of this kind ends.
fn ending(activity: &Activity, draw: &mut Draw) -> Status {
    let mut chance = draw.unit();
    for &(status, share) in activity.ends {
        if chance < share {
            return status;
        }
        chance -= share;
    }
    match activity.method {
        Method::Connect => Status::Tunnelled,
        _ => Status::Ok,
    }
}

fn member(
    world: &World,
    activity: &Activity,
    pool: Pool,
    client: HostId,
    draw: &mut Draw,
) -> HostId {
    if draw.chance(activity.loyal) {
        world.usual(pool, client, activity.choices, draw.word())
    } else {
        world.member(pool, draw.word())
    }
}

fn site(world: &World, activity: &Activity, client: HostId, draw: &mut Draw) -> HostId {
    member(world, activity, Pool::Web, client, draw)
}

/// Which of the named places, where they have names.
fn number(place: Place, draw: &mut Draw) -> usize {
    match place {
        Place::Named(names) => draw.harmonic(names.len()),
        _ => 0,
    }
}

fn host(
    world: &World,
    activity: &Activity,
    client: HostId,
    number: usize,
    draw: &mut Draw,
) -> Host {
    match activity.place {
        Place::Site => Host::Site(site(world, activity, client, draw), usual_host(draw)),
        Place::Named(names) => Host::Named(&names[number]),
        Place::Inside(pool) => Host::Inside(member(world, activity, pool, client, draw)),
        Place::Address(pool) => Host::Address(member(world, activity, pool, client, draw)),
        Place::Cloud => {
            // A program knows one such machine, a page leads to any.
            let seed = if draw.chance(activity.loyal.max(0.5)) {
                mix(u64::from(client))
            } else {
                draw.word() & 0xffff
            };
            Host::Cloud(seed)
        }
    }
}

fn path(visit: Visit, draw: &mut Draw) -> Path {
    match visit {
        Visit::Page | Visit::Tunnel => Path::Root,
        Visit::Fetch(shapes) => Path::Made(draw.pick(shapes), draw.word()),
        Visit::Fixed(paths) => Path::Fixed(&paths[draw.harmonic(paths.len())]),
    }
}

fn agent(who: Who, client: HostId, number: usize, draw: &mut Draw) -> Agent {
    match who {
        Who::Browser => Agent::Browser,
        Who::Named(names) => Agent::Named(&names[draw.harmonic(names.len())]),
        Who::Versioned(names) => Agent::Versioned(&names[draw.harmonic(names.len())]),
        Who::Paired(names) => Agent::Versioned(&names[number % names.len()]),
        // A client has few of them.
        Who::Odd => Agent::Odd(client * 4 + draw.between(0, 2)),
        Who::Silent => Agent::Silent,
    }
}
