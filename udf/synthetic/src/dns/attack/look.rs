//! What intruders ask to find their way, and what their victims ask.

use super::scene::Scene;
use crate::dns::name::{Name, Style};
use crate::dns::reply::{A, AAAA, ANY, AXFR, NS, Outcome, PTR, SOA};
use crate::names::{ALNUM, INSIDE};
use crate::population::Pool;

/// T1566.002: a link in a mail leads to a domain that looks familiar, registered yesterday. Ordinary
/// questions for an unknown site: expected to be missed.
pub(super) fn phishing(scene: &mut Scene<'_>) -> String {
    let brand = scene.draw.pick(&[
        "example-hr-portal",
        "examp1e-signin",
        "corp-example-sso",
        "my-example-webmail",
    ]);
    let host = scene.draw.pick(&["login", "secure", "portal", "sso"]);
    let ending = scene.draw.pick(&["com", "net", "online", "info", "co"]);
    let text = format!("{host}.{brand}.{ending}");
    let site = scene.outsider();
    let readers = scene.count(4, 9);
    let start = scene.between(8.0, 15.0);
    for _ in 0..readers {
        let client = scene.any(Pool::Workstation);
        let second = start + scene.draw.between(0, 5_400);
        scene.say(client, text.clone(), A, Outcome::Found, second);
        scene.resolving_to(site);
        scene.weighing(16);
        let asked = scene.last_order();
        if scene.draw.chance(0.5) {
            scene.say(client, text.clone(), AAAA, Outcome::Empty, second);
            scene.right_after(asked);
        }
    }
    format!("{readers} workstations followed a link to {text}")
}

/// T1189, drive-by compromise: a page's name points outside first and then at a machine inside, so
/// that its script may talk to it. Only the answers are odd: expected to be missed.
pub(super) fn rebinding(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let text = format!("{}{domain}", scene.data(ALNUM, 8));
    let (outside, inside) = (scene.outsider(), scene.any(Pool::Intranet));
    let lookups = scene.count(6, 14);
    let mut second = scene.draw.between(0, 85_000);
    for i in 0..lookups {
        scene.say(from, text.clone(), A, Outcome::Found, second);
        scene.resolving_to(if i % 2 == 0 { outside } else { inside });
        scene.weighing(16);
        second += scene.draw.between(2, 30);
    }
    format!(
        "{text} pointed {} at {} inside",
        scene.who(from),
        scene.who(inside)
    )
}

/// T1018, remote system discovery: all records, a zone transfer, and a list of likely names.
pub(super) fn zone(scene: &mut Scene<'_>) -> String {
    const LIKELY: &[&str] = &[
        "vcenter",
        "jenkins",
        "git",
        "jira",
        "sql",
        "sql01",
        "test",
        "dev",
        "backup01",
        "citrix",
        "exchange",
        "sharepoint",
        "ftp",
        "admin",
        "sccm",
        "vault",
        "nas01",
        "erp",
        "sap",
        "hr",
        "payroll",
        "camera",
        "esx01",
        "k8s",
        "gitlab",
        "wiki",
        "grafana",
        "kibana",
        "radius",
    ];
    let from = scene.victim();
    let mut second = scene.draw.between(0, 84_000);
    for (kind, outcome) in [
        (SOA, Outcome::Found),
        (NS, Outcome::Found),
        (ANY, Outcome::Found),
        (AXFR, Outcome::Refused),
    ] {
        scene.ask(from, Name::Fixed(INSIDE), kind, outcome, second);
        second += scene.draw.between(1, 30);
    }
    let guesses = scene.count(14, 28);
    let first = scene.draw.below(LIKELY.len() - guesses);
    for name in &LIKELY[first..first + guesses] {
        let outcome = if scene.draw.chance(0.2) {
            Outcome::Found
        } else {
            Outcome::Missing
        };
        scene.say(from, format!("{name}.{INSIDE}"), A, outcome, second);
        second += scene.draw.between(0, 3);
    }
    format!(
        "{} asked for the whole zone and for {guesses} likely names",
        scene.who(from)
    )
}

/// T1018: the names of neighbouring addresses, one after the other. The log server asks thousands
/// of such questions: hard but for who asks.
pub(super) fn reverse_sweep(scene: &mut Scene<'_>) -> String {
    let from = scene.victim();
    let servers = scene.world.range(Pool::AnyServer);
    let hosts: Vec<u32> = servers.take(scene.count(15, 40)).collect();
    let mut second = scene.draw.between(0, 86_000);
    for &host in &hosts {
        let outcome = if scene.draw.chance(0.75) {
            Outcome::Found
        } else {
            Outcome::Missing
        };
        scene.ask(
            from,
            Name::Of(Style::Reverse, host, 0),
            PTR,
            outcome,
            second,
        );
        second += scene.draw.pick(&[0, 0, 0, 1]);
    }
    format!(
        "{} asked for the names of {} servers' addresses",
        scene.who(from),
        hosts.len()
    )
}
