//! One request, and the vocabulary of a ProxySG access log.

use super::agent::Agent;
use super::url::{Host, Path, Referer};
use crate::log::Record;
use crate::population::HostId;

/// One request, still without text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Second of the day and, in the lower half, the fraction of the second.
    pub(super) order: u64,
    pub(super) client: HostId,
    pub(super) host: Host,
    pub(super) path: Path,
    pub(super) referer: Referer,
    pub(super) agent: Agent,
    pub(super) method: Method,
    pub(super) content: Content,
    pub(super) status: Status,
    pub(super) scheme: Scheme,
    pub(super) port: u16,
    pub(super) category: Category,
    /// True if the person is known to the proxy: she has logged in.
    pub(super) known: bool,
    /// Bytes to the client, and from it.
    pub(super) down: i32,
    pub(super) up: i32,
    pub(super) millis: i32,
}

// A slice of rows has to stay small.
const _: () = assert!(size_of::<Row>() <= 128);

impl Record for Row {
    fn order(&self) -> u64 {
        self.order
    }
}

/// A size in bytes as the log holds it.
pub(super) fn bytes(size: f64) -> i32 {
    size.clamp(0.0, 2.0e9) as i32
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Head,
    Options,
    Connect,
    Propfind,
}

impl Method {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Connect => "CONNECT",
            Self::Propfind => "PROPFIND",
        }
    }
}

/// The type of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    None,
    Html,
    HtmlUtf8,
    Script,
    Sheet,
    Gif,
    Jpeg,
    Png,
    Svg,
    Font,
    Json,
    Xml,
    Plain,
    Bytes,
    Program,
    Cabinet,
    Zip,
    Pdf,
    Video,
    Segment,
    Audio,
    Ocsp,
    Crl,
    Flash,
}

impl Content {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::None => "-",
            Self::Html => "text/html",
            Self::HtmlUtf8 => "text/html;%20charset=utf-8",
            Self::Script => "application/javascript",
            Self::Sheet => "text/css",
            Self::Gif => "image/gif",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
            Self::Font => "font/woff2",
            Self::Json => "application/json",
            Self::Xml => "text/xml;%20charset=UTF-8",
            Self::Plain => "text/plain",
            Self::Bytes => "application/octet-stream",
            Self::Program => "application/x-msdownload",
            Self::Cabinet => "application/vnd.ms-cab-compressed",
            Self::Zip => "application/zip",
            Self::Pdf => "application/pdf",
            Self::Video => "video/mp4",
            Self::Segment => "video/mp2t",
            Self::Audio => "audio/mpeg",
            Self::Ocsp => "application/ocsp-response",
            Self::Crl => "application/pkix-crl",
            Self::Flash => "application/x-shockwave-flash",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    /// From the proxy's cache.
    Hit,
    Created,
    NoContent,
    Partial,
    Moved,
    NotModified,
    BadRequest,
    /// The site wants a login.
    Unauthorised,
    Forbidden,
    /// The proxy's policy forbids it.
    Denied,
    NotFound,
    /// The proxy wants a login.
    Authenticate,
    ServerError,
    /// The name does not exist, or nobody answers.
    Unresolved,
    Unreachable,
    Tunnelled,
}

impl Status {
    /// Response code, action, filter result, exception.
    pub(super) fn parts(self) -> [&'static str; 4] {
        match self {
            Self::Ok => ["200", "TCP_NC_MISS", "OBSERVED", "-"],
            Self::Hit => ["200", "TCP_HIT", "OBSERVED", "-"],
            Self::Created => ["201", "TCP_NC_MISS", "OBSERVED", "-"],
            Self::NoContent => ["204", "TCP_NC_MISS", "OBSERVED", "-"],
            Self::Partial => ["206", "TCP_NC_MISS", "OBSERVED", "-"],
            Self::Moved => ["302", "TCP_NC_MISS", "OBSERVED", "-"],
            Self::NotModified => ["304", "TCP_HIT", "OBSERVED", "-"],
            Self::BadRequest => ["400", "TCP_NC_MISS", "OBSERVED", "-"],
            Self::Unauthorised => ["401", "TCP_NC_MISS", "OBSERVED", "-"],
            Self::Forbidden => ["403", "TCP_NC_MISS", "OBSERVED", "-"],
            Self::Denied => ["403", "TCP_DENIED", "DENIED", "content_filter_denied"],
            Self::NotFound => ["404", "TCP_NC_MISS", "OBSERVED", "-"],
            Self::Authenticate => ["407", "TCP_DENIED", "PROXIED", "authentication_failed"],
            Self::ServerError => ["500", "TCP_NC_MISS", "OBSERVED", "-"],
            Self::Unresolved => ["503", "TCP_ERR_MISS", "OBSERVED", "dns_unresolved_hostname"],
            Self::Unreachable => ["503", "TCP_ERR_MISS", "OBSERVED", "tcp_error"],
            Self::Tunnelled => ["200", "TCP_TUNNELED", "OBSERVED", "-"],
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
    /// A tunnel through the proxy.
    Tcp,
}

impl Scheme {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
        }
    }
}

/// An index into [`CATEGORIES`].
pub(super) type Category = u8;

/// What the proxy's vendor thinks of sites; the first ones more often.
pub(super) const CATEGORIES: &[&str] = &[
    "Technology/Internet",
    "Business/Economy",
    "News/Media",
    "Search Engines/Portals",
    "Shopping",
    "Content Servers",
    "Web Ads/Analytics",
    "Social Networking",
    "Entertainment",
    "Education",
    "Reference",
    "Travel",
    "Health",
    "Financial Services",
    "Audio/Video Clips",
    "Sports/Recreation",
    "none",
    "Government/Legal",
    "Job Search/Careers",
    "Restaurants/Dining/Food",
    "Uncategorized",
    "Newsgroups/Forums",
    "Games",
    "Vehicles",
    "Personal Sites",
    "Software Downloads",
    "Email",
    "Office/Business Applications",
    "File Storage/Sharing",
    "Radio/Audio Streams",
    "Non-Viewable/Infrastructure",
];

pub(super) const TECHNOLOGY: Category = 0;
pub(super) const ADVERTS: Category = 6;
pub(super) const CLIPS: Category = 14;
pub(super) const UNKNOWN: Category = 16;
pub(super) const UNCATEGORISED: Category = 20;
pub(super) const OFFICE: Category = 27;
pub(super) const STORAGE: Category = 28;
pub(super) const RADIO: Category = 29;
pub(super) const PLUMBING: Category = 30;
/// How many of the categories a site may have by itself.
pub(super) const OF_SITES: usize = 26;
