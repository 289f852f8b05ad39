//! User agents: browsers, of which each client has one, and programs.

use super::kind::Proxy;
use crate::draw::mix;
use crate::names::{Bits, DIGITS};
use crate::population::HostId;
use std::fmt::Write;

/// Who sends a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Agent {
    /// The client's browser.
    Browser,
    /// A program that says this.
    Named(&'static &'static str),
    /// A program of which clients have several versions: numbers are put at its `#`.
    Versioned(&'static &'static str),
    /// One of the odd programs that nobody else has: installers, tools, games.
    Odd(u32),
    /// Says nothing.
    Silent,
    /// Composed once, for an attack.
    Kept(u32),
}

/// Browsers by how common they are: popular ones come first and are repeated.
#[rustfmt::skip]
const BROWSERS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/51.0.2704.103 Safari/537.36",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/51.0.2704.103 Safari/537.36",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; rv:47.0) Gecko/20100101 Firefox/47.0",
    "Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:47.0) Gecko/20100101 Firefox/47.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/46.0.2486.0 Safari/537.36 Edge/13.10586",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_5) AppleWebKit/601.6.17 (KHTML, like Gecko) Version/9.1.1 Safari/601.6.17",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_5) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/51.0.2704.103 Safari/537.36",
    "Mozilla/5.0 (Windows NT 6.3; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/50.0.2661.102 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/51.0.2704.106 Safari/537.36",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:47.0) Gecko/20100101 Firefox/47.0",
    "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/49.0.2623.112 Safari/537.36",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; WOW64; Trident/4.0; SLCC2; .NET CLR 2.0.50727; .NET CLR 3.5.30729; .NET4.0C; .NET4.0E; InfoPath.3)",
    "Mozilla/5.0 (Windows NT 5.1; rv:38.0) Gecko/20100101 Firefox/38.0",
];

impl Agent {
    /// Appends the text, `-` for none.
    pub(super) fn write(self, proxy: &Proxy, client: HostId, out: &mut String) {
        match self {
            Self::Browser => browser(client, out),
            Self::Named(text) => out.push_str(text),
            Self::Versioned(text) => versioned(text, client, out),
            Self::Odd(number) => odd(&mut Bits::new(u64::from(number) ^ 0x0dd), out),
            Self::Silent => out.push('-'),
            Self::Kept(number) => out.push_str(proxy.texts.get(number)),
        }
    }
}

/// A name and a version as its author saw fit.
fn odd(bits: &mut Bits, out: &mut String) {
    let start = out.len();
    let syllables = 2 + bits.below(2);
    bits.spoken(out, syllables);
    if let Some(first) = out.get_mut(start..=start) {
        first.make_ascii_uppercase();
    }
    out.push_str(bits.pick(&[
        "",
        "",
        "Setup",
        " Installer",
        "Updater",
        "Bot",
        "-cli",
        "Client",
    ]));
    let _ = write!(out, "/{}.{}", bits.below(12), bits.below(30));
    out.push_str(bits.pick(&[
        "",
        "",
        ".0",
        " (Windows NT 6.1; WOW64)",
        " CFNetwork/760.5.1 Darwin/15.5.0",
        " libcurl/7.40.0",
        " (compatible; +http://www.example.net/bot)",
        " Java/1.8.0_77",
    ]));
}

/// Most clients have the same few versions of a program.
fn versioned(text: &str, client: HostId, out: &mut String) {
    let Some((before, after)) = text.split_once('#') else {
        out.push_str(text);
        return;
    };
    let mut client = Bits::new(u64::from(client) ^ 0xa9e7);
    let release = client.below(5).min(client.below(5)) as u64;
    let mut bits = Bits::new(release ^ (text.len() as u64) << 8);
    out.push_str(before);
    let _ = write!(out, "{}.{}.", 1 + bits.below(4), bits.below(10));
    bits.letters(out, DIGITS, 3);
    out.push_str(after);
}

/// The browser of a client; a few have a toolbar or are a version behind.
fn browser(client: HostId, out: &mut String) {
    let word = mix(u64::from(client) ^ 0xb70_35e7);
    // Squared: the first ones are the common ones.
    let unit = (word >> 40) as f64 / (1u64 << 24) as f64;
    let index = (unit * unit * BROWSERS.len() as f64) as usize;
    let text = BROWSERS[index.min(BROWSERS.len() - 1)];
    if word.is_multiple_of(23) && text.contains(".103") {
        let (before, after) = text.split_once(".103").unwrap_or((text, ""));
        let _ = write!(out, "{before}.{}{after}", 40 + word % 61);
    } else {
        out.push_str(text);
    }
}
