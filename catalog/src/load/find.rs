//! Finding the files of a load: which are new to the table, and can be read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::columns::Columns;
use super::inspect::State;
use super::paths::Expanded;
use super::{
    Candidate, FILE_NUMBER, FILE_PATH, FileSet, LoadedFile, SkippedFile, each_blocking, inspect,
    paths,
};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::metastore::loaded::{self as rows, LoadedRow};
use crate::partition_name::parse_directory;
use crate::table::Table;

/// The files that a load of `path` into a table has to read. `again`: those that were loaded before, too.
pub(crate) async fn find(
    backend: &Backend,
    table: &Table,
    path: &str,
    again: bool,
) -> Result<FileSet> {
    let (given, storage) = (path.to_owned(), backend.storage.clone());
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
    let hashed = hashes(backend, table, files, again, &mut skipped).await?;
    let sources = read_footers(path, hashed, is_file, &mut skipped).await?;
    Ok(FileSet {
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
    backend: &Backend,
    table: &Table,
    files: Vec<PathBuf>,
    again: bool,
    skipped: &mut Skipped,
) -> Result<Vec<(PathBuf, State, String)>> {
    let id = table.id;
    let names: Vec<String> = files.iter().map(|it| it.display().to_string()).collect();
    let earlier = backend
        .metastore
        .read(move |tx| {
            names
                .iter()
                .map(|path| rows::by_path(tx, id, path))
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
    let twins: Vec<Option<LoadedRow>> = backend
        .metastore
        .read(move |tx| {
            hashes
                .iter()
                .map(|hash| rows::by_hash(tx, id, hash))
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
pub(crate) async fn loaded(backend: &Backend) -> Result<Vec<LoadedFile>> {
    let rows = backend.metastore.read(rows::all).await?;
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
) -> Result<Vec<Candidate>> {
    let read = each_blocking(files, |(path, state, hash)| {
        let Some((schema, rows)) = inspect::footer(&path)? else {
            return Ok(Err(path));
        };
        Ok(Ok(Candidate {
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
