//! What is known of each (document, word) pair of a training's input: how often it occurred, and how
//! probable it is. Scoring the very input looks its pairs up here.

use ahash::RandomState;
use hashbrown::HashTable;
use spotql_topic::leave_one_out::Fields;
use spotql_values::interner::{Interner, Strings};

use super::fold::SEPARATOR;
use super::pairs::Joined;
use super::settings::Rule;
use crate::relation::{Error, Result};

/// A word of more fields than these counts the rest as one.
const MOST_FIELDS: usize = 16;

/// What is known of a pair besides its document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pair {
    pub(crate) word: u32,
    /// How often it occurred in the input: 0 for one that only the feedback has.
    pub(crate) times: u32,
    pub(crate) probability: f64,
}

/// The pairs of the documents, in order.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Where each document's pairs begin; one more than there are documents.
    pub(crate) offsets: Vec<usize>,
    pub(crate) pairs: Vec<Pair>,
}

impl Judged {
    /// The pairs of every document.
    pub(crate) fn by_document(&self) -> impl Iterator<Item = &[Pair]> {
        let bounds = self.offsets.windows(2);
        bounds.map(|bounds| &self.pairs[bounds[0]..bounds[1]])
    }

    /// Bytes of so many pairs.
    pub(crate) fn predicted_bytes(documents: usize, pairs: usize) -> usize {
        documents * size_of::<usize>() + pairs * size_of::<Pair>()
    }
}

/// Finds pairs: records are many and come in no order, so a search for each would be the most
/// expensive part of their scoring.
#[derive(Debug, Default)]
pub(crate) struct PairIndex {
    places: HashTable<u32>,
    hasher: RandomState,
}

impl PairIndex {
    /// The index of all pairs.
    ///
    /// # Errors
    /// More than 2^32 pairs.
    pub(crate) fn of(judged: &Judged) -> Result<Self> {
        if u32::try_from(judged.pairs.len()).is_err() {
            return Err(Error::TooManyNames);
        }
        let hasher = RandomState::default();
        let mut places = HashTable::with_capacity(judged.pairs.len());
        let mut place = 0;
        for (document, pairs) in (0_u32..).zip(judged.by_document()) {
            for pair in pairs {
                let hash = hasher.hash_one((document, pair.word));
                // There is room: nothing is ever hashed again.
                places.insert_unique(hash, place, |_| hash);
                place += 1;
            }
        }
        Ok(Self { places, hasher })
    }

    /// The pair, if there was one.
    pub(crate) fn find(&self, judged: &Judged, document: u32, word: u32) -> Option<Pair> {
        let bounds = judged
            .offsets
            .get(document as usize..)?
            .first_chunk::<2>()?;
        let of_document = bounds[0]..bounds[1];
        let is_it = |place: &u32| {
            let place = *place as usize;
            judged.pairs[place].word == word && of_document.contains(&place)
        };
        let place = self
            .places
            .find(self.hasher.hash_one((document, word)), is_it);
        place.map(|place| judged.pairs[*place as usize])
    }

    /// An upper bound of the bytes of an index of so many pairs.
    pub(crate) fn predicted_bytes(pairs: usize) -> usize {
        // At most seven of eight buckets are in use, which are a power of two; each has a byte of control.
        let buckets = (pairs + pairs / 7 + 1).next_power_of_two().max(16);
        buckets * (size_of::<u32>() + 1) + 64
    }
}

/// What a pair's occurrences count in training: those of the input, and all.
///
/// [`Rule::Spot`] counts as it finds. [`Rule::LeaveOneOut`] counts the first, second, fourth, eighth …
/// occurrence: what happens again and again in one document is *one* habit of that document, not
/// thousands of witnesses (burstiness: Church and Gale, "Poisson mixtures", 1995; Elkan,
/// "Clustering documents with an exponential-family approximation of the Dirichlet compound
/// multinomial distribution", 2006; in an urn that returns each draw with another of its kind, new
/// draws come about as often as the logarithm grows). An analyst's feedback counts in full.
pub(crate) fn weight(rule: Rule, pair: Joined) -> (u64, u64) {
    let own = match rule {
        Rule::Spot => pair.input,
        Rule::LeaveOneOut => u64::from(u64::BITS - pair.input.leading_zeros()),
    };
    (own, own.saturating_add(pair.feedback))
}

/// The fields of all words, numbered.
///
/// # Errors
/// More than 2^32 values.
pub(crate) fn fields(words: &Strings) -> Result<Fields> {
    let parts = |word: u32| words.get(word).splitn(MOST_FIELDS, SEPARATOR);
    let ids = 0..words.len() as u32;
    let width = ids.clone().map(|word| parts(word).count()).max();
    let width = width.unwrap_or(1);
    let mut known: Vec<Interner> = (0..width).map(|_| Interner::default()).collect();
    let mut values = Vec::with_capacity(words.len() * width);
    for word in ids {
        let mut parts = parts(word);
        for known in &mut known {
            // Words of fewer fields are alike in lacking the others.
            values.push(known.intern(parts.next().unwrap_or_default())?);
        }
    }
    Ok(Fields::new(width, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_counts_by_its_logarithm_and_feedback_in_full() {
        let pair = |input| Joined {
            document: 0,
            word: 0,
            input,
            feedback: 1000,
        };
        let weigh = |input| weight(Rule::LeaveOneOut, pair(input));
        assert_eq!(weigh(1), (1, 1001));
        assert_eq!(weigh(3), (2, 1002));
        assert_eq!(weigh(1024), (11, 1011));
        assert_eq!(weigh(0), (0, 1000));
        assert_eq!(weight(Rule::Spot, pair(1024)), (1024, 2024));
    }

    #[test]
    fn the_index_finds_the_pairs_that_there_are() {
        let pair = |word| Pair {
            word,
            times: word + 1,
            probability: 0.5,
        };
        // Documents of 0, 3, 0 and 500 pairs.
        let judged = Judged {
            offsets: vec![0, 0, 3, 3, 503],
            pairs: [2, 5, 7].into_iter().chain(0..500).map(pair).collect(),
        };
        let index = PairIndex::of(&judged).unwrap();
        let bound = PairIndex::predicted_bytes(judged.pairs.len());
        assert!(index.places.allocation_size() <= bound);
        assert_eq!(index.find(&judged, 1, 5), Some(pair(5)));
        assert_eq!(index.find(&judged, 3, 5), Some(pair(5)));
        assert_eq!(index.find(&judged, 3, 499), Some(pair(499)));
        for (document, word) in [(0, 5), (1, 6), (2, 7), (3, 500), (4, 0)] {
            assert_eq!(index.find(&judged, document, word), None);
        }
    }

    #[test]
    fn fields_are_numbered_by_place() {
        let mut words = Strings::default();
        for word in ["a_b", "b_b", "b"] {
            words.push(word).unwrap();
        }
        assert_eq!(
            fields(&words).unwrap(),
            Fields::new(2, vec![0, 0, 1, 0, 1, 1])
        );
    }
}
