//! What leaves: files, and passwords.

use super::scene::Scene;
use crate::names::{ALNUM, HEX};
use crate::population::Pool;
use crate::proxy::agent::Agent;
use crate::proxy::request::{Content, Method, Row, STORAGE, Status};

/// T1567, exfiltration over web service: some archives to a file sharing site in the evening or at
/// night. Cloud stores are fed the same way by day.
pub(super) fn large_uploads(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let host = scene.host(&format!("upload.{domain}"));
    let pieces = scene.draw.between(4, 9);
    let mut total = 0.0;
    for _ in 0..pieces {
        let id = scene.data(ALNUM, 10);
        let row = Row {
            path: scene.path(&format!("/api/upload/{id}"), "-"),
            method: scene.draw.pick(&[Method::Post, Method::Put]),
            content: Content::Json,
            category: STORAGE,
            ..scene.get(from, host)
        };
        let up = scene.draw.log_normal(6e7, 0.7);
        total += up;
        let second = scene.between(19.0, 28.0);
        scene.tell(row, second, Status::Ok, (up, 220.0));
    }
    format!(
        "{} uploaded {:.0} MB to {domain} in {pieces} pieces",
        scene.address(from),
        total / 1e6
    )
}

/// T1041: the same in many small pieces, by day, over the channel of the intruder. Hard: forms and
/// telemetry are of that size.
pub(super) fn small_uploads(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let label = scene.draw.pick(&["api", "img", "cdn", "s"]);
    let host = scene.host(&format!("{label}.{domain}"));
    let pieces = scene.draw.between(30, 55);
    let session = scene.data(HEX, 16);
    let mut second = scene.between(8.5, 14.0);
    for piece in 0..pieces {
        let row = Row {
            path: scene.path("/v1/events", &format!("?s={session}&n={piece}")),
            method: Method::Post,
            content: Content::Json,
            ..scene.get(from, host)
        };
        let up = scene.draw.log_normal(38_000.0, 0.2);
        scene.tell(row, second, Status::Ok, (up, 24.0));
        second = (second + scene.draw.between(60, 420)) % 86_400;
    }
    format!(
        "{} sent {pieces} pieces of some 40 KB to {domain}",
        scene.address(from)
    )
}

/// T1566.002: some people open a page that looks like the organisation's login and type what it
/// asks for. Expected to be missed.
pub(super) fn phishing(scene: &mut Scene<'_>) -> String {
    let brand = scene.draw.pick(&[
        "example-sso-signin",
        "examp1e-webmail",
        "corp-example-login",
        "example-hr-portal",
    ]);
    let ending = scene.draw.pick(&["com", "net", "online", "info"]);
    let name = format!(
        "{}.{brand}.{ending}",
        scene.draw.pick(&["secure", "mail", "owa"])
    );
    let host = scene.host(&name);
    let readers = scene.draw.between(4, 8);
    let start = scene.between(8.5, 15.0);
    let mut caught = 0;
    for _ in 0..readers {
        let client = scene.any(Pool::Workstation);
        let token = scene.data(ALNUM, 14);
        let second = start + scene.draw.between(0, 7_000);
        let page = Row {
            path: scene.path("/owa/auth/logon.aspx", &format!("?u={token}")),
            ..scene.get(client, host)
        };
        scene.tell(page, second, Status::Ok, (0.0, 14_300.0));
        let logo = Row {
            path: scene.path("/owa/auth/logo.png", "-"),
            content: Content::Png,
            ..scene.get(client, host)
        };
        scene.tell(logo, second + 1, Status::Ok, (0.0, 6_120.0));
        if scene.draw.chance(0.6) {
            caught += 1;
            let form = Row {
                path: scene.path("/owa/auth/post.php", "-"),
                method: Method::Post,
                agent: Agent::Browser,
                ..scene.get(client, host)
            };
            let up = scene.draw.within(60.0, 130.0);
            let later = second + scene.draw.between(8, 60);
            scene.tell(form, later, Status::Moved, (up, 0.0));
        }
    }
    format!("{readers} people opened {name}, {caught} typed a password")
}
