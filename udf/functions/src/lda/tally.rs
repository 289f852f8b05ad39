//! From record batches to the counts a topic model is trained on.
//!
//! A batch has the columns `document 0, word 0, document 1, word 1, …` (Utf8View) and perhaps an
//! Int64 column at the end, see [`Rows`]. A record with a null among them takes no part.
//!
//! Several tallies may run in parallel. [`Tally::combine`] brings them into one canonical order (documents and words by
//! their bytes), so that neither the number of threads nor the order in which rows arrive can be seen in the result.

use datafusion::arrow::array::{Array, AsArray, RecordBatch, StringViewArray};
use datafusion::arrow::datatypes::Int64Type;
use rayon::slice::ParallelSliceMut;
use spotql_values::interner::{Interner, Strings};

use super::pairs::{Pair, PairCounter, combine};
use crate::relation::{Error, Result};

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Rows {
    /// A record.
    #[default]
    Records,
    /// A record whose pairs occurred as often as the last column says.
    Counted,
    /// As many records as the last column says, which count as one.
    Merged,
}

/// Counts of one stream of batches.
#[derive(Debug)]
pub(crate) struct Tally {
    /// (document, word) column pairs in a record.
    width: usize,
    rows: Rows,
    /// How often a record of the feedback counts; none for records of the input.
    times: Option<u64>,
    documents: Interner,
    words: Interner,
    pairs: PairCounter,
    records: u64,
    used: u64,
    /// Numbers of one batch's documents or words, kept for their allocation.
    document_ids: Vec<u32>,
}

/// What a model is trained on, in canonical order.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Sorted by bytes; a document's number is its place.
    pub(crate) documents: Strings,
    /// Sorted by bytes; a word's number is its place.
    pub(crate) words: Strings,
    /// Sorted by document and word, without duplicates.
    pub(crate) pairs: Vec<Pair>,
    /// Those of the feedback, in the same order.
    pub(crate) feedback: Vec<Pair>,
}

impl Tally {
    pub(crate) fn new(width: usize, rows: Rows, times: Option<u64>) -> Self {
        Self {
            width,
            rows,
            times,
            documents: Interner::default(),
            words: Interner::default(),
            pairs: PairCounter::default(),
            records: 0,
            used: 0,
            document_ids: Vec::new(),
        }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.documents.memory_bytes() + self.words.memory_bytes() + self.pairs.memory_bytes()
    }

    /// Records read, and those of them that took part.
    pub(crate) fn records(&self) -> (u64, u64) {
        (self.records, self.used)
    }

    /// Adds a batch's records.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        let nulls = batch
            .columns()
            .iter()
            .fold(None, |nulls, column| {
                datafusion::arrow::buffer::NullBuffer::union(
                    nulls.as_ref(),
                    column.logical_nulls().as_ref(),
                )
            })
            .filter(|nulls| nulls.null_count() > 0);
        let complete = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let last = || batch.column(2 * self.width).as_primitive::<Int64Type>();
        if self.rows == Rows::Merged {
            let merged = last();
            let records = |row: usize| merged.value(row).unsigned_abs();
            self.records += (0..rows).map(records).sum::<u64>();
            self.used += (0..rows)
                .filter(|&row| complete(row))
                .map(records)
                .sum::<u64>();
        } else {
            self.records += rows as u64;
            self.used += (rows - nulls.as_ref().map_or(0, |nulls| nulls.null_count())) as u64;
        }

        let counts = (self.rows == Rows::Counted).then(last);
        if let Some(counts) = counts
            && let Some(value) = (0..rows)
                .filter(|&row| complete(row))
                .map(|row| counts.value(row))
                .find(|&n| n < 0)
        {
            return Err(Error::NegativeCount { value });
        }
        // A pair that occurred no time brings neither its document nor its word into the model.
        let usable =
            |row: usize| complete(row) && counts.is_none_or(|counts| counts.value(row) > 0);

        for pair in 0..self.width {
            let documents = batch.column(2 * pair).as_string_view();
            let words = batch.column(2 * pair + 1).as_string_view();
            intern(
                &mut self.documents,
                documents,
                &usable,
                &mut self.document_ids,
            )?;
            let mut previous = Repeat::default();
            for row in (0..rows).filter(|&row| usable(row)) {
                let word = match previous.same(words, row) {
                    Some(word) => word,
                    None => previous.set(words, row, self.words.intern(words.value(row))?),
                };
                let count = counts.map_or(1, |counts| counts.value(row).unsigned_abs());
                let count = count.saturating_mul(self.times.unwrap_or(1));
                self.pairs
                    .add(Pair::new(self.document_ids[row], word, count));
            }
        }
        Ok(())
    }

    /// Joins tallies of parts of one input.
    ///
    /// # Errors
    /// When together they hold more than 2^32 distinct names.
    pub(crate) fn combine(tallies: Vec<Self>) -> Result<Counts> {
        let mut documents = Vec::new();
        let mut words = Vec::new();
        let mut pairs = Vec::new();
        for tally in tallies {
            documents.push(tally.documents.into_strings());
            words.push(tally.words.into_strings());
            pairs.push((tally.times.is_some(), tally.pairs.finish()));
        }
        let (documents, document_ids) = canonical(documents)?;
        let (words, word_ids) = canonical(words)?;
        let (mut input, mut feedback) = (Vec::new(), Vec::new());
        for (((of_feedback, pairs), document_ids), word_ids) in
            pairs.into_iter().zip(document_ids).zip(word_ids)
        {
            let all = if of_feedback {
                &mut feedback
            } else {
                &mut input
            };
            let renumber = |pair: Pair| {
                Pair::new(
                    document_ids[pair.document() as usize],
                    word_ids[pair.word() as usize],
                    pair.count,
                )
            };
            if all.is_empty() {
                *all = pairs;
                all.iter_mut().for_each(|pair| *pair = renumber(*pair));
            } else {
                all.extend(pairs.into_iter().map(renumber));
            }
        }
        Ok(Counts {
            documents,
            words,
            pairs: combine(input),
            feedback: combine(feedback),
        })
    }
}

/// Log records come in bursts of the same host and word; comparing with the row before is cheaper
/// than hashing.
#[derive(Default)]
struct Repeat {
    view: Option<(u128, u32)>,
}

impl Repeat {
    /// The number of the row before, when this row's view is bit for bit the same: the same short
    /// string, or the same place in the same buffer.
    fn same(&self, strings: &StringViewArray, row: usize) -> Option<u32> {
        self.view
            .filter(|(view, _)| *view == strings.views()[row])
            .map(|(_, id)| id)
    }

    fn set(&mut self, strings: &StringViewArray, row: usize, id: u32) -> u32 {
        self.view = Some((strings.views()[row], id));
        id
    }
}

fn intern(
    interner: &mut Interner,
    strings: &StringViewArray,
    usable: &impl Fn(usize) -> bool,
    ids: &mut Vec<u32>,
) -> Result<()> {
    ids.clear();
    let mut previous = Repeat::default();
    for row in 0..strings.len() {
        ids.push(if !usable(row) {
            u32::MAX
        } else if let Some(id) = previous.same(strings, row) {
            id
        } else {
            previous.set(strings, row, interner.intern(strings.value(row))?)
        });
    }
    Ok(())
}

/// One sorted list of the distinct strings of several lists, and each list's new numbers.
fn canonical(lists: Vec<Strings>) -> Result<(Strings, Vec<Vec<u32>>)> {
    let mut order: Vec<(&str, usize, u32)> =
        Vec::with_capacity(lists.iter().map(Strings::len).sum());
    let mut numbers: Vec<Vec<u32>> = Vec::with_capacity(lists.len());
    for (list, strings) in lists.iter().enumerate() {
        numbers.push(vec![0; strings.len()]);
        order.extend((0..strings.len()).map(|id| {
            let id = id as u32;
            (strings.get(id), list, id)
        }));
    }
    order.par_sort_unstable();
    let mut sorted = Strings::default();
    for (string, list, id) in order {
        numbers[list][id as usize] = sorted.push_sorted(string)?;
    }
    Ok((sorted, numbers))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array};

    use super::*;

    fn batch(columns: &[&[Option<&str>]], counts: Option<&[i64]>) -> RecordBatch {
        let mut fields: Vec<(String, ArrayRef)> = columns
            .iter()
            .enumerate()
            .map(|(i, column)| {
                let array: StringViewArray = column.iter().copied().collect();
                (format!("c{i}"), Arc::new(array) as ArrayRef)
            })
            .collect();
        if let Some(counts) = counts {
            fields.push((
                "n".into(),
                Arc::new(Int64Array::from(counts.to_vec())) as ArrayRef,
            ));
        }
        RecordBatch::try_from_iter(fields).unwrap()
    }

    fn described(counts: &Counts) -> Vec<(String, String, u64)> {
        counts
            .pairs
            .iter()
            .map(|pair| {
                (
                    counts.documents.get(pair.document()).to_owned(),
                    counts.words.get(pair.word()).to_owned(),
                    pair.count,
                )
            })
            .collect()
    }

    #[test]
    fn both_ends_of_a_record_count_and_a_null_takes_the_record_out() {
        let mut tally = Tally::new(2, Rows::Records, None);
        tally
            .add(&batch(
                &[
                    &[Some("b"), Some("a"), Some("b")],
                    &[Some("x"), Some("x"), None],
                    &[Some("a"), Some("b"), Some("c")],
                    &[Some("y"), Some("y"), Some("z")],
                ],
                None,
            ))
            .unwrap();
        assert_eq!(tally.records(), (3, 2));
        let counts = Tally::combine(vec![tally]).unwrap();
        let expected = [("a", "x", 1), ("a", "y", 1), ("b", "x", 1), ("b", "y", 1)];
        assert_eq!(
            described(&counts),
            expected.map(|(d, w, n)| (d.into(), w.into(), n))
        );
    }

    #[test]
    fn the_split_of_the_input_does_not_show() {
        let rows: Vec<(String, String)> = (0..500)
            .map(|i| (format!("d{}", i * 7 % 31), format!("w{}", i * 5 % 17)))
            .collect();
        let tally = |rows: &[(String, String)]| {
            let documents: Vec<_> = rows.iter().map(|row| Some(row.0.as_str())).collect();
            let words: Vec<_> = rows.iter().map(|row| Some(row.1.as_str())).collect();
            let mut tally = Tally::new(1, Rows::Records, None);
            tally.add(&batch(&[&documents, &words], None)).unwrap();
            tally
        };
        let whole = Tally::combine(vec![tally(&rows)]).unwrap();
        let parts = Tally::combine(vec![
            tally(&rows[300..]),
            tally(&rows[..10]),
            tally(&rows[10..300]),
        ])
        .unwrap();
        assert_eq!(described(&whole), described(&parts));
    }

    #[test]
    fn counts_weigh_pairs_and_negative_ones_are_refused() {
        let columns: [&[Option<&str>]; 2] = [&[Some("d"), Some("d")], &[Some("w"), Some("w")]];
        let mut tally = Tally::new(1, Rows::Counted, None);
        tally.add(&batch(&columns, Some(&[5, 0]))).unwrap();
        assert!(matches!(
            tally.add(&batch(&columns, Some(&[1, -2]))),
            Err(Error::NegativeCount { value: -2 })
        ));
        let counts = Tally::combine(vec![tally]).unwrap();
        assert_eq!(described(&counts), [("d".into(), "w".into(), 5)]);
    }

    #[test]
    fn merged_records_count_once_and_are_told_in_full() {
        let columns: [&[Option<&str>]; 2] = [
            &[Some("d"), Some("d"), None],
            &[Some("w"), Some("w"), Some("w")],
        ];
        let mut tally = Tally::new(1, Rows::Merged, None);
        tally.add(&batch(&columns, Some(&[5, 2, 4]))).unwrap();
        assert_eq!(tally.records(), (11, 7));
        let counts = Tally::combine(vec![tally]).unwrap();
        assert_eq!(described(&counts), [("d".into(), "w".into(), 2)]);
    }
}
