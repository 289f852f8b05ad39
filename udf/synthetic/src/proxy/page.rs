//! A page and what a browser fetches with it.

use super::line::request;
use super::request::{ADVERTS, Content, Method, Row, Scheme, Status};
use super::url::{Host, Nature, Path, Referer, Shape};
use crate::draw::{Draw, mix};
use crate::log::{later, order};
use crate::mix::Moment;
use crate::names::usual_host;
use crate::population::{HostId, Pool};

/// The most that a page fetches, and how many lines a visit leaves on average.
const MOST: u32 = 22;
pub(super) const ROWS: f64 = 0.75 * (2.0 + MOST as f64 / 2.0) + 0.25 * 2.5;

/// A part of a page: shape, type, median size, spread, and how many in a hundred.
type Part = (Shape, Content, f64, f64, u32);
#[rustfmt::skip]
const PARTS: &[Part] = &[
    (Shape::Jpeg, Content::Jpeg, 14_000.0, 1.3, 22), (Shape::Png, Content::Png, 5_000.0, 1.4, 12),
    (Shape::Gif, Content::Gif, 600.0, 1.0, 6), (Shape::Svg, Content::Svg, 1_500.0, 0.9, 3),
    (Shape::Script, Content::Script, 18_000.0, 1.3, 21), (Shape::Sheet, Content::Sheet, 9_000.0, 1.1, 9),
    (Shape::Font, Content::Font, 22_000.0, 0.4, 4), (Shape::Api, Content::Json, 1_100.0, 1.3, 8),
    (Shape::Advert, Content::Gif, 60.0, 0.8, 10), (Shape::Advert, Content::Html, 1_800.0, 1.0, 5),
];

/// One visit: the page, then its parts within some seconds of the slice.
pub(super) fn load(
    client: HostId,
    site: HostId,
    second: u32,
    moment: &Moment<'_>,
    draw: &mut Draw,
    rows: &mut Vec<Row>,
) {
    let world = moment.world;
    let nature = Nature::of(site);
    let sub = usual_host(draw);
    let mut time = order(second, draw);
    if nature == Nature::Closed {
        for _ in 0..draw.between(1, 4) {
            let host = Host::Site(site, usual_host(draw));
            let mut row = Row {
                method: Method::Connect,
                content: Content::None,
                scheme: Scheme::Tcp,
                ..request(time, client, host)
            };
            let (up, down) = (
                draw.log_normal(2_200.0, 1.1),
                draw.log_normal(18_000.0, 1.7),
            );
            let seconds = draw.log_normal(15.0, 1.4);
            row.transfer(Status::Tunnelled, up, down, seconds, draw);
            rows.push(row);
            time = later(time, draw);
        }
        return;
    }
    let connect = |row: &mut Row| {
        if nature == Nature::Plain {
            (row.scheme, row.port) = (Scheme::Http, 80);
        }
    };
    let seed = draw.word() as u32 & 0x3ff;
    let mut row = Row {
        path: Path::Made(Shape::Page, u64::from(seed)),
        content: draw.pick(&[Content::Html, Content::HtmlUtf8, Content::HtmlUtf8]),
        ..request(time, client, Host::Site(site, sub))
    };
    connect(&mut row);
    let status = match draw.unit() {
        u if u < 0.9 => Status::Ok,
        u if u < 0.95 => Status::Moved,
        u if u < 0.97 => Status::NotModified,
        u if u < 0.985 => Status::NotFound,
        u if u < 0.992 => Status::Unreachable,
        _ => Status::ServerError,
    };
    let (down, seconds) = (draw.log_normal(22_000.0, 1.1), draw.log_normal(0.35, 0.8));
    row.transfer(status, 0.0, down, seconds, draw);
    rows.push(row);
    if status != Status::Ok {
        return;
    }
    let page = Referer::Page(site, sub, seed);
    let mut at = second;
    for i in 0..draw.between(0, MOST) {
        if i % 6 == 5 && at + 1 < moment.start + moment.length {
            at += 1;
            time = order(at, draw);
        }
        let (shape, content, size, sigma, _) = part(draw);
        let advert = shape == Shape::Advert;
        // Parts come from the site, from a sister host, or (banners always) from elsewhere.
        let host = match draw.unit() {
            _ if advert => Host::Site(world.member(Pool::Web, draw.word()), usual_host(draw)),
            u if u < 0.6 => Host::Site(site, sub),
            u if u < 0.85 => Host::Site(site, 3 + (draw.word() % 8) as u8),
            u if u < 0.93 => Host::Cloud(mix(u64::from(site) << 8 | (draw.word() & 3))),
            _ => Host::Site(world.member(Pool::Web, draw.word()), usual_host(draw)),
        };
        // A site has few fonts and scripts, and many pictures.
        let pictures = matches!(shape, Shape::Jpeg | Shape::Png);
        let names = if pictures { 0xfff } else { 0xf };
        let seed = if advert {
            draw.word()
        } else {
            mix(u64::from(site)) ^ (draw.word() & names)
        };
        let mut row = Row {
            path: Path::Made(shape, seed),
            content,
            referer: page,
            ..request(time, client, host)
        };
        connect(&mut row);
        if advert {
            row.category = ADVERTS;
        }
        let status = match draw.unit() {
            u if u < 0.73 => Status::Ok,
            u if u < 0.84 => Status::NotModified,
            u if u < 0.94 => Status::Hit,
            u if u < 0.965 => Status::Moved,
            u if u < 0.985 => Status::NoContent,
            u if u < 0.994 => Status::NotFound,
            u if u < 0.997 => Status::Denied,
            _ => Status::Unreachable,
        };
        let (down, seconds) = (draw.log_normal(size, sigma), draw.log_normal(0.06, 1.0));
        row.transfer(status, 0.0, down, seconds, draw);
        rows.push(row);
        time = later(time, draw);
    }
}

/// A random part of a page.
fn part(draw: &mut Draw) -> Part {
    let mut chance = draw.between(0, 99);
    for part in PARTS {
        if chance < part.4 {
            return *part;
        }
        chance -= part.4;
    }
    PARTS[0]
}
