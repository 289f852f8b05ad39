//! The names that the warehouse keeps for itself: what lies beside the data, hidden from every engine.
//!
//! Hive, Impala, Spark and pyarrow skip names that start with `_`. The protocol behind them is that of [`crate::write`].

use object_store::path::Path;

use crate::error::{Error, Result};
use crate::location::Location;

/// The folder of the lock files of writes under way, in the warehouse's folder.
pub(crate) const LOCKS: &str = "_spotql_locks";

/// The directory, in a table's or partition's location, that holds files before they are committed.
pub(crate) const STAGING_DIRECTORY: &str = "_spotql_staging";

/// The end of the name of a replaced file.
pub(crate) const RETIRED_SUFFIX: &str = ".retired";

/// Where a replaced file goes: a hidden name beside the old one.
pub(crate) fn retired_path(path: &Path) -> Option<Path> {
    let name = format!("_{}{RETIRED_SUFFIX}", path.filename()?);
    let parent = path.parent()?;
    Location::from_path(parent)
        .join(&name)
        .ok()
        .map(|location| location.path().clone())
}

/// The directory of one write's staged files at one location.
pub(crate) fn staging_directory(root: &Location, write: &str) -> Result<Location> {
    root.join(&format!("{STAGING_DIRECTORY}/{write}"))
        .map_err(|error| Error::Corrupt {
            what: error.to_string(),
        })
}
