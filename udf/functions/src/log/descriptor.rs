//! The types of a descriptor.

use std::hash::{Hash, Hasher};

/// The column that [`Log::counted`] adds, quoted as an expression names it.
pub const OCCURRENCES: &str = "`__lda_occurrences`";

/// A kind of log.
#[derive(Debug)]
pub struct Log {
    /// The name, as in `source => 'flow'`.
    pub name: &'static str,
    /// Columns that mean the same in the log, in the tables of results, and in the table of ratings. An expression that
    /// names one finds another where the first is not there.
    pub synonyms: &'static [&'static [&'static str]],
    /// The ways to make words. The last one is the default.
    pub words: &'static [Words],
    /// True for a record that can be scored. Others take no part in a training, and get NULL for a score.
    pub valid: &'static str,
    /// Where to look if no record can be scored.
    pub advice: &'static str,
    /// Values that are counted over the whole input, for words that depend on the count.
    pub counted: Option<Counted>,
    /// A word in plain language; `None` for a text that is no word of this log.
    pub meaning: fn(&str) -> Option<String>,
    /// How analysts rate records; `None` if they cannot.
    pub rating: Option<Rating>,
    /// The columns that `enrich` adds, in their order.
    pub enrichment: &'static [Enrichment],
    /// How rated records become indicators; `None` if they do not.
    pub sharing: Option<Sharing>,
}

/// One way to make words of records.
#[derive(Debug)]
pub struct Words {
    /// The name, as in `words => 'v2'`.
    pub name: &'static str,
    /// The name that a model keeps. A model is used only with the words that it was trained on.
    pub recipe: &'static str,
    /// Pairs of a document and a word, an expression each. NULL is no document, and no word.
    pub pairs: &'static [(&'static str, &'static str)],
    /// Records of the same documents and words count in a training as often as they differ in this expression. `None`:
    /// each counts.
    pub distinct: Option<&'static str>,
    /// The settings that the words depend on.
    pub domains: Domains,
    /// Whether rare values of a word's fields (between `_`) are folded into one.
    pub folds: bool,
}

/// The lists of domains that words depend on; a stored model keeps their fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domains {
    /// None of them.
    Unread,
    /// `spotql.top_domains` and `spotql.user_domains`, names as the original cuts them.
    Original,
    /// The same lists, by registrable domains.
    Registrable,
}

/// Values that are counted over the whole input.
#[derive(Debug)]
pub struct Counted {
    /// Their name in messages, in the plural.
    pub name: &'static str,
    /// The expression. The count of its value is the column [`OCCURRENCES`]; it is 0 for a value that a stored model does
    /// not know.
    pub value: &'static str,
}

/// Where analysts' ratings stand, and which record a rating is about.
#[derive(Debug)]
pub struct Rating {
    /// Expressions that are equal in a record and in its rating.
    pub keys: &'static [&'static str],
    /// Expressions of the day, which count as keys where both sides have them.
    pub day: &'static [&'static str],
    /// Columns of ratings: 1 high, 2 medium, 3 low (no threat); anything else is no rating.
    pub severities: &'static [&'static str],
}

/// A column that `enrich` adds.
#[derive(Debug)]
pub struct Enrichment {
    /// Its name.
    pub name: &'static str,
    /// Its value: the first of these expressions whose columns are there.
    pub values: &'static [&'static str],
}

/// How rated records become indicators.
#[derive(Debug)]
pub struct Sharing {
    /// The columns of the table of ratings that [`Self::found`] reads.
    pub columns: &'static [&'static str],
    /// A query over `rated`, the table of ratings, with a row for each sighting of an indicator: `indicator`, `text`,
    /// `severity`, `first_seen`, `last_seen`, `sightings`.
    pub found: &'static str,
}

impl Log {
    /// The names under which a column may stand, its own first.
    pub(crate) fn names_of<'a>(&'static self, column: &'a str) -> Vec<&'a str> {
        let same = |known: &&&str| known.eq_ignore_ascii_case(column);
        let synonyms = self
            .synonyms
            .iter()
            .find(|names| names.iter().any(|it| same(&it)));
        let others = synonyms.into_iter().copied().flatten();
        let others = others.filter(|it| !same(it)).copied();
        std::iter::once(column).chain(others).collect()
    }

    /// The words of this name.
    pub(crate) fn words_named(&self, name: &str) -> Option<&Words> {
        let mut known = self.words.iter();
        known.find(|it| it.name.eq_ignore_ascii_case(name))
    }
}

// Descriptors are told apart by their names.
impl PartialEq for Log {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Log {}

impl Hash for Log {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Names in quotes: `'flow', 'dns' or 'proxy'`.
pub(crate) fn alternatives<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|it| format!("'{it}'")).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
