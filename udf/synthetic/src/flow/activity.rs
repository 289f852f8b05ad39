//! What a day of an organisation is made of: one line a kind of traffic.
//!
//! The table is the whole definition of the background. Shares and sizes are round numbers from
//! general knowledge of enterprise networks (see the folder's `README.md` for the descriptions
//! they lean on), written down before any detection was run on the result. Rare but harmless
//! kinds are as much a part of it as the common ones: a detector has to live with them.

use super::talk::Transport;
use crate::log::Recurring;
use crate::mix::{Hours, Timing};
use crate::population::Pool;

/// How a port is chosen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Port {
    /// The client's operating system chooses.
    Ephemeral,
    /// Always this one.
    Is(u16),
    /// One of these, the first more often (harmonically).
    Among(&'static [u16]),
    /// Any in this range.
    Range(u16, u16),
}

/// A size or duration: log-normal with this median and standard deviation of the logarithm.
pub(super) type Spread = (f64, f64);

/// A kind of traffic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Activity {
    /// Its part of the day's records, in thousandths (the sum is about 1000 and is normalised).
    pub(super) share: f64,
    pub(super) hours: Hours,
    pub(super) client: Pool,
    pub(super) server: Pool,
    pub(super) transport: Transport,
    pub(super) sport: Port,
    pub(super) dport: Port,
    /// Payload bytes from client to server, and back; seconds.
    pub(super) up: Spread,
    pub(super) down: Spread,
    pub(super) seconds: Spread,
    /// Payload bytes a packet, at most.
    pub(super) chunk: f64,
    /// Probability that the server answers, or refuses; else nothing comes back.
    pub(super) answered: f64,
    pub(super) refused: f64,
    /// Probability that the client asks its resolver first.
    pub(super) lookup: f64,
    /// Up to so many connections at a time.
    pub(super) fan: u32,
    /// True if each of them goes to another server.
    pub(super) sweep: bool,
    /// Probability that the server is one of the client's usual ones, and how many those are.
    pub(super) loyal: f64,
    pub(super) choices: usize,
    /// True if it happens only in every fifth minute (polling).
    pub(super) polled: bool,
    pub(super) tos: u8,
}

/// A TCP service that answers nearly always, from an ephemeral port.
const TCP: Activity = Activity {
    share: 0.0,
    hours: Hours::Office,
    client: Pool::Workstation,
    server: Pool::Web,
    transport: Transport::Tcp,
    sport: Port::Ephemeral,
    dport: Port::Is(443),
    up: (1_500.0, 1.0),
    down: (8_000.0, 1.6),
    seconds: (2.0, 1.5),
    chunk: 1_460.0,
    answered: 0.97,
    refused: 0.01,
    lookup: 0.0,
    fan: 1,
    sweep: false,
    loyal: 0.9,
    choices: 1,
    polled: false,
    tos: 0,
};

/// A request and an answer over UDP.
const UDP: Activity = Activity {
    transport: Transport::Udp,
    up: (50.0, 0.3),
    down: (150.0, 0.6),
    seconds: (0.03, 1.0),
    chunk: 1_400.0,
    answered: 0.985,
    refused: 0.002,
    ..TCP
};

/// The background, most common kinds first within each paragraph.
#[rustfmt::skip]
pub(super) const BACKGROUND: &[Activity] = &[
    // The web, directly and through the proxy.
    Activity { share: 270.0, up: (1_800.0, 1.0), down: (9_000.0, 1.8), lookup: 0.35, fan: 4, loyal: 0.4, choices: 8, ..TCP },
    Activity { share: 55.0, dport: Port::Is(443), up: (3_500.0, 1.0), down: (14_000.0, 1.9), seconds: (12.0, 1.5), chunk: 1_250.0, lookup: 0.3, fan: 2, loyal: 0.4, choices: 8, ..UDP },
    Activity { share: 35.0, dport: Port::Is(80), up: (500.0, 0.8), down: (4_000.0, 1.9), lookup: 0.35, fan: 3, loyal: 0.3, choices: 8, ..TCP },
    Activity { share: 25.0, server: Pool::Proxy, dport: Port::Is(3128), up: (1_200.0, 1.0), down: (9_000.0, 1.7), fan: 3, ..TCP },
    Activity { share: 25.0, hours: Hours::Office, client: Pool::Proxy, up: (1_300.0, 1.0), down: (9_000.0, 1.7), lookup: 0.1, loyal: 0.0, ..TCP },
    Activity { share: 8.0, hours: Hours::Always, dport: Port::Among(&[5228, 5223]), up: (300.0, 0.7), down: (400.0, 0.7), seconds: (240.0, 0.8), choices: 2, ..TCP },
    Activity { share: 3.0, up: (2e6, 1.8), down: (6_000.0, 1.0), seconds: (30.0, 1.2), lookup: 0.4, choices: 2, ..TCP },
    Activity { share: 3.0, dport: Port::Among(&[8443, 8080, 4443, 8000, 9443, 2083, 10443]), up: (1_500.0, 1.1), down: (8_000.0, 1.7), lookup: 0.4, loyal: 0.5, choices: 3, ..TCP },
    Activity { share: 12.0, client: Pool::Workstation6, server: Pool::Web6, up: (1_800.0, 1.0), down: (9_000.0, 1.8), fan: 3, loyal: 0.4, choices: 6, ..TCP },
    Activity { share: 5.0, client: Pool::Workstation6, server: Pool::Web6, up: (3_500.0, 1.0), down: (14_000.0, 1.9), seconds: (12.0, 1.5), chunk: 1_232.0, loyal: 0.4, choices: 6, ..UDP },

    // Names, time, addresses.
    Activity { share: 110.0, server: Pool::Resolver, dport: Port::Is(53), up: (38.0, 0.25), down: (110.0, 0.6), fan: 2, ..UDP },
    Activity { share: 20.0, hours: Hours::Always, client: Pool::AnyServer, server: Pool::Resolver, dport: Port::Is(53), up: (40.0, 0.25), down: (110.0, 0.6), ..UDP },
    Activity { share: 45.0, client: Pool::Resolver, server: Pool::NameServer, dport: Port::Is(53), up: (45.0, 0.25), down: (180.0, 0.7), answered: 0.95, loyal: 0.0, ..UDP },
    Activity { share: 1.0, client: Pool::Resolver, server: Pool::NameServer, dport: Port::Is(53), up: (60.0, 0.3), down: (1_800.0, 0.5), loyal: 0.0, ..TCP },
    Activity { share: 12.0, hours: Hours::Always, client: Pool::AnyInside, server: Pool::Time, sport: Port::Is(123), dport: Port::Is(123), up: (48.0, 0.0), down: (48.0, 0.0), ..UDP },
    Activity { share: 1.0, hours: Hours::Always, client: Pool::Time, server: Pool::TimeSource, sport: Port::Is(123), dport: Port::Is(123), up: (48.0, 0.0), down: (48.0, 0.0), ..UDP },
    Activity { share: 4.0, hours: Hours::Morning, client: Pool::Workstation, server: Pool::Controller, sport: Port::Is(68), dport: Port::Is(67), up: (300.0, 0.05), down: (310.0, 0.05), ..UDP },
    Activity { share: 6.0, client: Pool::Workstation, server: Pool::Broadcast, sport: Port::Among(&[137, 138, 5353, 1900]), dport: Port::Among(&[137, 138, 5353, 1900]), up: (120.0, 0.6), answered: 0.0, refused: 0.0, loyal: 0.0, ..UDP },

    // The domain, files, mail, applications, databases.
    Activity { share: 18.0, hours: Hours::Morning, server: Pool::Controller, dport: Port::Is(88), up: (1_600.0, 0.3), down: (1_700.0, 0.3), seconds: (0.05, 0.8), fan: 2, ..TCP },
    Activity { share: 18.0, server: Pool::Controller, dport: Port::Among(&[389, 3268, 636]), up: (1_200.0, 0.8), down: (3_500.0, 1.0), seconds: (1.0, 1.5), ..TCP },
    Activity { share: 6.0, server: Pool::Controller, dport: Port::Is(389), up: (180.0, 0.2), down: (190.0, 0.2), ..UDP },
    Activity { share: 8.0, hours: Hours::Morning, server: Pool::Controller, dport: Port::Is(135), up: (400.0, 0.3), down: (350.0, 0.3), ..TCP },
    Activity { share: 8.0, hours: Hours::Morning, server: Pool::Controller, dport: Port::Range(49_664, 49_680), up: (1_500.0, 0.7), down: (1_300.0, 0.7), ..TCP },
    Activity { share: 8.0, hours: Hours::Morning, server: Pool::Controller, dport: Port::Is(445), up: (4_000.0, 0.7), down: (6_000.0, 1.0), seconds: (8.0, 0.8), ..TCP },
    Activity { share: 40.0, server: Pool::Files, dport: Port::Is(445), up: (15_000.0, 2.0), down: (60_000.0, 2.2), seconds: (20.0, 1.5), ..TCP },
    Activity { share: 18.0, server: Pool::Mail, dport: Port::Among(&[443, 993, 587]), up: (3_000.0, 1.3), down: (12_000.0, 1.8), seconds: (15.0, 1.5), fan: 2, ..TCP },
    Activity { share: 12.0, hours: Hours::Public, client: Pool::MailPeer, server: Pool::MailGateway, dport: Port::Is(25), up: (18_000.0, 1.8), down: (500.0, 0.3), seconds: (3.0, 1.0), answered: 0.93, refused: 0.03, loyal: 0.0, ..TCP },
    Activity { share: 6.0, client: Pool::MailGateway, server: Pool::MailPeer, dport: Port::Is(25), up: (14_000.0, 1.7), down: (500.0, 0.3), seconds: (3.0, 1.0), lookup: 0.5, answered: 0.93, refused: 0.02, loyal: 0.0, ..TCP },
    Activity { share: 5.0, client: Pool::MailGateway, server: Pool::Mail, dport: Port::Is(25), up: (18_000.0, 1.8), down: (500.0, 0.3), ..TCP },
    Activity { share: 40.0, server: Pool::Intranet, dport: Port::Among(&[443, 8080, 8443]), up: (1_600.0, 0.9), down: (7_000.0, 1.6), fan: 3, loyal: 0.5, choices: 3, ..TCP },
    Activity { share: 28.0, client: Pool::Intranet, server: Pool::Database, dport: Port::Among(&[1433, 5432, 1521]), up: (2_500.0, 1.2), down: (9_000.0, 1.8), seconds: (4.0, 1.8), fan: 2, ..TCP },
    Activity { share: 2.0, hours: Hours::Always, client: Pool::Database, server: Pool::Database, dport: Port::Is(5022), up: (90_000.0, 1.2), down: (3_000.0, 0.6), seconds: (300.0, 0.0), ..TCP },
    Activity { share: 5.0, server: Pool::Printer, dport: Port::Among(&[9100, 631]), up: (150_000.0, 1.5), down: (800.0, 0.5), seconds: (8.0, 1.0), ..TCP },

    // Voice and video.
    Activity { share: 5.0, hours: Hours::Always, client: Pool::Phone, server: Pool::Pbx, sport: Port::Is(5060), dport: Port::Is(5060), up: (600.0, 0.3), down: (550.0, 0.3), tos: 104, ..UDP },
    Activity { share: 6.0, client: Pool::Phone, server: Pool::Phone, sport: Port::Range(16_384, 32_767), dport: Port::Range(16_384, 32_767), up: (700_000.0, 1.2), down: (700_000.0, 1.2), seconds: (90.0, 1.1), chunk: 172.0, tos: 184, loyal: 0.3, choices: 6, ..UDP },
    Activity { share: 3.0, client: Pool::Phone, server: Pool::Pbx, sport: Port::Range(16_384, 32_767), dport: Port::Range(16_384, 32_767), up: (700_000.0, 1.2), down: (700_000.0, 1.2), seconds: (90.0, 1.1), chunk: 172.0, tos: 184, ..UDP },
    Activity { share: 6.0, dport: Port::Among(&[3478, 3479, 8801, 19_305]), up: (8e6, 1.6), down: (2e7, 1.6), seconds: (200.0, 1.0), chunk: 1_100.0, tos: 136, loyal: 0.8, choices: 2, ..UDP },

    // Administration, monitoring, backups, updates.
    Activity { share: 3.0, client: Pool::Admin, server: Pool::AnyServer, dport: Port::Is(22), up: (5_000.0, 1.4), down: (9_000.0, 1.7), seconds: (60.0, 1.6), loyal: 0.5, choices: 6, ..TCP },
    Activity { share: 1.5, client: Pool::Helpdesk, server: Pool::Workstation, dport: Port::Is(3389), up: (150_000.0, 1.2), down: (2e6, 1.2), seconds: (150.0, 1.0), loyal: 0.0, ..TCP },
    Activity { share: 1.0, client: Pool::Admin, server: Pool::AnyServer, dport: Port::Among(&[3389, 5985, 5986]), up: (60_000.0, 1.4), down: (300_000.0, 1.5), seconds: (120.0, 1.2), loyal: 0.5, choices: 5, ..TCP },
    Activity { share: 24.0, hours: Hours::Always, client: Pool::Monitor, server: Pool::AnyServer, dport: Port::Is(161), up: (90.0, 0.3), down: (260.0, 0.8), fan: 3, sweep: true, loyal: 0.0, polled: true, ..UDP },
    Activity { share: 3.0, hours: Hours::Always, client: Pool::Monitor, server: Pool::Printer, dport: Port::Is(161), up: (80.0, 0.2), down: (120.0, 0.3), loyal: 0.0, polled: true, ..UDP },
    Activity { share: 8.0, hours: Hours::Always, client: Pool::Monitor, server: Pool::AnyServer, transport: Transport::Icmp, sport: Port::Is(0), dport: Port::Is(2_048), up: (224.0, 0.0), down: (224.0, 0.0), seconds: (3.0, 0.0), chunk: 56.0, loyal: 0.0, polled: true, ..UDP },
    Activity { share: 3.0, hours: Hours::Always, client: Pool::Monitor, server: Pool::Intranet, up: (350.0, 0.1), down: (3_000.0, 0.3), seconds: (0.1, 0.5), loyal: 0.0, polled: true, ..TCP },
    Activity { share: 15.0, hours: Hours::Always, client: Pool::AnyServer, server: Pool::Log, dport: Port::Is(514), up: (900.0, 1.2), answered: 0.0, refused: 0.0, seconds: (10.0, 1.0), chunk: 400.0, ..UDP },
    Activity { share: 3.0, hours: Hours::Backup, client: Pool::AnyServer, server: Pool::Backup, dport: Port::Among(&[10_102, 10_103]), up: (4e8, 1.8), down: (600_000.0, 1.0), seconds: (200.0, 0.8), fan: 2, ..TCP },
    Activity { share: 8.0, hours: Hours::Morning, server: Pool::Update, dport: Port::Is(8530), up: (4_000.0, 0.8), down: (40_000.0, 2.4), seconds: (10.0, 1.3), fan: 2, ..TCP },
    Activity { share: 4.0, hours: Hours::Morning, dport: Port::Is(80), up: (2_000.0, 1.0), down: (5e6, 1.8), seconds: (20.0, 1.2), lookup: 0.4, loyal: 0.9, choices: 2, ..TCP },
    Activity { share: 2.0, hours: Hours::Morning, client: Pool::Device, server: Pool::Radius, dport: Port::Among(&[1812, 1813]), up: (220.0, 0.2), down: (160.0, 0.3), ..UDP },
    Activity { share: 8.0, hours: Hours::Evening, client: Pool::Scanner, server: Pool::AnyInside, dport: Port::Among(&[80, 443, 22, 445, 3389, 135, 139, 21, 23, 25, 8080, 8443, 5900, 1433, 3306, 5432, 6379, 9200, 27_017, 2049, 111, 5985, 10_000, 4444]), up: (400.0, 0.8), down: (900.0, 1.0), seconds: (0.3, 1.0), answered: 0.15, refused: 0.45, fan: 6, sweep: true, loyal: 0.0, ..TCP },

    // Seen at the perimeter: visitors, remote workers, guests, and the noise of the Internet.
    Activity { share: 28.0, hours: Hours::Public, client: Pool::Visitor, server: Pool::PublicWeb, dport: Port::Among(&[443, 80]), up: (1_200.0, 0.9), down: (15_000.0, 1.7), fan: 3, loyal: 0.0, ..TCP },
    Activity { share: 5.0, client: Pool::RemoteWorker, server: Pool::Vpn, sport: Port::Range(1_025, 65_535), dport: Port::Among(&[4500, 500]), up: (400_000.0, 2.0), down: (1.5e6, 2.0), seconds: (250.0, 0.7), chunk: 1_300.0, ..UDP },
    Activity { share: 1.5, client: Pool::Partner, server: Pool::Vpn, transport: Transport::Esp, sport: Port::Is(0), dport: Port::Is(0), up: (300_000.0, 1.8), down: (300_000.0, 1.8), seconds: (280.0, 0.3), chunk: 1_300.0, loyal: 0.0, ..UDP },
    Activity { share: 30.0, hours: Hours::Guests, client: Pool::Nat, sport: Port::Range(1_025, 65_535), up: (1_700.0, 1.1), down: (10_000.0, 1.9), fan: 3, loyal: 0.0, ..TCP },
    Activity { share: 14.0, hours: Hours::Guests, client: Pool::Nat, sport: Port::Range(1_025, 65_535), up: (3_500.0, 1.1), down: (16_000.0, 2.0), seconds: (12.0, 1.5), chunk: 1_250.0, loyal: 0.0, ..UDP },
    Activity { share: 3.0, hours: Hours::Guests, client: Pool::Nat, server: Pool::Visitor, sport: Port::Range(1_025, 65_535), dport: Port::Range(1_025, 65_535), up: (400.0, 1.8), down: (600.0, 2.2), answered: 0.5, refused: 0.02, loyal: 0.0, ..UDP },
    Activity { share: 2.0, hours: Hours::Guests, client: Pool::Nat, sport: Port::Range(1_025, 65_535), dport: Port::Among(&[993, 5222, 4070, 27_015, 1935, 8333, 6667, 5938]), up: (2_000.0, 1.4), down: (8_000.0, 1.8), seconds: (60.0, 1.4), loyal: 0.0, ..TCP },
    Activity { share: 30.0, hours: Hours::Always, client: Pool::Noise, server: Pool::Perimeter, sport: Port::Range(1_025, 65_535), dport: Port::Among(&[23, 445, 22, 80, 3389, 8080, 443, 1433, 2323, 5555, 8443, 6379, 5900, 3306, 81, 37_215, 21, 7547, 8728, 9200, 5432, 2222, 10_250, 60_001]), answered: 0.02, refused: 0.08, fan: 3, sweep: true, loyal: 0.0, ..TCP },
    Activity { share: 4.0, hours: Hours::Always, client: Pool::Noise, server: Pool::Perimeter, sport: Port::Range(1_025, 65_535), dport: Port::Range(1, 65_535), answered: 0.0, refused: 0.1, loyal: 0.0, ..TCP },
    Activity { share: 4.0, hours: Hours::Always, client: Pool::Noise, server: Pool::Perimeter, dport: Port::Among(&[5060, 123, 53, 1900, 161, 11_211, 389, 5683]), up: (120.0, 0.9), answered: 0.0, refused: 0.0, loyal: 0.0, ..UDP },
    Activity { share: 1.0, hours: Hours::Always, client: Pool::Noise, server: Pool::Perimeter, transport: Transport::Icmp, sport: Port::Is(0), dport: Port::Is(2_048), up: (56.0, 0.2), down: (56.0, 0.2), chunk: 56.0, answered: 0.7, loyal: 0.0, ..UDP },

    // Rare and harmless.
    Activity { share: 2.5, hours: Hours::Always, client: Pool::Device, dport: Port::Among(&[8883, 443, 7443]), up: (900.0, 1.0), down: (1_200.0, 1.0), seconds: (60.0, 1.0), ..TCP },
    Activity { share: 1.0, hours: Hours::Always, client: Pool::AnyInside, server: Pool::Web, transport: Transport::Icmp, sport: Port::Is(0), dport: Port::Is(2_048), up: (224.0, 0.5), down: (224.0, 0.5), seconds: (3.0, 0.3), chunk: 56.0, answered: 0.9, loyal: 0.5, ..UDP },
    Activity { share: 0.3, server: Pool::Partner, dport: Port::Among(&[21, 990]), up: (20_000.0, 2.0), down: (20_000.0, 2.0), seconds: (10.0, 1.0), loyal: 0.9, ..TCP },
    Activity { share: 0.3, hours: Hours::Evening, client: Pool::Intranet, server: Pool::Partner, dport: Port::Is(22), up: (5e6, 1.5), down: (8_000.0, 0.6), seconds: (30.0, 1.0), loyal: 0.9, ..TCP },
    Activity { share: 0.5, dport: Port::Among(&[5938, 6568]), up: (200_000.0, 1.4), down: (1e6, 1.4), seconds: (200.0, 0.8), loyal: 0.8, ..TCP },
    Activity { share: 1.0, client: Pool::Admin, server: Pool::Workstation, dport: Port::Range(1_025, 65_535), up: (3_000.0, 1.8), down: (9_000.0, 2.0), answered: 0.7, refused: 0.25, loyal: 0.6, choices: 4, ..TCP },
    Activity { share: 0.8, server: Pool::Visitor, sport: Port::Ephemeral, dport: Port::Range(1_025, 65_535), up: (1_500.0, 1.8), down: (20_000.0, 2.2), seconds: (60.0, 1.2), answered: 0.6, refused: 0.05, loyal: 0.3, choices: 4, ..UDP },
    Activity { share: 0.4, client: Pool::Admin, server: Pool::Web, dport: Port::Range(33_434, 33_464), up: (24.0, 0.2), answered: 0.0, refused: 0.3, fan: 6, loyal: 0.0, ..UDP },
    Activity { share: 0.6, client: Pool::Admin, server: Pool::Web, dport: Port::Among(&[22, 9418]), up: (8_000.0, 1.5), down: (40_000.0, 2.2), seconds: (10.0, 1.3), lookup: 0.5, loyal: 0.7, choices: 3, ..TCP },
];

impl Recurring for Activity {
    fn timing(&self) -> Timing {
        let talks = f64::from(self.fan + 1) / 2.0;
        Timing {
            share: self.share,
            hours: self.hours,
            polled: self.polled,
            rows: 2.0 * self.lookup + talks * (1.0 + self.answered + self.refused),
        }
    }
}
