//! Reading a metastore that this process may not write to, with other rights or on a read-only file system.
//!
//! SQLite's WAL needs a writable index even to read. So the database and its log are copied to the folder of temporary
//! files, and the copy is opened. It shows the state at that moment, also of a metastore whose last process was killed.

use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::FILE_NAME;

/// How often it is tried again if others keep writing.
const ATTEMPTS: usize = 100;

/// A file system's clock may stand still for so long.
const TICK: Duration = Duration::from_millis(20);

/// The copy, which lasts as long as the folder that is returned.
pub(super) fn copy(metastore: &Path) -> Result<TempDir> {
    let log = log_of(metastore);
    for _ in 0..ATTEMPTS {
        let folder = tempfile::Builder::new().prefix("spotql-").tempdir()?;
        let before = (state(metastore)?, state(&log)?);
        let own = folder.path().join(FILE_NAME);
        fs::copy(metastore, &own)?;
        if before.1.is_some() {
            fs::copy(&log, log_of(&own))?;
        }
        let now = SystemTime::now();
        let is_quiet = |state: &Option<(u64, SystemTime)>| {
            state.is_none_or(|(_, changed)| now.duration_since(changed).is_ok_and(|age| age > TICK))
        };
        // Nobody has written meanwhile: both belong together.
        if before == (state(metastore)?, state(&log)?) && is_quiet(&before.0) && is_quiet(&before.1)
        {
            return Ok(folder);
        }
        thread::sleep(TICK);
    }
    Err(Error::new(
        ErrorKind::ResourceBusy,
        "others keep writing to it",
    ))
}

fn log_of(metastore: &Path) -> PathBuf {
    metastore.with_file_name(format!("{FILE_NAME}-wal"))
}

/// Size and last change; none of a file that is not there.
fn state(file: &Path) -> Result<Option<(u64, SystemTime)>> {
    match file.metadata() {
        Ok(found) => Ok(Some((found.len(), found.modified()?))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
