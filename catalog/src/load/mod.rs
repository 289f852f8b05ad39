//! LOAD FILES: which files a load reads, and what it keeps of them.
//!
//! A load takes Parquet files that lie anywhere on this machine and adds their rows to a table. It says what it did, and
//! does it once:
//!
//! - [`paths`] turns the statement's path into files; a path without any is an error.
//! - A file is known by its contents (BLAKE3). One that was loaded into the table before is skipped, under whatever name
//!   it comes. A file whose path, size and times are those of a file that was loaded is not even read again.
//! - [`FileSet`] is the relation of the rows of the others, for a query; [`crate::Warehouse::load`] writes the query's rows, keeps
//!   those apart that have no partition, and enters the files, all in one transaction of the metastore.
//!
//! `loaded_files` is a record of what was loaded, not of what is there: DROP PARTITION and INSERT OVERWRITE leave it, so
//! that rows that were taken out do not come back with the next load of their folder. DROP TABLE forgets the files.

mod columns;
mod inspect;
mod paths;
mod relation;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use crate::error::{Error, Result};
use crate::metastore::loaded::{self, LoadedRow};
use crate::partition_name::parse_directory;
use crate::table::Table;
use crate::warehouse::Warehouse;
use columns::Columns;
use inspect::State;
use paths::Expanded;

/// The hidden column of [`FileSet`] with the file's number in [`FileSet::paths`], INT.
pub const FILE_NUMBER: &str = "__load_file";
/// The hidden column of [`FileSet`] with the file's path, STRING.
pub const FILE_PATH: &str = "__load_path";

/// A file that is to be loaded.
#[derive(Debug, Clone)]
struct Source {
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
    warehouse: Arc<Warehouse>,
    sources: Vec<Source>,
    columns: Columns,
    again: bool,
    /// Files that were loaded before.
    pub known: Vec<SkippedFile>,
    /// Files that are none to load: empty ones, other formats.
    pub left_out: Vec<SkippedFile>,
    /// Paths that were loaded before with other contents.
    pub changed: Vec<String>,
}

impl Warehouse {
    /// Finds the files that a load of `path` into a table has to read. `again`: those that were loaded before, too.
    ///
    /// # Errors
    /// [`Error::NothingToLoad`] if the path means no file that could be loaded; [`Error::UnreadableFile`],
    /// [`Error::Io`] for one that cannot be read.
    pub async fn files_to_load(
        self: &Arc<Self>,
        table: &Table,
        path: &str,
        again: bool,
    ) -> Result<FileSet> {
        let (given, storage) = (path.to_owned(), self.backend.storage.clone());
        let found = move || paths::expand(&given, storage.rule());
        let found = tokio::task::spawn_blocking(found).await??;
        let is_file = found.is_file;
        let Expanded {
            files, left_out, ..
        } = found;
        let mut skipped = Skipped {
            left_out: left_out
                .into_iter()
                .map(|(path, why)| skipped_file(&path, why))
                .collect(),
            ..Skipped::default()
        };
        let files: Vec<PathBuf> = files.into_iter().collect();
        let hashed = self.hashes(table, files, again, &mut skipped).await?;
        let sources = read_footers(path, hashed, is_file, &mut skipped).await?;
        Ok(FileSet {
            warehouse: Arc::clone(self),
            columns: Columns::of(table, &sources),
            sources,
            again,
            known: skipped.known,
            left_out: skipped.left_out,
            changed: skipped.changed,
        })
    }

    /// The files whose contents are new to the table, with their hashes; in the order of their paths.
    async fn hashes(
        &self,
        table: &Table,
        files: Vec<PathBuf>,
        again: bool,
        skipped: &mut Skipped,
    ) -> Result<Vec<(PathBuf, State, String)>> {
        let id = table.id;
        let names: Vec<String> = files.iter().map(|it| it.display().to_string()).collect();
        let earlier = self
            .backend
            .metastore
            .read(move |tx| {
                names
                    .iter()
                    .map(|path| loaded::by_path(tx, id, path))
                    .collect()
            })
            .await?;
        let earlier: Vec<Option<LoadedRow>> = earlier;
        let to_read = files.into_iter().zip(earlier.clone());
        let states = each_blocking(to_read, |(path, earlier)| {
            let state = State::of(&path)?;
            let same = |row: &LoadedRow| {
                !state.stamp.is_empty() && row.stamp == state.stamp && row.size == state.size
            };
            let hash = match earlier.filter(same) {
                Some(row) => row.hash,
                None => inspect::hash(&path)?,
            };
            Ok((path, state, hash))
        })
        .await?;
        let hashes: Vec<String> = states.iter().map(|(_, _, hash)| hash.clone()).collect();
        let twins: Vec<Option<LoadedRow>> = self
            .backend
            .metastore
            .read(move |tx| {
                hashes
                    .iter()
                    .map(|hash| loaded::by_hash(tx, id, hash))
                    .collect()
            })
            .await?;
        let mut new = Vec::new();
        let mut here: HashMap<String, PathBuf> = HashMap::new();
        for (((path, state, hash), twin), earlier) in states.into_iter().zip(twins).zip(earlier) {
            if !again {
                if let Some(twin) = twin {
                    skipped.known.push(known(&path, &twin));
                    continue;
                }
                if let Some(first) = here.get(&hash) {
                    let reason = format!("has the same contents as '{}'", first.display());
                    skipped.known.push(skipped_file(&path, &reason));
                    continue;
                }
            }
            if earlier.is_some_and(|row| row.hash != hash) {
                skipped.changed.push(path.display().to_string());
            }
            here.insert(hash.clone(), path.clone());
            new.push((path, state, hash));
        }
        Ok(new)
    }

    /// All files that were loaded into tables that are there, in the order in which they were loaded.
    ///
    /// # Errors
    /// What the metastore fails with.
    pub async fn loaded_files(&self) -> Result<Vec<LoadedFile>> {
        let rows = self.backend.metastore.read(loaded::all).await?;
        Ok(rows
            .into_iter()
            .map(|named| LoadedFile {
                path: named.row.path,
                size: named.row.size,
                hash: named.row.hash,
                database: named.database,
                table: named.table,
                rows: named.row.row_count,
                rejected: named.row.rejected,
                loaded_at: named.row.loaded_at,
            })
            .collect())
    }
}

/// What a load passes over.
#[derive(Debug, Default)]
struct Skipped {
    known: Vec<SkippedFile>,
    left_out: Vec<SkippedFile>,
    changed: Vec<String>,
}

fn skipped_file(path: &Path, reason: &str) -> SkippedFile {
    SkippedFile {
        path: path.display().to_string(),
        reason: reason.to_owned(),
    }
}

fn known(path: &Path, twin: &LoadedRow) -> SkippedFile {
    let when = chrono::DateTime::from_timestamp_micros(twin.loaded_at).unwrap_or_default();
    let when = when.format("%Y-%m-%d %H:%M:%S");
    let same = twin.path == path.display().to_string();
    skipped_file(
        path,
        &match same {
            true => format!("was loaded at {when}"),
            false => format!("has the contents of '{}', loaded at {when}", twin.path),
        },
    )
}

/// Reads the footers of files; those that are no Parquet are left out, if there are others.
async fn read_footers(
    path: &str,
    files: Vec<(PathBuf, State, String)>,
    is_file: bool,
    skipped: &mut Skipped,
) -> Result<Vec<Source>> {
    let read = each_blocking(files, |(path, state, hash)| {
        let Some((schema, rows)) = inspect::footer(&path)? else {
            return Ok(Err(path));
        };
        Ok(Ok(Source {
            directories: directories(&path),
            path,
            state,
            hash,
            schema,
            rows,
        }))
    })
    .await?;
    let mut sources = Vec::new();
    for file in read {
        match file {
            Ok(source) => sources.push(source),
            Err(_) if is_file => {
                return Err(paths::nothing(path, "the file is not Parquet".to_owned()));
            }
            Err(other) if inspect::says_parquet(&other) => {
                return Err(Error::UnreadableFile {
                    path: other.display().to_string(),
                    reason: "it is not Parquet, as its name says. Nothing was loaded".to_owned(),
                });
            }
            Err(other) => skipped
                .left_out
                .push(skipped_file(&other, "is not Parquet")),
        }
    }
    if sources.is_empty()
        && skipped.known.is_empty()
        && let Some(first) = skipped.left_out.first()
    {
        let reason = format!(
            "none of the {} files there is one to load: '{}' {}",
            skipped.left_out.len(),
            first.path,
            first.reason
        );
        return Err(paths::nothing(path, reason));
    }
    Ok(sources)
}

/// `column=value` among the directories of a file, the innermost of a name.
fn directories(path: &Path) -> Vec<(String, Option<String>)> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    let folder = path.parent().unwrap_or(Path::new(""));
    for part in folder
        .components()
        .filter_map(|part| part.as_os_str().to_str())
    {
        let Some((name, value)) = parse_directory(part) else {
            continue;
        };
        let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.is_empty();
        if !is_name || name == FILE_NUMBER || name == FILE_PATH {
            continue;
        }
        found.retain(|(known, _)| *known != name);
        found.push((name, value));
    }
    found
}

/// Runs work on threads that may block, as many as there are cores; results in order, the first error ends it.
async fn each_blocking<T: Send + 'static, R: Send + 'static>(
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> Result<R> + Clone + Send + 'static,
) -> Result<Vec<R>> {
    use futures::{StreamExt, TryStreamExt, stream};
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
