//! Names that malware makes up, and names that move.

use super::scene::Scene;
use crate::dns::reply::{A, Outcome};
use crate::names::{ALNUM, LOWER, WORDS};
use crate::population::Pool;

/// T1568.002: random letters under the usual endings, until one is registered.
pub(super) fn random(scene: &mut Scene<'_>) -> String {
    let ending = scene.draw.pick(&[".com", ".net", ".org"]);
    try_names(scene, 25, 45, 20, |scene| {
        let count = scene.count(11, 18);
        format!("{}{ending}", scene.data(LOWER, count))
    })
}

/// T1568.002: words, as companies have. Expected to be missed but for the NXDOMAIN.
pub(super) fn words(scene: &mut Scene<'_>) -> String {
    try_names(scene, 18, 30, 90, |scene| {
        let [first, second, third] = [(); 3].map(|()| scene.draw.pick(WORDS));
        format!("{first}{second}{third}.net")
    })
}

/// T1568.002: seeded by the date, under endings of every kind; a recipe that takes country codes
/// and the old generic endings only sees no domain in a third of them.
pub(super) fn dated(scene: &mut Scene<'_>) -> String {
    try_names(scene, 20, 35, 40, |scene| {
        let ending = scene.draw.pick(&[
            ".ru", ".info", ".biz", ".ws", ".cc", ".pw", ".xyz", ".su", ".top", ".eu", ".in",
        ]);
        let count = scene.count(7, 12);
        let alphabet = scene.draw.pick(&[LOWER, ALNUM]);
        format!("{}{ending}", scene.data(alphabet, count))
    })
}

/// An infected machine tries names, some seconds (up to `pause`) apart; the last one exists.
fn try_names(
    scene: &mut Scene<'_>,
    least: u32,
    most: u32,
    pause: u32,
    make: impl Fn(&mut Scene<'_>) -> String,
) -> String {
    let from = scene.victim();
    let tried = scene.count(least, most);
    let mut second = scene.draw.between(0, 82_000);
    let mut found = String::new();
    for i in 0..tried {
        found = make(scene);
        let outcome = if i + 1 == tried {
            Outcome::Found
        } else {
            Outcome::Missing
        };
        scene.say(from, found.clone(), A, outcome, second);
        second += scene.draw.between(1, pause);
    }
    format!(
        "{} tried {tried} generated names until {found} existed",
        scene.who(from)
    )
}

/// T1568.001: a name that lives on a botnet: every answer lists other addresses, and many.
pub(super) fn fast_flux(scene: &mut Scene<'_>) -> String {
    let domain = scene.domain();
    let clients: Vec<_> = (0..scene.count(2, 4))
        .map(|_| scene.any(Pool::Workstation))
        .collect();
    let lookups = scene.count(14, 26);
    for _ in 0..lookups {
        let client = scene.draw.pick(&clients);
        let host = scene.draw.pick(&["", "www", "ns1"]);
        let text = if host.is_empty() {
            domain[1..].to_owned()
        } else {
            format!("{host}{domain}")
        };
        let second = scene.between(8.0, 18.0);
        scene.say(client, text, A, Outcome::Found, second);
        // Machines of private people all over the world.
        let bot = scene.any(Pool::Visitor);
        scene.resolving_to(bot);
        let addresses = scene.draw.between(5, 12);
        scene.weighing(addresses * 16);
    }
    format!(
        "{} workstations looked up {}, which had other addresses every time",
        clients.len(),
        &domain[1..]
    )
}
