//! Lists of indicators: addresses, domains and URLs that somebody knows to be bad, or harmless.
//!
//! A value is looked up by its form. An address is in the most specific range that holds it. A name is on the list
//! if it or any parent domain is. A URL is if its host is, or its host and a beginning of its path that ends at `/`,
//! `?`, `#` or the end: `x.org/a` is in `x.org/a/b` and not in `x.org/ab`. Scheme, port and user are not looked at, and
//! case not in hosts. An indicator that is a URL without a path, or an address with a port, stands for its
//! host; one that begins with `/` for the beginning of a path on any host.
//!
//! Private addresses are on no list, whatever it holds: they are other hosts in every network, and get into lists by mistake.

mod bytes;
mod json;
mod quotes;
mod read;
mod rejected;
mod scale;
mod stix;
mod value;

use std::borrow::Cow;
use std::fmt;

use super::address::{Address, AddressRange};
use super::error::{Error, Result};
use super::ranges::{Ranges, RangesBuilder};
use crate::suspicion::Interner;

pub use read::{Columns, Format, read};
pub use rejected::{Rejected, RejectedLine};
pub use scale::{severity_of, time_of};

/// How bad an indicator is if its list does not say: high.
pub const DEFAULT_SEVERITY: u8 = 3;

/// One indicator, as a list has it.
#[derive(Debug, Clone, Copy)]
pub struct Indicator<'a> {
    /// The address, CIDR block, range, domain or URL.
    pub value: &'a str,
    /// What it is about: the malware's family, the campaign.
    pub text: &'a str,
    /// 1 low, 2 medium, 3 high.
    pub severity: u8,
    /// Seconds since 1970, UTC; so are the next two.
    pub first_seen: Option<i64>,
    /// When it was last seen.
    pub last_seen: Option<i64>,
    /// From when on it counts.
    pub valid_from: Option<i64>,
    /// From when on it does not count any more.
    pub expires: Option<i64>,
}

/// What a list says of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// The indicator that fits.
    pub indicator: Cow<'a, str>,
    /// What it is about.
    pub text: &'a str,
    /// 1 low, 2 medium, 3 high.
    pub severity: u8,
    /// Seconds since 1970, UTC; so is the next.
    pub first_seen: Option<i64>,
    /// When it was last seen.
    pub last_seen: Option<i64>,
}

/// What is known of an indicator.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Number of its text.
    text: u32,
    severity: u8,
}

/// When an indicator was seen, in seconds; [`NEVER`] where nobody says.
#[derive(Debug, Clone, Copy)]
struct Times {
    first_seen: i64,
    last_seen: i64,
    valid_from: i64,
    expires: i64,
}

const NEVER: i64 = i64::MIN;

impl Times {
    const UNKNOWN: Self = Self {
        first_seen: NEVER,
        last_seen: NEVER,
        valid_from: NEVER,
        expires: NEVER,
    };

    /// Whether it holds at a time.
    fn holds(self, now: i64) -> bool {
        self.valid_from <= now && (self.expires == NEVER || self.expires > now)
    }

    /// Until when it holds.
    fn lasts(self) -> i64 {
        match self.expires {
            NEVER => i64::MAX,
            expires => expires,
        }
    }
}

/// Entries by number.
#[derive(Debug, Default)]
struct Entries {
    entries: Vec<Entry>,
    /// As long as it has to be for the last entry with times.
    times: Vec<Times>,
}

impl Entries {
    fn len(&self) -> usize {
        self.entries.len()
    }

    /// Sets entry `id`: the next one, or one that is there, which is replaced if the new one is worse, or as bad and
    /// holds longer.
    fn set(&mut self, id: usize, entry: Entry, times: Option<Times>) {
        let rank =
            |entry: Entry, times: Times| (entry.severity, times.lasts(), -times.valid_from.max(0));
        if id == self.entries.len() {
            self.entries.push(entry);
        } else if rank(entry, times.unwrap_or(Times::UNKNOWN))
            > rank(self.entries[id], self.times(id))
        {
            self.entries[id] = entry;
        } else {
            return;
        }
        match times {
            Some(times) => {
                self.times
                    .resize(self.times.len().max(id + 1), Times::UNKNOWN);
                self.times[id] = times;
            }
            None if id < self.times.len() => self.times[id] = Times::UNKNOWN,
            None => {}
        }
    }

    fn times(&self, id: usize) -> Times {
        self.times.get(id).copied().unwrap_or(Times::UNKNOWN)
    }

    fn memory_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.times.capacity() * size_of::<Times>()
    }
}

/// A list being made.
#[derive(Debug, Default)]
pub struct IndicatorListBuilder {
    texts: Interner,
    addresses: Entries,
    address_ranges: Vec<AddressRange>,
    hosts: Interner,
    host_entries: Entries,
    urls: Interner,
    url_entries: Entries,
    /// Entries that could not be used, and why.
    rejected: Rejected,
    /// The line or row that is being read, from 1.
    line: u64,
    /// How many indicators were written so that nobody clicks on them.
    defanged: u64,
    /// Whether there are paths on any host.
    any_host: bool,
    /// Bytes of the longest URL.
    longest_url: usize,
    /// Seconds since 1970: what has expired by then is left out, and hides nothing that has not.
    now: i64,
    buffer: String,
}

impl IndicatorListBuilder {
    /// A list as of a time, in seconds since 1970.
    pub fn new(now: i64) -> Self {
        Self {
            now,
            ..Self::default()
        }
    }

    /// Says which line or row is read next, from 1.
    pub fn at(&mut self, line: u64) {
        self.line = line;
    }

    /// Adds an indicator. One that has expired is left out; one that is no address, domain or URL, a private address,
    /// or a block of more than a 256th of all IPv4 addresses (IPv6: a 65,536th) is rejected. Of the same one twice the
    /// worse one counts.
    ///
    /// # Errors
    /// Too many.
    pub fn add(&mut self, indicator: &Indicator<'_>) -> Result<()> {
        if indicator.expires.is_some_and(|expires| expires <= self.now) {
            return Ok(());
        }
        let many = |_| Error::TooMany;
        let entry = Entry {
            text: self.texts.intern(indicator.text.trim()).map_err(many)?,
            severity: indicator.severity.clamp(1, 3),
        };
        let seen = [
            indicator.first_seen,
            indicator.last_seen,
            indicator.valid_from,
            indicator.expires,
        ];
        let times = seen.iter().any(Option::is_some).then(|| {
            let [first_seen, last_seen, valid_from, expires] = seen.map(|it| it.unwrap_or(NEVER));
            Times {
                first_seen,
                last_seen,
                valid_from,
                expires,
            }
        });
        let given = indicator.value.trim();
        let value = value::plain(given);
        let mut buffer = std::mem::take(&mut self.buffer);
        // An e-mail address is not all of its domain.
        let form = match value.contains('@') && !value.contains('/') {
            true => None,
            false => Form::of(&value, &mut buffer),
        };
        let added = self.add_form(form, given, entry, times);
        self.buffer = buffer;
        if added? && matches!(value, Cow::Owned(_)) {
            self.defanged += 1;
        }
        Ok(())
    }

    /// `false`: it was rejected.
    fn add_form(
        &mut self,
        form: Option<Form<'_>>,
        given: &str,
        entry: Entry,
        times: Option<Times>,
    ) -> Result<bool> {
        let many = |_| Error::TooMany;
        match form {
            Some(Form::Range(range)) if range.is_private() => {
                self.reject(given, "it is a private address");
                return Ok(false);
            }
            Some(Form::Range(range)) if range.is_too_wide() => {
                self.reject(given, "the block is too wide to be meant");
                return Ok(false);
            }
            Some(Form::Range(range)) => {
                self.addresses.set(self.addresses.len(), entry, times);
                self.address_ranges.push(range);
            }
            Some(Form::Host(host)) => {
                let id = self.hosts.intern(host).map_err(many)?;
                self.host_entries.set(id as usize, entry, times);
            }
            Some(Form::Url(url)) => {
                self.any_host |= url.starts_with('/');
                self.longest_url = self.longest_url.max(url.len());
                let id = self.urls.intern(url).map_err(many)?;
                self.url_entries.set(id as usize, entry, times);
            }
            None => {
                self.reject(given, value::why_not(given));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Counts an entry that cannot be used, or not as it says.
    pub fn reject(&mut self, value: &str, reason: &str) {
        self.rejected.add(self.line, value, reason);
    }

    /// Notes something about an entry that is used all the same.
    pub(super) fn note(&mut self, value: &str, remark: &str) {
        self.rejected.note(self.line, value, remark);
    }

    /// The list. `origin` is the file or query, for the error.
    ///
    /// # Errors
    /// [`Error::NothingUsable`] if there were entries, and none could be used.
    pub fn build(self, origin: &str) -> Result<IndicatorList> {
        // Of the same range twice, the worse one wins: the first one that is added does.
        let mut order: Vec<u32> = (0..self.addresses.len() as u32).collect();
        order.sort_by_key(|&id| {
            let lasts = self.addresses.times(id as usize).lasts();
            std::cmp::Reverse((self.addresses.entries[id as usize].severity, lasts))
        });
        let mut ranges = RangesBuilder::default();
        for id in order {
            ranges.add(self.address_ranges[id as usize], id);
        }
        let list = IndicatorList {
            texts: self.texts,
            ranges: ranges.build(),
            addresses: self.addresses,
            address_ranges: self.address_ranges,
            hosts: self.hosts,
            host_entries: self.host_entries,
            urls: self.urls,
            url_entries: self.url_entries,
            any_host: self.any_host,
            longest_url: self.longest_url,
            rejected: self.rejected,
            defanged: self.defanged,
        };
        if list.is_empty() && list.unusable() > 0 {
            let first = list.rejected.first.first();
            return Err(Error::NothingUsable {
                path: origin.to_owned(),
                what: "indicators",
                unusable: list.unusable(),
                example: match first {
                    Some(line) => {
                        let text: String = line.text.chars().take(60).collect();
                        format!(" (the first is '{text}')")
                    }
                    None => String::new(),
                },
                advice: "An indicator is an address, a CIDR block, a domain or a URL",
            });
        }
        Ok(list)
    }
}

/// The form of an indicator.
pub(super) enum Form<'a> {
    Range(AddressRange),
    /// In lower case.
    Host(&'a str),
    /// Host in lower case, path as it is, without `/` at its end.
    Url(&'a str),
}

impl<'a> Form<'a> {
    pub(super) fn of(value: &str, buffer: &'a mut String) -> Option<Self> {
        if let Some(range) = AddressRange::parse(value) {
            return Some(Self::Range(range));
        }
        let (host, path) = split_url(value);
        let path = path.trim_end_matches('/');
        if let Some(range) = AddressRange::parse(host) {
            if path.is_empty() {
                return Some(Self::Range(range));
            }
            // A block with an impossible prefix, and no path.
            if !value.contains("://") && path[1..].bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
        }
        buffer.clear();
        if value.starts_with('/') && !value.starts_with("//") && path.len() > 1 {
            buffer.push_str(path);
            return Some(Self::Url(buffer));
        }
        // `.example.com` is how some programs write a domain with all below it.
        let host = host.trim_end_matches('.').trim_start_matches("*.");
        let host = value::ascii_host(host.strip_prefix('.').unwrap_or(host))?;
        if !is_host(&host) {
            return None;
        }
        buffer.push_str(&host);
        buffer.make_ascii_lowercase();
        if path.is_empty() {
            return Some(Self::Host(buffer));
        }
        buffer.push_str(path);
        Some(Self::Url(buffer))
    }
}

/// Bytes of a name, without the dot at its end.
const LONGEST_NAME: usize = 253;

/// Whether a text may be a host: labels with dots between, of what names and addresses are made of. A single label
/// is none: lists of names hold words by mistake. Nor is what ends in a number (RFC 3696): it is no address either.
pub(super) fn is_host(host: &str) -> bool {
    if Address::parse(host).is_some() {
        return true;
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    host.contains('.')
        && host.len() <= LONGEST_NAME
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        })
}

/// The host of a URL with or without its scheme, and the path from its first `/`, `?` or `#` on.
pub(super) fn split_url(url: &str) -> (&str, &str) {
    // A URL may carry another one behind its host: only what stands before any part of a path is a scheme.
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => rest,
        _ => url.strip_prefix("//").unwrap_or(url),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    // A port, but not the end of an IPv6 address without brackets.
    let host = match host.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|b| b.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => host,
    };
    (host, path)
}

/// Indicators, to be asked for a value.
pub struct IndicatorList {
    texts: Interner,
    ranges: Ranges,
    addresses: Entries,
    address_ranges: Vec<AddressRange>,
    hosts: Interner,
    host_entries: Entries,
    urls: Interner,
    url_entries: Entries,
    any_host: bool,
    longest_url: usize,
    rejected: Rejected,
    defanged: u64,
}

impl fmt::Debug for IndicatorList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IndicatorList").field(&self.len()).finish()
    }
}

impl IndicatorList {
    /// How many indicators it has; the same one twice is one, but for addresses.
    pub fn len(&self) -> usize {
        self.addresses.len() + self.host_entries.len() + self.url_entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of them count at a time, in seconds since 1970.
    pub fn active(&self, now: i64) -> usize {
        let lists = [&self.addresses, &self.host_entries, &self.url_entries];
        let idle = lists.iter().flat_map(|entries| &entries.times);
        self.len() - idle.filter(|times| !times.holds(now)).count()
    }

    /// How many entries could not be used.
    pub fn unusable(&self) -> u64 {
        self.rejected.count
    }

    /// Those, and why.
    pub fn rejected(&self) -> &Rejected {
        &self.rejected
    }

    /// How many indicators were written so that nobody clicks on them, as `hxxp://evil[.]example[.]com`.
    pub fn defanged(&self) -> u64 {
        self.defanged
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        let names = [&self.texts, &self.hosts, &self.urls];
        let entries = [&self.addresses, &self.host_entries, &self.url_entries];
        names.iter().map(|it| it.memory_bytes()).sum::<usize>()
            + entries.iter().map(|it| it.memory_bytes()).sum::<usize>()
            + self.ranges.memory_bytes()
            + self.address_ranges.capacity() * size_of::<AddressRange>()
    }

    /// What it says of a value at a time (seconds since 1970): an address, a name or a URL. Nothing for other texts.
    #[inline]
    pub fn find(&self, value: &str, now: i64) -> Option<Found<'_>> {
        if let Some(address) = Address::parse(value) {
            return self.find_address(address, now);
        }
        let value = value.trim();
        let (host, path) = split_url(value);
        let found = match Address::parse(host) {
            Some(address) => self.find_address(address, now),
            None => self.find_name(host, now),
        };
        match (found, path) {
            (None, "") => None,
            (None, path) => self.find_path(host, path, now),
            (found, _) => found,
        }
    }

    /// What it says of an address.
    #[inline]
    pub fn find_address(&self, address: Address, now: i64) -> Option<Found<'_>> {
        if address.is_private() {
            return None;
        }
        let id = self.ranges.get(address)? as usize;
        let indicator = || Cow::Owned(self.address_ranges[id].to_string());
        self.found(&self.addresses, id, now, indicator)
    }

    /// The name itself, then its parents.
    fn find_name(&self, name: &str, now: i64) -> Option<Found<'_>> {
        let name = name.trim_end_matches('.');
        // No name is longer (RFC 1035).
        if self.hosts.len() == 0 || name.len() > LONGEST_NAME {
            return None;
        }
        let ascii = value::ascii_host(name)?;
        let lower;
        let mut rest = if ascii.bytes().any(|byte| byte.is_ascii_uppercase()) {
            lower = ascii.to_ascii_lowercase();
            lower.as_str()
        } else {
            &*ascii
        };
        loop {
            if let Some(id) = self.hosts.get(rest) {
                let indicator = || Cow::Borrowed(self.hosts.name(id));
                let found = self.found(&self.host_entries, id as usize, now, indicator);
                if found.is_some() {
                    return found;
                }
            }
            // A top-level domain is on no list.
            rest = rest.split_once('.')?.1;
            if !rest.contains('.') {
                return None;
            }
        }
    }

    /// The host with every beginning of the path, the longest first; then these beginnings on any host.
    fn find_path(&self, host: &str, path: &str, now: i64) -> Option<Found<'_>> {
        if self.urls.len() == 0 {
            return None;
        }
        let host = value::ascii_host(host.trim_end_matches('.'))?;
        let mut url = String::with_capacity(host.len() + path.len());
        url.push_str(&host);
        url.make_ascii_lowercase();
        url.push_str(path);
        let found = self.find_beginning(&url, host.len(), now);
        match found {
            None if self.any_host => self.find_beginning(path, 0, now),
            found => found,
        }
    }

    /// The longest beginning of `url` that is on the list and ends where a part of the path does, behind its first
    /// `least` bytes.
    fn find_beginning(&self, url: &str, least: usize, now: i64) -> Option<Found<'_>> {
        let parts = ['/', '?', '#'];
        let mut end = url.len();
        // Whoever writes a log may write long ones: what is longer than any on the list is not tried.
        if end > self.longest_url + 1 {
            let longest = url.as_bytes().get(..=self.longest_url)?;
            end = longest
                .iter()
                .rposition(|byte| parts.contains(&char::from(*byte)))?;
        }
        while end > least {
            if let Some(id) = self.urls.get(url[..end].trim_end_matches('/')) {
                let indicator = || Cow::Borrowed(self.urls.name(id));
                let found = self.found(&self.url_entries, id as usize, now, indicator);
                if found.is_some() {
                    return found;
                }
            }
            end = url[..end].rfind(parts)?;
        }
        None
    }

    #[inline]
    fn found<'a>(
        &'a self,
        entries: &Entries,
        id: usize,
        now: i64,
        indicator: impl FnOnce() -> Cow<'a, str>,
    ) -> Option<Found<'a>> {
        let (entry, times) = (entries.entries[id], entries.times(id));
        if !times.holds(now) {
            return None;
        }
        let known = |time: i64| (time != NEVER).then_some(time);
        Some(Found {
            indicator: indicator(),
            text: self.texts.name(entry.text),
            severity: entry.severity,
            first_seen: known(times.first_seen),
            last_seen: known(times.last_seen),
        })
    }
}

#[cfg(test)]
mod tests;
