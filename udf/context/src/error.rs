//! What can go wrong with sources of context, each as a sentence with the way out.

use std::path::Path;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a geo database, indicator list or network list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that cannot be read.
    #[error(
        "'{path}' cannot be read: {source}; give the path of a file that this program may read"
    )]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is not what it should be.
    #[error("'{path}' is not {expected}: {problem}")]
    Format {
        /// The file, or the query.
        path: String,
        /// What it should be.
        expected: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A line that is not what it should be.
    #[error("line {line} of '{path}' cannot be used: {problem}")]
    Line {
        /// The file.
        path: String,
        /// Where, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// A list in which nothing is of use.
    #[error(
        "'{path}' holds no {what}: {unusable} entries read, none of them usable{example}. {advice}"
    )]
    NothingUsable {
        /// The file, or the query.
        path: String,
        /// What was looked for.
        what: &'static str,
        /// How many entries were not of use.
        unusable: u64,
        /// The first of them.
        example: String,
        /// What to do.
        advice: &'static str,
    },
    /// More than 2^32 entries.
    #[error("more than 4,294,967,295 entries in one list; divide it")]
    TooMany,
}

impl Error {
    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read {
            path: path.display().to_string(),
            source,
        }
    }

    pub(crate) fn format(path: &str, expected: &'static str, problem: impl Into<String>) -> Self {
        Self::Format {
            path: path.to_owned(),
            expected,
            problem: problem.into(),
        }
    }
}
