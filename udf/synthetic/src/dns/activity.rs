//! What the DNS traffic of a day is made of: one line a kind of question.
//!
//! Like the table of flows it is the whole definition of the background, round numbers from general
//! knowledge (the folder's `README.md` names descriptions), written down before any detection was
//! run on the result. The odd and harmless kinds are here on purpose: most of what looks like a
//! tunnel or a generated name in a real network is one of them.

use super::name::Style;
use super::reply::{A, AAAA, ANY, AXFR, CAA, DNSKEY, DS, HTTPS, MX, NS, PTR, SOA, SRV, TXT};
use crate::log::Recurring;
use crate::mix::{Hours, Timing};
use crate::population::Pool;

/// What the question is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    /// An outside site by popularity.
    Site,
    /// Bits of its own.
    Made(Style),
    /// A member of a pool: a site or a host.
    Of(Style, Pool),
    /// One of these, the first more often (harmonically).
    Fixed(&'static [&'static str]),
}

/// Which types are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Types {
    /// One of these.
    Among(&'static [u16]),
    /// A, and AAAA by clients with two stacks, and HTTPS by clients with recent browsers.
    Browser,
    /// A, and AAAA by clients with two stacks.
    Pair,
}

/// A kind of question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Activity {
    /// Its part of the day's records, in thousandths.
    pub(super) share: f64,
    pub(super) hours: Hours,
    pub(super) client: Pool,
    pub(super) server: Pool,
    pub(super) subject: Subject,
    pub(super) types: Types,
    /// Probability of NXDOMAIN, of SERVFAIL, and of no such record.
    pub(super) missing: f64,
    pub(super) failed: f64,
    pub(super) empty: f64,
    /// Up to so many names at a time.
    pub(super) fan: u32,
    /// Probability that the subject is one of the client's usual ones, and how many those are.
    pub(super) loyal: f64,
    pub(super) choices: usize,
    pub(super) polled: bool,
}

/// The commonest: a person's machine asks its resolver for a web site.
const ASK: Activity = Activity {
    share: 0.0,
    hours: Hours::Office,
    client: Pool::Workstation,
    server: Pool::Resolver,
    subject: Subject::Site,
    types: Types::Browser,
    missing: 0.004,
    failed: 0.002,
    empty: 0.0,
    fan: 1,
    loyal: 0.0,
    choices: 1,
    polled: false,
};

/// Machines that ask plainly, around the clock.
const MACHINE: Activity = Activity {
    hours: Hours::Always,
    types: Types::Among(&[A]),
    ..ASK
};

#[rustfmt::skip]
const TELEMETRY: &[&str] = &[
    "settings-win.data.microsoft.com", "v10.events.data.microsoft.com", "ctldl.windowsupdate.com",
    "www.msftconnecttest.com", "login.microsoftonline.com", "ocsp.digicert.com",
    "clients4.google.com", "safebrowsing.googleapis.com", "update.googleapis.com",
    "self.events.data.microsoft.com", "config.edge.skype.com", "array601.prod.do.dsp.mp.microsoft.com",
    "fe3cr.delivery.mp.microsoft.com", "detectportal.firefox.com", "incoming.telemetry.mozilla.org",
    "connectivitycheck.gstatic.com", "captive.apple.com", "crl3.digicert.com", "teredo.ipv6.microsoft.com",
    "dns.msftncsi.com", "wns.notify.windows.com.akadns.net", "gsp-ssl.ls.apple.com",
];
#[rustfmt::skip]
const CLOCKS: &[&str] = &[
    "time.windows.com", "0.pool.ntp.org", "1.pool.ntp.org", "2.debian.pool.ntp.org",
    "time.apple.com", "ntp.ubuntu.com", "3.pool.ntp.org",
];
#[rustfmt::skip]
const DOMAIN: &[&str] = &[
    "_ldap._tcp.Default-First-Site-Name._sites.dc._msdcs.corp.example.com",
    "_kerberos._tcp.Default-First-Site-Name._sites.dc._msdcs.corp.example.com",
    "_ldap._tcp.dc._msdcs.corp.example.com", "_kerberos._tcp.corp.example.com",
    "_ldap._tcp.pdc._msdcs.corp.example.com", "_gc._tcp.corp.example.com",
    "_ldap._tcp.c2b4f0a1-7d1e-4d0b-9b0e-2f6f0f7c1d55.domains._msdcs.corp.example.com",
];
#[rustfmt::skip]
const OWN: &[&str] = &[
    "intranet.corp.example.com", "autodiscover.corp.example.com", "wpad.corp.example.com",
    "sip.corp.example.com", "lyncdiscover.corp.example.com", "isatap.corp.example.com",
    "enterpriseregistration.corp.example.com", "www.example.com", "mail.example.com", "vpn.example.com",
];
const WATCHED: &[&str] = &[
    "www.example.com",
    "mail.example.com",
    "vpn.example.com",
    "status.partner-exchange.net",
];
const PHONES: &[&str] = &[
    "pbx1.corp.example.com",
    "fw.phones.corp.example.com",
    "rcs.telephony-cloud.net",
];
const PACKAGES: &[&str] = &[
    "deb.debian.org",
    "security.ubuntu.com",
    "registry.npmjs.org",
    "pypi.org",
    "index.docker.io",
    "proxy.golang.org",
    "repo.maven.apache.org",
];
const SOFTWARE: &[&str] = &[
    "definitions.symantec.com",
    "download.mcafee.com",
    "ardownload.adobe.com",
    "javadl-esd-secure.oracle.com",
    "download.mozilla.org",
    "sophosupd.com",
];
const ZONE: &[&str] = &[
    "corp.example.com",
    "example.com",
    "10.10.in-addr.arpa",
    "21.10.in-addr.arpa",
];

/// The background, most common kinds first within each paragraph.
#[rustfmt::skip]
pub(super) const BACKGROUND: &[Activity] = &[
    // People: pages and what they fetch from elsewhere.
    Activity { share: 310.0, fan: 5, loyal: 0.4, choices: 12, ..ASK },
    Activity { share: 60.0, subject: Subject::Made(Style::Cloud), types: Types::Pair, missing: 0.01, fan: 2, ..ASK },
    Activity { share: 50.0, subject: Subject::Of(Style::Deep, Pool::Web), types: Types::Pair, missing: 0.02, loyal: 0.3, choices: 6, ..ASK },
    Activity { share: 18.0, subject: Subject::Of(Style::Tracker, Pool::Web), types: Types::Browser, missing: 0.03, ..ASK },
    Activity { share: 1.5, subject: Subject::Made(Style::International), types: Types::Browser, missing: 0.05, ..ASK },
    Activity { share: 5.0, subject: Subject::Of(Style::Typo, Pool::Web), missing: 0.7, failed: 0.03, ..ASK },
    Activity { share: 25.0, client: Pool::Workstation6, loyal: 0.4, choices: 10, fan: 3, ..ASK },

    // Machines of people, by themselves.
    Activity { share: 75.0, subject: Subject::Fixed(TELEMETRY), types: Types::Pair, ..ASK },
    Activity { share: 15.0, client: Pool::AnyInside, subject: Subject::Fixed(TELEMETRY), ..MACHINE },
    Activity { share: 12.0, subject: Subject::Fixed(CLOCKS), client: Pool::AnyInside, ..MACHINE },
    Activity { share: 8.0, subject: Subject::Made(Style::Reputation), missing: 0.35, types: Types::Among(&[A, A, A, TXT]), ..ASK },
    Activity { share: 6.0, hours: Hours::Morning, subject: Subject::Made(Style::Probe), types: Types::Among(&[A]), missing: 0.98, fan: 5, ..ASK },
    Activity { share: 10.0, subject: Subject::Made(Style::Local), types: Types::Among(&[A, A, AAAA, PTR]), missing: 0.96, ..ASK },
    Activity { share: 22.0, subject: Subject::Of(Style::Suffixed, Pool::Web), types: Types::Pair, missing: 0.995, loyal: 0.5, choices: 4, ..ASK },
    Activity { share: 6.0, client: Pool::Phone, subject: Subject::Fixed(PHONES), types: Types::Among(&[A, SRV]), ..MACHINE },
    Activity { share: 6.0, client: Pool::Device, subject: Subject::Of(Style::Deep, Pool::Web), loyal: 0.97, choices: 2, ..MACHINE },
    Activity { share: 3.0, hours: Hours::Morning, subject: Subject::Fixed(SOFTWARE), types: Types::Pair, ..ASK },

    // The organisation's own names.
    Activity { share: 55.0, subject: Subject::Of(Style::Inside, Pool::AnyServer), types: Types::Pair, loyal: 0.7, choices: 8, missing: 0.01, ..ASK },
    Activity { share: 35.0, subject: Subject::Fixed(OWN), types: Types::Pair, missing: 0.15, ..ASK },
    Activity { share: 26.0, hours: Hours::Morning, subject: Subject::Fixed(DOMAIN), types: Types::Among(&[SRV]), missing: 0.02, ..ASK },
    Activity { share: 8.0, client: Pool::AnyServer, subject: Subject::Fixed(DOMAIN), ..MACHINE },
    Activity { share: 30.0, client: Pool::AnyServer, subject: Subject::Of(Style::Inside, Pool::AnyServer), types: Types::Pair, loyal: 0.9, choices: 4, ..MACHINE },
    Activity { share: 4.0, client: Pool::Helpdesk, subject: Subject::Of(Style::Inside, Pool::Workstation), missing: 0.05, ..ASK },
    Activity { share: 3.0, client: Pool::Workstation, subject: Subject::Fixed(ZONE), types: Types::Among(&[SOA]), hours: Hours::Morning, ..ASK },

    // Servers: logs that want names, mail that wants proof, monitoring, packages.
    Activity { share: 28.0, client: Pool::Log, subject: Subject::Of(Style::Reverse, Pool::AnyInside), types: Types::Among(&[PTR]), missing: 0.2, ..MACHINE },
    Activity { share: 8.0, client: Pool::PublicWeb, subject: Subject::Of(Style::Reverse, Pool::Visitor), types: Types::Among(&[PTR]), missing: 0.35, failed: 0.06, ..MACHINE },
    Activity { share: 3.0, subject: Subject::Of(Style::Reverse, Pool::Web), types: Types::Among(&[PTR]), missing: 0.4, failed: 0.05, ..ASK },
    Activity { share: 1.0, client: Pool::Workstation6, subject: Subject::Of(Style::Reverse, Pool::Web6), types: Types::Among(&[PTR]), missing: 0.6, ..ASK },
    Activity { share: 12.0, hours: Hours::Public, client: Pool::MailGateway, server: Pool::NameServer, subject: Subject::Of(Style::Blocklist, Pool::MailPeer), types: Types::Among(&[A, A, A, TXT]), missing: 0.9, fan: 3, ..MACHINE },
    Activity { share: 8.0, hours: Hours::Public, client: Pool::MailGateway, server: Pool::NameServer, subject: Subject::Of(Style::Reverse, Pool::MailPeer), types: Types::Among(&[PTR]), missing: 0.15, failed: 0.04, ..MACHINE },
    Activity { share: 12.0, hours: Hours::Public, client: Pool::MailGateway, server: Pool::NameServer, subject: Subject::Of(Style::Policy, Pool::Web), types: Types::Among(&[TXT]), missing: 0.12, failed: 0.02, empty: 0.1, fan: 2, ..MACHINE },
    Activity { share: 7.0, client: Pool::MailGateway, server: Pool::NameServer, subject: Subject::Of(Style::Domain, Pool::Web), types: Types::Among(&[MX, MX, MX, A]), missing: 0.03, failed: 0.03, ..MACHINE },
    Activity { share: 16.0, client: Pool::Monitor, subject: Subject::Fixed(WATCHED), polled: true, ..MACHINE },
    Activity { share: 6.0, client: Pool::Monitor, subject: Subject::Of(Style::Inside, Pool::AnyServer), polled: true, fan: 3, ..MACHINE },
    Activity { share: 4.0, client: Pool::AnyServer, subject: Subject::Fixed(PACKAGES), types: Types::Pair, ..MACHINE },
    Activity { share: 4.0, client: Pool::Proxy, types: Types::Pair, fan: 2, ..ASK },
    Activity { share: 1.5, client: Pool::PublicWeb, subject: Subject::Of(Style::Deep, Pool::Web), loyal: 0.9, choices: 3, ..MACHINE },

    // Guests, who ask servers outside.
    Activity { share: 28.0, hours: Hours::Guests, client: Pool::Nat, server: Pool::NameServer, types: Types::Browser, fan: 5, ..ASK },
    Activity { share: 5.0, hours: Hours::Guests, client: Pool::Nat, server: Pool::NameServer, subject: Subject::Made(Style::Cloud), types: Types::Pair, ..ASK },
    Activity { share: 3.0, hours: Hours::Guests, client: Pool::Nat, server: Pool::NameServer, subject: Subject::Made(Style::Local), types: Types::Among(&[A, PTR, AAAA]), missing: 0.97, ..ASK },

    // Rare and harmless.
    Activity { share: 1.0, client: Pool::Admin, subject: Subject::Of(Style::Domain, Pool::Web), types: Types::Among(&[NS, SOA, MX, TXT, ANY, CAA, DNSKEY, DS]), missing: 0.03, failed: 0.03, empty: 0.2, ..ASK },
    Activity { share: 0.5, hours: Hours::Evening, client: Pool::Scanner, subject: Subject::Of(Style::Reverse, Pool::AnyInside), types: Types::Among(&[PTR]), missing: 0.3, fan: 8, ..MACHINE },
    Activity { share: 0.4, client: Pool::Admin, subject: Subject::Fixed(ZONE), types: Types::Among(&[ANY, NS, SOA, AXFR]), ..ASK },
    Activity { share: 1.0, subject: Subject::Of(Style::Domain, Pool::Web), types: Types::Among(&[HTTPS, TXT]), empty: 0.5, ..ASK },
    Activity { share: 1.5, client: Pool::AnyServer, subject: Subject::Of(Style::Deep, Pool::Web), failed: 0.6, loyal: 0.95, ..MACHINE },
];

impl Recurring for Activity {
    fn timing(&self) -> Timing {
        let names = f64::from(self.fan + 1) / 2.0;
        let types = match self.types {
            Types::Among(_) => 1.0,
            Types::Pair => 1.0 + DUAL,
            Types::Browser => 1.0 + DUAL + RECENT,
        };
        Timing {
            share: self.share,
            hours: self.hours,
            polled: self.polled,
            rows: names * types,
        }
    }
}

/// The part of the clients that ask for AAAA records too, and for HTTPS records.
pub(super) const DUAL: f64 = 0.6;
pub(super) const RECENT: f64 = 0.35;
