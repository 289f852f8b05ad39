//! CREATE, DROP and SHOW TABLES.

use std::sync::Arc;

use super::Warehouse;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::metastore::partitions::{self, NewPartition};
use crate::metastore::writes;
use crate::metastore::{files, tables};
use crate::paths::Access;
use crate::snapshot::TableSnapshot;
use crate::table::{Table, TableDefinition};
use crate::write::{Write, remove, remove_leftovers, when_settled};

impl Warehouse {
    /// Makes a table. `false`: one of that name was there already.
    ///
    /// A partitioned table starts without partitions, whatever lies at its location (ADD PARTITION and MSCK add
    /// them); an unpartitioned one holds the files that lie there. A relative LOCATION is below the database's.
    ///
    /// # Errors
    /// [`Error::TableExists`] unless `if_not_exists`; [`Error::DatabaseNotFound`]; [`Error::InvalidDefinition`],
    /// [`Error::InvalidName`], [`Error::InvalidLocation`], [`Error::PathNotAllowed`] for what cannot be.
    pub async fn create_table(
        &self,
        definition: TableDefinition,
        if_not_exists: bool,
    ) -> Result<bool> {
        let (definition, location) = self.prepare_definition(definition).await?;
        let exists = || Error::TableExists {
            database: definition.database.clone(),
            table: definition.name.clone(),
        };
        if self
            .table(&definition.database, &definition.name)
            .await?
            .is_some()
        {
            return if if_not_exists {
                Ok(false)
            } else {
                Err(exists())
            };
        }
        let draft = Table::new(definition.clone(), 0, location.clone());
        let found = if draft.is_partitioned() {
            Vec::new()
        } else {
            let excluded = self.places_below(&draft).await?;
            self.read_files(&draft, &location, &excluded).await?
        };
        self.backend.metastore.check_writable()?;
        if !definition.external {
            // First: a place that cannot be one is no table's.
            self.backend
                .storage
                .create_directory(location.path())
                .await?;
        }
        let (stored, row) = (location.to_stored(&self.backend.root), definition.clone());
        let added = self
            .backend
            .metastore
            .write(move |tx| {
                let Some(id) = tables::insert(tx, &row, &stored)? else {
                    return Ok(false);
                };
                if row.partition_columns.is_empty() {
                    let all = NewPartition {
                        name: String::new(),
                        key: String::new(),
                        raw: vec![],
                        location: None,
                    };
                    if let Some(partition) = partitions::insert(tx, id, &all)? {
                        for mut file in found {
                            file.partition_id = partition;
                            files::put(tx, id, &file)?;
                        }
                    }
                }
                Ok(true)
            })
            .await?;
        if !added {
            return if if_not_exists {
                Ok(false)
            } else {
                Err(exists())
            };
        }
        Ok(true)
    }

    /// Checks a definition and finds the table's place.
    pub(crate) async fn prepare_definition(
        &self,
        definition: TableDefinition,
    ) -> Result<(TableDefinition, Location)> {
        let definition = definition.normalised()?;
        let database =
            self.database(&definition.database)
                .await?
                .ok_or_else(|| Error::DatabaseNotFound {
                    database: definition.database.clone(),
                })?;
        let text = definition.location.as_deref().unwrap_or(&definition.name);
        let location = Location::parse(text, &database.location)?;
        let access = match definition.external {
            true => Access::Read,
            false => Access::Write,
        };
        self.backend.storage.check(&location, access)?;
        self.backend.storage.check_folder(&location)?;
        if !definition.external {
            let invalid = |reason: String| Error::InvalidDefinition {
                table: definition.full_name(),
                reason,
            };
            if location == self.backend.root || self.backend.root.is_below(&location) {
                return Err(invalid(
                    "DROP TABLE would delete the warehouse; use a folder in it".into(),
                ));
            }
            let stored = location.to_stored(&self.backend.root);
            let others = self
                .backend
                .metastore
                .read(|tx| tables::other_locations(tx, None))
                .await?;
            let taken = others.contains(&stored);
            if taken
                && self
                    .table(&definition.database, &definition.name)
                    .await?
                    .is_none()
            {
                return Err(invalid(format!(
                    "another table lies at {location}; use EXTERNAL"
                )));
            }
        }
        Ok((definition, location))
    }

    /// Drops a table. A managed table's data files are deleted, and its directories if nothing else lies in them; what
    /// the metastore does not know as the table's data stays. So do an EXTERNAL table's files. Queries that were planned
    /// before still find the files. `false`: it was not there.
    ///
    /// # Errors
    /// [`Error::TableNotFound`] unless `if_exists`; [`Error::PathNotAllowed`] for a managed table that lies elsewhere.
    pub async fn drop_table(&self, database: &str, name: &str, if_exists: bool) -> Result<bool> {
        let Some(table) = self.table(database, name).await? else {
            return if if_exists {
                Ok(false)
            } else {
                Err(Error::TableNotFound {
                    database: database.to_lowercase(),
                    table: name.to_lowercase(),
                })
            };
        };
        if !table.definition.external {
            let snapshot = self.snapshot(&table).await?;
            self.check_places(&table, &snapshot, Access::Write)?;
        }
        let write = Write::begin(&self.backend, Some(table.id)).await?;
        let (backend, id) = (self.backend.clone(), write.id.clone());
        let (dropping, root) = (Arc::clone(&table), backend.root.clone());
        let dropped = when_settled(&backend, table.id, &table.full_name(), move |tx| {
            if !remove(tx, &root, &id, &dropping)? {
                return Ok(false);
            }
            writes::commit(tx, &id, dropping.id)?;
            Ok(true)
        })
        .await;
        self.forget(table.id);
        match dropped {
            Ok(true) => {
                write.settle().await;
                if !table.definition.external {
                    if let Err(error) = remove_leftovers(&self.backend, &table.location).await {
                        log::debug!("staging directory of {}: {error}", table.full_name());
                    }
                    let storage = &self.backend.storage;
                    storage
                        .remove_empty(table.location.path(), &self.backend.root)
                        .await?;
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

    /// Whether the places of a table, and of its partitions that lie elsewhere, may be used.
    pub(crate) fn check_places(
        &self,
        table: &Table,
        snapshot: &TableSnapshot,
        access: Access,
    ) -> Result<()> {
        let storage = &self.backend.storage;
        storage.check(&table.location, access)?;
        let places = snapshot.partitions.iter().map(|it| &it.location);
        storage.check_all(
            places.filter(|place| !place.is_below(&table.location)),
            access,
        )
    }

    /// The names of a database's tables, sorted.
    ///
    /// # Errors
    /// [`Error::DatabaseNotFound`].
    pub async fn tables(&self, database: &str) -> Result<Vec<String>> {
        let database = database.to_lowercase();
        self.backend
            .metastore
            .read(move |tx| {
                if crate::metastore::databases::find(tx, &database)?.is_none() {
                    return Err(Error::DatabaseNotFound { database }.into());
                }
                tables::names(tx, &database)
            })
            .await
    }

    /// A table, `None` if there is none of that name.
    ///
    /// # Errors
    /// What the metastore fails with.
    pub async fn table(&self, database: &str, name: &str) -> Result<Option<Arc<Table>>> {
        let (database, name) = (database.to_lowercase(), name.to_lowercase());
        let root = self.backend.root.clone();
        self.backend
            .metastore
            .read(move |tx| match tables::find(tx, &database, &name)? {
                Some(row) => Ok(Some(Arc::new(row.into_table(&root)?))),
                None => Ok(None),
            })
            .await
    }
}
