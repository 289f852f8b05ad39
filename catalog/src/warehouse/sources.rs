//! Sources of context (geo databases, indicator lists, …) and schedules. Their meaning is the caller's business. Here
//! they are a kind, a name and a definition, kept with a version that changes whenever the source does.

use super::Warehouse;
use crate::error::{Error, Result};
use crate::metastore::sources::{self, SourceRow};
use crate::metastore::verdicts;
use crate::table::check_name;

/// A source of context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it is, as in SQL: `geo database`.
    pub kind: String,
    /// The name, in lower case; sources of different kinds may share one.
    pub name: String,
    /// What the caller keeps about it.
    pub definition: String,
    /// Another one after every change, never used twice.
    pub version: i64,
}

impl From<SourceRow> for Source {
    fn from(row: SourceRow) -> Self {
        Self {
            kind: row.kind,
            name: row.name,
            definition: row.definition,
            version: row.version,
        }
    }
}

impl Warehouse {
    /// All sources, in the order in which they were made.
    ///
    /// # Errors
    /// When the metastore cannot be read; likewise below.
    pub async fn sources(&self) -> Result<Vec<Source>> {
        let rows = self.backend.metastore.read(sources::all).await?;
        Ok(rows.into_iter().map(Source::from).collect())
    }

    /// Makes a source, or with `replace` takes the place of one.
    ///
    /// # Errors
    /// [`Error::SourceExists`] without `replace`; [`Error::InvalidName`].
    pub async fn create_source(
        &self,
        kind: &'static str,
        name: &str,
        definition: String,
        replace: bool,
    ) -> Result<()> {
        let name = name.to_lowercase();
        check_name(kind, &name)?;
        self.put_source(kind, name, definition, move |known, name| match known {
            Some(_) if !replace => Err(Error::SourceExists { kind, name }),
            _ => Ok(()),
        })
        .await
        .map(drop)
    }

    /// Gives a source that is there a new definition, and with it a new version, which is returned; `version` is the one it
    /// was read in.
    ///
    /// # Errors
    /// [`Error::SourceNotFound`]; [`Error::SourceChanged`] if it is of another version by now.
    pub async fn update_source(
        &self,
        kind: &'static str,
        name: &str,
        definition: String,
        version: i64,
    ) -> Result<i64> {
        let name = name.to_lowercase();
        self.put_source(kind, name, definition, move |known, name| match known {
            Some(known) if known == version => Ok(()),
            Some(_) => Err(Error::SourceChanged { kind, name }),
            None => Err(Error::SourceNotFound { kind, name }),
        })
        .await
    }

    /// Writes a definition down if `check` allows it, which is told the version of the one that is there.
    async fn put_source(
        &self,
        kind: &'static str,
        name: String,
        definition: String,
        check: impl FnOnce(Option<i64>, String) -> Result<()> + Send + 'static,
    ) -> Result<i64> {
        self.backend
            .metastore
            .write(move |tx| {
                let known = sources::find(tx, kind, &name)?.map(|row| row.version);
                check(known, name.clone())?;
                let version = sources::put(tx, kind, &name, &definition)?;
                verdicts::retain_current(tx)?;
                Ok(version)
            })
            .await
    }

    /// Removes a source. `false`: it was not there.
    ///
    /// # Errors
    /// [`Error::SourceNotFound`] unless `if_exists`.
    pub async fn drop_source(
        &self,
        kind: &'static str,
        name: &str,
        if_exists: bool,
    ) -> Result<bool> {
        let name = name.to_lowercase();
        self.backend
            .metastore
            .write(move |tx| {
                let removed = sources::delete(tx, kind, &name)?;
                if !removed && !if_exists {
                    return Err(Error::SourceNotFound { kind, name }.into());
                }
                verdicts::retain_current(tx)?;
                Ok(removed)
            })
            .await
    }
}
