//! A write under way: its id, its lock, and the places where it stages files.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::settle::{self, now};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::layout::staging_directory;
use crate::location::Location;
use crate::lock::OwnerLock;
use crate::metastore::writes;

/// A write under way. Dropping it gives up its lock, so that any process may undo or settle it; [`Write::abort`] and
/// [`Write::settle`] do that at once.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) backend: Backend,
    pub(crate) id: String,
    lock: OwnerLock,
    roots: Mutex<HashSet<Location>>,
}

impl Write {
    /// Step 1. `table` is `None` if the table is made by this write.
    pub(crate) async fn begin(backend: &Backend, table: Option<i64>) -> Result<Self> {
        backend.metastore.check_writable()?;
        let id = uuid::Uuid::now_v7().simple().to_string();
        let lock = OwnerLock::create(&backend.locks, &id).await?;
        let (row_id, owner) = (id.clone(), format!("process {}", std::process::id()));
        backend
            .metastore
            .write(move |tx| writes::begin(tx, &row_id, table, &owner, now()))
            .await?;
        Ok(Self {
            backend: backend.clone(),
            id,
            lock,
            roots: Mutex::default(),
        })
    }

    /// The place for a staged file of a partition whose files go to `root` or below; entered in the metastore before
    /// anything is written there.
    pub(crate) async fn staged_path(&self, root: &Location, number: u64) -> Result<Location> {
        let new = {
            let roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
            !roots.contains(root)
        };
        if new {
            let (id, stored) = (self.id.clone(), root.to_stored(&self.backend.root));
            self.backend
                .metastore
                .write(move |tx| writes::add_root(tx, &id, &stored))
                .await?;
            self.roots
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(root.clone());
        }
        staging_directory(root, &self.id)?
            .join(&format!("{number}.staged"))
            .map_err(|error| Error::Corrupt {
                what: error.to_string(),
            })
    }

    /// The final name of a staged file.
    pub(crate) fn file_name(&self, number: u64) -> String {
        format!("part-{}-{number}.parquet", self.id)
    }

    /// Undoes a write that has not been committed.
    pub(crate) async fn abort(self) -> Result<()> {
        settle::undo(&self.backend, &self.id).await?;
        self.lock.remove();
        Ok(())
    }

    /// Step 4. What fails is left to recovery; the result is visible all the same.
    pub(crate) async fn settle(self) {
        match settle::settle(&self.backend, &self.id).await {
            Ok(()) => self.lock.remove(),
            Err(error) => settle::note_failure(&self.backend, &self.id, &error).await,
        }
    }
}
