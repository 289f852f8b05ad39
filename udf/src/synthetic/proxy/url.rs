//! Hosts, paths and queries. A record holds how they are made; the text is written when a column
//! wants it, always the same.

use super::Proxy;
use crate::synthetic::cloud::cloud;
use crate::synthetic::draw::mix;
use crate::synthetic::names::{ALNUM, BASE64, Bits, DIGITS, HEX, INSIDE, WORDS, machine};
use crate::synthetic::population::{HostId, World};
use std::fmt::Write;

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
                out.push_str("https://");
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
    Image,
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
                path(shape, bits, out);
                let query = out.len();
                self::query(shape, bits, out);
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

fn path(shape: Shape, bits: &mut Bits, out: &mut String) {
    out.push('/');
    match shape {
        Shape::Page => page(bits, out),
        Shape::Script => {
            out.push_str(bits.pick(&[
                "js/",
                "assets/",
                "static/js/",
                "_next/static/chunks/",
                "lib/",
            ]));
            out.push_str(bits.pick(&[
                "app",
                "main",
                "vendor",
                "jquery-1.12.4",
                "bundle",
                "analytics",
            ]));
            if bits.below(2) == 0 {
                out.push('.');
                bits.letters(out, HEX, 8);
            }
            out.push_str(bits.pick(&[".js", ".min.js"]));
        }
        Shape::Sheet => {
            out.push_str(bits.pick(&["css/", "assets/", "static/css/", "themes/default/"]));
            out.push_str(bits.pick(&["main", "style", "print", "bootstrap", "layout"]));
            out.push_str(bits.pick(&[".css", ".min.css"]));
        }
        Shape::Image => {
            out.push_str(bits.pick(&[
                "img/",
                "images/",
                "media/",
                "wp-content/uploads/",
                "i/",
                "t/",
            ]));
            if bits.below(3) == 0 {
                bits.letters(out, ALNUM, 16);
            } else {
                let _ = write!(
                    out,
                    "{}/{}-{}",
                    bits.below(90),
                    bits.pick(WORDS),
                    bits.below(2_000)
                );
            }
            out.push_str(bits.pick(&[".jpg", ".png", ".gif", ".jpg", ".svg", ".webp"]));
        }
        Shape::Font => {
            out.push_str("fonts/");
            bits.spoken(out, 2);
            out.push_str(bits.pick(&["-regular.woff2", "-bold.woff2", "-webfont.woff"]));
        }
        Shape::Advert => out.push_str(bits.pick(&[
            "pixel",
            "b",
            "collect",
            "ads/ga-audiences",
            "pagead/adview",
            "hit.gif",
            "imp",
            "sync",
            "cm/push",
            "rtb/bid",
            "activityi",
            "tr/",
            "dtc",
            "event/impression",
        ])),
        Shape::Api => {
            let _ = write!(out, "api/v{}/", 1 + bits.below(3));
            out.push_str(bits.pick(WORDS));
            if bits.below(2) == 0 {
                let _ = write!(out, "/{}", bits.below(100_000));
            }
        }
        Shape::Search => out.push_str(bits.pick(&["search", "complete/search", "suggest", "s"])),
        Shape::Chunk => match bits.below(3) {
            0 => out.push_str("videoplayback"),
            1 => {
                out.push_str("vod/");
                bits.letters(out, ALNUM, 12);
                let _ = write!(out, "/seg-{}-v1-a1.ts", bits.below(900));
            }
            _ => {
                bits.letters(out, DIGITS, 9);
                let _ = write!(
                    out,
                    "/chunk-stream{}-{:05}.m4s",
                    bits.below(4),
                    bits.below(3_000)
                );
            }
        },
        Shape::Update => {
            out.push_str("d/msdownload/update/software/secu/2016/0");
            let _ = write!(
                out,
                "{}/windows6.1-kb3{}-x64_",
                1 + bits.below(9),
                100_000 + bits.below(99_999)
            );
            bits.letters(out, HEX, 40);
            out.push_str(".cab");
        }
        Shape::Definition => {
            let _ = write!(out, "defs/v5i64/{}/delta-", 20_000 + bits.below(4_000));
            bits.letters(out, DIGITS, 6);
            out.push_str(".zip");
        }
        Shape::Ocsp => {
            out.push_str("MFEwTzBNMEswSTAJBgUrDgMCGgUABBT");
            bits.letters(out, BASE64, 54);
            out.push_str("%3D");
        }
        Shape::Sync => {
            out.push_str(bits.pick(&[
                "2/files/upload_session/append_v2",
                "upload/drive/v3/files",
                "personal/documents/_api/web/upload",
                "block",
            ]));
        }
        Shape::Poll => {
            out.push_str(bits.pick(&[
                "v1/poll",
                "notifications/subscribe",
                "presence/status",
                "messages/unread",
                "sync/delta",
            ]));
        }
        Shape::Telemetry => {
            out.push_str(bits.pick(&[
                "OneCollector/1.0/",
                "v2/track",
                "telemetry/submit",
                "report/crash",
                "jserrors/1/beacon",
            ]));
        }
        Shape::Internal => {
            out.push_str(bits.pick(&[
                "apps/",
                "portal/",
                "hr/",
                "sites/projects/",
                "erp/",
                "wiki/",
            ]));
            out.push_str(bits.pick(WORDS));
            out.push_str(bits.pick(&[
                "/default.aspx",
                "/index.jsp",
                "",
                "/list",
                "/view.do",
                "/edit",
            ]));
        }
        Shape::Document => {
            out.push_str(bits.pick(&["docs/", "download/", "files/", "publications/"]));
            let _ = write!(
                out,
                "{}-{}-{}.pdf",
                bits.pick(WORDS),
                bits.pick(WORDS),
                2009 + bits.below(8)
            );
        }
        Shape::Package => {
            out.push_str(bits.pick(&["simple/", "debian/pool/main/", "packages/", "maven2/org/"]));
            bits.spoken(out, 2);
            let _ = write!(
                out,
                "/{}.{}.{}",
                bits.below(5),
                bits.below(20),
                bits.below(30)
            );
            out.push_str(bits.pick(&["", ".tar.gz", "_amd64.deb", ".jar", ".whl"]));
        }
        Shape::Feed => {
            out.push_str(bits.pick(&["rss", "feed/", "rss.xml", "atom.xml", "news/rss.php"]))
        }
    }
}

fn page(bits: &mut Bits, out: &mut String) {
    match bits.below(6) {
        0 | 1 => {}
        2 => {
            out.push_str(bits.pick(WORDS));
            out.push('/');
        }
        3 => {
            let _ = write!(
                out,
                "{}/{}",
                bits.pick(&["products", "item", "p", "story", "topic"]),
                bits.below(90_000)
            );
        }
        4 => {
            out.push_str(bits.pick(&["news", "blog", "article", "en/help", "sport"]));
            let _ = write!(
                out,
                "/{}-{}-{}",
                bits.pick(WORDS),
                bits.pick(WORDS),
                bits.pick(WORDS)
            );
            out.push_str(bits.pick(&["", ".html", "/"]));
        }
        _ => out.push_str(bits.pick(&[
            "index.php",
            "home.aspx",
            "default.htm",
            "account",
            "login",
            "cart",
        ])),
    }
}

fn query(shape: Shape, bits: &mut Bits, out: &mut String) {
    match shape {
        Shape::Page if bits.below(5) == 0 => {
            let _ = write!(out, "?id={}&ref={}", bits.below(40_000), bits.pick(WORDS));
        }
        Shape::Script | Shape::Sheet if bits.below(3) == 0 => {
            let _ = write!(out, "?v={}.{}", bits.below(9), bits.below(40));
        }
        Shape::Advert => advert(bits, out),
        Shape::Api | Shape::Poll => {
            let _ = write!(out, "?ts=14679{}", 10_000_000 + bits.below(89_999_999));
            if bits.below(2) == 0 {
                out.push_str("&session=");
                bits.letters(out, ALNUM, 20);
            }
        }
        Shape::Search => {
            let _ = write!(out, "?q={}+{}&hl=en", bits.pick(WORDS), bits.pick(WORDS));
        }
        Shape::Chunk if bits.below(3) == 0 => {
            let start = bits.below(90_000_000);
            let _ = write!(
                out,
                "?itag={}&expire=14680{}",
                bits.below(300),
                10_000 + bits.below(89_999)
            );
            let _ = write!(out, "&range={start}-{}&signature=", start + 1_048_575);
            bits.letters(out, HEX, 40);
        }
        Shape::Sync => {
            out.push_str("?uploadId=");
            bits.letters(out, BASE64, 22);
        }
        Shape::Telemetry if bits.below(2) == 0 => {
            out.push_str("?cid=");
            bits.uuid(out);
        }
        Shape::Internal if bits.below(2) == 0 => {
            let _ = write!(out, "?docid={}", bits.below(9_000));
        }
        _ => {}
    }
}

fn advert(bits: &mut Bits, out: &mut String) {
    out.push_str("?id=");
    bits.letters(out, ALNUM, 12);
    let _ = write!(
        out,
        "&cb={}&sz={}x{}",
        bits.below(999_999_999),
        100 + bits.below(900),
        50 + bits.below(600)
    );
    if bits.below(3) > 0 {
        out.push_str("&u=https%3A%2F%2Fwww.");
        bits.domain(out);
        let _ = write!(out, "%2F{}%2F{}", bits.pick(WORDS), bits.pick(WORDS));
    }
    if bits.below(2) == 0 {
        out.push_str("&uid=");
        bits.uuid(out);
        out.push_str("&gdpr=0&data=");
        let count = 20 + bits.below(160);
        bits.letters(out, BASE64, count);
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
