//! The background's answers: by whom, about what, and the records they leave.

use super::activity::{Activity, DUAL, RECENT, Subject, Types};
use super::name::{Name, Style};
use super::reply::{A, AAAA, AXFR, HTTPS, Outcome, Question, Row};
use crate::draw::{Draw, mix, share_of, trait_of};
use crate::log::{later, order};
use crate::mix::Moment;
use crate::names::usual_host;
use crate::population::{HostId, Pool, World};

/// One event (a page view, a poll): the answers to the questions it raises.
pub(super) fn happen(
    activity: &Activity,
    moment: &Moment<'_>,
    draw: &mut Draw,
    rows: &mut Vec<Row>,
) {
    let world = moment.world;
    let client = moment.client(activity.client, draw);
    let server = server(world, activity.server, client);
    let mut order = order(moment.second(draw), draw);
    for _ in 0..draw.between(1, activity.fan) {
        let name = name(world, activity, client, draw);
        let outcome = outcome(activity, name, draw);
        let mut ask = |kind: u16, outcome: Outcome, draw: &mut Draw| {
            let question = Question {
                client,
                server,
                name,
                kind,
            };
            rows.push(question.answered(outcome, order, world, draw));
            order = later(order, draw);
        };
        match activity.types {
            Types::Among(kinds) => {
                let kind = draw.pick(kinds);
                // Zones are given to their other servers only.
                let refused = kind == AXFR;
                ask(kind, if refused { Outcome::Refused } else { outcome }, draw);
            }
            Types::Pair | Types::Browser => {
                ask(A, outcome, draw);
                if trait_of(client, 1, DUAL) {
                    ask(AAAA, other(outcome, name, 0.55), draw);
                }
                if matches!(activity.types, Types::Browser) && trait_of(client, 2, RECENT) {
                    ask(HTTPS, other(outcome, name, 0.3), draw);
                }
            }
        }
    }
}

/// Whom a client asks: always the same one of the resolvers, or of the servers outside.
pub(super) fn server(world: &World, pool: Pool, client: HostId) -> HostId {
    world.usual(pool, client, 1, 0)
}

fn outcome(activity: &Activity, name: Name, draw: &mut Draw) -> Outcome {
    // A name that does not exist, does not exist the next time either.
    let settled = match name {
        Name::Fixed(_) | Name::Of(Style::Deep, ..) => share_of(name.key()),
        _ => draw.unit(),
    };
    let [missing, failed, empty] = [activity.missing, activity.failed, activity.empty];
    if settled < missing {
        Outcome::Missing
    } else if settled < missing + failed {
        Outcome::Failed
    } else if settled < missing + failed + empty {
        Outcome::Empty
    } else {
        Outcome::Found
    }
}

/// The answer for a second type: a part of the names has it.
fn other(outcome: Outcome, name: Name, has: f64) -> Outcome {
    match outcome {
        Outcome::Found if share_of(mix(name.key())) >= has => Outcome::Empty,
        outcome => outcome,
    }
}

fn name(world: &World, activity: &Activity, client: HostId, draw: &mut Draw) -> Name {
    let member = |pool: Pool, draw: &mut Draw| {
        if draw.chance(activity.loyal) {
            world.usual(pool, client, activity.choices, draw.word())
        } else {
            world.member(pool, draw.word())
        }
    };
    match activity.subject {
        Subject::Site => Name::Site(member(Pool::Web, draw), usual_host(draw)),
        Subject::Made(style) => Name::Made(style, draw.word()),
        Subject::Fixed(names) => Name::Fixed(names[draw.harmonic(names.len())]),
        Subject::Of(style, pool) => {
            let of = member(pool, draw);
            // Some names have many forms, some few; a host has one.
            let seed = match style {
                Style::Deep => draw.below(24) as u32,
                Style::Reverse | Style::Inside | Style::Domain => 0,
                Style::Blocklist | Style::Policy => draw.below(8) as u32,
                _ => draw.word() as u32,
            };
            Name::Of(style, of, seed)
        }
    }
}
