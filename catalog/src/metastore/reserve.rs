//! Space for the metastore's own transactions on a full disk: a file beside it.
//!
//! Without such space not even SELECT could open the metastore, and DROP could not make room. The file is removed when
//! the disk is found full. A later process makes it again once there is room.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

const FILE_NAME: &str = "_spotql_reserve";
/// WAL, its index and some transactions.
const BYTES: usize = 512 << 10;
/// How much has to be free for it to be made.
const NEEDED: usize = 4 * BYTES;

fn file(metastore: &Path) -> PathBuf {
    metastore.with_file_name(FILE_NAME)
}

/// Whether SQLite failed because the disk is full. Its own files cannot grow then, which it calls an I/O error: that may
/// be another one.
pub(super) fn is_full(error: &rusqlite::Error, metastore: &Path) -> bool {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => true,
        Some(ErrorCode::SystemIoFailure) => has_no_room(metastore),
        _ => false,
    }
}

/// Tries to write as much as a transaction needs.
fn has_no_room(metastore: &Path) -> bool {
    let trial = metastore.with_file_name(format!("{FILE_NAME}.trial"));
    let written = File::create(&trial).and_then(|mut file| file.write_all(&vec![0; BYTES / 4]));
    fs::remove_file(&trial).ok();
    written.is_err_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    })
}

/// Makes room. `false`: there was nothing to give up.
pub(super) fn give_up(metastore: &Path) -> bool {
    let file = file(metastore);
    let given = fs::remove_file(&file).is_ok();
    if given {
        log::warn!(
            "the disk is full: the space that {} kept is used; DROP what is not needed, or free some elsewhere",
            file.display()
        );
    }
    given
}

/// Makes the file if it is not there and there is room. It is no error if there is none: nothing depends on it yet.
pub(super) fn keep(metastore: &Path) {
    let place = file(metastore);
    if place.exists() {
        return;
    }
    // Under another name until it is whole. The next process takes over what a killed one has left of it; two at once
    // write the same zeros.
    let draft = metastore.with_file_name(format!("{FILE_NAME}.new"));
    let made = fill(&draft).and_then(|()| fs::rename(&draft, &place));
    if let Err(error) = made {
        log::debug!("{} is not made: {error}", place.display());
        fs::remove_file(&draft).ok();
    }
}

fn fill(draft: &Path) -> io::Result<()> {
    let mut file = File::create(draft)?;
    let zeros = vec![0; BYTES];
    for _ in 0..NEEDED / BYTES {
        file.write_all(&zeros)?;
    }
    file.sync_data()?;
    file.set_len(BYTES as u64)
}
