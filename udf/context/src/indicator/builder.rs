//! Makes a list: what an indicator must be to be on it, and which of two counts.

use std::borrow::Cow;

use spotql_values::address::AddressRange;
use spotql_values::interner::Interner;

use super::entries::{Entries, Entry, NEVER, Times};
use super::form::Form;
use super::{Indicator, IndicatorList, Rejected, value};
use crate::error::{Error, Result};
use crate::ranges::RangesBuilder;

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

    /// Adds an indicator. One that has expired is left out. Rejected is what is no address, domain or URL, or is a private
    /// address. So is a block of more than a 256th of all IPv4 addresses (IPv6: a 65,536th). Of the same one twice the worse
    /// one counts.
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
