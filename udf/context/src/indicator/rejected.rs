//! Entries of a list that could not be used, or not quite as they are, and why.

/// How many are kept.
const KEPT: usize = 1_000;

/// Characters of an entry's text that are kept.
const SHOWN: usize = 200;

/// What could not be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejected {
    /// How many entries.
    pub count: u64,
    /// The first 1,000 of them, and of the remarks about entries that are used.
    pub first: Vec<RejectedLine>,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLine {
    /// Its line or row, from 1; of JSON that is one text, its number.
    pub line: u64,
    /// How it is written, up to 200 characters.
    pub text: String,
    /// Why.
    pub reason: String,
    /// Whether it is used all the same.
    pub used: bool,
}

impl Rejected {
    pub(super) fn add(&mut self, line: u64, text: &str, reason: &str) {
        self.count += 1;
        self.keep(line, text, reason, false);
    }

    pub(super) fn note(&mut self, line: u64, text: &str, remark: &str) {
        self.keep(line, text, remark, true);
    }

    fn keep(&mut self, line: u64, text: &str, reason: &str, used: bool) {
        if self.first.len() < KEPT {
            self.first.push(RejectedLine {
                line,
                text: text.chars().take(SHOWN).collect(),
                reason: reason.to_owned(),
                used,
            });
        }
    }
}
