//! What can go wrong between a query and its scores, each as a sentence with the way out.

use datafusion::error::DataFusionError;
use spotql_values::interner::TooManyTexts;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a table function that takes a query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument that the function does not know.
    #[error("{function} has no argument '{name}'; it takes {accepted}")]
    UnknownArgument {
        /// The function.
        function: String,
        /// The argument as given.
        name: String,
        /// The names it takes.
        accepted: String,
    },
    /// An argument given twice.
    #[error("{function}: the argument '{name}' is given twice; give it once")]
    RepeatedArgument {
        /// The function.
        function: String,
        /// The argument.
        name: String,
    },
    /// An argument whose value is of the wrong type or out of range.
    #[error("{function}: {name} => {value} is not accepted; give {accepted}")]
    InvalidArgument {
        /// The function.
        function: String,
        /// The argument.
        name: String,
        /// The value as written.
        value: String,
        /// What is accepted.
        accepted: String,
    },
    /// No input relation.
    #[error(
        "{function} needs an input: the name of a table, TABLE(name), or a query in parentheses, \
         as in {function}((SELECT * FROM flow WHERE d = 8), …)"
    )]
    MissingInput {
        /// The function.
        function: String,
    },
    /// Neither `source` nor `documents` and `words`, or both.
    #[error(
        "{function} needs either source => {sources}, or both documents => … and \
         words => … (a column or an expression each, or several in brackets: [sip, dip])"
    )]
    WordsUndetermined {
        /// The function.
        function: String,
        /// The kinds of log.
        sources: String,
    },
    /// Different numbers of documents and words.
    #[error(
        "{function}: documents names {documents} expression(s) and words names {words}; each \
         document needs its word, in the same order"
    )]
    UnevenPairs {
        /// The function.
        function: String,
        /// How many documents.
        documents: usize,
        /// How many words.
        words: usize,
    },
    /// The input lacks a column that the kind of log has.
    #[error(
        "{function}: source => '{log}' reads the column '{column}', which the input (or the \
         feedback) does not have; the columns are: {present}"
    )]
    MissingColumn {
        /// The function.
        function: String,
        /// The kind of log.
        log: String,
        /// The column it reads.
        column: String,
        /// The columns of the input.
        present: String,
    },
    /// The input has a column of the name that a result column has.
    #[error(
        "{function} adds a column '{column}', and the input has one already; leave it out or \
         rename it in the input query"
    )]
    ColumnTaken {
        /// The function.
        function: String,
        /// The column.
        column: String,
    },
    /// The input may give other rows when it is read again.
    #[error(
        "{function} reads its input twice, and this input may give other rows each time ({why}); \
         store it first with CREATE TABLE … AS and give that table's name"
    )]
    UnrepeatableInput {
        /// The function.
        function: String,
        /// The part of the input that is to blame.
        why: String,
    },
    /// Nothing to train on.
    #[error(
        "there is nothing to train a model on: {records} records read, none of them usable \
         ({recipe}). {advice}"
    )]
    NothingToTrainOn {
        /// How many records were read.
        records: u64,
        /// What the words are.
        recipe: String,
        /// Where to look.
        advice: String,
    },
    /// An argument that is not worked out from one record alone.
    #[error(
        "{expression} cannot be worked out from one record alone, the same each time. The arguments of lda_train, lda_score \
         and rhythm take no aggregates, window functions or random(); make it a column of a stored table first"
    )]
    NotOfOneRecord {
        /// The expression as written.
        expression: String,
    },
    /// No conversation, or no time.
    #[error(
        "rhythm needs both conversation => … (a column or an expression, or several in brackets: \
         [sip, dip, proto]) and time => … (whole numbers, such as unix_tstamp)"
    )]
    RhythmUndetermined,
    /// Times that are no whole numbers.
    #[error(
        "rhythm: time => {expression} is of type {found}; give whole numbers, such as unix_tstamp, \
         or to_unixtime(…) of a timestamp"
    )]
    NotATime {
        /// The expression as written.
        expression: String,
        /// Its type.
        found: String,
    },
    /// Neither `source` nor `columns`, or both.
    #[error(
        "enrich needs either source => {sources}, or columns => … (columns of \
         addresses, names or URLs, such as [srcip, dstip])"
    )]
    EnrichmentUndetermined {
        /// The kinds of log.
        sources: String,
    },
    /// No source, and nothing that could be an indicator without one.
    #[error(
        "indicators needs source => {sources} for the rated records of that source, or an input with \
         a column 'indicator' (an address, a name or a URL); the columns of this one are: {present}"
    )]
    IndicatorsUndetermined {
        /// The kinds of log.
        sources: String,
        /// The columns of the input.
        present: String,
    },
    /// No source, or no ratings.
    #[error(
        "unrated needs both source => {sources} and ratings => … (the name of a table, or a query)"
    )]
    RatingsUndetermined {
        /// The kinds of log.
        sources: String,
    },
    /// A kind of log without ratings.
    #[error("{function}: records of source => '{log}' have no ratings")]
    Unratable {
        /// The function.
        function: String,
        /// The kind of log.
        log: String,
    },
    /// A kind of log whose ratings name no indicators.
    #[error("indicators: ratings of source => '{log}' name no indicators")]
    Unshareable {
        /// The kind of log.
        log: String,
    },
    /// A negative count.
    #[error("lda_train: the counts column holds {value}; counts are whole numbers, 0 or more")]
    NegativeCount {
        /// The value found.
        value: i64,
    },
    /// A relation that is no model.
    #[error(
        "lda_score: the model is not one: {problem}. A model is what lda_train returns, stored \
         as it is (columns part, name, text, weight, topics)"
    )]
    NotAModel {
        /// What is wrong with it.
        problem: String,
    },
    /// A model made with other words or parameters than the query asks for.
    #[error(
        "lda_score: the model does not fit: {parameter} was {trained} in its training and is \
         {asked} here. {advice}"
    )]
    ModelMisfit {
        /// The parameter.
        parameter: String,
        /// Its value in the model.
        trained: String,
        /// Its value in the query.
        asked: String,
        /// What to do.
        advice: &'static str,
    },
    /// Feedback together with a stored model.
    #[error(
        "{function}: feedback takes part in a training, and with model => … there is none; give \
         feedback to the lda_train that makes the model"
    )]
    FeedbackWithoutTraining {
        /// The function.
        function: String,
    },
    /// More than 2^32 names, or pairs of them.
    #[error(
        "more than 4,294,967,295 distinct documents, words or pairs of them in one model; train on \
         fewer"
    )]
    TooManyNames,
    /// From the topic model itself.
    #[error(transparent)]
    Topic(#[from] spotql_topic::Error),
}

impl From<TooManyTexts> for Error {
    fn from(_: TooManyTexts) -> Self {
        Self::TooManyNames
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        match error {
            Error::Topic(spotql_topic::Error::Cancelled { .. }) | Error::TooManyNames => {
                Self::Execution(error.to_string())
            }
            // Who runs scripts tells a day without records from one that fails.
            Error::NothingToTrainOn { .. } => Self::External(Box::new(error)),
            Error::NegativeCount { .. } | Error::ModelMisfit { .. } | Error::NotAModel { .. } => {
                Self::Execution(error.to_string())
            }
            other => Self::Plan(other.to_string()),
        }
    }
}
