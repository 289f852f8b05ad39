//! How it began: what is fetched by programs and by deceived browsers, and what is left on servers.

use super::scene::Scene;
use crate::names::{ALNUM, BASE64, HEX};
use crate::population::Pool;
use crate::proxy::agent::Agent;
use crate::proxy::request::{Content, Method, Row, Status, UNKNOWN};
use crate::proxy::url::Host;

/// T1059.001: a macro starts PowerShell, which fetches its stages and says so in its agent.
pub(super) fn powershell(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let host = scene.host(&domain);
    let agent = scene
        .agent("Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.14393.0");
    let stages = scene.draw.between(4, 9);
    let mut second = scene.between(8.5, 16.0);
    for stage in 0..stages {
        let file = scene.data(ALNUM, 6);
        let end = scene.draw.pick(&["ps1", "txt", "dat", "png"]);
        let row = Row {
            path: scene.path(&format!("/{file}.{end}"), "-"),
            agent,
            content: scene.draw.pick(&[Content::Plain, Content::Bytes]),
            known: false,
            ..scene.plain(from, host, 80)
        };
        let down = scene
            .draw
            .log_normal(if stage == 0 { 3_000.0 } else { 90_000.0 }, 0.9);
        scene.tell(row, second, Status::Ok, (0.0, down));
        second += scene.draw.between(2, 600);
    }
    format!(
        "PowerShell on {} fetched {stages} files from {domain}",
        scene.address(from)
    )
}

/// T1105, ingress tool transfer: `certutil -urlcache` asks twice for each file, with two agents.
pub(super) fn certutil(scene: &mut Scene<'_>) -> String {
    let (from, to) = (scene.victim(), scene.outsider());
    let agents = [
        scene.agent("Microsoft-CryptoAPI/10.0"),
        scene.agent("CertUtil URL Agent"),
    ];
    let files = scene.draw.between(2, 5);
    let port = scene.draw.pick(&[80, 8080, 8000]);
    let mut second = scene.draw.between(0, 84_000);
    for _ in 0..files {
        let name = scene.data(ALNUM, 5);
        let end = scene.draw.pick(&["exe", "txt", "crt", "b64"]);
        let down = scene.draw.log_normal(300_000.0, 0.9);
        for agent in agents {
            let row = Row {
                path: scene.path(&format!("/{name}.{end}"), "-"),
                agent,
                content: Content::Bytes,
                category: UNKNOWN,
                known: false,
                ..scene.plain(from, Host::Address(to), port)
            };
            scene.tell(row, second, Status::Ok, (0.0, down));
            second += scene.draw.between(1, 3);
        }
        second += scene.draw.between(10, 400);
    }
    format!(
        "certutil on {} fetched {files} files from {}",
        scene.address(from),
        scene.address(to)
    )
}

/// T1105: a downloader without an agent fetches programs from an address, on an odd port.
pub(super) fn program_from_address(scene: &mut Scene<'_>) -> String {
    let (from, to) = (scene.victim(), scene.outsider());
    let port = scene.draw.pick(&[80, 81, 8081, 7777, 9090, 8443]);
    let files = scene.draw.between(4, 9);
    let mut second = scene.draw.between(0, 81_000);
    for _ in 0..files {
        let name = scene
            .draw
            .pick(&["svchost", "update", "1", "cc", "win64", "x", "inst"]);
        let number = scene.draw.between(1, 99);
        let row = Row {
            path: scene.path(&format!("/{name}{number}.exe"), "-"),
            agent: Agent::Silent,
            content: scene.draw.pick(&[Content::Program, Content::Bytes]),
            category: UNKNOWN,
            known: false,
            ..scene.plain(from, Host::Address(to), port)
        };
        let status = if scene.draw.chance(0.2) {
            Status::NotFound
        } else {
            Status::Ok
        };
        let down = scene.draw.log_normal(500_000.0, 0.8);
        scene.tell(row, second, status, (0.0, down));
        second += scene.draw.between(5, 500);
    }
    format!(
        "{} fetched {files} programs from {} port {port}",
        scene.address(from),
        scene.address(to)
    )
}

/// T1189, drive-by compromise: a banner leads over two hosts to a page that attacks the browser, and
/// a program comes back. Hard: banners redirect all day.
pub(super) fn drive_by(scene: &mut Scene<'_>) -> String {
    let from = scene.any(Pool::Workstation);
    let (gate, landing) = (scene.domain(), scene.domain());
    let gates = [scene.host(&format!("track.{gate}")), scene.host(&landing)];
    let mut second = scene.between(9.0, 16.0);
    let hops = scene.draw.between(2, 4);
    for _ in 0..hops {
        let token = scene.data(BASE64, 40);
        let row = Row {
            path: scene.path("/in.cgi", &format!("?{token}")),
            ..scene.plain(from, gates[0], 80)
        };
        scene.tell(row, second, Status::Moved, (0.0, 0.0));
        second += scene.draw.between(0, 2);
    }
    for (content, size, status) in [
        (Content::Html, 72_000.0, Status::Ok),
        (Content::Flash, 46_000.0, Status::Ok),
        (Content::Bytes, 310_000.0, Status::Ok),
        (Content::Html, 0.0, Status::NotFound),
    ] {
        let (directory, token) = (scene.data(HEX, 8), scene.data(BASE64, 60));
        let row = Row {
            path: scene.path(&format!("/{directory}/index.php"), &format!("?{token}")),
            content,
            ..scene.plain(from, gates[1], 80)
        };
        let down = scene.draw.log_normal(f64::max(size, 1.0), 0.2);
        scene.tell(row, second, status, (0.0, down));
        second += scene.draw.between(1, 12);
    }
    format!(
        "a banner of {gate} led {} to {landing}, which sent a program",
        scene.address(from)
    )
}

/// T1505.003, web shell: a script that an intruder left on an internal server is called with
/// commands, from a workstation.
pub(super) fn web_shell(scene: &mut Scene<'_>) -> String {
    let (from, server) = (scene.victim(), scene.any(Pool::Intranet));
    let host = Host::Inside(server);
    let directory = scene
        .draw
        .pick(&["/uploads/", "/images/", "/aspnet_client/", "/tmp/"]);
    let file = scene
        .draw
        .pick(&["error.aspx", "img.php", "help2.jsp", "shell.aspx", "x.ashx"]);
    let calls = scene.draw.between(12, 28);
    let mut second = scene.draw.between(0, 80_000);
    for _ in 0..calls {
        let post = scene.draw.chance(0.6);
        let command = scene.data(BASE64, 24);
        let query = if post {
            "-".to_owned()
        } else {
            format!("?c={command}")
        };
        let row = Row {
            path: scene.path(&format!("{directory}{file}"), &query),
            method: if post { Method::Post } else { Method::Get },
            category: UNKNOWN,
            known: false,
            ..scene.plain(from, host, 8080)
        };
        let up = if post {
            scene.draw.log_normal(240.0, 0.7)
        } else {
            0.0
        };
        let down = scene.draw.log_normal(1_100.0, 1.2);
        scene.tell(row, second, Status::Ok, (up, down));
        second += scene.draw.between(4, 200);
    }
    format!(
        "{} called {directory}{file} on {} {calls} times",
        scene.address(from),
        scene.address(server)
    )
}
