//! What is known of each (document, word) pair of a training's input: how often it occurred, and how
//! probable it is. Scoring the very input looks its pairs up here.

use super::error::Result;
use super::fold::SEPARATOR;
use super::interner::{Interner, Strings};
use super::pairs::Joined;
use super::settings::Rule;
use crate::topic::leave_one_out::Fields;

/// A word of more fields than these counts the rest as one.
const MOST_FIELDS: usize = 16;

/// The pairs of the documents, in order.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Where each document's pairs begin; one more than there are documents.
    pub(crate) offsets: Vec<usize>,
    pub(crate) words: Vec<u32>,
    /// How often each occurred in the input: 0 for one that only the feedback has.
    pub(crate) times: Vec<u32>,
    pub(crate) probabilities: Vec<f64>,
}

impl Judged {
    /// Where the pair is, if there was one.
    pub(crate) fn find(&self, document: u32, word: u32) -> Option<usize> {
        let document = document as usize;
        let begin = *self.offsets.get(document)?;
        let words = &self.words[begin..*self.offsets.get(document + 1)?];
        words.binary_search(&word).ok().map(|place| begin + place)
    }

    /// Bytes of so many pairs.
    pub(crate) fn predicted_bytes(documents: usize, pairs: usize) -> usize {
        documents * size_of::<usize>() + pairs * (2 * size_of::<u32>() + size_of::<f64>())
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
