//! What the tests that cross crates share.

use std::path::{Path, PathBuf};

/// The folder of real data beside the repository, where there is one. A test that needs it says so
/// and returns when it is absent.
#[must_use]
pub fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    folder
        .join("data")
        .is_dir()
        .then(|| folder.canonicalize().unwrap_or(folder))
}
