//! Words with rare values in them: a field that begins with [`FOLDABLE`] is worth naming only if the
//! value is common.
//!
//! A port above 1024, for instance, is the mark of a service if many records have it, and the luck of the draw if few
//! do. Named in every case, one-off ports would make one-off words, the most suspicious of all. So training counts the
//! values first, and words with rare ones are folded: `c_~40123_TCP` becomes `c_~_TCP`.
//!
//! A value is common if at least [`RECORDS`] records have it. It also needs [`TIMES`] times as many records as if all
//! that the field names were spread evenly over [`VALUES`] values (what ports drawn at random come to on a large day).

use std::borrow::Cow;

use hashbrown::HashMap;
use rayon::slice::ParallelSliceMut;
use spotql_values::interner::Strings;
use spotql_words::FOLDABLE;

use super::pairs::{Pair, combine};
use super::tally::Counts;
use crate::relation::Result;

/// Fewer records than these do not make a value common.
const RECORDS: u64 = 10;
/// How far above an even spread a common value is.
const TIMES: u64 = 4;
/// How many values are possible: ports above 1024.
const VALUES: u64 = 64_511;

/// Between the fields of a word.
pub(crate) const SEPARATOR: char = '_';

/// The common values: of which field (from 0), and the value as it stands in words.
#[derive(Debug, Default, Clone)]
pub(crate) struct Common {
    values: HashMap<(usize, Box<str>), u64, ahash::RandomState>,
}

impl Common {
    /// Adds one, and how many records have it.
    pub(crate) fn insert(&mut self, field: usize, value: &str, records: u64) {
        self.values.insert((field, value.into()), records);
    }

    /// Those of counts in which every record has `width` words.
    fn of(counts: &Counts, width: usize) -> Self {
        let mut totals = vec![0_u64; counts.words.len()];
        for pair in &counts.pairs {
            let total = &mut totals[pair.word() as usize];
            *total = total.saturating_add(pair.count);
        }
        let mut values: HashMap<(usize, Box<str>), u64, ahash::RandomState> = HashMap::default();
        let mut by_field: HashMap<usize, u64> = HashMap::default();
        for (word, total) in (0..).zip(&totals) {
            for (field, value) in foldable(counts.words.get(word)) {
                let records = values.entry((field, value.into())).or_default();
                *records = records.saturating_add(*total);
                let all = by_field.entry(field).or_default();
                *all = all.saturating_add(*total);
            }
        }
        let width = width as u64;
        values.retain(|(field, _), total| {
            let even = by_field[field] / width / VALUES;
            *total /= width;
            *total >= RECORDS.max(TIMES * even)
        });
        Self { values }
    }

    /// In an order that does not depend on the hash table.
    pub(crate) fn sorted(&self) -> Vec<(usize, &str, u64)> {
        let entries = self.values.iter();
        let mut sorted: Vec<_> = entries
            .map(|((field, value), records)| (*field, value.as_ref(), *records))
            .collect();
        sorted.sort_unstable();
        sorted
    }

    /// Writes `word` with its rare values folded; false, and nothing of use written, if it has none.
    pub(crate) fn fold(&self, word: &str, folded: &mut String) -> bool {
        folded.clear();
        let mut changed = false;
        for (place, field) in word.split(SEPARATOR).enumerate() {
            if place > 0 {
                folded.push(SEPARATOR);
            }
            // Looked up by a borrowed key: see `Key`.
            let rare = is_foldable(field) && !self.values.contains_key(&Key(place, field));
            changed |= rare;
            if rare {
                folded.push(FOLDABLE);
            } else {
                folded.push_str(field);
            }
        }
        changed
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.values.allocation_size()
    }
}

/// A field and a value, borrowed.
#[derive(Hash)]
struct Key<'a>(usize, &'a str);

impl hashbrown::Equivalent<(usize, Box<str>)> for Key<'_> {
    fn equivalent(&self, key: &(usize, Box<str>)) -> bool {
        self.0 == key.0 && *self.1 == *key.1
    }
}

fn is_foldable(field: &str) -> bool {
    field.len() > FOLDABLE.len_utf8() && field.starts_with(FOLDABLE)
}

/// The fields of a word that may be folded, with their places.
fn foldable(word: &str) -> impl Iterator<Item = (usize, &str)> {
    let fields = word.split(SEPARATOR).enumerate();
    fields.filter(|(_, field)| is_foldable(field))
}

/// Folds rare values in all words of the counts, which have `width` words a record.
///
/// # Errors
/// None in practice: there are never more words than before.
pub(crate) fn fold(counts: Counts, width: usize) -> Result<(Counts, Common)> {
    let common = Common::of(&counts, width);
    let mut folded = String::new();
    let mut names: Vec<(Cow<'_, str>, usize)> = (0..counts.words.len())
        .map(|id| {
            let word = counts.words.get(id as u32);
            if common.fold(word, &mut folded) {
                (Cow::Owned(folded.clone()), id)
            } else {
                (Cow::Borrowed(word), id)
            }
        })
        .collect();
    if names
        .iter()
        .all(|(name, _)| matches!(name, Cow::Borrowed(_)))
    {
        drop(names);
        return Ok((counts, common));
    }
    names.par_sort_unstable();
    let mut words = Strings::default();
    let mut numbers = vec![0; names.len()];
    for (name, id) in &names {
        numbers[*id] = words.push_sorted(name)?;
    }
    drop(names);
    let renumbered = |pairs: Vec<Pair>| {
        let pairs = pairs.into_iter();
        let number = |pair: Pair| numbers[pair.word() as usize];
        combine(
            pairs
                .map(|pair| Pair::new(pair.document(), number(pair), pair.count))
                .collect(),
        )
    };
    Ok((
        Counts {
            documents: counts.documents,
            words,
            pairs: renumbered(counts.pairs),
            feedback: renumbered(counts.feedback),
        },
        common,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(words: &[(&str, u64)]) -> Counts {
        let mut sorted: Vec<_> = words.to_vec();
        sorted.sort_unstable();
        let mut strings = Strings::default();
        let mut pairs = Vec::new();
        for (word, count) in sorted {
            pairs.push(Pair::new(0, strings.push(word).unwrap(), count));
        }
        let mut documents = Strings::default();
        documents.push("host").unwrap();
        Counts {
            documents,
            words: strings,
            pairs,
            feedback: Vec::new(),
        }
    }

    fn described(counts: &Counts) -> Vec<(String, u64)> {
        let pairs = counts.pairs.iter();
        pairs
            .map(|pair| (counts.words.get(pair.word()).to_owned(), pair.count))
            .collect()
    }

    #[test]
    fn rare_values_share_a_word_and_common_ones_keep_theirs() {
        let before = counts(&[
            ("c_~8443_TCP", 20),
            ("s_~8443_UDP", 1),
            ("c_~40123_TCP", 3),
            ("c_~50001_TCP", 4),
            ("c_~_TCP", 5),
            ("c_443_TCP", 9),
        ]);
        let (after, common) = fold(before, 2).unwrap();
        assert_eq!(
            described(&after),
            [
                ("c_443_TCP".to_owned(), 9),
                ("c_~8443_TCP".to_owned(), 20),
                ("c_~_TCP".to_owned(), 12),
                ("s_~8443_UDP".to_owned(), 1),
            ]
        );
        assert_eq!(common.sorted(), [(1, "~8443", 10)]);
    }

    #[test]
    fn a_value_is_looked_for_in_its_own_field() {
        let (_, common) = fold(counts(&[("~7_x", 50), ("x_~7", 2)]), 1).unwrap();
        let mut folded = String::new();
        assert!(!common.fold("~7_x", &mut folded));
        assert!(common.fold("x_~7", &mut folded));
        assert_eq!(folded, "x_~");
    }

    #[test]
    fn words_without_marks_stay_as_they_are() {
        let words = [("a_b", 1), ("~", 2), ("~_", 3)];
        let (after, common) = fold(counts(&words), 1).unwrap();
        assert_eq!(described(&after), words.map(|(w, n)| (w.to_owned(), n)));
        assert!(common.sorted().is_empty());
    }
}
