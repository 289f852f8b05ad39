//! Hosts, paths and queries. A record holds how they are made; the text is written when a column
//! wants it, always the same.

use super::kind::Proxy;
use super::path;
use crate::cloud::cloud;
use crate::draw::{mix, share_of};
use crate::names::{Bits, INSIDE, machine};
use crate::population::{HostId, World};

/// Where a request goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Host {
    /// An outside site, and the number of its host name in `HOSTS`.
    Site(HostId, u8),
    /// A machine inside, by its name.
    Inside(HostId),
    /// A host by its address.
    Address(HostId),
    Named(&'static &'static str),
    /// A rented machine or content delivery network.
    Cloud(u64),
    /// Composed once, for an attack.
    Kept(u32),
}

impl Host {
    /// A number that stands for the host.
    pub(super) fn key(self) -> u64 {
        match self {
            Self::Site(host, _) | Self::Inside(host) | Self::Address(host) => mix(u64::from(host)),
            Self::Named(text) => text
                .bytes()
                .fold(3, |key: u64, byte| mix(key ^ u64::from(byte))),
            Self::Cloud(seed) => mix(seed),
            Self::Kept(number) => mix(u64::from(number) | 1 << 40),
        }
    }

    /// Appends the text.
    pub(super) fn write(self, proxy: &Proxy, world: &World, out: &mut String) {
        match self {
            Self::Site(site, sub) => proxy.sites.write_host(site, sub, out),
            Self::Inside(host) => {
                machine(world, host, out);
                out.push('.');
                out.push_str(INSIDE);
            }
            Self::Address(host) => out.push_str(world.address(host)),
            Self::Named(text) => out.push_str(text),
            Self::Cloud(seed) => cloud(&mut Bits::new(seed), out),
            Self::Kept(number) => out.push_str(proxy.texts.get(number)),
        }
    }
}

/// What a site is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// HTTP
    Plain,
    /// HTTPS, which the proxy opens.
    Opened,
    /// HTTPS, which by policy it does not open: banks, health.
    Closed,
}

impl Nature {
    /// The nature of a site.
    pub(super) fn of(site: HostId) -> Self {
        match share_of(mix(u64::from(site) ^ 0x517e)) {
            share if share < 0.25 => Self::Closed,
            share if share < 0.5 => Self::Plain,
            _ => Self::Opened,
        }
    }
}

/// The page that led to a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Referer {
    None,
    /// A page of a site: its seed.
    Page(HostId, u8, u32),
}

impl Referer {
    /// Appends the text, `-` for none.
    pub(super) fn write(self, proxy: &Proxy, world: &World, out: &mut String) {
        match self {
            Self::None => out.push('-'),
            Self::Page(site, sub, seed) => {
                out.push_str(match Nature::of(site) {
                    Nature::Plain => "http://",
                    _ => "https://",
                });
                Host::Site(site, sub).write(proxy, world, out);
                let query = Path::Made(Shape::Page, u64::from(seed)).write(proxy, out);
                if out.get(query..) == Some("-") {
                    out.truncate(query);
                }
            }
        }
    }
}

/// How a path and its query are made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path {
    /// `/`, no query.
    Root,
    Made(Shape, u64),
    /// Path and query as they stand.
    Fixed(&'static [&'static str; 2]),
    /// Path and query composed once, for an attack.
    Kept(u32, u32),
}

/// What is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Page,
    Script,
    Sheet,
    Jpeg,
    Png,
    Gif,
    Svg,
    Font,
    /// A tracker's pixel or an auction for a banner: a long query.
    Advert,
    /// What a page's script asks.
    Api,
    Search,
    /// A piece of a film.
    Chunk,
    /// A piece of an operating system's update.
    Update,
    /// What a virus scanner learns today.
    Definition,
    /// A certificate check.
    Ocsp,
    /// A file in a cloud's store.
    Sync,
    /// Has anything happened since?
    Poll,
    Telemetry,
    Internal,
    Document,
    Package,
    Feed,
}

impl Path {
    /// Appends the path and returns where in `out` the query begins, which is `-` if there is none.
    pub(super) fn write(self, proxy: &Proxy, out: &mut String) -> usize {
        match self {
            Self::Root => {
                out.push_str("/-");
                out.len() - 1
            }
            Self::Made(shape, seed) => {
                let bits = &mut Bits::new(seed ^ shape as u64);
                path::path(shape, bits, out);
                let query = out.len();
                path::query(shape, bits, out);
                if out.len() == query {
                    out.push('-');
                }
                query
            }
            Self::Fixed([path, query]) => {
                out.push_str(path);
                out.push_str(query);
                out.len() - query.len()
            }
            Self::Kept(path, query) => {
                out.push_str(proxy.texts.get(path));
                let query = proxy.texts.get(query);
                out.push_str(query);
                out.len() - query.len()
            }
        }
    }
}

/// The extension of a path, `-` for none.
pub(super) fn extension(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or_default();
    match file.rsplit_once('.') {
        Some((_, extension))
            if (1..=5).contains(&extension.len())
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            extension
        }
        _ => "-",
    }
}
