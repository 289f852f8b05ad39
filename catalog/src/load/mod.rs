//! LOAD FILES: which files a load reads, and what it keeps of them.
//!
//! A load takes Parquet files that lie anywhere on this machine and adds their rows to a table. It says what it did, and
//! does it once:
//!
//! - [`paths`] turns the statement's path into files; a path without any is an error.
//! - A file is known by its contents (BLAKE3). One that was loaded into the table before is skipped, under whatever name
//!   it comes. A file whose path, size and times are those of a file that was loaded is not even read again.
//! - [`FileSet`] is the relation of the rows of the others, for a query. [`crate::Warehouse::load`] writes the query's
//!   rows, keeps those apart that have no partition, and enters the files. All of this is in one transaction of the
//!   metastore.
//!
//! `loaded_files` is a record of what was loaded, not of what is there. DROP PARTITION and INSERT OVERWRITE leave it,
//! so that removed rows do not come back with the next load of their folder. DROP TABLE forgets the files.

mod columns;
mod find;
mod inspect;
mod paths;
mod relation;

use std::path::PathBuf;

use arrow::datatypes::SchemaRef;
use futures::{StreamExt, TryStreamExt, stream};

use crate::error::{Error, Result};
use crate::metastore::loaded::LoadedRow;
pub(crate) use find::{find, loaded};

use columns::Columns;
use inspect::State;

/// The hidden column of [`FileSet`] with the file's number in [`FileSet::paths`], INT.
pub const FILE_NUMBER: &str = "__load_file";
/// The hidden column of [`FileSet`] with the file's path, STRING.
pub const FILE_PATH: &str = "__load_path";

/// A file that is to be loaded.
#[derive(Debug, Clone)]
struct Candidate {
    path: PathBuf,
    state: State,
    hash: String,
    /// As the footer says.
    schema: SchemaRef,
    rows: u64,
    /// What its directories give: `site=a`.
    directories: Vec<(String, Option<String>)>,
}

/// A file that a load does not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedFile {
    /// Its path.
    pub path: String,
    /// Why, as the end of a sentence that begins with the path.
    pub reason: String,
}

/// A file that was loaded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedFile {
    /// Its path at that time, absolute, with links resolved.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// BLAKE3 of its contents, in hexadecimal.
    pub hash: String,
    /// The database of the table that it was loaded into.
    pub database: String,
    /// The table.
    pub table: String,
    /// Rows that went to the table.
    pub rows: u64,
    /// Rows that went to the table of rejected rows.
    pub rejected: u64,
    /// When, in microseconds since 1970.
    pub loaded_at: i64,
}

/// The files that one load reads, as a relation.
///
/// Its columns are those of the table (in the files' types; all NULL if no file has one), then other columns of the files,
/// then those that directories give, then [`FILE_PATH`] and [`FILE_NUMBER`].
#[derive(Debug)]
pub struct FileSet {
    sources: Vec<Candidate>,
    columns: Columns,
    again: bool,
    /// Files that were loaded before.
    pub known: Vec<SkippedFile>,
    /// Files that are none to load: empty ones, other formats.
    pub left_out: Vec<SkippedFile>,
    /// Paths that were loaded before with other contents.
    pub changed: Vec<String>,
}

impl FileSet {
    /// Whether there is nothing to load: all files were loaded before.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The files that are loaded, by number.
    pub fn paths(&self) -> Vec<String> {
        let paths = self.sources.iter();
        paths
            .map(|source| source.path.display().to_string())
            .collect()
    }

    /// How many rows they hold.
    pub fn rows(&self) -> u64 {
        self.sources.iter().map(|source| source.rows).sum()
    }

    /// The columns that a query sees.
    pub fn column_names(&self) -> Vec<String> {
        let fields = self.columns.file_schema.fields().iter();
        let fields = fields.chain(&self.columns.from_paths);
        fields.map(|field| field.name().clone()).collect()
    }

    /// Columns of the table that no file has.
    pub fn absent_columns(&self) -> &[String] {
        &self.columns.absent
    }

    /// Checks that every file has certain columns; of each inner list one.
    ///
    /// # Errors
    /// [`Error::MissingColumns`].
    pub fn require(&self, columns: &[Vec<String>]) -> Result<()> {
        for source in &self.sources {
            let fields = source.schema.fields();
            let has = |name: &String| {
                fields.iter().any(|it| it.name().eq_ignore_ascii_case(name))
                    || source.directories.iter().any(|(known, _)| known == name)
            };
            let missing: Vec<String> = columns
                .iter()
                .filter(|any| !any.iter().any(has))
                .map(|any| format!("'{}'", any.join("' or '")))
                .collect();
            if !missing.is_empty() {
                let names: Vec<&str> = fields.iter().map(|it| it.name().as_str()).collect();
                return Err(Error::MissingColumns {
                    path: source.path.display().to_string(),
                    missing: missing.join(", "),
                    present: names.join(", "),
                });
            }
        }
        Ok(())
    }

    /// Checks that the files are those that were hashed.
    pub(crate) async fn check_unchanged(&self) -> Result<()> {
        let files: Vec<(PathBuf, State)> = self
            .sources
            .iter()
            .map(|source| (source.path.clone(), source.state.clone()))
            .collect();
        each_blocking(files, |(path, state)| match State::of(&path) {
            Ok(now) if now == state => Ok(()),
            _ => Err(Error::FileChanged {
                path: path.display().to_string(),
            }),
        })
        .await
        .map(drop)
    }

    /// What the metastore keeps of the files; `counts` are rows loaded and rejected, by number.
    pub(crate) fn loaded_rows(&self, counts: &[(u64, u64)], now: i64) -> Vec<LoadedRow> {
        let files = self.sources.iter().zip(counts);
        files
            .map(|(source, (rows, rejected))| LoadedRow {
                path: source.path.display().to_string(),
                size: source.state.size,
                hash: source.hash.clone(),
                stamp: source.state.stamp.clone(),
                row_count: *rows,
                rejected: *rejected,
                loaded_at: now,
            })
            .collect()
    }

    pub(crate) fn again(&self) -> bool {
        self.again
    }
}

/// Runs work on threads that may block, as many as there are cores; results in order, the first error ends it.
async fn each_blocking<T: Send + 'static, R: Send + 'static>(
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> Result<R> + Clone + Send + 'static,
) -> Result<Vec<R>> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let items: Vec<T> = items.into_iter().collect();
    stream::iter(items)
        .map(move |item| {
            let work = work.clone();
            async move { tokio::task::spawn_blocking(move || work(item)).await? }
        })
        .buffered(threads)
        .try_collect()
        .await
}
