//! A list of indicators in memory, and how a value is looked up in it.

use std::borrow::Cow;
use std::fmt;

use spotql_values::address::{Address, AddressRange};
use spotql_values::interner::Interner;

use super::entries::{Entries, NEVER};
use super::form::{LONGEST_NAME, split_url};
use super::rejected::Rejected;
use super::value;
use crate::ranges::Ranges;

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

/// Indicators, to be asked for a value.
pub struct IndicatorList {
    pub(super) texts: Interner,
    pub(super) ranges: Ranges,
    pub(super) addresses: Entries,
    pub(super) address_ranges: Vec<AddressRange>,
    pub(super) hosts: Interner,
    pub(super) host_entries: Entries,
    pub(super) urls: Interner,
    pub(super) url_entries: Entries,
    pub(super) any_host: bool,
    pub(super) longest_url: usize,
    pub(super) rejected: Rejected,
    pub(super) defanged: u64,
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
        if self.hosts.is_empty() || name.len() > LONGEST_NAME {
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
        if self.urls.is_empty() {
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
