//! The counts a topic model is trained on: a sparse matrix documents × words, kept compressed
//! by document and, once more, by word.
//!
//! Both orders are kept because training pulls along both (see [`super::em`]); a pair costs 16
//! bytes. Counts are whole numbers up to 2^32 - 1: that is what counting records gives. Refused
//! are empty corpora, zero counts, and numbers out of range.

use super::Error;

/// The largest sum of all counts: up to here every partial sum is exact in an `f64`.
const MAX_TOKENS: u64 = 1 << 53;

/// One compressed order of a sparse matrix: for every row, the columns that occur in it, in
/// ascending order, and their counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    offsets: Vec<usize>,
    columns: Vec<u32>,
    counts: Vec<u32>,
}

impl Rows {
    /// Where each row begins in [`Rows::columns`] and [`Rows::counts`]: one more than there are
    /// rows, ascending, from 0 to the number of pairs.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The column of every pair, row after row, ascending within a row.
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// The count of every pair, at least 1.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no row at all (a corpus never holds such rows).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn bytes(&self) -> usize {
        size_of::<usize>() * self.offsets.capacity()
            + size_of::<u32>() * (self.columns.capacity() + self.counts.capacity())
    }

    /// Some of the rows, in the order given, with every column put through `renumbered`, which
    /// keeps the columns' order.
    pub(super) fn selected(&self, rows: &[u32], renumbered: impl Fn(u32) -> u32) -> Rows {
        let bounds = |row: u32| self.offsets[row as usize]..self.offsets[row as usize + 1];
        let pairs = rows.iter().map(|&row| bounds(row).len()).sum();
        let mut offsets = Vec::with_capacity(rows.len() + 1);
        let (mut columns, mut counts) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs));
        offsets.push(0);
        for &row in rows {
            columns.extend(
                self.columns[bounds(row)]
                    .iter()
                    .map(|&column| renumbered(column)),
            );
            counts.extend_from_slice(&self.counts[bounds(row)]);
            offsets.push(columns.len());
        }
        Rows {
            offsets,
            columns,
            counts,
        }
    }

    /// The same matrix with rows and columns exchanged; columns come out ascending.
    pub(super) fn transposed(&self, rows: usize) -> Rows {
        let mut places = places(rows, &self.columns);
        let mut columns = vec![0; self.columns.len()];
        let mut counts = vec![0; self.columns.len()];
        for (row, bounds) in self.offsets.windows(2).enumerate() {
            for pair in bounds[0]..bounds[1] {
                let place = &mut places[self.columns[pair] as usize];
                columns[*place] = row as u32;
                counts[*place] = self.counts[pair];
                *place += 1;
            }
        }
        Rows {
            offsets: begins(places),
            columns,
            counts,
        }
    }
}

/// Where the pairs of each key begin when they are put in the keys' order; one entry more.
fn places(keys: usize, of: &[u32]) -> Vec<usize> {
    let mut places = vec![0; keys + 1];
    for &key in of {
        places[key as usize + 1] += 1;
    }
    let mut sum = 0;
    for place in &mut places {
        sum += *place;
        *place = sum;
    }
    places
}

/// After filling, every key's place stands where the next key begins: shift back.
fn begins(mut places: Vec<usize>) -> Vec<usize> {
    let end = places.len() - 1;
    places.copy_within(..end, 1);
    places[0] = 0;
    places
}

/// A corpus: how often each word occurs in each document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    by_document: Rows,
    by_word: Rows,
    tokens: u64,
}

impl Corpus {
    /// Builds a corpus from (document, word, count) in any order; duplicates are summed.
    ///
    /// Linear in the number of pairs: two counting sorts, none if the pairs come sorted.
    ///
    /// # Errors
    /// Zero documents, words or pairs; a number out of range; a count of 0; a sum of counts
    /// above 2^32 - 1 in one pair or 2^53 in all.
    pub fn from_pairs(
        documents: usize,
        words: usize,
        pairs: impl IntoIterator<Item = (u32, u32, u64)>,
    ) -> Result<Self, Error> {
        check_shape(documents, words)?;
        let pairs = pairs.into_iter();
        let expected = pairs.size_hint().0;
        let (mut of_document, mut of_word, mut counts) = (
            Vec::with_capacity(expected),
            Vec::with_capacity(expected),
            Vec::with_capacity(expected),
        );
        let mut sorted = true;
        let mut last = (0, 0);
        for (pair, (document, word, count)) in pairs.enumerate() {
            check_range("document", pair, document, documents)?;
            check_range("word", pair, word, words)?;
            if count == 0 {
                return Err(Error::ZeroCount { document, word });
            }
            sorted &= last <= (document, word);
            last = (document, word);
            of_document.push(document);
            of_word.push(word);
            counts.push(u32::try_from(count).map_err(|_| Error::CountTooLarge {
                document,
                word,
                value: count,
            })?);
        }
        let mut by_document = if sorted {
            let offsets = places(documents, &of_document);
            drop(of_document);
            Rows {
                offsets,
                columns: of_word,
                counts,
            }
        } else {
            // Stable by word, then stable by document: both ascending in the end.
            let mut places = places(words, &of_word);
            let mut rows = vec![0; of_word.len()];
            let mut sums = vec![0; of_word.len()];
            for ((document, word), count) in of_document.iter().zip(&of_word).zip(&counts) {
                let place = &mut places[*word as usize];
                rows[*place] = *document;
                sums[*place] = *count;
                *place += 1;
            }
            drop((of_document, of_word, counts));
            Rows {
                offsets: begins(places),
                columns: rows,
                counts: sums,
            }
            .transposed(documents)
        };
        merge_duplicates(&mut by_document)?;
        Self::complete(by_document, words)
    }

    /// Takes compressed rows as they are: `offsets` (documents + 1 of them), and for every pair
    /// its word (strictly ascending within a document) and its count. Copies nothing.
    ///
    /// # Errors
    /// As [`Corpus::from_pairs`], and [`Error::Inconsistent`] for arrays that do not fit.
    pub fn from_csr(
        offsets: Vec<usize>,
        words: Vec<u32>,
        counts: Vec<u32>,
        vocabulary: usize,
    ) -> Result<Self, Error> {
        let documents = offsets.len().saturating_sub(1);
        check_shape(documents, vocabulary)?;
        let inconsistent = |reason: String| Err(Error::Inconsistent { reason });
        if words.len() != counts.len() {
            return inconsistent(format!("{} words, {} counts", words.len(), counts.len()));
        }
        if offsets.first() != Some(&0) || offsets.last() != Some(&words.len()) {
            return inconsistent(format!("offsets must run from 0 to {} pairs", words.len()));
        }
        for (document, bounds) in offsets.windows(2).enumerate() {
            if bounds[0] > bounds[1] || bounds[1] > words.len() {
                return inconsistent(format!("document {document} ends before it begins"));
            }
            let mut last = None;
            for pair in bounds[0]..bounds[1] {
                let word = words[pair];
                check_range("word", pair, word, vocabulary)?;
                if last.is_some_and(|last| last >= word) {
                    return inconsistent(format!(
                        "word {word} of document {document} is not in ascending order"
                    ));
                }
                last = Some(word);
                if counts[pair] == 0 {
                    return Err(Error::ZeroCount {
                        document: document as u32,
                        word,
                    });
                }
            }
        }
        Self::complete(
            Rows {
                offsets,
                columns: words,
                counts,
            },
            vocabulary,
        )
    }

    /// Adds the second order to the first.
    fn complete(by_document: Rows, words: usize) -> Result<Self, Error> {
        if by_document.columns.is_empty() {
            return Err(Error::Empty { what: "pairs" });
        }
        // At most 2^32 a pair: the sum cannot overflow below 2^32 pairs, nor in memory beyond.
        let tokens: u64 = by_document
            .counts
            .iter()
            .map(|&count| u64::from(count))
            .sum();
        if tokens > MAX_TOKENS {
            return Err(Error::TooMany {
                what: "tokens",
                value: tokens,
                limit: MAX_TOKENS,
            });
        }
        let by_word = by_document.transposed(words);
        Ok(Self {
            by_document,
            by_word,
            tokens,
        })
    }

    /// How many documents there are, those without words included.
    pub fn documents(&self) -> usize {
        self.by_document.len()
    }

    /// How many distinct words there are, those that never occur included (`V` of the model).
    pub fn words(&self) -> usize {
        self.by_word.len()
    }

    /// How many (document, word) pairs have a count.
    pub fn pairs(&self) -> usize {
        self.by_document.columns.len()
    }

    /// The sum of all counts.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// The matrix document by document.
    pub fn by_document(&self) -> &Rows {
        &self.by_document
    }

    /// The matrix word by word.
    pub fn by_word(&self) -> &Rows {
        &self.by_word
    }

    /// How many bytes the corpus occupies.
    pub fn memory_bytes(&self) -> usize {
        self.by_document.bytes() + self.by_word.bytes()
    }

    /// An upper bound of the bytes that building a corpus from `pairs` unsorted pairs takes at
    /// any moment, for an iterator that knows its length.
    pub fn building_bytes(documents: usize, words: usize, pairs: usize) -> usize {
        let rows = documents
            .saturating_add(words)
            .saturating_add(4)
            .saturating_mul(8);
        pairs.saturating_mul(20).saturating_add(rows)
    }

    /// An upper bound of [`Corpus::memory_bytes`] for a corpus of this size.
    pub fn predicted_bytes(documents: usize, words: usize, pairs: usize) -> usize {
        let rows = documents
            .saturating_add(words)
            .saturating_add(2)
            .saturating_mul(8);
        pairs.saturating_mul(16).saturating_add(rows)
    }
}

fn check_shape(documents: usize, words: usize) -> Result<(), Error> {
    for (what, value) in [("documents", documents), ("words", words)] {
        if value == 0 {
            return Err(Error::Empty { what });
        }
        let limit = u64::from(u32::MAX);
        if value as u64 > limit {
            return Err(Error::TooMany {
                what,
                value: value as u64,
                limit,
            });
        }
    }
    Ok(())
}

fn check_range(what: &'static str, pair: usize, value: u32, limit: usize) -> Result<(), Error> {
    if value as usize >= limit {
        return Err(Error::OutOfRange {
            what,
            pair,
            value,
            limit,
        });
    }
    Ok(())
}

/// Sums neighbours that name the same column of the same row, in place.
fn merge_duplicates(rows: &mut Rows) -> Result<(), Error> {
    let mut kept = 0;
    let mut begin = 0;
    for row in 0..rows.len() {
        let end = rows.offsets[row + 1];
        let first = kept;
        for pair in begin..end {
            let (column, count) = (rows.columns[pair], rows.counts[pair]);
            if kept > first && rows.columns[kept - 1] == column {
                let sum = u64::from(rows.counts[kept - 1]) + u64::from(count);
                rows.counts[kept - 1] = u32::try_from(sum).map_err(|_| Error::CountTooLarge {
                    document: row as u32,
                    word: column,
                    value: sum,
                })?;
            } else {
                rows.columns[kept] = column;
                rows.counts[kept] = count;
                kept += 1;
            }
        }
        begin = end;
        rows.offsets[row + 1] = kept;
    }
    rows.columns.truncate(kept);
    rows.counts.truncate(kept);
    rows.columns.shrink_to_fit();
    rows.counts.shrink_to_fit();
    Ok(())
}
