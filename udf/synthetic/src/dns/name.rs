//! The names that are asked for. A record holds how its name is made; the text is written when a
//! column wants it, always the same.

use super::kind::Dns;
use super::reply::Answer;
use crate::cloud::cloud;
use crate::draw::{Draw, mix};
use crate::names::{ALNUM, BASE32, Bits, HEX, HOSTS, INSIDE, LOWER, machine};
use crate::population::{HostId, Pool, World};
use std::fmt::Write;
use std::net::IpAddr;

/// How a name is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name {
    /// An outside site, and the number of its host name in `HOSTS`.
    Site(HostId, u8),
    /// As it stands.
    Fixed(&'static str),
    /// From 64 random bits.
    Made(Style, u64),
    /// From a host or site and some bits.
    Of(Style, HostId, u32),
    /// Composed once, for an attack.
    Kept(u32),
}

/// Names that are more than a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A site's host with a number, a region or a customer in it.
    Deep,
    /// Content delivery and rented machines, with labels that nobody would remember.
    Cloud,
    /// An identifier before a tracker's domain.
    Tracker,
    /// A file's or an address's hash, asked of an antivirus vendor.
    Reputation,
    /// An address asked of a mail block list.
    Blocklist,
    /// The address of a host, reversed.
    Reverse,
    /// Mail policy of a site: SPF, DKIM, DMARC.
    Policy,
    /// A site's domain itself.
    Domain,
    /// A machine inside.
    Inside,
    /// A site's name with the organisation's search suffix.
    Suffixed,
    /// A site's name with a slip of the finger.
    Typo,
    /// A single label or `.local`, which no server outside the house knows.
    Local,
    /// What Chromium asks to find out whether somebody answers everything.
    Probe,
    /// Punycode.
    International,
}

impl Name {
    /// A number that stands for the name.
    pub(super) fn key(&self) -> u64 {
        match *self {
            Self::Site(host, sub) => mix((u64::from(host) << 8) | u64::from(sub)),
            Self::Fixed(text) => text
                .bytes()
                .fold(7, |key: u64, byte| mix(key ^ u64::from(byte))),
            Self::Made(style, seed) => mix(seed ^ style as u64),
            Self::Of(style, host, seed) => {
                mix((u64::from(host) << 32 | u64::from(seed)) ^ ((style as u64) << 56))
            }
            Self::Kept(number) => mix(0x6b65_7074 ^ u64::from(number)),
        }
    }

    /// The address that such a name has.
    pub(super) fn answer(&self, world: &World, draw: &mut Draw) -> Answer {
        match *self {
            Self::Of(Style::Inside, host, _) => Answer::Host(host),
            Self::Of(Style::Blocklist, ..) => Answer::Listed(draw.pick(&[2, 4, 4, 10, 11])),
            Self::Fixed(text) if text.ends_with(INSIDE) => {
                Answer::Host(world.member(Pool::Intranet, self.key()))
            }
            Self::Fixed(text) if text.ends_with("example.com") => {
                Answer::Host(world.member(Pool::PublicWeb, self.key()))
            }
            _ => {
                // One site in three answers from several places in turn.
                let key = self.key();
                let place = if key.is_multiple_of(3) {
                    draw.below(4)
                } else {
                    0
                };
                Answer::Host(world.member(Pool::Web, mix(key ^ place as u64)))
            }
        }
    }

    /// Appends the text.
    pub(super) fn write(&self, dns: &Dns, world: &World, out: &mut String) {
        match *self {
            Self::Site(host, sub) => {
                dns.sites.write_host(host, sub, out);
            }
            Self::Fixed(text) => out.push_str(text),
            Self::Made(style, seed) => made(style, &mut Bits::new(seed), out),
            Self::Of(style, host, seed) => {
                let bits = &mut Bits::new(u64::from(seed) ^ u64::from(host) << 32);
                about(style, host, bits, dns, world, out);
            }
            Self::Kept(number) => out.push_str(dns.texts.get(number)),
        }
    }
}

/// Names from bits alone.
fn made(style: Style, bits: &mut Bits, out: &mut String) {
    match style {
        Style::Cloud => cloud(bits, out),
        Style::Reputation => reputation(bits, out),
        Style::Local => local(bits, out),
        Style::International => {
            out.push_str("xn--");
            let syllables = 2 + bits.below(2);
            bits.spoken(out, syllables);
            out.push('-');
            let count = 3 + bits.below(3);
            bits.letters(out, ALNUM, count);
            out.push_str(bits.pick(&[".de", ".com", ".fr", ".net", ".at", ".se"]));
        }
        _ => {
            let count = 7 + bits.below(9);
            bits.letters(out, LOWER, count);
            if bits.below(2) == 0 {
                out.push('.');
                out.push_str(INSIDE);
            }
        }
    }
}

fn reputation(bits: &mut Bits, out: &mut String) {
    match bits.below(3) {
        0 => {
            bits.letters(out, BASE32, 26);
            out.push_str(".avqs.mcafee.com");
        }
        1 => {
            bits.letters(out, HEX, 16);
            out.push_str(".i.");
            bits.letters(out, HEX, 2);
            out.push_str(".s.sophosxl.net");
        }
        _ => {
            let _ = write!(out, "{}-{}", bits.below(10), bits.below(1_000));
            for count in [8, 30, 22] {
                out.push('.');
                bits.letters(out, ALNUM, count);
            }
            out.push_str(".filerep.avcloud.net");
        }
    }
}

fn local(bits: &mut Bits, out: &mut String) {
    match bits.below(8) {
        0 => out.push_str("wpad"),
        1 => out.push_str("isatap"),
        2 => out.push_str(bits.pick(&[
            "_ipp._tcp.local",
            "_airplay._tcp.local",
            "_services._dns-sd._udp.local",
        ])),
        3 => {
            bits.spoken(out, 2);
            out.push_str(bits.pick(&[
                "-macbook.local",
                "-iphone.local",
                "-pc.lan",
                ".home",
                ".fritz.box",
            ]));
        }
        4 => {
            out.push_str("brw");
            bits.letters(out, HEX, 12);
        }
        5 => out.push_str(bits.pick(&["localhost", "printer", "unifi", "router", "nas", "time"])),
        6 => out.push_str("lb._dns-sd._udp.0.4.10.10.in-addr.arpa"),
        _ => {
            bits.spoken(out, 2);
            let _ = write!(out, "{}", 1 + bits.below(9));
        }
    }
}

/// Names about a host or a site.
fn about(style: Style, host: HostId, bits: &mut Bits, dns: &Dns, world: &World, out: &mut String) {
    match style {
        Style::Blocklist => {
            reversed(world.address(host), out);
            out.push_str(bits.pick(&[
                ".zen.spamhaus.org",
                ".zen.spamhaus.org",
                ".bl.spamcop.net",
                ".b.barracudacentral.org",
                ".dnsbl.sorbs.net",
            ]));
        }
        Style::Reverse => {
            reversed(world.address(host), out);
            out.push_str(if world.host(host).v6 {
                ".ip6.arpa"
            } else {
                ".in-addr.arpa"
            });
        }
        Style::Inside => {
            machine(world, host, out);
            out.push('.');
            out.push_str(INSIDE);
        }
        Style::Deep => {
            match bits.below(5) {
                0 => bits.uuid(out),
                1 => {
                    out.push_str(bits.pick(&["prod", "eu", "us", "dc1", "node", "srv", "edge-lb"]));
                    let _ = write!(out, "-{}", bits.below(400));
                }
                2 => {
                    bits.letters(out, ALNUM, 10);
                    out.push('.');
                    out.push_str(HOSTS[2 + bits.below(HOSTS.len() - 2)]);
                }
                3 => {
                    bits.spoken(out, 3);
                    out.push_str(bits.pick(&[".blog", ".my", ".sharepoint", ".slack", ".help"]));
                }
                _ => {
                    let _ = write!(out, "p{}-", bits.below(60));
                    out.push_str(bits.pick(&["imap.mail", "caldav", "contacts.app", "content"]));
                }
            }
            out.push('.');
            out.push_str(dns.sites.site(host));
        }
        Style::Tracker => {
            let count = 16 + 8 * bits.below(3);
            bits.letters(out, HEX, count);
            out.push_str(bits.pick(&[".metrics.", ".t.", ".pixel.", ".events.", ".", ".l."]));
            out.push_str(dns.sites.site(host));
        }
        Style::Policy => {
            match bits.below(4) {
                0 => out.push_str("_dmarc."),
                1 => {
                    out.push_str(bits.pick(&["google", "selector1", "selector2", "k1", "s1024"]));
                    out.push_str("._domainkey.");
                }
                _ => {}
            }
            out.push_str(dns.sites.site(host));
        }
        Style::Suffixed => {
            out.push_str(bits.pick(&["www.", "", "api.", "cdn."]));
            out.push_str(dns.sites.site(host));
            out.push('.');
            out.push_str(INSIDE);
        }
        Style::Typo => typo(dns.sites.site(host), bits, out),
        _ => out.push_str(dns.sites.site(host)),
    }
}

/// A name with two letters exchanged, one missing or one doubled.
fn typo(name: &str, bits: &mut Bits, out: &mut String) {
    let stem = name.find('.').unwrap_or(name.len()).max(2);
    let place = bits.below(stem - 1);
    let how = bits.below(3);
    let mut letters = name.chars().enumerate().peekable();
    while let Some((i, letter)) = letters.next() {
        match (i == place, how, letters.peek()) {
            (true, 0, Some(&(_, next))) => {
                out.push(next);
                out.push(letter);
                letters.next();
            }
            (true, 1, _) => {}
            (true, _, _) => {
                out.push(letter);
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
}

/// An address as the reverse trees and block lists write it.
fn reversed(address: &str, out: &mut String) {
    match address.parse() {
        Ok(IpAddr::V4(address)) => {
            let [a, b, c, d] = address.octets();
            let _ = write!(out, "{d}.{c}.{b}.{a}");
        }
        Ok(IpAddr::V6(address)) => {
            for (i, byte) in address.octets().iter().rev().enumerate() {
                if i > 0 {
                    out.push('.');
                }
                let _ = write!(out, "{:x}.{:x}", byte & 15, byte >> 4);
            }
        }
        Err(_) => out.push_str(address),
    }
}
