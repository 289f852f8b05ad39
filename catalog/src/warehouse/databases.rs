//! CREATE, DROP and SHOW DATABASES.

use super::{DEFAULT_DATABASE, Warehouse};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::metastore::databases::{self, DatabaseRow};
use crate::metastore::tables;
use crate::paths::Access;
use crate::table::check_name;

/// The name of the database that tells what SpotQL knows of itself. Its tables can only be read.
pub const SYSTEM_DATABASE: &str = "system";

/// A database (in SQL also: schema).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The name, in lower case.
    pub name: String,
    /// Where tables without a LOCATION of their own lie.
    pub location: Location,
    /// The COMMENT.
    pub comment: Option<String>,
}

impl Warehouse {
    fn database_of(&self, row: DatabaseRow) -> Result<Database> {
        let location = Location::from_stored(&row.location, &self.backend.root)?;
        Ok(Database {
            name: row.name,
            location,
            comment: row.comment,
        })
    }

    /// Makes a database. Without a location it lies at `<folder>/<name>.db`; a relative one is below the warehouse's
    /// folder. `false`: it was there already.
    ///
    /// # Errors
    /// [`Error::DatabaseExists`] unless `if_not_exists`; [`Error::InvalidName`]; [`Error::InvalidLocation`];
    /// [`Error::PathNotAllowed`].
    pub async fn create_database(
        &self,
        name: &str,
        if_not_exists: bool,
        comment: Option<String>,
        location: Option<String>,
    ) -> Result<bool> {
        let name = name.to_lowercase();
        check_name("database", &name)?;
        if name == SYSTEM_DATABASE {
            let reason = "it holds what SpotQL tells about itself";
            return Err(Error::InvalidName {
                kind: "database",
                name,
                reason,
            });
        }
        let text = location.unwrap_or_else(|| format!("{name}.db"));
        let location = Location::parse(&text, &self.backend.root)?;
        self.backend.storage.check(&location, Access::Write)?;
        self.backend.storage.check_folder(&location)?;
        if self.database(&name).await?.is_none() {
            self.backend.metastore.check_writable()?;
            // First: a place that cannot be one is no database's.
            self.backend
                .storage
                .create_directory(location.path())
                .await?;
        }
        let stored = location.to_stored(&self.backend.root);
        let row = name.clone();
        let added = self
            .backend
            .metastore
            .write(move |tx| databases::insert(tx, &row, &stored, comment.as_deref()))
            .await?;
        if !added {
            return if if_not_exists {
                Ok(false)
            } else {
                Err(Error::DatabaseExists { database: name })
            };
        }
        Ok(true)
    }

    /// Drops a database; with `cascade` its tables first, as DROP TABLE does. `false`: it was not there.
    ///
    /// # Errors
    /// [`Error::DatabaseNotFound`] unless `if_exists`; [`Error::DatabaseNotEmpty`] without `cascade`;
    /// [`Error::InvalidName`] for `default`, which stays.
    pub async fn drop_database(&self, name: &str, if_exists: bool, cascade: bool) -> Result<bool> {
        let name = name.to_lowercase();
        if name == DEFAULT_DATABASE {
            let reason = "the default database cannot be dropped";
            return Err(Error::InvalidName {
                kind: "database",
                name,
                reason,
            });
        }
        let Some(database) = self.database(&name).await? else {
            return if if_exists {
                Ok(false)
            } else {
                Err(Error::DatabaseNotFound { database: name })
            };
        };
        if cascade {
            for table in self.tables(&name).await? {
                self.drop_table(&name, &table, true).await?;
            }
        }
        let dropped = name.clone();
        self.backend
            .metastore
            .write(move |tx| {
                let Some(row) = databases::find(tx, &dropped)? else {
                    return Ok(());
                };
                let tables = tables::names(tx, &dropped)?.len() as u64;
                if tables > 0 {
                    return Err(Error::DatabaseNotEmpty {
                        database: dropped,
                        tables,
                    }
                    .into());
                }
                databases::delete(tx, row.id)
            })
            .await?;
        self.backend
            .storage
            .remove_empty(database.location.path(), &self.backend.root)
            .await?;
        Ok(true)
    }

    /// All databases, by name.
    ///
    /// # Errors
    /// What the metastore fails with.
    pub async fn databases(&self) -> Result<Vec<Database>> {
        let rows = self.backend.metastore.read(databases::all).await?;
        rows.into_iter().map(|row| self.database_of(row)).collect()
    }

    /// One database, `None` if there is none of that name.
    ///
    /// # Errors
    /// What the metastore fails with.
    pub async fn database(&self, name: &str) -> Result<Option<Database>> {
        let name = name.to_lowercase();
        let row = self
            .backend
            .metastore
            .read(move |tx| databases::find(tx, &name))
            .await?;
        row.map(|row| self.database_of(row)).transpose()
    }
}
