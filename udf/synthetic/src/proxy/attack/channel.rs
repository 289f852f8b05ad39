//! How machines talk to an intruder: beacons, tunnels, paid work, and looking for him.

use super::scene::Scene;
use crate::names::{ALNUM, BASE64, HEX, LOWER};
use crate::population::Pool;
use crate::proxy::agent::Agent;
use crate::proxy::request::{Content, Method, Row, Status, UNKNOWN};
use crate::proxy::url::{Host, Path};

/// T1071.001: the browser's agent, a page's path, an aged domain, one small answer every while.
/// Expected to be missed.
pub(super) fn beacon(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let host = scene.host(&format!("www.{domain}"));
    let path = scene.draw.pick(&[
        "/submit.php",
        "/search/",
        "/jquery-3.1.0.min.js",
        "/updates.rss",
    ]);
    let minutes = scene.draw.between(25, 50);
    for second in scene.recurring(f64::from(minutes) * 60.0, 0.25, 40) {
        let id = scene.data(BASE64, 22);
        let row = Row {
            path: scene.path(path, &format!("?id={id}")),
            ..scene.get(from, host)
        };
        let down = scene.draw.log_normal(700.0, 0.3);
        scene.tell(row, second, Status::Ok, (0.0, down));
    }
    format!(
        "{} fetched {path} from {domain} about every {minutes} minutes",
        scene.address(from)
    )
}

/// T1071.001: the same with an agent that nobody else has.
pub(super) fn rare_agent_beacon(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let host = scene.host(&domain);
    let name = scene.draw.pick(&[
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1; Loader)",
        "Mozilla/5.0 (Windows; U; Windows NT 6.1; en-US) Gecko/2008",
        "WinHTTP loader/1.0",
        "HttpBot/1.4",
        "AutoHotkey",
    ]);
    let agent = scene.agent(name);
    let path = scene
        .draw
        .pick(&["/gate.php", "/panel/task", "/b/in.php", "/api/check"]);
    let minutes = scene.draw.between(30, 60);
    for second in scene.recurring(f64::from(minutes) * 60.0, 0.1, 36) {
        let row = Row {
            path: scene.path(path, "-"),
            agent,
            method: Method::Post,
            content: Content::Html,
            known: false,
            ..scene.plain(from, host, 80)
        };
        let (up, down) = (
            scene.draw.log_normal(180.0, 0.3),
            scene.draw.log_normal(40.0, 0.4),
        );
        scene.tell(row, second, Status::Ok, (up, down));
    }
    format!(
        "{} called {domain}{path} about every {minutes} minutes as \"{name}\"",
        scene.address(from)
    )
}

/// T1071.001: to an address without a name, on plain HTTP.
pub(super) fn address_beacon(scene: &mut Scene<'_>) -> String {
    let (from, to) = (scene.victim(), scene.outsider());
    let port = scene.draw.pick(&[80, 8080, 8000, 81, 8888]);
    let path = format!("/{}", scene.data(ALNUM, 4));
    let minutes = scene.draw.between(30, 70);
    for second in scene.recurring(f64::from(minutes) * 60.0, 0.2, 30) {
        let row = Row {
            path: scene.path(&path, "-"),
            content: Content::Bytes,
            category: UNKNOWN,
            ..scene.plain(from, Host::Address(to), port)
        };
        let down = scene.draw.log_normal(260.0, 0.4);
        scene.tell(row, second, Status::Ok, (0.0, down));
    }
    format!(
        "{} called {} port {port} about every {minutes} minutes",
        scene.address(from),
        scene.address(to)
    )
}

/// T1102, web service: orders lie in a document at a service that everybody uses, or on a rented
/// machine. Expected to be missed.
pub(super) fn cloud_beacon(scene: &mut Scene<'_>) -> String {
    const SERVICES: &[[&str; 2]] = &[
        ["www.googleapis.com", "/drive/v3/files/"],
        ["api.github.com", "/gists/"],
        ["content.dropboxapi.com", "/2/files/download/"],
    ];
    let from = scene.victim();
    let service = scene.draw.below(SERVICES.len() + 1);
    let host = match SERVICES.get(service) {
        Some([name, _]) => Host::Named(name),
        None => Host::Cloud(scene.draw.word()),
    };
    let document = scene.data(ALNUM, 28);
    let [name, directory] = SERVICES
        .get(service)
        .copied()
        .unwrap_or(["a rented machine", "/v1/tasks/"]);
    let path = format!("{directory}{document}");
    let minutes = scene.draw.between(30, 60);
    for second in scene.recurring(f64::from(minutes) * 60.0, 0.3, 36) {
        let row = Row {
            path: scene.path(&path, "-"),
            content: Content::Json,
            ..scene.get(from, host)
        };
        let changed = scene.draw.chance(0.2);
        let status = if changed {
            Status::Ok
        } else {
            Status::NotModified
        };
        let down = scene.draw.log_normal(900.0, 0.5);
        scene.tell(row, second, status, (0.0, down));
    }
    format!(
        "{} read its orders from {name} about every {minutes} minutes",
        scene.address(from)
    )
}

/// T1090.004, domain fronting: tunnels that name a content delivery network's host. Expected to be
/// missed.
pub(super) fn fronted_tunnel(scene: &mut Scene<'_>) -> String {
    let from = scene.victim();
    let host = Host::Cloud(scene.draw.word());
    let tunnels = scene.draw.between(12, 25);
    let mut second = scene.draw.between(0, 40_000);
    for _ in 0..tunnels {
        let row = scene.connect(from, host, 443);
        let (up, down) = (
            scene.draw.log_normal(2_500.0, 0.4),
            scene.draw.log_normal(5_000.0, 0.6),
        );
        scene.tell(row, second, Status::Tunnelled, (up, down));
        second += scene.draw.between(300, 1_800);
    }
    format!(
        "{} opened {tunnels} tunnels to a content delivery network for somebody behind it",
        scene.address(from)
    )
}

/// T1571, non-standard port: a reverse shell through the proxy.
pub(super) fn odd_tunnel(scene: &mut Scene<'_>) -> String {
    let (from, to) = (scene.victim(), scene.outsider());
    let port = scene.draw.pick(&[4444, 22, 8443, 53, 1337, 9001]);
    let tunnels = scene.draw.between(6, 14);
    let mut second = scene.draw.between(0, 64_000);
    for i in 0..tunnels {
        let row = Row {
            agent: Agent::Silent,
            category: UNKNOWN,
            known: false,
            ..scene.connect(from, Host::Address(to), port)
        };
        let status = if i == 0 {
            Status::Unreachable
        } else {
            Status::Tunnelled
        };
        let (up, down) = (
            scene.draw.log_normal(9_000.0, 1.2),
            scene.draw.log_normal(4_000.0, 1.0),
        );
        scene.tell(row, second, status, (up, down));
        second += scene.draw.between(60, 1_500);
    }
    format!(
        "{} opened {tunnels} tunnels to {} port {port}",
        scene.address(from),
        scene.address(to)
    )
}

/// T1496: a mining pool over CONNECT, reconnecting whenever the proxy closes the tunnel.
pub(super) fn miner(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let label = scene.draw.pick(&["xmr", "eu", "stratum"]);
    let host = scene.host(&format!("{label}.pool.{domain}"));
    let port = scene.draw.pick(&[3333, 443, 14_444, 5555, 45_700]);
    let tunnels = scene.draw.between(10, 20);
    let mut second = scene.between(19.0, 23.0);
    for _ in 0..tunnels {
        let row = Row {
            agent: Agent::Silent,
            known: false,
            ..scene.connect(from, host, port)
        };
        let (up, down) = (
            scene.draw.log_normal(6_000.0, 0.4),
            scene.draw.log_normal(15_000.0, 0.4),
        );
        scene.tell(row, second, Status::Tunnelled, (up, down));
        second = (second + scene.draw.between(600, 1_500)) % 86_400;
    }
    format!(
        "{} mined for a pool at {domain} port {port}",
        scene.address(from)
    )
}

/// T1568.002: generated names, most of which do not exist; the proxy says 503, a parked site 404.
pub(super) fn generated_hosts(scene: &mut Scene<'_>) -> String {
    let from = scene.any(Pool::Workstation);
    let tried = scene.draw.between(18, 32);
    let mut second = scene.draw.between(0, 84_000);
    let agent = if scene.draw.chance(0.5) {
        Agent::Browser
    } else {
        Agent::Silent
    };
    for i in 0..tried {
        let count = 9 + scene.draw.below(8);
        let ending = scene.draw.pick(&[".com", ".net", ".info", ".ru", ".biz"]);
        let name = format!("{}{ending}", scene.data(LOWER, count));
        let host = scene.host(&name);
        let token = scene.data(HEX, 12);
        let row = Row {
            path: if i % 3 == 0 {
                Path::Root
            } else {
                scene.path("/forum.php", &format!("?v={token}"))
            },
            agent,
            ..scene.plain(from, host, 80)
        };
        let status = match scene.draw.unit() {
            _ if i + 1 == tried => Status::Ok,
            u if u < 0.8 => Status::Unresolved,
            _ => Status::NotFound,
        };
        let down = scene.draw.log_normal(900.0, 0.6);
        scene.tell(row, second, status, (0.0, down));
        second += scene.draw.between(2, 40);
    }
    format!(
        "{} tried {tried} hosts with generated names",
        scene.address(from)
    )
}
