//! SHOW PARTITIONS, ALTER TABLE … ADD and DROP PARTITION.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::ScalarValue;

use super::Warehouse;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::metastore::partitions::{self, NewPartition};
use crate::metastore::{files, tables, writes};
use crate::partition_name::{RawValues, canonical_text, partition_name, typed_value};
use crate::paths::Access;
use crate::snapshot::{Partition, TableSnapshot};
use crate::table::Table;
use crate::write::{Replaced, Write, retire, when_settled};

/// A PARTITION clause: columns with their values as text; `None` is NULL.
pub type PartitionSpec = Vec<(String, Option<String>)>;

/// How often a listing is repeated if others keep changing the table meanwhile.
pub(super) const ATTEMPTS: usize = 20;

impl Warehouse {
    /// The partitions of a table, in the order in which they were added. An unpartitioned table has one without
    /// values.
    ///
    /// # Errors
    /// [`Error::TableNotFound`] if it has been dropped.
    pub async fn partitions(&self, table: &Table) -> Result<Arc<TableSnapshot>> {
        self.snapshot(table).await
    }

    /// Types a PARTITION clause: a value for each named column, in the order of the partition columns.
    pub(super) fn typed_spec(
        &self,
        table: &Table,
        spec: &[(String, Option<String>)],
    ) -> Result<Vec<Option<ScalarValue>>> {
        let columns = &table.definition.partition_columns;
        let invalid = |reason: String| Error::InvalidPartitionSpec {
            table: table.full_name(),
            reason,
        };
        let mut typed = vec![None; columns.len()];
        for (name, value) in spec {
            let name = name.to_lowercase();
            let index = columns
                .iter()
                .position(|column| column.name == name)
                .ok_or_else(|| invalid(format!("'{name}' is no partition column")))?;
            if typed[index].is_some() {
                return Err(invalid(format!("'{name}' is given twice")));
            }
            typed[index] = Some(typed_value(
                &table.definition,
                &columns[index],
                value.as_deref(),
            )?);
        }
        Ok(typed)
    }

    /// Adds a partition, with the data files that lie there. Without a location it lies at its directory below the
    /// table's; a relative location is below the table's. `false`: it was there already.
    ///
    /// # Errors
    /// [`Error::InvalidPartitionSpec`] unless every partition column has a value; [`Error::InvalidPartitionValue`];
    /// [`Error::PartitionExists`] unless `if_not_exists`.
    pub async fn add_partition(
        &self,
        table: &Table,
        values: PartitionSpec,
        location: Option<String>,
        if_not_exists: bool,
    ) -> Result<bool> {
        let columns = &table.definition.partition_columns;
        let raw = self
            .typed_spec(table, &values)?
            .iter()
            .zip(columns)
            .map(|(value, column)| match value {
                Some(value) => Ok(canonical_text(value)),
                None => Err(Error::InvalidPartitionSpec {
                    table: table.full_name(),
                    reason: format!("a value for '{}' is missing", column.name),
                }),
            })
            .collect::<Result<RawValues>>()?;
        if raw.is_empty() {
            return Err(Error::InvalidPartitionSpec {
                table: table.full_name(),
                reason: "the table is not partitioned".into(),
            });
        }
        let name = partition_name(columns, &raw);
        let default = table.location.join(&name).map_err(|error| Error::Corrupt {
            what: format!("partition '{name}': {error}"),
        })?;
        let place = match &location {
            Some(text) => Location::parse(text, &table.location)?,
            None => default.clone(),
        };
        let storage = &self.backend.storage;
        storage.check(&place, Access::Read)?;
        storage.check_folder(&place)?;
        self.backend.metastore.check_writable()?;
        // Where nothing may be written no directory is made: the partition is empty if there is none.
        let writable = storage.check(&place, Access::Write).is_ok();
        for _ in 0..ATTEMPTS {
            let settled = Arc::new(self.settled_snapshot(table).await?);
            let snapshot = &settled.snapshot;
            if snapshot
                .partitions
                .iter()
                .any(|partition| partition.key == name)
            {
                let exists = Error::PartitionExists {
                    table: table.full_name(),
                    partition: name,
                };
                return if if_not_exists {
                    Ok(false)
                } else {
                    Err(exists)
                };
            }
            if writable {
                storage.create_directory(place.path()).await?;
            }
            let mut excluded = self.places_below(table).await?;
            excluded.extend(
                snapshot
                    .partitions
                    .iter()
                    .map(|partition| partition.location.clone()),
            );
            let found = self.read_files(table, &place, &excluded).await?;
            let new = NewPartition {
                name: name.clone(),
                key: name.clone(),
                raw: raw.clone(),
                location: (place != default).then(|| place.to_stored(&self.backend.root)),
            };
            let (id, seen) = (table.id, Arc::clone(&settled));
            let added = self
                .backend
                .metastore
                .write(move |tx| {
                    if !seen.is_current(tx, id)? {
                        return Ok(false);
                    }
                    let Some(partition) = partitions::insert(tx, id, &new)? else {
                        return Ok(false);
                    };
                    for mut file in found {
                        file.partition_id = partition;
                        files::put(tx, id, &file)?;
                    }
                    tables::bump(tx, id)?;
                    Ok(true)
                })
                .await?;
            if added {
                return Ok(true);
            }
        }
        Err(self.too_busy(table))
    }

    /// Drops the partitions whose values equal those given; columns that are not given match anything. Files of a
    /// managed table are deleted, those of an EXTERNAL table stay. Returns the names of what was dropped.
    ///
    /// # Errors
    /// [`Error::PartitionNotFound`] if there is none, unless `if_exists`; [`Error::InvalidPartitionSpec`];
    /// [`Error::InvalidPartitionValue`].
    pub async fn drop_partitions(
        &self,
        table: &Table,
        spec: PartitionSpec,
        if_exists: bool,
    ) -> Result<Vec<String>> {
        let typed = self.typed_spec(table, &spec)?;
        if typed.iter().all(Option::is_none) {
            return Err(Error::InvalidPartitionSpec {
                table: table.full_name(),
                reason: "name at least one partition column with its value".into(),
            });
        }
        for _ in 0..ATTEMPTS {
            let snapshot = self.settled_snapshot(table).await?.snapshot;
            let matching: Vec<&Partition> = snapshot
                .partitions
                .iter()
                .filter(|partition| matches(partition, &typed))
                .collect();
            if matching.is_empty() {
                let text: Vec<String> = spec
                    .iter()
                    .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("NULL")))
                    .collect();
                return if if_exists {
                    Ok(Vec::new())
                } else {
                    let partition = text.join(", ");
                    Err(Error::PartitionNotFound {
                        table: table.full_name(),
                        partition,
                    })
                };
            }
            let names: Vec<String> = matching
                .iter()
                .map(|partition| partition.name.clone())
                .collect();
            if !table.definition.external {
                let places = matching.iter().map(|partition| &partition.location);
                self.backend.storage.check_all(places, Access::Write)?;
            }
            if self.drop_seen(table, &snapshot, &matching).await? {
                return Ok(names);
            }
        }
        Err(self.too_busy(table))
    }

    /// Drops partitions of a state; `false` if the table has changed since.
    async fn drop_seen(
        &self,
        table: &Table,
        snapshot: &TableSnapshot,
        partitions: &[&Partition],
    ) -> Result<bool> {
        let ids: BTreeSet<i64> = partitions.iter().map(|partition| partition.id).collect();
        let write = Write::begin(&self.backend, Some(table.id)).await?;
        let (id, seen, root) = (
            write.id.clone(),
            snapshot.version,
            self.backend.root.clone(),
        );
        let copy = table.clone();
        let dropped = when_settled(&self.backend, table.id, &table.full_name(), move |tx| {
            if tables::version(tx, copy.id)? != Some(seen) {
                return Ok(false);
            }
            let version = tables::bump(tx, copy.id)?;
            let context = Replaced {
                write: &id,
                table: &copy,
                version,
                root: &root,
            };
            for row in partitions::all(tx, copy.id)? {
                if !ids.contains(&row.id) {
                    continue;
                }
                if !copy.definition.external {
                    retire(tx, &context, &row)?;
                }
                partitions::delete(tx, row.id)?;
            }
            writes::commit(tx, &id, copy.id)?;
            Ok(true)
        })
        .await;
        match dropped {
            Ok(true) => {
                write.settle().await;
                if !table.definition.external {
                    for partition in partitions {
                        let place = partition.location.path();
                        self.backend
                            .storage
                            .remove_empty(place, &table.location)
                            .await?;
                    }
                }
                self.maintain().await;
                Ok(true)
            }
            Ok(false) => write.abort().await.map(|()| false),
            Err(error) => {
                write.abort().await?;
                Err(error)
            }
        }
    }

    pub(super) fn too_busy(&self, table: &Table) -> Error {
        Error::Conflict {
            table: table.full_name(),
            partition: None,
            reason: "other statements keep changing it".into(),
        }
    }
}

/// Whether a partition has the values that are given.
pub(super) fn matches(partition: &Partition, spec: &[Option<ScalarValue>]) -> bool {
    partition
        .values
        .iter()
        .zip(spec)
        .all(|(value, wanted)| match wanted {
            Some(wanted) if wanted.is_null() => value.is_null(),
            Some(wanted) => value == wanted,
            None => true,
        })
}
