//! What can go wrong with lists of domains.

use std::path::PathBuf;

/// A file of domains that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "the list of domains '{path}' cannot be read: {problem}; name a file with one domain or one rank,domain a line"
)]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}
