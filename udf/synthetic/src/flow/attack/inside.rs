//! What an intruder does to the organisation's machines: looking, guessing, moving, spreading.

use super::scene::Scene;
use crate::flow::talk::Outcome;
use crate::population::Pool;

/// T1046, network service discovery: one workstation tries the usual ports of a few servers, in
/// minutes, as `nmap --top-ports` does.
pub(super) fn port_scan(scene: &mut Scene<'_>) -> String {
    const PORTS: [u16; 20] = [
        80, 23, 443, 21, 22, 25, 3389, 110, 445, 139, 143, 53, 135, 3306, 8080, 1723, 111, 995,
        993, 5900,
    ];
    let from = scene.victim();
    let targets = scene.draw.between(2, 4);
    let start = scene.between(9.0, 20.0).min(86_000);
    for _ in 0..targets {
        let target = scene.any(Pool::AnyServer);
        for _ in 0..scene.draw.between(10, 14) {
            let port = scene.draw.pick(&PORTS);
            let mut talk = scene.tcp(from, target, port);
            let chance = scene.draw.unit();
            talk.outcome = if chance < 0.5 {
                Outcome::Refused
            } else {
                Outcome::Silent
            };
            talk.seconds = 0.0;
            let second = start + scene.draw.between(0, 300);
            scene.tell(talk, second);
        }
    }
    format!(
        "{} tried the usual ports of {targets} servers within minutes",
        scene.address(from)
    )
}

/// T1021, remote services: at night a workstation logs on to other machines over SMB, RDP and
/// WinRM.
pub(super) fn lateral_movement(scene: &mut Scene<'_>) -> String {
    let from = scene.victim();
    let hops = scene.draw.between(6, 12);
    for _ in 0..hops {
        let pool = scene
            .draw
            .pick(&[Pool::Workstation, Pool::Workstation, Pool::AnyServer]);
        let target = scene.other(pool, from);
        let port = scene.draw.pick(&[445, 445, 3389, 5985]);
        let mut talk = scene.tcp(from, target, port);
        (talk.up, talk.down, talk.seconds) = if port == 3389 {
            (
                scene.draw.log_normal(120_000.0, 0.8),
                scene.draw.log_normal(1.5e6, 0.8),
                scene.draw.within(60.0, 290.0),
            )
        } else {
            // A tool is copied (up) and its output comes back.
            (
                scene.draw.log_normal(60_000.0, 1.2),
                scene.draw.log_normal(9_000.0, 1.0),
                scene.draw.within(2.0, 40.0),
            )
        };
        let second = scene.between(1.0, 4.5);
        scene.tell(talk, second);
    }
    format!(
        "{} logged on to {hops} other machines over SMB, RDP and WinRM in the night",
        scene.address(from)
    )
}

/// T1110, brute force: an outside address guesses SSH passwords of one host at the perimeter.
/// Attempts are alike: a key exchange and a few passwords in small packets, which is how flow-based
/// detectors know them (SSHCure, Hellemons et al. 2012).
pub(super) fn ssh_brute_force(scene: &mut Scene<'_>) -> String {
    let from = scene.outsider();
    let target = scene.any(Pool::Perimeter);
    let attempts = scene.draw.between(20, 30);
    let mut second = scene.draw.between(0, 84_000);
    for _ in 0..attempts {
        let mut talk = scene.tcp(from, target, 22);
        talk.up = scene.draw.log_normal(1_900.0, 0.15);
        talk.down = scene.draw.log_normal(2_500.0, 0.15);
        talk.seconds = scene.draw.within(4.0, 12.0);
        // Small packets: a key exchange and three passwords.
        talk.chunk = 180.0;
        scene.tell(talk, second);
        second += scene.draw.between(3, 60);
    }
    format!(
        "{} guessed {attempts} SSH passwords of {}",
        scene.address(from),
        scene.address(target)
    )
}

/// T1210, exploitation of remote services: an infected machine looks for SMB on random outside
/// addresses, as WannaCry did.
pub(super) fn worm(scene: &mut Scene<'_>) -> String {
    let from = scene.victim();
    let targets = scene.draw.between(25, 45);
    let start = scene.draw.between(0, 85_000);
    for i in 0..targets {
        // Random addresses: some happen to be known otherwise, most answer nothing.
        let target = scene.any(if i % 2 == 0 {
            Pool::Noise
        } else {
            Pool::Visitor
        });
        let mut talk = scene.tcp(from, target, 445);
        talk.outcome = if scene.draw.chance(0.08) {
            Outcome::Refused
        } else {
            Outcome::Silent
        };
        let second = start + scene.draw.between(0, 1_200);
        scene.tell(talk, second);
    }
    format!(
        "{} tried SMB on {targets} random outside addresses",
        scene.address(from)
    )
}

/// T1570, lateral tool transfer: a workstation serves tools on an odd port, others fetch them.
pub(super) fn tool_transfer(scene: &mut Scene<'_>) -> String {
    let server = scene.victim();
    let port = scene.draw.pick(&[8000, 8888, 9999, 1234]);
    let clients = scene.draw.between(5, 10);
    let size = scene.draw.log_normal(800_000.0, 0.8);
    for _ in 0..clients {
        let client = scene.other(Pool::Workstation, server);
        let mut talk = scene.tcp(client, server, port);
        talk.up = scene.draw.within(120.0, 250.0);
        // Everybody fetches the same files.
        talk.down = size + scene.draw.within(0.0, 300.0);
        talk.seconds = scene.draw.within(0.3, 3.0);
        let second = scene.between(18.0, 23.5);
        scene.tell(talk, second);
    }
    format!(
        "{clients} workstations fetched tools from {} port {port}",
        scene.address(server)
    )
}
