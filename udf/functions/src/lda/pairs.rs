//! Counts (document, word) pairs as they arrive, in memory that grows with the *distinct* pairs.
//!
//! Pairs are gathered in a buffer, which is sorted and run-length counted when it is full; the
//! counted runs are merged like the levels of a log-structured merge tree. Sorting small buffers
//! that fit the cache beats one hash table of millions of pairs, whose every look-up misses it.

use rayon::slice::ParallelSliceMut;

/// Pairs sorted in one go: 4 MiB, the size of a common second-level cache.
const BUFFER: usize = 1 << 18;

/// A (document, word) pair and how often it occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Document in the upper half, word in the lower: sorting by key sorts by (document, word).
    key: u64,
    pub(crate) count: u64,
}

impl Pair {
    pub(crate) fn new(document: u32, word: u32, count: u64) -> Self {
        Self {
            key: (u64::from(document) << 32) | u64::from(word),
            count,
        }
    }

    pub(crate) fn document(self) -> u32 {
        (self.key >> 32) as u32
    }

    pub(crate) fn word(self) -> u32 {
        self.key as u32
    }
}

/// Counts pairs.
#[derive(Debug, Default)]
pub(crate) struct PairCounter {
    buffer: Vec<Pair>,
    /// Sorted, without duplicates, each at least twice as long as the next.
    runs: Vec<Vec<Pair>>,
}

impl PairCounter {
    pub(crate) fn add(&mut self, pair: Pair) {
        if self.buffer.len() == BUFFER {
            self.flush();
        }
        self.buffer.push(pair);
    }

    /// Bytes held, with room for the merge that may come next.
    pub(crate) fn memory_bytes(&self) -> usize {
        let runs: usize = self.runs.iter().map(Vec::capacity).sum();
        (self.buffer.capacity() + 2 * runs) * size_of::<Pair>()
    }

    /// The distinct pairs, sorted by document and word, with their summed counts.
    pub(crate) fn finish(mut self) -> Vec<Pair> {
        self.flush();
        let mut total = self.runs.pop().unwrap_or_default();
        while let Some(before) = self.runs.pop() {
            total = merge(&before, &total);
        }
        total
    }

    fn flush(&mut self) {
        let mut run = std::mem::take(&mut self.buffer);
        run.sort_unstable_by_key(|pair| pair.key);
        sum_duplicates(&mut run);
        if run.is_empty() {
            return;
        }
        // The buffer's allocation serves the next round; the run gets one that fits.
        self.runs.push(run.as_slice().to_vec());
        run.clear();
        self.buffer = run;
        while let [.., before, last] = self.runs.as_slice()
            && before.len() < 2 * last.len()
        {
            let merged = merge(before, last);
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(merged);
        }
    }
}

/// Brings pairs from several counters, with their numbers already made common, into one order.
pub(crate) fn combine(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.par_sort_unstable_by_key(|pair| pair.key);
    sum_duplicates(&mut pairs);
    pairs
}

/// A pair of the input or of the feedback, with how often it occurred in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) document: u32,
    pub(crate) word: u32,
    pub(crate) input: u64,
    pub(crate) feedback: u64,
}

/// The pairs of both lists, in order; both are sorted and without duplicates.
pub(crate) fn joined<'a>(
    input: &'a [Pair],
    feedback: &'a [Pair],
) -> impl Iterator<Item = Joined> + 'a {
    let (mut input, mut feedback) = (input.iter().peekable(), feedback.iter().peekable());
    std::iter::from_fn(move || {
        let key = match (input.peek(), feedback.peek()) {
            (Some(i), Some(f)) => i.key.min(f.key),
            (Some(pair), None) | (None, Some(pair)) => pair.key,
            (None, None) => return None,
        };
        let pair = Pair { key, count: 0 };
        let count = |pair: Option<&Pair>| pair.map_or(0, |pair| pair.count);
        Some(Joined {
            document: pair.document(),
            word: pair.word(),
            input: count(input.next_if(|pair| pair.key == key)),
            feedback: count(feedback.next_if(|pair| pair.key == key)),
        })
    })
}

fn sum_duplicates(sorted: &mut Vec<Pair>) {
    sorted.dedup_by(|next, kept| {
        let same = next.key == kept.key;
        if same {
            kept.count = kept.count.saturating_add(next.count);
        }
        same
    });
}

fn merge(left: &[Pair], right: &[Pair]) -> Vec<Pair> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        let (a, b) = (left[i], right[j]);
        match a.key.cmp(&b.key) {
            std::cmp::Ordering::Less => {
                merged.push(a);
                i += 1;
            }
            std::cmp::Ordering::Greater => {
                merged.push(b);
                j += 1;
            }
            std::cmp::Ordering::Equal => {
                merged.push(Pair {
                    key: a.key,
                    count: a.count.saturating_add(b.count),
                });
                i += 1;
                j += 1;
            }
        }
    }
    merged.extend_from_slice(&left[i..]);
    merged.extend_from_slice(&right[j..]);
    merged.shrink_to_fit();
    merged
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn counts_agree_with_a_plain_map_over_many_flushes() {
        let mut counter = PairCounter::default();
        let mut expected = BTreeMap::new();
        let mut state = 1_u64;
        for _ in 0..3 * BUFFER + 17 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let (document, word) = ((state >> 50) as u32, (state >> 40) as u32 % 37);
            counter.add(Pair::new(document, word, state % 3));
            *expected.entry((document, word)).or_insert(0) += state % 3;
        }
        let counted: Vec<_> = counter
            .finish()
            .into_iter()
            .map(|pair| ((pair.document(), pair.word()), pair.count))
            .collect();
        assert_eq!(counted, expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn input_and_feedback_are_joined_pair_by_pair() {
        let input = [Pair::new(1, 1, 5), Pair::new(1, 3, 1)];
        let feedback = [Pair::new(0, 9, 2), Pair::new(1, 3, 4)];
        let described: Vec<_> = joined(&input, &feedback)
            .map(|pair| (pair.document, pair.word, pair.input, pair.feedback))
            .collect();
        assert_eq!(described, [(0, 9, 0, 2), (1, 1, 5, 0), (1, 3, 1, 4)]);
    }

    #[test]
    fn nothing_counted_is_an_empty_list() {
        assert!(PairCounter::default().finish().is_empty());
    }

    #[test]
    fn one_run_survives_the_final_merge() {
        let mut counter = PairCounter::default();
        counter.add(Pair::new(1, 2, 3));
        counter.add(Pair::new(1, 2, 4));
        assert_eq!(counter.finish(), [Pair::new(1, 2, 7)]);
    }
}
