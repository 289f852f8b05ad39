//! The warehouse: a folder with a metastore, the managed tables' data, and whatever external tables point to.
//!
//! Layout, as Hive's: tables of the database `default` lie in `<folder>/<table>/`, those of another database in
//! `<folder>/<database>.db/<table>/`, partitions in `<table>/<column>=<value>/…`. The metastore is
//! `<folder>/spotql.sqlite3`. The folder can be moved as a whole while no process has it open. Several processes may
//! have it open at once.
//!
//! All methods take names in any case. None of them understands SQL.

mod backup;
mod databases;
mod discover;
mod insert;
mod load;
mod partitions;
mod refresh;
mod runs;
mod sources;
mod tables;
mod verdicts;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use datafusion::execution::object_store::ObjectStoreUrl;
use object_store::ObjectStore;

pub use backup::{BackupReport, OutsideFiles};
pub use databases::{Database, SYSTEM_DATABASE};
pub use insert::InsertMode;
pub use load::{LoadReport, LoadRequest};
pub use partitions::PartitionSpec;
pub use refresh::{RefreshReport, RepairReport};
pub use runs::{NewRun, Run, RunEnd, RunOwner, RunStart, RunState};
pub use sources::Source;
pub use verdicts::KeptVerdict;

use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::layout::LOCKS;
use crate::location::Location;
use crate::metastore::writes::{self, GarbageRow, UnfinishedWrite};
use crate::metastore::{Metastore, databases as rows};
use crate::paths::{AllowedPath, PathRule};
use crate::pins::{Pin, Pins};
use crate::snapshot::{self, TableSnapshot};
use crate::storage::Storage;
use crate::table::Table;
use crate::write::{collect_garbage, recover_all};

/// The database that is always there.
pub const DEFAULT_DATABASE: &str = "default";

/// The folder of the copies that sources of context keep, in the warehouse's folder. They are the language's; a backup has
/// them, too.
pub const SOURCES: &str = "_spotql_sources";

/// How many tables' states are kept in memory.
const CACHED_SNAPSHOTS: usize = 256;

/// What can be set when a warehouse is opened.
#[derive(Debug, Clone)]
pub struct WarehouseOptions {
    /// How long a replaced file is kept for queries of other processes that were planned before. Queries of this
    /// process keep it as long as they need. Default: 10 minutes.
    pub grace: Duration,
    /// Folders outside the warehouse that may be written, or, where statements are served, read. Default: none.
    pub allowed: Vec<AllowedPath>,
    /// Whether statements come from clients of a server, who may then read no more than they may write and what is
    /// allowed ([`PathRule`]). Default: no.
    pub served: bool,
}

impl Default for WarehouseOptions {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(600),
            allowed: Vec::new(),
            served: false,
        }
    }
}

/// An open warehouse.
#[derive(Debug)]
pub struct Warehouse {
    pub(crate) backend: Backend,
    folder: PathBuf,
    options: WarehouseOptions,
    snapshots: Mutex<HashMap<i64, Arc<TableSnapshot>>>,
    pins: Pins,
}

impl Warehouse {
    /// Opens the warehouse in a folder, and makes both if they are not there; completes or undoes what killed
    /// processes have left. An older warehouse is brought to this program's format first, and a backup of its metastore
    /// stays beside that. Of one that this process may only read, that is done in a copy.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made, [`Error::NewerFormat`] if a newer program has used it,
    /// [`Error::Upgrade`] if an older one has and its format cannot be changed.
    pub async fn open(folder: impl AsRef<Path>) -> Result<Arc<Self>> {
        Self::open_with(folder, WarehouseOptions::default()).await
    }

    /// [`Warehouse::open`] with options.
    ///
    /// # Errors
    /// As [`Warehouse::open`].
    pub async fn open_with(
        folder: impl AsRef<Path>,
        options: WarehouseOptions,
    ) -> Result<Arc<Self>> {
        let folder = folder.as_ref();
        let failed = |source| Error::Io {
            path: folder.display().to_string(),
            source,
        };
        tokio::fs::create_dir_all(folder).await.map_err(failed)?;
        let folder = tokio::fs::canonicalize(folder).await.map_err(failed)?;
        let rule = PathRule::new(&folder, &options.allowed, options.served)?;
        let metastore = Metastore::open(&folder).await?;
        if !metastore.is_read_only() {
            metastore
                .write(|tx| rows::insert(tx, DEFAULT_DATABASE, "", None))
                .await?;
        }
        let backend = Backend {
            metastore,
            storage: Storage::new(Arc::new(rule)),
            root: Location::of_folder(&folder)?,
            locks: folder.join(LOCKS),
        };
        let warehouse = Self {
            backend,
            folder,
            options,
            snapshots: Mutex::default(),
            pins: Pins::default(),
        };
        warehouse.maintain().await;
        Ok(Arc::new(warehouse))
    }

    /// Whether there is a warehouse in a folder.
    #[must_use]
    pub fn is_at(folder: &Path) -> bool {
        folder.join(crate::metastore::FILE_NAME).exists()
    }

    /// The folder, absolute.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether this process may only read the warehouse.
    pub fn is_read_only(&self) -> bool {
        self.backend.metastore.is_read_only()
    }

    /// Writes that have not ended, of living processes and of those that are gone, and replaced files that could not be
    /// deleted: the oldest first.
    ///
    /// # Errors
    /// What the metastore fails with.
    pub async fn unfinished_writes(&self) -> Result<Vec<UnfinishedWrite>> {
        self.backend.metastore.read(writes::list).await
    }

    /// Which paths statements may use; to be asked before any other path is opened than those of tables.
    pub fn paths(&self) -> &PathRule {
        self.backend.storage.rule()
    }

    /// The store that the data lies in; to be registered for [`Warehouse::object_store_url`]. DataFusion's default
    /// runtime has one for `file://` already.
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.backend.storage.store()
    }

    /// The URL under which scans look their store up.
    pub fn object_store_url(&self) -> ObjectStoreUrl {
        Storage::url()
    }

    /// The state of a table as it is now.
    ///
    /// # Errors
    /// [`Error::TableNotFound`] if it has been dropped.
    pub async fn snapshot(&self, table: &Table) -> Result<Arc<TableSnapshot>> {
        let cached = self.cached(table.id);
        let (known, wanted) = (
            cached.as_ref().map(|snapshot| snapshot.version),
            table.clone(),
        );
        let root = self.backend.root.clone();
        let loaded = self
            .backend
            .metastore
            .read(move |tx| {
                let now = crate::metastore::tables::version(tx, wanted.id)?;
                if now.is_some() && now == known {
                    return Ok(None);
                }
                match snapshot::load(tx, &wanted, &root)? {
                    Some(snapshot) => Ok(Some(snapshot)),
                    None => Err(Error::TableNotFound {
                        database: wanted.definition.database,
                        table: wanted.definition.name,
                    }
                    .into()),
                }
            })
            .await?;
        match (loaded, cached) {
            (Some(snapshot), _) => Ok(self.cache(snapshot)),
            (None, Some(cached)) => Ok(cached),
            (None, None) => Err(Error::Corrupt {
                what: "a state that nobody has read".into(),
            }),
        }
    }

    fn cached(&self, table: i64) -> Option<Arc<TableSnapshot>> {
        let snapshots = self
            .snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        snapshots.get(&table).cloned()
    }

    fn cache(&self, snapshot: TableSnapshot) -> Arc<TableSnapshot> {
        let snapshot = Arc::new(snapshot);
        let mut snapshots = self
            .snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if snapshots.len() >= CACHED_SNAPSHOTS {
            snapshots.clear();
        }
        snapshots.insert(snapshot.table_id, Arc::clone(&snapshot));
        snapshot
    }

    fn forget(&self, table: i64) {
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&table);
    }

    /// The state of a table as it is now, whose files are kept until the pin is dropped.
    pub(crate) async fn pinned_snapshot(&self, table: &Table) -> Result<(Arc<TableSnapshot>, Pin)> {
        // Until it is known which state it will be, nothing of the table is deleted. What is deleted by somebody who
        // has asked just before was replaced before, so the state read below does not have it.
        let _all = self.pins.pin(table.id, 0);
        let snapshot = self.snapshot(table).await?;
        let pin = self.pins.pin(table.id, snapshot.version);
        Ok((snapshot, pin))
    }

    /// Completes or undoes writes of killed processes, and deletes replaced files that nobody reads any more. Runs by
    /// itself at opening and around every write; a server may also call it now and then. Failures are logged and tried
    /// again the next time.
    pub async fn maintain(&self) {
        if self.is_read_only() {
            return;
        }
        if let Err(error) = recover_all(&self.backend).await {
            log::warn!("recovering unfinished writes: {error}");
        }
        let pinned = |row: &GarbageRow| self.pins.hold_before(row.table_id, row.version);
        if let Err(error) = collect_garbage(&self.backend, self.options.grace, pinned).await {
            log::warn!("deleting replaced files: {error}");
        }
    }
}
