//! Sets of domains: well-known ones (Tranco's, Majestic's, Alexa's lists) and the user's own.
//!
//! Of every entry two things are kept, as word recipes compare them: one label (see [`Label`]) for
//! the first generation, the whole registrable domain for the second. Lists in files are read once
//! and shared by all sessions of the process; a list that changed on disk (its time or size) is
//! read again. Files that are no plain text, or too large to be such a list, are refused.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use hashbrown::HashSet;

use super::domain::DomainInfo;
use super::error::Error;
use super::registrable::registrable;

/// How many lists are kept; the one used longest ago leaves first.
const KEPT_LISTS: usize = 8;
/// Larger files are refused, in bytes; the lists of a million domains take about 25 million.
const LARGEST_FILE: u64 = 256 << 20;

/// The lists in memory, the one used last first.
static LISTS: LazyLock<Mutex<Lists>> = LazyLock::new(Mutex::default);

type Lists = VecDeque<(Version, Label, Arc<DomainSet>)>;

/// Which label of an entry is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The first one, `google` for `google.com`: the original's rule for ranked lists.
    First,
    /// The domain as [`DomainInfo`] names it, `intel` for `www.intel.com`; an entry without a dot
    /// is a domain already. In lower case, as names in logs are: one's own may be written in any.
    Domain,
}

impl Label {
    fn of(self, entry: &str) -> &str {
        match self {
            Self::First => entry.split_once('.').map_or(entry, |(label, _)| label),
            Self::Domain => DomainInfo::of(entry).domain.unwrap_or(entry),
        }
    }
}

/// The list that comes with the program.
static SHIPPED: LazyLock<Arc<DomainSet>> = LazyLock::new(|| {
    let text = include_str!("lists/top_domains.txt");
    Arc::new(DomainSet::parse(text, Label::First))
});

/// A set of domains, a label and a registrable domain each.
#[derive(Debug, Clone, Default)]
pub struct DomainSet {
    labels: Texts,
    /// In lower case; an entry without a dot is kept as it is.
    registrable: Texts,
}

type Texts = HashSet<Box<str>, ahash::RandomState>;

/// A file at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    path: PathBuf,
    modified: Option<SystemTime>,
    size: u64,
}

impl DomainSet {
    /// The 10,000 sites that come with the program, from `lists/top_domains.txt`.
    pub fn shipped() -> Arc<Self> {
        Arc::clone(&SHIPPED)
    }

    /// Is this domain, without its ending, the label of an entry? Case counts.
    #[inline]
    pub fn contains(&self, domain: &str) -> bool {
        !self.labels.is_empty() && self.labels.contains(domain)
    }

    /// Is this registrable domain (`bbc.co.uk`, in lower case) that of an entry, or its first label
    /// an entry without a dot (`bbc`)?
    #[inline]
    pub fn contains_registrable(&self, domain: &str) -> bool {
        !self.registrable.is_empty()
            && (self.registrable.contains(domain)
                || domain
                    .split_once('.')
                    .is_some_and(|(label, _)| self.registrable.contains(label)))
    }

    /// The number of distinct labels.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Is there no label?
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Takes these names; empty ones are left out.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>, label: Label) -> Self {
        let mut set = Self::default();
        set.extend(names, label);
        set
    }

    /// Adds these names; empty ones are left out.
    pub fn extend<'a>(&mut self, names: impl IntoIterator<Item = &'a str>, label: Label) {
        for name in names {
            let lower = match label {
                Label::First => Cow::Borrowed(name.trim()),
                Label::Domain => Cow::Owned(name.trim().to_lowercase()),
            };
            add(&mut self.labels, label.of(&lower));
            let lower = name.trim().trim_end_matches('.').to_ascii_lowercase();
            add(&mut self.registrable, registrable(&lower));
        }
    }

    /// Tells sets of labels apart: equal for equal sets, in whatever order they were made, and
    /// different for different ones but for a chance of 2^-64.
    pub fn fingerprint(&self) -> u64 {
        fingerprint(&self.labels)
    }

    /// Tells sets of registrable domains apart, as [`DomainSet::fingerprint`] those of labels.
    pub fn registrable_fingerprint(&self) -> u64 {
        fingerprint(&self.registrable)
    }

    /// Reads a list from its text: one domain a line, `rank,domain`, or any fields below a header
    /// that calls one of them `domain`.
    ///
    /// A header, quotes, blanks round fields, empty lines, lines that start with `#`, line ends of
    /// every kind and a byte order mark are tolerated.
    pub fn parse(text: &str, label: Label) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text
            .split(['\n', '\r'])
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .peekable();
        let first = lines.peek().copied().unwrap_or_default();
        // `google.com,1` has no header, and the domain before the rank.
        let domain_first = field(first, 0).is_some_and(|name| name.contains('.'))
            && field(first, 1).is_some_and(|rank| rank.parse::<u64>().is_ok());
        let header = Header::of(first).filter(|_| !domain_first);
        if header.is_some() {
            lines.next();
        }
        let column = header
            .map(|header| header.domain)
            .or(domain_first.then_some(0));
        let names = lines.filter_map(|line| match column {
            Some(column) => field(line, column),
            None => field(line, 1).or_else(|| field(line, 0)),
        });
        Self::from_names(names, label)
    }

    /// The list in this file, from memory if it has not changed since it was read.
    ///
    /// # Errors
    /// If it is missing, unreadable, no regular file, no UTF-8, or larger than 256 MiB.
    pub fn cached(path: &Path, label: Label) -> Result<Arc<Self>, Error> {
        let version = Version::of(path)?;
        if let Some(list) = recall(&version, label) {
            return Ok(list);
        }
        // Read outside the lock: two sessions may read one list twice, and no one waits.
        let list = Arc::new(Self::parse(&read(path)?, label));
        let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
        lists.retain(|(known, kept, _)| (&known.path, *kept) != (&version.path, label));
        lists.truncate(KEPT_LISTS - 1);
        lists.push_front((version, label, Arc::clone(&list)));
        Ok(list)
    }
}

fn add(texts: &mut Texts, text: &str) {
    if !text.is_empty() && !texts.contains(text) {
        texts.insert(text.into());
    }
}

/// FNV-1a of every text, mixed and summed.
fn fingerprint(texts: &Texts) -> u64 {
    texts.iter().fold(0, |sum, text| {
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        sum.wrapping_add(hash ^ (hash >> 27))
    })
}

/// The list of this version, which becomes the one used last.
fn recall(version: &Version, label: Label) -> Option<Arc<DomainSet>> {
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    let at = lists
        .iter()
        .position(|(known, kept, _)| (known, *kept) == (version, label))?;
    let entry = lists.remove(at)?;
    let list = Arc::clone(&entry.2);
    lists.push_front(entry);
    Some(list)
}

impl Version {
    fn of(path: &Path) -> Result<Self, Error> {
        let problem = |problem: String| Error {
            path: path.to_owned(),
            problem,
        };
        let metadata = fs::metadata(path).map_err(|error| problem(error.to_string()))?;
        if !metadata.is_file() {
            return Err(problem("it is no regular file".into()));
        }
        if metadata.len() > LARGEST_FILE {
            return Err(problem(format!("it is larger than {LARGEST_FILE} bytes")));
        }
        // A file system without times leaves the size to tell versions apart.
        let modified = metadata.modified().ok();
        Ok(Self {
            path: path.to_owned(),
            modified,
            size: metadata.len(),
        })
    }
}

fn read(path: &Path) -> Result<String, Error> {
    let problem = |problem: String| Error {
        path: path.to_owned(),
        problem,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST_FILE).read_to_end(&mut bytes))
        .map_err(|error| problem(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        problem(format!("line {} is not UTF-8 text", line + 1))
    })
}

/// The first line of a list, if it names columns.
struct Header {
    /// Which column holds the domain.
    domain: usize,
}

impl Header {
    fn of(line: &str) -> Option<Self> {
        let named = fields(line).position(|field| field.eq_ignore_ascii_case("domain"));
        if let Some(domain) = named {
            return Some(Self { domain });
        }
        // Unknown names: the first field of a ranked entry would be a number.
        let ranked = field(line, 0).is_some_and(|rank| rank.parse::<u64>().is_ok());
        (!ranked && field(line, 1).is_some()).then_some(Self { domain: 1 })
    }
}

fn fields(line: &str) -> impl Iterator<Item = &str> {
    line.split(',')
        .map(|field| field.trim().trim_matches('"').trim())
}

fn field(line: &str, column: usize) -> Option<&str> {
    fields(line).nth(column)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn labels(text: &str) -> Vec<String> {
        let mut labels: Vec<String> = DomainSet::parse(text, Label::First)
            .labels
            .iter()
            .map(|label| label.to_string())
            .collect();
        labels.sort_unstable();
        labels
    }

    #[test]
    fn a_ranked_list_and_a_plain_one_read_alike() {
        assert_eq!(labels("1,google.com\n2,bbc.co.uk\n"), ["bbc", "google"]);
        assert_eq!(labels("google.com\nbbc.co.uk"), ["bbc", "google"]);
        assert_eq!(labels("google.com,1\nbbc.co.uk,2"), ["bbc", "google"]);
    }

    #[test]
    fn headers_quotes_and_line_ends_are_tolerated() {
        assert_eq!(
            labels("\u{feff}rank,domain\r\n\"1\",\"google.com\"\r\n\r\n"),
            ["google"]
        );
        assert_eq!(labels("Domain\ngoogle.com\n"), ["google"]);
        assert_eq!(
            labels("# a comment\nposition,site\n1, google.com \n"),
            ["google"]
        );
    }

    #[test]
    fn a_header_says_which_column_holds_the_domain() {
        let majestic = "GlobalRank,TldRank,Domain,TLD\n1,1,google.com,com\n2,2,bbc.co.uk,uk\n";
        assert_eq!(labels(majestic), ["bbc", "google"]);
    }

    #[test]
    fn only_whole_first_labels_are_contained() {
        let list = DomainSet::from_names(["google.com", "google.de", ".com", ""], Label::First);
        assert_eq!(list.len(), 1);
        assert!(list.contains("google"));
        assert!(!list.contains("com") && !list.contains("") && !list.contains("Google"));
    }

    #[test]
    fn the_users_own_domains_are_kept_as_names_are_split() {
        let set = DomainSet::from_names(["intel", "www.mcafee.com", " corp.local "], Label::Domain);
        assert!(set.contains("intel") && set.contains("mcafee") && set.contains("corp.local"));
        assert_eq!(set.len(), 3);
    }

    #[test]
    fn registrable_domains_are_contained_whole_and_entries_without_a_dot_by_first_label() {
        for label in [Label::First, Label::Domain] {
            let set = DomainSet::from_names(["www.BBC.co.uk.", "x.info", "Intel"], label);
            for (domain, contained) in [
                ("bbc.co.uk", true),
                ("bbc.com", false),
                ("co.uk", false),
                ("x.info", true),
                ("intel.com", true),
                ("intel.co.uk", true),
                ("intelligence.com", false),
            ] {
                assert_eq!(set.contains_registrable(domain), contained, "{domain}");
            }
        }
    }

    #[test]
    fn lists_of_one_label_under_different_endings_have_different_registrable_fingerprints() {
        let [com, de] =
            ["google.com", "google.de"].map(|name| DomainSet::from_names([name], Label::First));
        assert_eq!(com.fingerprint(), de.fingerprint());
        assert_ne!(com.registrable_fingerprint(), de.registrable_fingerprint());
    }

    #[test]
    fn fingerprints_tell_sets_apart_and_not_orders() {
        let print = |names: &[&str]| {
            DomainSet::from_names(names.iter().copied(), Label::First).fingerprint()
        };
        assert_eq!(
            print(&["a.com", "b.com"]),
            print(&["b.de", "a.fr", "b.com"])
        );
        assert_ne!(print(&["a.com", "b.com"]), print(&["a.com", "c.com"]));
        assert_ne!(print(&["ab.com"]), print(&["a.com", "b.com"]));
    }

    #[test]
    fn the_shipped_list_holds_what_everybody_knows() {
        let list = DomainSet::shipped();
        assert!(list.len() > 9_000, "{}", list.len());
        assert!(list.contains("google") && list.contains("wikipedia"));
        assert!(!list.contains("# The 10,000 most used web sites by Tranco (https://tranco-list"));
    }

    #[test]
    fn a_list_that_changed_on_disk_is_read_again() {
        let file = std::env::temp_dir().join(format!("spotql-top-{}.csv", std::process::id()));
        fs::write(&file, "1,google.com\n").unwrap();
        let first = DomainSet::cached(&file, Label::First).unwrap();
        assert!(
            Arc::ptr_eq(&first, &DomainSet::cached(&file, Label::First).unwrap()),
            "read twice"
        );

        let mut appended = File::options().append(true).open(&file).unwrap();
        appended.write_all(b"2,bbc.co.uk\n").unwrap();
        assert!(
            DomainSet::cached(&file, Label::First)
                .unwrap()
                .contains("bbc")
        );
        fs::remove_file(&file).unwrap();
    }

    #[test]
    fn what_is_no_text_file_is_refused() {
        let directory = DomainSet::cached(&std::env::temp_dir(), Label::First)
            .unwrap_err()
            .to_string();
        assert!(directory.contains("no regular file"), "{directory}");

        let file = std::env::temp_dir().join(format!("spotql-binary-{}.csv", std::process::id()));
        fs::write(&file, b"1,google.com\n2,\xff\xfe\n").unwrap();
        let binary = DomainSet::cached(&file, Label::First)
            .unwrap_err()
            .to_string();
        assert!(binary.contains("line 2 is not UTF-8"), "{binary}");
        fs::remove_file(&file).unwrap();
    }
}
