//! What a list keeps of its indicators, by their numbers.

/// What is known of an indicator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Number of its text.
    pub(super) text: u32,
    pub(super) severity: u8,
}

/// When an indicator was seen, in seconds; [`NEVER`] where nobody says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) first_seen: i64,
    pub(super) last_seen: i64,
    pub(super) valid_from: i64,
    pub(super) expires: i64,
}

/// Stands for a time that nobody says.
pub(super) const NEVER: i64 = i64::MIN;

impl Times {
    const UNKNOWN: Self = Self {
        first_seen: NEVER,
        last_seen: NEVER,
        valid_from: NEVER,
        expires: NEVER,
    };

    /// Whether it holds at a time.
    pub(super) fn holds(self, now: i64) -> bool {
        self.valid_from <= now && (self.expires == NEVER || self.expires > now)
    }

    /// Until when it holds.
    pub(super) fn lasts(self) -> i64 {
        match self.expires {
            NEVER => i64::MAX,
            expires => expires,
        }
    }
}

/// Entries by number.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) entries: Vec<Entry>,
    /// As long as it has to be for the last entry with times.
    pub(super) times: Vec<Times>,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Sets entry `id`: the next one, or one that is there, which is replaced if the new one is worse, or as bad and
    /// holds longer.
    pub(super) fn set(&mut self, id: usize, entry: Entry, times: Option<Times>) {
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

    pub(super) fn times(&self, id: usize) -> Times {
        self.times.get(id).copied().unwrap_or(Times::UNKNOWN)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.times.capacity() * size_of::<Times>()
    }
}
