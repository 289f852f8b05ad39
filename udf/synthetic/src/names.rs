//! What things are called: sites, hosts, people. Shared by the logs that have names.
//!
//! Popular sites bear well-known names, so that a list of top domains finds some of them, as it does in real logs. All
//! others are invented, by the same generator for harmless sites and for attackers' domains. Texts are not stored with
//! the records: a record keeps a number, and [`Bits`] write the same text from it whenever a column asks.
//!
//! The organisation is `example.com`, reserved for the purpose by RFC 2606.

use super::draw::{Draw, mix, scale};
use super::population::{HostId, Pool, World};
use std::fmt::Write;

/// The organisation's domain for its machines.
pub(super) const INSIDE: &str = "corp.example.com";

/// Well-known sites, roughly by popularity.
#[rustfmt::skip]
const FAMOUS: &[&str] = &[
    "google.com", "microsoft.com", "office.com", "gstatic.com", "youtube.com", "facebook.com",
    "doubleclick.net", "live.com", "apple.com", "amazon.com", "windowsupdate.com", "bing.com",
    "googleapis.com", "google-analytics.com", "office365.com", "akamai.net", "linkedin.com",
    "twitter.com", "instagram.com", "wikipedia.org", "yahoo.com", "msn.com", "skype.com",
    "netflix.com", "adobe.com", "cloudflare.com", "dropbox.com", "github.com", "mozilla.org",
    "whatsapp.com", "zoom.us", "spotify.com", "salesforce.com", "ebay.com", "paypal.com",
    "stackoverflow.com", "reddit.com", "wordpress.com", "bbc.co.uk", "cnn.com", "nytimes.com",
    "booking.com", "slack.com", "vimeo.com", "twitch.tv", "pinterest.com", "tumblr.com",
    "icloud.com", "atlassian.com", "oracle.com", "ibm.com", "dell.com", "hp.com", "intel.com",
    "cisco.com", "mcafee.com", "symantec.com", "digicert.com", "ubuntu.com", "debian.org",
    "docker.com", "python.org", "npmjs.com", "apache.org", "weather.com", "accuweather.com",
    "theguardian.com", "spiegel.de", "lemonde.fr", "imdb.com", "tripadvisor.com", "etsy.com",
    "alibaba.com", "outbrain.com", "taboola.com", "criteo.com", "scorecardresearch.com",
    "newrelic.com", "segment.io", "hotjar.com", "zendesk.com", "hubspot.com", "mailchimp.com",
    "docusign.net", "webex.com", "godaddy.com", "gravatar.com", "jquery.com", "fedex.com",
    "ups.com", "dhl.com", "wikimedia.org", "archive.org", "medium.com", "quora.com",
];

/// Endings of invented sites, common ones repeated.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    "com", "com", "com", "com", "com", "com", "com", "com", "com", "net", "net", "org", "org", "de",
    "co.uk", "fr", "nl", "it", "es", "pl", "ru", "br", "com.br", "jp", "co.jp", "ca", "com.au",
    "ch", "at", "se", "in", "cn", "us", "io", "info", "biz", "eu", "tv", "me", "co", "xyz", "online",
    "app", "cloud", "shop", "site", "edu", "gov",
];

/// Everyday words, for company names and for generators that imitate them.
#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "blue", "river", "stone", "market", "cloud", "garden", "north", "light", "paper", "travel",
    "music", "health", "smart", "green", "house", "media", "design", "power", "silver", "world",
    "forest", "bridge", "coffee", "energy", "family", "finance", "global", "golden", "group",
    "harbor", "island", "journal", "kitchen", "library", "metro", "mountain", "ocean", "online",
    "orange", "people", "photo", "planet", "press", "prime", "quality", "radio", "school",
    "science", "service", "shop", "simple", "solar", "sport", "spring", "station", "street",
    "studio", "summer", "system", "team", "tech", "theater", "today", "tower", "trade", "union",
    "valley", "view", "village", "water", "weather", "wind", "winter", "wood", "works",
];

/// Host names of a site, the first ones by far the most common; the second is the site itself.
#[rustfmt::skip]
pub(super) const HOSTS: &[&str] = &[
    "www", "", "api", "cdn", "img", "static", "mail", "login", "m", "assets", "images", "app",
    "media", "s3", "ads", "news", "video", "secure", "accounts", "docs", "outlook", "ssl", "tags",
    "shop", "blog", "push", "client", "update", "stats", "edge", "autodiscover", "ping", "data",
    "collector", "fonts", "js", "eu", "us-east-1", "cdn2", "img3", "portal", "support", "vpn",
    "download", "events", "sync", "metrics", "beta", "web-prod-2", "ws", "gateway", "files",
];

/// Lower case letters; with digits; the usual encodings' alphabets.
pub(super) const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
pub(super) const ALNUM: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
pub(super) const HEX: &[u8] = b"0123456789abcdef";
pub(super) const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
pub(super) const BASE64: &[u8] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Decimal digits.
pub(super) const DIGITS: &[u8] = b"0123456789";

/// A short stream of random numbers for one text: the same seed always writes the same.
pub(super) struct Bits(u64);

impl Bits {
    /// The stream of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// 64 bits.
    pub(super) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0xa076_1d64_78bd_642f);
        mix(self.0)
    }

    /// A number below `n`, which is not 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        scale(self.word(), n)
    }

    /// One of `items`, which must not be empty.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// `count` characters of an alphabet of at most 64.
    pub(super) fn letters(&mut self, out: &mut String, alphabet: &[u8], count: usize) {
        let mut word = 0;
        for i in 0..count {
            if i % 8 == 0 {
                word = self.word();
            }
            let index = ((word & 0xff) as usize * alphabet.len()) >> 8;
            out.push(char::from(alphabet[index]));
            word >>= 8;
        }
    }

    /// Syllables that can be said.
    pub(super) fn spoken(&mut self, out: &mut String, syllables: usize) {
        const FIRST: &[&str] = &[
            "b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "br", "tr",
            "pl", "gr", "h",
        ];
        const SECOND: &[&str] = &["a", "e", "i", "o", "u", "a", "e", "o", "ia", "ea", "ou"];
        const LAST: &[&str] = &["", "", "", "", "n", "r", "s", "l", "m", "nd", "t"];
        for _ in 0..syllables {
            out.push_str(self.pick(FIRST));
            out.push_str(self.pick(SECOND));
            out.push_str(self.pick(LAST));
        }
    }

    /// A random UUID.
    pub(super) fn uuid(&mut self, out: &mut String) {
        for (i, count) in [8, 4, 4, 4, 12].into_iter().enumerate() {
            if i > 0 {
                out.push('-');
            }
            self.letters(out, HEX, count);
        }
    }

    /// The registrable domain of an invented site: words, syllables, or initials.
    pub(super) fn domain(&mut self, out: &mut String) {
        match self.below(10) {
            0..4 => {
                out.push_str(self.pick(WORDS));
                if self.below(6) == 0 {
                    out.push('-');
                }
                out.push_str(self.pick(WORDS));
            }
            4..8 => return self.coined(out),
            8 => {
                let syllables = 1 + self.below(2);
                self.spoken(out, syllables);
                out.push_str(self.pick(WORDS));
            }
            _ => {
                let count = 3 + self.below(3);
                self.letters(out, LOWER, count);
                if self.below(2) == 0 {
                    self.letters(out, DIGITS, 2);
                }
            }
        }
        out.push('.');
        out.push_str(self.pick(ENDINGS));
    }

    /// One that is made of syllables, as two in five of the others are. Attackers have such
    /// names only: names of words may be somebody's.
    pub(super) fn coined(&mut self, out: &mut String) {
        let syllables = 3 + self.below(2);
        self.spoken(out, syllables);
        out.push('.');
        out.push_str(self.pick(ENDINGS));
    }
}

/// The names of the outside web sites: one for each host of [`Pool::Web`], by popularity.
#[derive(Debug)]
pub(super) struct Names {
    text: String,
    ends: Vec<u32>,
    first: HostId,
}

impl Names {
    /// Names the sites of a world.
    pub(super) fn new(world: &World, draw: &mut Draw) -> Self {
        let sites = world.range(Pool::Web);
        let mut names = Self {
            text: String::with_capacity(sites.len() * 16),
            ends: Vec::with_capacity(sites.len()),
            first: sites.start,
        };
        for i in 0..sites.len() {
            // Neither all nor only the well-known sites are the popular ones.
            match FAMOUS.get(i) {
                Some(name) if i < 6 || draw.chance(0.85) => names.text.push_str(name),
                _ => Bits::new(draw.word()).domain(&mut names.text),
            }
            names.ends.push(names.text.len() as u32);
        }
        names
    }

    /// The registrable domain of a site.
    pub(super) fn site(&self, host: HostId) -> &str {
        let i = (host - self.first) as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        self.text
            .get(start as usize..self.ends[i] as usize)
            .unwrap_or_default()
    }

    /// Appends a host name of a site.
    pub(super) fn write_host(&self, site: HostId, sub: u8, out: &mut String) {
        let sub = HOSTS[usize::from(sub) % HOSTS.len()];
        if !sub.is_empty() {
            out.push_str(sub);
            out.push('.');
        }
        out.push_str(self.site(site));
    }
}

/// The number of a host name in [`HOSTS`], as often as it is used.
pub(super) fn usual_host(draw: &mut Draw) -> u8 {
    match draw.unit() {
        u if u < 0.42 => 0,
        u if u < 0.55 => 1,
        _ => draw.harmonic(HOSTS.len()) as u8,
    }
}

/// Texts that were composed once, for attacks: a record keeps the number.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<String>);

impl Texts {
    /// Keeps a text.
    pub(super) fn keep(&mut self, text: String) -> u32 {
        self.0.push(text);
        self.0.len() as u32 - 1
    }

    /// A kept text.
    pub(super) fn get(&self, number: u32) -> &str {
        self.0.get(number as usize).map_or("", String::as_str)
    }
}

/// The name of a machine inside, without domain: its role and number.
pub(super) fn machine(world: &World, host: HostId, out: &mut String) {
    const ROLES: &[(Pool, &str)] = &[
        (Pool::Workstation, "ws-"),
        (Pool::Phone, "phone-"),
        (Pool::Printer, "prn"),
        (Pool::Device, "dev"),
        (Pool::Resolver, "ns"),
        (Pool::Controller, "dc"),
        (Pool::Files, "files"),
        (Pool::Mail, "mail"),
        (Pool::Intranet, "app"),
        (Pool::Database, "db"),
        (Pool::Proxy, "proxy"),
        (Pool::Time, "ntp"),
        (Pool::Backup, "backup"),
        (Pool::Monitor, "monitor"),
        (Pool::Log, "syslog"),
        (Pool::Update, "wsus"),
        (Pool::Scanner, "scan"),
        (Pool::Pbx, "pbx"),
    ];
    let (role, number) = ROLES
        .iter()
        .find_map(|(pool, role)| {
            let range = world.range(*pool);
            range.contains(&host).then(|| (*role, host - range.start))
        })
        .unwrap_or(("host", host));
    // Writing to a String cannot fail.
    let _ = write!(out, "{role}{}", number + 1);
}

/// The account name of whoever sits at a machine.
pub(super) fn person(host: HostId, out: &mut String) {
    let mut bits = Bits::new(u64::from(host) ^ 0x5eed);
    bits.letters(out, LOWER, 1);
    let syllables = 2 + bits.below(2);
    bits.spoken(out, syllables);
}
