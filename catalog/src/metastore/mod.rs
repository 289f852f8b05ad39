//! The metastore: one SQLite database in the warehouse's folder, used by several processes at once.
//!
//! This module opens it and runs work on it; what is kept is in [`migrations`], the statements are in the modules by what
//! they touch. SQLite calls block, so they run on tokio's blocking threads; only the tiny look-ups that DataFusion's
//! synchronous catalog traits ask for run where they are called. Writers and readers have a connection each: in WAL
//! mode a reader never waits for a writer.

pub(crate) mod backup;
pub(crate) mod databases;
pub(crate) mod files;
mod frozen;
pub(crate) mod loaded;
mod migrations;
pub(crate) mod partitions;
mod reserve;
pub(crate) mod runs;
pub(crate) mod sources;
pub(crate) mod tables;
pub(crate) mod verdicts;
pub(crate) mod writes;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tempfile::TempDir;

use migrations::{Backup, Migration};

use crate::error::{Error, Result};

/// The database file's name in the warehouse's folder.
pub(crate) const FILE_NAME: &str = "spotql.sqlite3";

/// How long a statement waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// What a unit of work gives: SQLite's errors become [`Error::Metastore`] with the file's path.
pub(crate) enum Failure {
    Sqlite(rusqlite::Error),
    Other(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// The result of a unit of work inside the metastore.
pub(crate) type Outcome<T> = std::result::Result<T, Failure>;

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            Self::Other(error) => error.fmt(f),
        }
    }
}

struct Inner {
    path: PathBuf,
    /// Of a metastore that this process may not write to: what it reads.
    copy: Option<TempDir>,
    /// The newest format that this program knows.
    newest: i64,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

/// A handle to the metastore; clones share it.
#[derive(Clone)]
pub(crate) struct Metastore {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Metastore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metastore")
            .field("path", &self.inner.path)
            .finish()
    }
}

fn connect(path: &Path) -> Outcome<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A committed transaction survives a power failure: it names files that were synced before it.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Whether SQLite could not even begin because nothing may be written here.
fn is_read_only(failure: &Failure, path: &Path) -> bool {
    let Failure::Sqlite(error) = failure else {
        return false;
    };
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    ) && path.exists()
}

/// Two processes that turn WAL on at once may be told "locked" without a wait.
fn enable_wal(connection: &Connection) -> Outcome<()> {
    let mut tries = 0;
    loop {
        let set = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
        match set {
            Err(rusqlite::Error::SqliteFailure(error, _))
                if tries < 1000
                    && matches!(
                        error.code,
                        rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked
                    ) =>
            {
                tries += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return Ok(other?),
        }
    }
}

impl Metastore {
    /// Opens the metastore in a folder, makes it if there is none, and brings it to this program's format.
    pub(crate) async fn open(folder: &Path) -> Result<Self> {
        Self::open_with(folder, migrations::ALL).await
    }

    /// [`Self::open`] by a program that knows these migrations.
    async fn open_with(folder: &Path, migrations: &'static [Migration]) -> Result<Self> {
        let path = folder.join(FILE_NAME);
        let opened = path.clone();
        tokio::task::spawn_blocking(move || Self::open_blocking(opened, migrations))
            .await?
            .map_err(|failure| name(&path, failure))
    }

    fn open_blocking(path: PathBuf, migrations: &[Migration]) -> Outcome<Self> {
        let connect = || Self::connect_blocking(path.clone(), migrations, Backup::Beside);
        let failure = match connect() {
            // Beside a process that writes it can even be opened.
            Ok(opened) if opened.cannot_write() => None,
            Ok(opened) => {
                reserve::keep(&path);
                return Ok(opened);
            }
            Err(Failure::Sqlite(error))
                if reserve::is_full(&error, &path) && reserve::give_up(&path) =>
            {
                return connect();
            }
            Err(failure) if is_read_only(&failure, &path) => Some(failure),
            failed => return failed,
        };
        match frozen::copy(&path) {
            Ok(copy) => Self::connect_copy(path, copy, migrations),
            Err(source) => {
                log::debug!("{}: {source}", path.display());
                let path = path.display().to_string();
                Err(failure.unwrap_or_else(|| Error::Io { path, source }.into()))
            }
        }
    }

    fn connect_blocking(path: PathBuf, migrations: &[Migration], backup: Backup) -> Outcome<Self> {
        let newest = migrations::newest(migrations);
        let mut writer = connect(&path)?;
        // A file that is no metastore, or a newer one, is left as it is.
        migrations::format(&mut writer, &path, newest)?;
        enable_wal(&writer)?;
        migrations::migrate(&mut writer, &path, migrations, backup)?;
        let reader = connect(&path)?;
        let inner = Inner {
            path,
            copy: None,
            newest,
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    fn cannot_write(&self) -> bool {
        let writer = self.inner.writer.lock();
        let writer = writer.unwrap_or_else(PoisonError::into_inner);
        writer.is_readonly("main").unwrap_or(false)
    }

    /// A metastore that cannot be written, as it is now. An older one is migrated in the copy alone.
    fn connect_copy(path: PathBuf, copy: TempDir, migrations: &[Migration]) -> Outcome<Self> {
        let own = copy.path().join(FILE_NAME);
        let opened = Self::connect_blocking(own, migrations, Backup::None)?;
        let inner = Arc::into_inner(opened.inner).map(|inner| Inner {
            path: path.clone(),
            copy: Some(copy),
            ..inner
        });
        let inner = inner.ok_or_else(|| Error::ReadOnly {
            path: path.display().to_string(),
        })?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Whether this process may not write to it.
    pub(crate) fn is_read_only(&self) -> bool {
        self.inner.copy.is_some()
    }

    /// Refuses what would write, before it has done anything.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] if this process may not write to it.
    pub(crate) fn check_writable(&self) -> Result<()> {
        match self.is_read_only() {
            true => Err(Error::ReadOnly {
                path: self.inner.path.display().to_string(),
            }),
            false => Ok(()),
        }
    }

    /// Copies it, as it is now, into another folder, and opens the copy.
    pub(crate) async fn copy_to(&self, folder: &Path) -> Result<Self> {
        let from = match &self.inner.copy {
            Some(copy) => copy.path().join(FILE_NAME),
            None => self.inner.path.clone(),
        };
        let to = folder.join(FILE_NAME);
        let copied = to.clone();
        tokio::task::spawn_blocking(move || {
            backup::copy(&from, &copied)?;
            Self::connect_blocking(copied, migrations::ALL, Backup::None)
        })
        .await?
        .map_err(|failure| name(&to, failure))
    }

    /// Runs `work` in a write transaction, which is committed if it succeeds.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.check_writable()?;
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || {
            inner
                .run(&inner.writer, TransactionBehavior::Immediate, work)
                .map_err(|failure| name(&inner.path, failure))
        })
        .await?
    }

    /// Runs `work` in a read transaction: it sees one state of the metastore.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || {
            inner
                .run(&inner.reader, TransactionBehavior::Deferred, work)
                .map_err(|failure| name(&inner.path, failure))
        })
        .await?
    }

    /// [`Self::read`] on this thread, for look-ups of a few rows.
    pub(crate) fn read_blocking<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T>,
    ) -> Result<T> {
        self.inner
            .run(&self.inner.reader, TransactionBehavior::Deferred, work)
            .map_err(|failure| name(&self.inner.path, failure))
    }
}

impl Inner {
    fn run<T>(
        &self,
        connection: &Mutex<Connection>,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        // A panic while the lock was held rolled its transaction back: the connection is good.
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(behavior)?;
        // A newer program may have migrated it since it was opened.
        migrations::check(&transaction, &self.path, self.newest)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

fn name(path: &Path, failure: Failure) -> Error {
    match failure {
        // For the next statement: this one is over.
        Failure::Sqlite(source) if reserve::is_full(&source, path) && reserve::give_up(path) => {
            Error::DiskFull {
                path: path.display().to_string(),
                source,
            }
        }
        Failure::Sqlite(source) => Error::Metastore {
            path: path.display().to_string(),
            source,
        },
        Failure::Other(error) => error,
    }
}
