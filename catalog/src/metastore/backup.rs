//! Copies of the metastore, each of one moment, whoever writes meanwhile; and the one that a migration leaves beside it.
//!
//! SQLite's `VACUUM INTO` writes a copy of what is committed, also of what is still in the WAL. A plain copy of the file
//! would lack that.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{FILE_NAME, Outcome, connect};
use crate::error::Error;

/// Copies a metastore to a file that is not there yet, and to the disk.
pub(super) fn copy(from: &Path, to: &Path) -> Outcome<()> {
    let failed = |source| Error::Io {
        path: to.display().to_string(),
        source,
    };
    let name = to
        .to_str()
        .ok_or_else(|| failed(io::Error::other("its name is not UTF-8")))?;
    connect(from)?.execute("VACUUM INTO ?1", [name])?;
    File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    Ok(())
}

/// Writes the backup of a metastore whose write lock the caller holds, and returns its place: `spotql.sqlite3.backup-v6`
/// of format 6, or `…-2` and so on. An earlier one is never replaced; one with the same bytes serves again, so that a
/// migration which is tried again and again does not fill the disk.
pub(super) fn write(path: &Path, format: i64) -> Outcome<PathBuf> {
    let draft = path.with_file_name(format!("{FILE_NAME}.backup-new"));
    // What a killed process has left.
    discard(&draft);
    let written = copy(path, &draft).and_then(|()| Ok(place(path, format, &draft)?));
    if written.is_err() {
        discard(&draft);
    }
    written
}

/// Removes a draft and its journal, which SQLite would apply to the next one.
fn discard(draft: &Path) {
    let mut journal = draft.as_os_str().to_owned();
    journal.push("-journal");
    for file in [draft, Path::new(&journal)] {
        fs::remove_file(file).ok();
    }
}

fn place(path: &Path, format: i64, draft: &Path) -> Result<PathBuf, Error> {
    let failed = |source| Error::Io {
        path: draft.display().to_string(),
        source,
    };
    let mut number = 1;
    loop {
        let end = if number == 1 {
            String::new()
        } else {
            format!("-{number}")
        };
        let place = path.with_file_name(format!("{FILE_NAME}.backup-v{format}{end}"));
        if !place.exists() {
            fs::rename(draft, &place).map_err(failed)?;
            sync_folder(path.parent().unwrap_or(path));
            return Ok(place);
        }
        if is_same(draft, &place).map_err(failed)? {
            fs::remove_file(draft).map_err(failed)?;
            return Ok(place);
        }
        number += 1;
    }
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    Ok(one.metadata()?.len() == other.metadata()?.len() && fs::read(one)? == fs::read(other)?)
}

/// Brings names in a folder to the disk. Not every system can.
pub(crate) fn sync_folder(folder: &Path) {
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        log::debug!("{}: {error}", folder.display());
    }
}

/// The newest backup of a format up to this one beside a metastore.
pub(super) fn latest(path: &Path, format: i64) -> Option<PathBuf> {
    let entries = fs::read_dir(path.parent()?).ok()?;
    let found = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let end = name.strip_prefix(FILE_NAME)?.strip_prefix(".backup-v")?;
        let (kept, number) = end.split_once('-').unwrap_or((end, "1"));
        let key: (i64, u64) = (kept.parse().ok()?, number.parse().ok()?);
        (key.0 <= format).then(|| (key, entry.path()))
    });
    found.max().map(|(_, path)| path)
}
