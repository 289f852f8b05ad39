//! What the web traffic of a day is made of: one line a kind of request.
//!
//! Like the table of flows it is the whole definition of the background, round numbers from general
//! knowledge, written down before any detection was run on the result. The odd and harmless kinds
//! are here on purpose: scripts with agents of their own, appliances that say nothing, uploads,
//! tunnels to odd ports, servers fetched by their address.

use super::lists::{
    AD_HOSTS, APPLIANCES, CHECK_PATHS, CHECKS, CLOUD_STORES, COLLECTORS, CRL_PATHS, CRLS, CRYPTO,
    DESKTOP, EXCHANGE, OCSP, OFFICE_HOSTS, PAC, PACKAGE_HOSTS, PACKAGERS, RADIOS, REPORTERS,
    SCRIPTS, SYNCERS, UPDATE_HOSTS, UPDATERS, VENDORS, VIDEOS, WINDOWS,
};
use super::request::{
    ADVERTS, CLIPS, Category, Content, Method, OFFICE, PLUMBING, RADIO, STORAGE, Scheme, Status,
    TECHNOLOGY, UNKNOWN,
};
use super::url::Shape;
use crate::log::Recurring;
use crate::mix::{Hours, Timing};
use crate::population::Pool;

/// Where it goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// An outside site by popularity.
    Site,
    /// One of these, the first more often (harmonically).
    Named(&'static [&'static str]),
    /// A machine inside.
    Inside(Pool),
    /// A host by its address.
    Address(Pool),
    /// A rented machine.
    Cloud,
}

/// What is fetched there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Visit {
    /// A page with all that belongs to it.
    Page,
    /// One of these.
    Fetch(&'static [Shape]),
    /// One of these paths, with their queries.
    Fixed(&'static [[&'static str; 2]]),
    /// Nothing that the proxy could see.
    Tunnel,
}

/// Who says to be asking.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who {
    Browser,
    /// One of these programs, the first more often (harmonically).
    Named(&'static [&'static str]),
    /// One of these, each client another version.
    Versioned(&'static [&'static str]),
    /// The program that belongs to the named place, in the same order.
    Paired(&'static [&'static str]),
    /// An odd program of the client's own.
    Odd,
    Silent,
}

/// A kind of request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Activity {
    /// Its part of the day's records, in thousandths.
    pub(super) share: f64,
    pub(super) hours: Hours,
    pub(super) client: Pool,
    pub(super) place: Place,
    pub(super) visit: Visit,
    pub(super) method: Method,
    pub(super) agent: Who,
    pub(super) content: &'static [Content],
    pub(super) scheme: Scheme,
    pub(super) ports: &'static [u16],
    /// None: the site's own.
    pub(super) category: Option<Category>,
    /// Bytes of the request's and of the answer's body; seconds: log-normal.
    pub(super) up: (f64, f64),
    pub(super) down: (f64, f64),
    pub(super) seconds: (f64, f64),
    /// Endings other than the usual one, with their probabilities.
    pub(super) ends: &'static [(Status, f64)],
    /// Up to so many requests at a time.
    pub(super) fan: u32,
    /// Probability that the place is one of the client's usual ones, and how many those are.
    pub(super) loyal: f64,
    pub(super) choices: usize,
    pub(super) polled: bool,
    /// True if a person is behind it, whom the proxy knows.
    pub(super) known: bool,
}

/// A person's browser fetches something from a site over HTTPS, which the proxy opens.
const GET: Activity = Activity {
    share: 0.0,
    hours: Hours::Office,
    client: Pool::Workstation,
    place: Place::Site,
    visit: Visit::Page,
    method: Method::Get,
    agent: Who::Browser,
    content: &[Content::Html],
    scheme: Scheme::Https,
    ports: &[443],
    category: None,
    up: (0.0, 0.0),
    down: (6_000.0, 1.5),
    seconds: (0.15, 1.0),
    ends: &[],
    fan: 1,
    loyal: 0.0,
    choices: 1,
    polled: false,
    known: true,
};

/// A program fetches something over plain HTTP.
const PROGRAM: Activity = Activity {
    hours: Hours::Always,
    visit: Visit::Fetch(&[Shape::Api]),
    scheme: Scheme::Http,
    ports: &[80],
    known: false,
    ..GET
};

/// Something opaque.
const TUNNEL: Activity = Activity {
    visit: Visit::Tunnel,
    method: Method::Connect,
    content: &[Content::None],
    scheme: Scheme::Tcp,
    up: (1_800.0, 1.2),
    down: (7_000.0, 1.8),
    seconds: (20.0, 1.6),
    known: false,
    ..GET
};

/// Banners: mostly found, some as redirects.
const SYNCED: &[(Status, f64)] = &[
    (Status::Moved, 0.18),
    (Status::NoContent, 0.15),
    (Status::Denied, 0.03),
];
const CACHED: &[(Status, f64)] = &[(Status::NotModified, 0.3), (Status::Hit, 0.15)];
const ROUGH: &[(Status, f64)] = &[
    (Status::NotFound, 0.08),
    (Status::Forbidden, 0.04),
    (Status::Unreachable, 0.05),
    (Status::ServerError, 0.03),
    (Status::Moved, 0.05),
];

/// The background, most common kinds first within each paragraph.
#[rustfmt::skip]
pub(super) const BACKGROUND: &[Activity] = &[
    // Browsing, and what pages do by themselves.
    Activity { share: 430.0, loyal: 0.4, choices: 10, ..GET },
    Activity { share: 75.0, place: Place::Named(AD_HOSTS), visit: Visit::Fetch(&[Shape::Advert]), content: &[Content::Gif, Content::Html, Content::Script, Content::Json, Content::None], category: Some(ADVERTS), up: (300.0, 0.8), down: (700.0, 1.2), ends: SYNCED, fan: 4, ..GET },
    Activity { share: 45.0, visit: Visit::Fetch(&[Shape::Api, Shape::Poll]), content: &[Content::Json], down: (1_200.0, 1.3), ends: &[(Status::NoContent, 0.1), (Status::Unauthorised, 0.03), (Status::NotModified, 0.1)], loyal: 0.85, choices: 3, fan: 2, ..GET },
    Activity { share: 14.0, visit: Visit::Fetch(&[Shape::Api]), method: Method::Post, content: &[Content::Json, Content::Html], up: (900.0, 1.6), down: (900.0, 1.2), ends: &[(Status::NoContent, 0.15), (Status::BadRequest, 0.02)], loyal: 0.7, choices: 5, ..GET },
    Activity { share: 8.0, visit: Visit::Fetch(&[Shape::Search]), content: &[Content::Json, Content::HtmlUtf8], down: (4_000.0, 1.0), loyal: 0.9, ..GET },
    Activity { share: 28.0, place: Place::Named(VIDEOS), visit: Visit::Fetch(&[Shape::Chunk]), content: &[Content::Video, Content::Segment], category: Some(CLIPS), down: (900_000.0, 0.7), seconds: (1.2, 0.8), ends: &[(Status::Partial, 0.4)], fan: 6, ..GET },
    Activity { share: 2.0, visit: Visit::Fetch(&[Shape::Document]), content: &[Content::Pdf], down: (500_000.0, 1.3), seconds: (1.0, 1.0), ends: CACHED, ..GET },
    Activity { share: 4.0, visit: Visit::Fetch(&[Shape::Feed]), content: &[Content::Xml], down: (12_000.0, 0.8), agent: Who::Named(&["Windows-RSS-Platform/2.0 (IE 11.0; Windows NT 6.1)", "Microsoft Outlook 16.0.4266", "FeedDemon/4.5"]), ends: CACHED, loyal: 0.95, choices: 3, scheme: Scheme::Http, ports: &[80], ..GET },
    Activity { share: 6.0, ends: &[(Status::Denied, 1.0)], visit: Visit::Fetch(&[Shape::Page, Shape::Advert]), content: &[Content::Html], ..GET },
    Activity { share: 6.0, ends: &[(Status::Authenticate, 1.0)], visit: Visit::Fetch(&[Shape::Page, Shape::Api]), known: false, content: &[Content::Html], hours: Hours::Morning, ..GET },
    Activity { share: 3.0, ends: &[(Status::Unresolved, 0.6), (Status::Unreachable, 0.4)], visit: Visit::Fetch(&[Shape::Page, Shape::Jpeg]), content: &[Content::Html], scheme: Scheme::Http, ports: &[80], ..GET },
    Activity { share: 3.0, method: Method::Options, visit: Visit::Fetch(&[Shape::Api]), content: &[Content::None], down: (0.0, 0.0), loyal: 0.6, choices: 4, ..GET },
    Activity { share: 12.0, client: Pool::Workstation6, loyal: 0.5, choices: 8, ..GET },

    // Tunnels that the proxy does not open: banks, health, programs that know their server's key.
    Activity { share: 70.0, loyal: 0.6, choices: 6, known: true, fan: 2, ..TUNNEL },
    Activity { share: 35.0, place: Place::Named(OFFICE_HOSTS), agent: Who::Paired(DESKTOP), category: Some(OFFICE), ..TUNNEL },
    Activity { share: 14.0, place: Place::Named(COLLECTORS), agent: Who::Silent, category: Some(TECHNOLOGY), up: (3_000.0, 1.0), down: (4_500.0, 0.5), hours: Hours::Always, ..TUNNEL },
    Activity { share: 12.0, place: Place::Cloud, category: Some(TECHNOLOGY), ..TUNNEL },
    Activity { share: 8.0, place: Place::Named(CLOUD_STORES), agent: Who::Paired(SYNCERS), category: Some(STORAGE), up: (60_000.0, 2.2), down: (15_000.0, 1.8), hours: Hours::Always, ..TUNNEL },
    Activity { share: 2.0, client: Pool::Device, place: Place::Cloud, agent: Who::Silent, category: Some(TECHNOLOGY), hours: Hours::Always, loyal: 0.9, ..TUNNEL },
    Activity { share: 1.0, ports: &[8443, 5228, 4443, 9443, 2083, 5223, 993, 10_443, 8883], loyal: 0.8, choices: 2, ..TUNNEL },
    Activity { share: 0.4, place: Place::Address(Pool::Web), ports: &[443, 443, 8443, 5938, 3389, 22], agent: Who::Silent, category: Some(UNKNOWN), loyal: 0.8, choices: 2, ..TUNNEL },
    Activity { share: 0.5, ends: &[(Status::Denied, 0.6), (Status::Unreachable, 0.4)], place: Place::Address(Pool::Visitor), ports: &[443, 33_033, 8080, 4001], agent: Who::Named(&["-", "Skype/7.25 (Windows)"]), category: Some(UNKNOWN), ..TUNNEL },

    // Programs.
    Activity { share: 22.0, hours: Hours::Morning, place: Place::Named(UPDATE_HOSTS), visit: Visit::Fetch(&[Shape::Update]), agent: Who::Named(WINDOWS), content: &[Content::Cabinet, Content::Bytes], category: Some(TECHNOLOGY), down: (900_000.0, 1.4), seconds: (2.0, 1.0), ends: &[(Status::Partial, 0.7), (Status::Hit, 0.1)], fan: 5, ..PROGRAM },
    Activity { share: 12.0, place: Place::Named(VENDORS), visit: Visit::Fetch(&[Shape::Definition, Shape::Api]), agent: Who::Paired(UPDATERS), content: &[Content::Zip, Content::Bytes, Content::Xml], category: Some(TECHNOLOGY), down: (60_000.0, 2.0), ends: CACHED, fan: 2, ..PROGRAM },
    Activity { share: 2.0, method: Method::Head, place: Place::Named(VENDORS), visit: Visit::Fetch(&[Shape::Update, Shape::Definition]), agent: Who::Named(WINDOWS), content: &[Content::Bytes], category: Some(TECHNOLOGY), down: (0.0, 0.0), ends: &[(Status::NotFound, 0.1), (Status::Forbidden, 0.05)], ..PROGRAM },
    Activity { share: 16.0, hours: Hours::Office, place: Place::Named(OCSP), visit: Visit::Fetch(&[Shape::Ocsp]), agent: Who::Named(CRYPTO), content: &[Content::Ocsp], category: Some(PLUMBING), down: (1_700.0, 0.15), ends: CACHED, ..PROGRAM },
    Activity { share: 6.0, hours: Hours::Office, place: Place::Named(CRLS), visit: Visit::Fixed(CRL_PATHS), agent: Who::Named(CRYPTO), content: &[Content::Crl], category: Some(PLUMBING), down: (1_100.0, 0.7), ends: CACHED, ..PROGRAM },
    Activity { share: 10.0, place: Place::Named(CHECKS), visit: Visit::Fixed(CHECK_PATHS), agent: Who::Named(&["Microsoft NCSI", "CaptiveNetworkSupport-325.10.1 wispr"]), content: &[Content::Plain, Content::Html], category: Some(TECHNOLOGY), down: (60.0, 0.3), ends: &[(Status::NoContent, 0.1)], ..PROGRAM },
    Activity { share: 22.0, place: Place::Named(COLLECTORS), visit: Visit::Fetch(&[Shape::Telemetry]), method: Method::Post, agent: Who::Paired(REPORTERS), content: &[Content::Json, Content::None], category: Some(TECHNOLOGY), scheme: Scheme::Https, ports: &[443], up: (5_000.0, 1.2), down: (120.0, 0.6), ends: &[(Status::NoContent, 0.25)], ..PROGRAM },
    Activity { share: 22.0, place: Place::Named(OFFICE_HOSTS), visit: Visit::Fetch(&[Shape::Poll]), agent: Who::Paired(DESKTOP), content: &[Content::Json, Content::Xml], category: Some(OFFICE), scheme: Scheme::Https, ports: &[443], down: (500.0, 0.9), ends: &[(Status::NoContent, 0.2), (Status::Unauthorised, 0.05)], hours: Hours::Office, known: true, ..PROGRAM },
    Activity { share: 7.0, place: Place::Named(CLOUD_STORES), visit: Visit::Fetch(&[Shape::Sync]), method: Method::Post, agent: Who::Paired(SYNCERS), content: &[Content::Json], category: Some(STORAGE), scheme: Scheme::Https, ports: &[443], up: (300_000.0, 2.2), down: (400.0, 0.5), seconds: (3.0, 1.2), hours: Hours::Office, known: true, fan: 3, ..PROGRAM },
    Activity { share: 2.0, place: Place::Named(CLOUD_STORES), visit: Visit::Fetch(&[Shape::Sync]), method: Method::Put, agent: Who::Browser, content: &[Content::None, Content::Json], category: Some(STORAGE), scheme: Scheme::Https, ports: &[443], up: (3e6, 1.8), down: (200.0, 0.5), seconds: (8.0, 1.2), ends: &[(Status::Created, 0.6)], hours: Hours::Office, known: true, ..PROGRAM },
    Activity { share: 4.0, hours: Hours::Office, place: Place::Named(RADIOS), visit: Visit::Fixed(&[["/live/high.mp3", "-"], ["/groovesalad-128-mp3", "-"], ["/1live-128.mp3", "-"]]), agent: Who::Versioned(&["NSPlayer/12.00.9600", "VLC/# LibVLC/2.2.4", "iTunes/12.4.1 (Windows; N)", "Winamp/#"]), content: &[Content::Audio], category: Some(RADIO), ports: &[80, 80, 8000, 8080], down: (2e7, 0.9), seconds: (1_200.0, 0.9), loyal: 0.9, ..PROGRAM },
    Activity { share: 5.0, client: Pool::AnyServer, place: Place::Named(PACKAGE_HOSTS), visit: Visit::Fetch(&[Shape::Package]), agent: Who::Named(PACKAGERS), content: &[Content::Bytes, Content::Html, Content::Zip], category: Some(TECHNOLOGY), down: (80_000.0, 2.0), ends: CACHED, fan: 4, ..PROGRAM },
    Activity { share: 3.0, client: Pool::Device, place: Place::Cloud, visit: Visit::Fetch(&[Shape::Telemetry, Shape::Api]), method: Method::Post, agent: Who::Versioned(APPLIANCES), content: &[Content::Json, Content::Plain], up: (700.0, 0.9), down: (150.0, 0.6), ends: ROUGH, ..PROGRAM },
    Activity { share: 1.5, client: Pool::Device, visit: Visit::Fetch(&[Shape::Api, Shape::Update]), agent: Who::Versioned(APPLIANCES), content: &[Content::Xml, Content::Bytes], loyal: 0.95, choices: 2, ..PROGRAM },
    Activity { share: 1.0, client: Pool::Printer, place: Place::Named(&["h10141.www1.hp.com", "xmpp.hpeprint.com", "remoteservices.xerox.com"]), visit: Visit::Fetch(&[Shape::Telemetry]), method: Method::Post, agent: Who::Silent, content: &[Content::Xml], up: (1_500.0, 0.6), down: (300.0, 0.4), ..PROGRAM },

    // Inside.
    Activity { share: 45.0, place: Place::Inside(Pool::Intranet), visit: Visit::Fetch(&[Shape::Internal, Shape::Internal, Shape::Jpeg, Shape::Script]), content: &[Content::HtmlUtf8, Content::Html, Content::Json], category: Some(UNKNOWN), ports: &[443, 8080, 8443], down: (7_000.0, 1.4), ends: &[(Status::NotModified, 0.2), (Status::Unauthorised, 0.08), (Status::Moved, 0.04), (Status::NotFound, 0.01), (Status::ServerError, 0.01)], fan: 4, loyal: 0.6, choices: 3, ..GET },
    Activity { share: 8.0, place: Place::Inside(Pool::Intranet), visit: Visit::Fetch(&[Shape::Internal]), method: Method::Post, content: &[Content::HtmlUtf8, Content::Json], category: Some(UNKNOWN), up: (1_500.0, 1.5), down: (4_000.0, 1.3), ends: &[(Status::Moved, 0.3), (Status::Unauthorised, 0.05)], loyal: 0.6, choices: 3, ..GET },
    Activity { share: 14.0, place: Place::Inside(Pool::Mail), visit: Visit::Fixed(EXCHANGE), method: Method::Post, agent: Who::Named(&["Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.4266; Pro)", "ExchangeServicesClient/15.00.0913.015", "MacOutlook/15.22.0"]), content: &[Content::Xml, Content::Bytes], category: Some(UNKNOWN), up: (1_200.0, 0.8), down: (2_500.0, 1.3), ends: &[(Status::Unauthorised, 0.15)], ..GET },
    Activity { share: 8.0, hours: Hours::Morning, place: Place::Named(&["wpad.corp.example.com"]), visit: Visit::Fixed(PAC), agent: Who::Named(&["WinHttp-Autoproxy-Service/5.1", "-"]), content: &[Content::Plain], category: Some(UNKNOWN), down: (2_100.0, 0.02), ends: CACHED, ..PROGRAM },
    Activity { share: 6.0, client: Pool::Monitor, place: Place::Inside(Pool::Intranet), visit: Visit::Fixed(&[["/health", "-"], ["/status", "-"], ["/", "-"]]), agent: Who::Named(&["check_http/v2.1.2 (nagios-plugins 2.1.2)"]), content: &[Content::Plain, Content::Html], category: Some(UNKNOWN), down: (300.0, 0.3), ends: &[(Status::Unreachable, 0.004)], polled: true, ..PROGRAM },
    Activity { share: 1.0, method: Method::Propfind, place: Place::Inside(Pool::Intranet), visit: Visit::Fetch(&[Shape::Internal]), agent: Who::Named(&["Microsoft-WebDAV-MiniRedir/6.1.7601", "Microsoft-WebDAV-MiniRedir/10.0.10586"]), content: &[Content::Xml], category: Some(UNKNOWN), ends: &[(Status::Unauthorised, 0.3), (Status::NotFound, 0.3)], ..GET },

    // Rare and harmless.
    Activity { share: 1.2, hours: Hours::Office, visit: Visit::Fetch(&[Shape::Api, Shape::Feed, Shape::Package, Shape::Telemetry]), agent: Who::Odd, content: &[Content::Json, Content::Xml, Content::Html, Content::Bytes], down: (2_000.0, 1.8), ends: ROUGH, loyal: 0.8, choices: 3, ..PROGRAM },
    Activity { share: 0.4, hours: Hours::Office, visit: Visit::Fetch(&[Shape::Telemetry]), method: Method::Post, agent: Who::Odd, content: &[Content::Plain, Content::Html], up: (900.0, 1.4), down: (150.0, 0.8), ends: ROUGH, loyal: 0.9, choices: 2, ..PROGRAM },
    Activity { share: 2.5, client: Pool::AnyServer, visit: Visit::Fetch(&[Shape::Api, Shape::Feed, Shape::Document]), agent: Who::Named(SCRIPTS), content: &[Content::Json, Content::Xml, Content::Plain], ends: ROUGH, loyal: 0.9, choices: 2, ..PROGRAM },
    Activity { share: 1.5, client: Pool::Admin, hours: Hours::Office, visit: Visit::Fetch(&[Shape::Package, Shape::Api, Shape::Document]), agent: Who::Named(SCRIPTS), content: &[Content::Plain, Content::Bytes, Content::Zip, Content::Json], down: (20_000.0, 2.2), ends: ROUGH, ..PROGRAM },
    Activity { share: 0.8, hours: Hours::Office, visit: Visit::Fetch(&[Shape::Api, Shape::Document]), agent: Who::Named(SCRIPTS), content: &[Content::Json, Content::Plain], ends: ROUGH, loyal: 0.9, ..PROGRAM },
    Activity { share: 0.5, hours: Hours::Office, visit: Visit::Fixed(&[["/download/setup.exe", "-"], ["/files/installer-x64.msi", "?src=www"], ["/dl/update.exe", "-"]]), content: &[Content::Program, Content::Bytes], down: (8e6, 1.2), seconds: (6.0, 0.9), known: true, ..PROGRAM },
    Activity { share: 0.4, hours: Hours::Office, place: Place::Address(Pool::Web), visit: Visit::Fetch(&[Shape::Page, Shape::Jpeg, Shape::Api]), ports: &[80, 8080, 80, 8000, 81], content: &[Content::Html, Content::Jpeg], category: Some(UNKNOWN), ends: ROUGH, loyal: 0.7, choices: 2, ..PROGRAM },
    Activity { share: 1.0, place: Place::Address(Pool::Web), visit: Visit::Fetch(&[Shape::Poll]), method: Method::Post, agent: Who::Named(&["Mozilla/4.0 (compatible; DynGate)", "-", "Shockwave Flash"]), content: &[Content::Bytes, Content::Html], category: Some(UNKNOWN), up: (200.0, 0.8), down: (250.0, 0.8), loyal: 0.9, choices: 2, fan: 3, hours: Hours::Office, ..PROGRAM },
    Activity { share: 0.5, hours: Hours::Evening, client: Pool::Scanner, place: Place::Inside(Pool::AnyServer), visit: Visit::Fixed(&[["/", "-"], ["/admin/", "-"], ["/phpmyadmin/", "-"], ["/manager/html", "-"], ["/.git/config", "-"], ["/cgi-bin/test.cgi", "?x=%3Cscript%3E"]]), agent: Who::Named(&["Mozilla/5.0 (compatible; Nessus)"]), content: &[Content::Html], category: Some(UNKNOWN), ports: &[80, 443, 8080], ends: &[(Status::NotFound, 0.6), (Status::Unreachable, 0.25), (Status::Unauthorised, 0.05)], fan: 6, ..PROGRAM },
];

impl Recurring for Activity {
    fn timing(&self) -> Timing {
        let rows = match self.visit {
            Visit::Page => super::page::ROWS,
            _ => f64::from(self.fan + 1) / 2.0,
        };
        Timing {
            share: self.share,
            hours: self.hours,
            polled: self.polled,
            rows,
        }
    }
}
