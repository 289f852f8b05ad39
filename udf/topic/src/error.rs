//! What can be wrong with a corpus or with the parameters of a training.

/// Why a corpus was refused or a training ended without a model. Every sentence names the value
/// and what would be accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The corpus has no documents, no words or no pairs.
    #[error("the corpus has no {what}: a topic model needs at least one (document, word) pair")]
    Empty {
        /// `documents`, `words` or `pairs`.
        what: &'static str,
    },
    /// More rows or pairs than 32-bit numbers can name.
    #[error("the corpus has {value} {what}; at most {limit} are possible")]
    TooMany {
        /// `documents`, `words` or `tokens`.
        what: &'static str,
        /// How many there are.
        value: u64,
        /// How many there may be.
        limit: u64,
    },
    /// A pair names a document or a word outside of the corpus.
    #[error(
        "pair {pair} names {what} {value}, but the corpus has only {limit} (numbers start at 0)"
    )]
    OutOfRange {
        /// `document` or `word`.
        what: &'static str,
        /// The pair's position in the input.
        pair: usize,
        /// The number found.
        value: u32,
        /// How many documents or words there are.
        limit: usize,
    },
    /// A pair's count is zero.
    #[error(
        "the count of document {document}, word {word} is 0; leave out pairs that do not occur"
    )]
    ZeroCount {
        /// The document.
        document: u32,
        /// The word.
        word: u32,
    },
    /// A pair's count, summed over duplicates, does not fit 32 bits.
    #[error(
        "the count of document {document}, word {word} is {value}; at most {} is possible: \
         scale the counts down (the duplication factor of feedback, for instance)",
        u32::MAX
    )]
    CountTooLarge {
        /// The document.
        document: u32,
        /// The word.
        word: u32,
        /// The count found.
        value: u64,
    },
    /// Compressed sparse arrays that contradict one another.
    #[error("the compressed rows are inconsistent: {reason}")]
    Inconsistent {
        /// What is wrong, with the place.
        reason: String,
    },
    /// A parameter outside of what is accepted.
    #[error("{name} is {value}; accepted is {accepted}")]
    Parameter {
        /// The parameter, as SQL spells it.
        name: &'static str,
        /// The value given.
        value: String,
        /// What is accepted, and why.
        accepted: &'static str,
    },
    /// A start (a model given from outside) that does not fit the corpus.
    #[error("the start's {what} {problem}")]
    Start {
        /// `documents` or `words`.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The caller cancelled the training.
    #[error("the training was cancelled after {iterations} of {of} iterations")]
    Cancelled {
        /// Iterations that were complete.
        iterations: usize,
        /// Iterations asked for.
        of: usize,
    },
}
