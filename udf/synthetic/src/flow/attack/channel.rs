//! How machines talk to an intruder outside: beacons, tunnels, uploads, and paid work.

use super::scene::Scene;
use crate::flow::talk::Transport;
use crate::population::Pool;

/// T1071.001, web protocols: a slow beacon over HTTPS with jitter. Hour by hour it looks like a
/// small page: expected to be missed.
pub(super) fn https_beacon(scene: &mut Scene<'_>) -> String {
    let (from, to) = (scene.victim(), scene.outsider());
    let minutes = scene.draw.between(45, 75);
    let times = scene.recurring(f64::from(minutes) * 60.0, 0.25, 32);
    for second in times {
        let mut talk = scene.tcp(from, to, 443);
        talk.up = scene.draw.log_normal(900.0, 0.1);
        talk.down = scene.draw.log_normal(3_200.0, 0.1);
        talk.seconds = scene.draw.within(0.3, 1.5);
        scene.tell(talk, second);
    }
    format!(
        "{} called home to {} port 443 about every {minutes} minutes",
        scene.address(from),
        scene.address(to)
    )
}

/// T1571, non-standard port: the same idea on a port of the attacker's choice.
pub(super) fn odd_port_beacon(scene: &mut Scene<'_>) -> String {
    let (from, to) = (scene.victim(), scene.outsider());
    let port = scene
        .draw
        .pick(&[4444, 1337, 6666, 8531, 31_337, 50_050, 7_777]);
    let minutes = scene.draw.between(50, 90);
    let times = scene.recurring(f64::from(minutes) * 60.0, 0.15, 24);
    for second in times {
        let mut talk = scene.tcp(from, to, port);
        talk.up = scene.draw.log_normal(250.0, 0.1);
        talk.down = scene.draw.log_normal(150.0, 0.2);
        talk.seconds = scene.draw.within(0.2, 1.0);
        scene.tell(talk, second);
    }
    format!(
        "{} called home to {} port {port} about every {minutes} minutes",
        scene.address(from),
        scene.address(to)
    )
}

/// T1572, protocol tunnelling: DNS questions full of data, to a server outside instead of the
/// resolver. Each flow is a burst of questions from one port, as `iodine` and `dnscat2` send.
pub(super) fn dns_tunnel(scene: &mut Scene<'_>) -> String {
    let (from, to) = (scene.victim(), scene.outsider());
    let bursts = scene.draw.between(15, 25);
    let mut second = scene.draw.between(0, 78_000);
    for _ in 0..bursts {
        let mut talk = scene.tcp(from, to, 53);
        talk.transport = Transport::Udp;
        talk.up = scene.draw.log_normal(40_000.0, 1.0);
        talk.down = scene.draw.log_normal(60_000.0, 1.2);
        talk.chunk = 210.0;
        talk.seconds = scene.draw.within(20.0, 290.0);
        scene.tell(talk, second);
        second += scene.draw.between(60, 300);
    }
    format!(
        "{} sent data to {} inside DNS questions",
        scene.address(from),
        scene.address(to)
    )
}

/// T1048, exfiltration over an alternative protocol: large uploads at night to one outside host.
pub(super) fn exfiltration(scene: &mut Scene<'_>) -> String {
    let pool = scene
        .draw
        .pick(&[Pool::Files, Pool::Database, Pool::Workstation]);
    let from = if pool == Pool::Workstation {
        scene.victim()
    } else {
        scene.any(pool)
    };
    let to = scene.outsider();
    let port = scene.draw.pick(&[22, 21, 443, 8443]);
    let pieces = scene.draw.between(3, 8);
    let mut total = 0.0;
    for _ in 0..pieces {
        let mut talk = scene.tcp(from, to, port);
        talk.up = scene.draw.log_normal(4e8, 0.8);
        talk.down = scene.draw.log_normal(40_000.0, 0.8);
        talk.seconds = scene.draw.within(100.0, 300.0);
        total += talk.up;
        let second = scene.between(0.5, 5.0);
        scene.tell(talk, second);
    }
    format!(
        "{} uploaded {:.1} GB to {} port {port} in the night",
        scene.address(from),
        total / 1e9,
        scene.address(to)
    )
}

/// T1496, resource hijacking: for an hour or two a machine keeps one Stratum connection to a mining
/// pool, which the router reports in pieces of five minutes (its active timeout).
pub(super) fn cryptomining(scene: &mut Scene<'_>) -> String {
    let pool = scene.draw.pick(&[Pool::AnyServer, Pool::Workstation]);
    let from = if pool == Pool::Workstation {
        scene.victim()
    } else {
        scene.any(pool)
    };
    let to = scene.outsider();
    let port = scene.draw.pick(&[3333, 14_444, 45_700, 5555, 7777]);
    let pieces = scene.draw.between(12, 22);
    let start = scene.draw.between(0, 79_000);
    let session = scene.tcp(from, to, port);
    for piece in 0..pieces {
        let mut talk = session;
        talk.up = scene.draw.log_normal(2_500.0, 0.4);
        talk.down = scene.draw.log_normal(6_000.0, 0.4);
        talk.chunk = 280.0;
        talk.seconds = 300.0;
        scene.tell(talk, start + piece * 300);
    }
    format!(
        "{} mined for the pool {} port {port} for {} minutes",
        scene.address(from),
        scene.address(to),
        pieces * 5
    )
}

/// T1095, non-application layer protocol: echo requests that carry data.
pub(super) fn icmp_tunnel(scene: &mut Scene<'_>) -> String {
    let (from, to) = (scene.victim(), scene.outsider());
    let bursts = scene.draw.between(10, 20);
    let mut second = scene.draw.between(0, 80_000);
    for _ in 0..bursts {
        let mut talk = scene.tcp(from, to, 8 * 256);
        talk.transport = Transport::Icmp;
        talk.sport = 0;
        talk.up = scene.draw.log_normal(90_000.0, 0.9);
        talk.down = scene.draw.log_normal(70_000.0, 0.9);
        talk.chunk = scene.draw.within(900.0, 1_400.0);
        talk.seconds = scene.draw.within(30.0, 300.0);
        scene.tell(talk, second);
        second += scene.draw.between(60, 300);
    }
    format!(
        "{} tunnelled through echo requests to {}",
        scene.address(from),
        scene.address(to)
    )
}

/// T1071, application layer protocol: a bot in an IRC channel.
pub(super) fn irc_bot(scene: &mut Scene<'_>) -> String {
    let pool = scene.draw.pick(&[Pool::Device, Pool::Workstation]);
    let from = if pool == Pool::Workstation {
        scene.victim()
    } else {
        scene.any(pool)
    };
    let to = scene.outsider();
    let port = scene.draw.pick(&[6667, 6667, 6697, 7000]);
    let most = scene.draw.between(8, 16) as usize;
    let times = scene.recurring(3_600.0, 0.4, most);
    for second in times {
        let mut talk = scene.tcp(from, to, port);
        talk.up = scene.draw.log_normal(300.0, 0.5);
        talk.down = scene.draw.log_normal(900.0, 0.7);
        talk.chunk = 120.0;
        talk.seconds = scene.draw.within(60.0, 300.0);
        scene.tell(talk, second);
    }
    format!(
        "{} waited for orders on IRC at {} port {port}",
        scene.address(from),
        scene.address(to)
    )
}

/// T1090.003, multi-hop proxy: Tor circuits through several relays.
pub(super) fn tor(scene: &mut Scene<'_>) -> String {
    let from = scene.victim();
    let relays = scene.draw.between(3, 6);
    for _ in 0..relays {
        let relay = scene.outsider();
        let port = scene.draw.pick(&[9001, 9001, 9030, 443]);
        for _ in 0..scene.draw.between(1, 3) {
            let mut talk = scene.tcp(from, relay, port);
            // Cells of 514 bytes.
            talk.up = (scene.draw.log_normal(60.0, 1.2).ceil()) * 514.0;
            talk.down = (scene.draw.log_normal(250.0, 1.4).ceil()) * 514.0;
            talk.seconds = scene.draw.within(30.0, 300.0);
            let second = scene.between(7.0, 23.0);
            scene.tell(talk, second);
        }
    }
    format!("{} used {relays} Tor relays", scene.address(from))
}
