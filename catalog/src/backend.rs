//! Where a warehouse keeps things: its metastore, its store of files, and the locks of its writes.

use crate::location::Location;
use crate::metastore::Metastore;
use crate::storage::Storage;

/// What every step of the write protocol needs, and every look at the metastore.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    pub(crate) metastore: Metastore,
    pub(crate) storage: Storage,
    /// The warehouse's folder.
    pub(crate) root: Location,
    /// The folder of the lock files.
    pub(crate) locks: std::path::PathBuf,
}
