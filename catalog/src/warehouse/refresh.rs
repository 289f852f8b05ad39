//! MSCK REPAIR TABLE, REFRESH and INVALIDATE METADATA: seeing what other programs have done to the directories.
//!
//! A listing takes no lock. Its result is applied only if the table has not changed since it began; otherwise it is
//! done again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use object_store::ObjectMeta;
use object_store::path::Path;
use rusqlite::Transaction;

use super::Warehouse;
use super::discover::Found;
use super::partitions::{ATTEMPTS, PartitionSpec, matches};
use crate::error::{Error, Result};
use crate::location::{Location, below};
use crate::metastore::files::{self, FileRow};
use crate::metastore::partitions::{self, NewPartition};
use crate::metastore::{Outcome, tables, writes};
use crate::snapshot::TableSnapshot;
use crate::storage::concurrently;
use crate::table::Table;
use crate::write::{Stuck, settle_others};

/// A state of a table, and the stuck writes on it, which stay as they are as long as this is held.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) snapshot: Arc<TableSnapshot>,
    stuck: Stuck,
}

impl Settled {
    /// Whether the table is in this state still.
    pub(super) fn is_current(&self, tx: &Transaction<'_>, table: i64) -> Outcome<bool> {
        Ok(tables::version(tx, table)? == Some(self.snapshot.version)
            && self.stuck.holds_all(&writes::unsettled(tx, table)?))
    }
}

/// What MSCK found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// The names of the partitions that were added.
    pub added: Vec<String>,
    /// Directories that are no partitions of the table, and why.
    pub skipped: Vec<(String, String)>,
}

/// What REFRESH found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefreshReport {
    /// Partitions that were added.
    pub partitions_added: u64,
    /// Files that are new.
    pub files_added: u64,
    /// Files that are gone.
    pub files_removed: u64,
    /// Files that have changed.
    pub files_changed: u64,
}

impl RefreshReport {
    fn changed(&self) -> bool {
        *self != Self::default()
    }
}

impl Warehouse {
    /// MSCK REPAIR TABLE: adds the partitions whose directories lie below the table's location. Directories of other
    /// tables and hidden ones are passed over; a value spelled in two ways (`m=7`, `m=07`) makes two partitions.
    ///
    /// # Errors
    /// [`Error::InvalidPartitionSpec`] if the table is not partitioned; [`Error::Conflict`] if others keep changing it.
    pub async fn repair(&self, table: &Table) -> Result<RepairReport> {
        if !table.is_partitioned() {
            return Err(Error::InvalidPartitionSpec {
                table: table.full_name(),
                reason: "it is not partitioned; REFRESH sees new files".into(),
            });
        }
        for _ in 0..ATTEMPTS {
            let settled = Arc::new(self.settled_snapshot(table).await?);
            let snapshot = &settled.snapshot;
            let (found, skipped) = self.discover(table, snapshot).await?;
            let added: Vec<String> = found.iter().map(|found| found.new.name.clone()).collect();
            let changes = self.read_new(table, snapshot, found).await?;
            if changes.is_empty() || self.apply(table, &settled, changes, Vec::new()).await? {
                return Ok(RepairReport { added, skipped });
            }
        }
        Err(self.too_busy(table))
    }

    /// REFRESH: reads again which files the partitions hold, of all or of those that `spec` names. A directory that is
    /// gone is an empty partition. For EXTERNAL tables (all partitions) new directories become partitions as well.
    ///
    /// # Errors
    /// [`Error::PartitionNotFound`] if `spec` names none; [`Error::Conflict`] if others keep changing the table.
    pub async fn refresh(
        &self,
        table: &Table,
        spec: Option<PartitionSpec>,
    ) -> Result<RefreshReport> {
        let typed = match &spec {
            Some(spec) => self.typed_spec(table, spec)?,
            None => vec![None; table.partition_fields().len()],
        };
        for _ in 0..ATTEMPTS {
            let settled = Arc::new(self.settled_snapshot(table).await?);
            let snapshot = &settled.snapshot;
            let mut report = RefreshReport::default();
            let chosen: Vec<_> = snapshot
                .partitions
                .iter()
                .filter(|partition| matches(partition, &typed))
                .collect();
            if chosen.is_empty()
                && let Some(spec) = &spec
            {
                let text: Vec<String> = spec
                    .iter()
                    .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("NULL")))
                    .collect();
                let partition = text.join(", ");
                return Err(Error::PartitionNotFound {
                    table: table.full_name(),
                    partition,
                });
            }
            let excluded = self.excluded(table, snapshot).await?;
            let updates = concurrently(chosen.into_iter().map(|partition| {
                let mut excluded = below(&excluded, &partition.location);
                excluded.remove(&partition.location);
                async move {
                    let listed = self.data_files(&partition.location, &excluded).await?;
                    self.compare(table, partition, &snapshot.staged, listed)
                        .await
                }
            }))
            .await?;
            for update in &updates {
                report.files_added += update.added;
                report.files_changed += update.changed;
                report.files_removed += update.removed.len() as u64;
            }
            let discover = spec.is_none() && table.definition.external && table.is_partitioned();
            let new = if discover {
                let (found, _) = self.discover(table, snapshot).await?;
                self.read_new(table, snapshot, found).await?
            } else {
                Vec::new()
            };
            report.partitions_added = new.len() as u64;
            report.files_added += new.iter().map(|(_, files)| files.len() as u64).sum::<u64>();
            if !report.changed() || self.apply(table, &settled, new, updates).await? {
                return Ok(report);
            }
        }
        Err(self.too_busy(table))
    }

    /// INVALIDATE METADATA: [`Warehouse::refresh`] of one table, or of all.
    ///
    /// # Errors
    /// As [`Warehouse::refresh`].
    pub async fn invalidate(&self, table: Option<&Table>) -> Result<()> {
        if let Some(table) = table {
            return self.refresh(table, None).await.map(drop);
        }
        for (database, name) in self.backend.metastore.read(tables::all_names).await? {
            // One that was dropped meanwhile needs no refresh.
            if let Some(table) = self.table(&database, &name).await? {
                self.refresh(&table, None).await?;
            }
        }
        Ok(())
    }

    /// The state of a table in which all committed files are in place, but for those of stuck writes.
    pub(super) async fn settled_snapshot(&self, table: &Table) -> Result<Settled> {
        let mut stuck = Stuck::default();
        loop {
            settle_others(&self.backend, table.id, &table.full_name(), &mut stuck).await?;
            let snapshot = self.snapshot(table).await?;
            let (id, settled) = (table.id, Settled { snapshot, stuck });
            let (same, settled) = self
                .backend
                .metastore
                .read(move |tx| Ok((settled.is_current(tx, id)?, settled)))
                .await?;
            if same {
                return Ok(settled);
            }
            stuck = settled.stuck;
        }
    }

    /// Places whose files are not this partition's: other tables', and other partitions'.
    async fn excluded(
        &self,
        table: &Table,
        snapshot: &TableSnapshot,
    ) -> Result<BTreeSet<Location>> {
        let mut excluded = self.places_below(table).await?;
        if table.is_partitioned() {
            excluded.extend(
                snapshot
                    .partitions
                    .iter()
                    .map(|partition| partition.location.clone()),
            );
        }
        Ok(excluded)
    }

    async fn read_new(
        &self,
        table: &Table,
        snapshot: &TableSnapshot,
        found: Vec<Found>,
    ) -> Result<Vec<(NewPartition, Vec<FileRow>)>> {
        let excluded = self.excluded(table, snapshot).await?;
        let excluded = &excluded;
        concurrently(found.into_iter().map(|found| async move {
            let files = self.read_files(table, &found.location, excluded).await?;
            Ok((found.new, files))
        }))
        .await
    }

    async fn compare(
        &self,
        table: &Table,
        partition: &crate::snapshot::Partition,
        staged: &HashMap<Path, Path>,
        listed: Vec<ObjectMeta>,
    ) -> Result<Update> {
        let mut known: HashMap<&str, _> = partition
            .files
            .iter()
            .map(|file| (file.path.as_str(), file))
            .collect();
        let (mut added, mut changed) = (0, 0);
        let mut to_read = Vec::new();
        for object in listed {
            let Some(path) = partition.location.relative(&object.location) else {
                continue;
            };
            match known.remove(path) {
                Some(file)
                    if file.size == object.size
                        && file.modified == object.last_modified.timestamp_micros() => {}
                Some(_) => {
                    changed += 1;
                    to_read.push(object);
                }
                None => {
                    added += 1;
                    to_read.push(object);
                }
            }
        }
        // A file of a stuck write is where it was staged.
        let is_staged = |path: &&str| {
            let place = partition.location.join(path);
            place.is_ok_and(|place| staged.contains_key(place.path()))
        };
        let gone = known.into_keys().filter(|path| !is_staged(path));
        let removed = gone.map(String::from).collect();
        let mut files = self
            .read_footers(table, &partition.location, to_read)
            .await?;
        for file in &mut files {
            file.partition_id = partition.id;
        }
        Ok(Update {
            partition: partition.id,
            files,
            removed,
            added,
            changed,
        })
    }

    /// Enters what a listing has found; `false` if the table has changed since the state it was compared with.
    async fn apply(
        &self,
        table: &Table,
        settled: &Arc<Settled>,
        new: Vec<(NewPartition, Vec<FileRow>)>,
        updates: Vec<Update>,
    ) -> Result<bool> {
        let (id, seen) = (table.id, Arc::clone(settled));
        self.backend
            .metastore
            .write(move |tx| {
                if !seen.is_current(tx, id)? {
                    return Ok(false);
                }
                tables::bump(tx, id)?;
                for update in updates {
                    if update.removed.is_empty() && update.files.is_empty() {
                        continue;
                    }
                    for path in &update.removed {
                        files::delete(tx, update.partition, path)?;
                    }
                    for file in &update.files {
                        files::put(tx, id, file)?;
                    }
                    partitions::bump(tx, update.partition)?;
                }
                for (partition, found) in new {
                    let Some(number) = partitions::insert(tx, id, &partition)? else {
                        continue;
                    };
                    for mut file in found {
                        file.partition_id = number;
                        files::put(tx, id, &file)?;
                    }
                }
                Ok(true)
            })
            .await
    }
}

/// What has changed in one partition.
struct Update {
    partition: i64,
    files: Vec<FileRow>,
    removed: Vec<String>,
    added: u64,
    changed: u64,
}
