//! What a corpus accepts and how it comes out.

use crate::{Corpus, Error};

#[test]
fn pairs_come_out_sorted_and_duplicates_are_summed() {
    let pairs = [
        (1, 2, 5),
        (0, 1, 1),
        (1, 0, 2),
        (1, 2, 7),
        (0, 1, 3),
        (3, 2, 1),
    ];
    let corpus = Corpus::from_pairs(4, 3, pairs).unwrap();
    assert_eq!(corpus.by_document().offsets(), [0, 1, 3, 3, 4]);
    assert_eq!(corpus.by_document().columns(), [1, 0, 2, 2]);
    assert_eq!(corpus.by_document().counts(), [4, 2, 12, 1]);
    assert_eq!(corpus.by_word().offsets(), [0, 1, 2, 4]);
    assert_eq!(corpus.by_word().columns(), [1, 0, 1, 3]);
    assert_eq!(corpus.by_word().counts(), [2, 4, 12, 1]);
    assert_eq!(
        (corpus.documents(), corpus.words(), corpus.pairs()),
        (4, 3, 4)
    );
    assert_eq!(corpus.tokens(), 19);
}

#[test]
fn the_order_of_the_pairs_makes_no_difference() {
    let mut pairs = vec![(1, 2, 5), (0, 1, 1), (1, 0, 2), (0, 1, 3), (3, 2, 1)];
    let corpus = Corpus::from_pairs(4, 3, pairs.clone()).unwrap();
    pairs.sort_unstable();
    assert_eq!(Corpus::from_pairs(4, 3, pairs.clone()).unwrap(), corpus);
    pairs.reverse();
    assert_eq!(Corpus::from_pairs(4, 3, pairs).unwrap(), corpus);
    let rows = corpus.by_document().clone();
    let (offsets, words, counts) = (
        rows.offsets().to_vec(),
        rows.columns().to_vec(),
        rows.counts().to_vec(),
    );
    assert_eq!(Corpus::from_csr(offsets, words, counts, 3).unwrap(), corpus);
}

#[test]
fn an_empty_corpus_is_refused() {
    let none = std::iter::empty();
    assert_eq!(
        Corpus::from_pairs(0, 1, none.clone()),
        Err(Error::Empty { what: "documents" })
    );
    assert_eq!(
        Corpus::from_pairs(1, 0, none.clone()),
        Err(Error::Empty { what: "words" })
    );
    let error = Corpus::from_pairs(1, 1, none).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the corpus has no pairs: a topic model needs at least one (document, word) pair"
    );
}

#[test]
fn numbers_out_of_range_are_named() {
    let error = Corpus::from_pairs(2, 3, [(0, 0, 1), (1, 3, 1)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "pair 1 names word 3, but the corpus has only 3 (numbers start at 0)"
    );
    let error = Corpus::from_pairs(2, 3, [(2, 0, 1)]).unwrap_err();
    assert_eq!(
        error,
        Error::OutOfRange {
            what: "document",
            pair: 0,
            value: 2,
            limit: 2
        }
    );
}

#[test]
fn counts_of_nothing_and_counts_beyond_32_bits_are_refused() {
    let error = Corpus::from_pairs(1, 1, [(0, 0, 0)]).unwrap_err();
    assert_eq!(
        error,
        Error::ZeroCount {
            document: 0,
            word: 0
        }
    );
    let error = Corpus::from_pairs(1, 1, [(0, 0, 1 << 32)]).unwrap_err();
    assert_eq!(
        error,
        Error::CountTooLarge {
            document: 0,
            word: 0,
            value: 1 << 32
        }
    );
    let largest = u64::from(u32::MAX);
    let error = Corpus::from_pairs(1, 1, [(0, 0, largest), (0, 0, 1)]).unwrap_err();
    assert_eq!(
        error,
        Error::CountTooLarge {
            document: 0,
            word: 0,
            value: 1 << 32
        }
    );
}

#[test]
fn compressed_rows_that_contradict_themselves_are_refused() {
    let error = |offsets: &[usize], words: &[u32], counts: &[u32]| {
        Corpus::from_csr(offsets.to_vec(), words.to_vec(), counts.to_vec(), 3)
            .unwrap_err()
            .to_string()
    };
    assert!(error(&[0, 1], &[0], &[1, 1]).contains("1 words, 2 counts"));
    assert!(error(&[0, 1], &[0, 1], &[1, 1]).contains("from 0 to 2"));
    assert!(error(&[0, 2, 1, 2], &[0, 1], &[1, 1]).contains("document 1 ends before it begins"));
    assert!(error(&[0, 2], &[1, 1], &[1, 1]).contains("not in ascending order"));
    assert!(error(&[0, 2], &[1, 3], &[1, 1]).contains("names word 3"));
    assert!(error(&[0, 1], &[1], &[0]).contains("is 0"));
    assert!(error(&[], &[], &[]).contains("no documents"));
}

#[test]
fn a_corpus_takes_no_more_than_was_predicted() {
    let pairs = (0..5000).map(|pair| (pair % 70, pair / 70, 1));
    let corpus = Corpus::from_pairs(70, 72, pairs).unwrap();
    assert!(corpus.memory_bytes() <= Corpus::predicted_bytes(70, 72, corpus.pairs()));
    assert!(corpus.memory_bytes() >= 16 * corpus.pairs());
}
