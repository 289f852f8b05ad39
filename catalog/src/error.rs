//! The errors of this crate: every variant is a sentence that names the file, table, column or value, and the
//! way out. Nothing here decides how an error is shown; `From<Error> for DataFusionError` lets one travel through
//! a query plan as [`DataFusionError::External`].

use datafusion::error::DataFusionError;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in the catalog and the warehouse.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database is not in the metastore.
    #[error("database '{database}' does not exist; SHOW DATABASES lists those that do")]
    DatabaseNotFound {
        /// The name asked for.
        database: String,
    },
    /// A database of this name is there already.
    #[error("database '{database}' exists already; CREATE DATABASE IF NOT EXISTS accepts that")]
    DatabaseExists {
        /// The name asked for.
        database: String,
    },
    /// DROP DATABASE without CASCADE on a database that holds tables.
    #[error(
        "database '{database}' holds {tables} table(s); drop them first, or use DROP DATABASE … CASCADE"
    )]
    DatabaseNotEmpty {
        /// The database.
        database: String,
        /// How many tables it holds.
        tables: u64,
    },
    /// The source of context is not in the metastore.
    #[error("{kind} '{name}' does not exist; SHOW {}S lists those that do", kind.to_uppercase())]
    SourceNotFound {
        /// What it is, as in SQL.
        kind: &'static str,
        /// The name asked for.
        name: String,
    },
    /// A source of context that somebody else has changed meanwhile.
    #[error(
        "{kind} '{name}' was changed by another statement while this one read it; nothing was \
         changed, run the statement again"
    )]
    SourceChanged {
        /// What it is, as in SQL.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A source of context of this name is there already.
    #[error(
        "{kind} '{name}' exists already; CREATE OR REPLACE takes its place, CREATE … IF NOT EXISTS \
         leaves it"
    )]
    SourceExists {
        /// What it is, as in SQL.
        kind: &'static str,
        /// The name asked for.
        name: String,
    },
    /// The table is not in the metastore.
    #[error(
        "table '{database}.{table}' does not exist; SHOW TABLES IN {database} lists those that do"
    )]
    TableNotFound {
        /// The database.
        database: String,
        /// The table.
        table: String,
    },
    /// A table of this name is there already.
    #[error("table '{database}.{table}' exists already; CREATE TABLE IF NOT EXISTS accepts that")]
    TableExists {
        /// The database.
        database: String,
        /// The table.
        table: String,
    },
    /// The partition is not in the metastore.
    #[error(
        "table '{table}' has no partition ({partition}); SHOW PARTITIONS {table} lists those it has"
    )]
    PartitionNotFound {
        /// The table, with its database.
        table: String,
        /// The partition as asked for.
        partition: String,
    },
    /// The partition is there already.
    #[error(
        "table '{table}' has partition ({partition}) already; ADD IF NOT EXISTS PARTITION accepts that"
    )]
    PartitionExists {
        /// The table, with its database.
        table: String,
        /// The partition's name.
        partition: String,
    },
    /// A name that cannot be used.
    #[error("'{name}' cannot be the name of a {kind}: {reason}")]
    InvalidName {
        /// `database`, `table` or `column`.
        kind: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A type that cannot be read, or that Hive has no equivalent for.
    #[error("'{text}' is not a type of a Hive column: {reason}")]
    InvalidType {
        /// The type's text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A table definition that contradicts itself.
    #[error("table '{table}' cannot be created: {reason}")]
    InvalidDefinition {
        /// The table, with its database.
        table: String,
        /// What is wrong.
        reason: String,
    },
    /// A PARTITION (…) clause that does not fit the table.
    #[error("PARTITION clause does not fit table '{table}': {reason}")]
    InvalidPartitionSpec {
        /// The table, with its database.
        table: String,
        /// What is wrong.
        reason: String,
    },
    /// A partition value that its column's type cannot hold.
    #[error(
        "'{value}' is no {data_type}, the type of partition column '{column}' of table '{table}'"
    )]
    InvalidPartitionValue {
        /// The table, with its database.
        table: String,
        /// The partition column.
        column: String,
        /// Its Hive type.
        data_type: String,
        /// The value.
        value: String,
    },
    /// A LOCATION that cannot be used.
    #[error("location '{location}' cannot be used: {reason}")]
    InvalidLocation {
        /// The location as given.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody else changed the same data first; nothing of this statement remains.
    #[error("table '{table}'{}: {reason}; nothing was written, run the statement again", .partition.as_ref().map(|p| format!(", partition ({p})")).unwrap_or_default())]
    Conflict {
        /// The table, with its database.
        table: String,
        /// The partition, `None` for the whole table.
        partition: Option<String>,
        /// What the other did.
        reason: String,
    },
    /// Bytes that are no UTF-8, in a column that the table calls text and the file does not.
    #[error(
        "file {path} holds bytes that are not UTF-8 in a column that is STRING in the table and plain BYTE_ARRAY in the \
         file ({columns}). Declare it BINARY in a table over the same files, or have the file written anew"
    )]
    NotText {
        /// The file.
        path: String,
        /// The columns of the file that this can be.
        columns: String,
    },
    /// A path of LOAD FILES that means nothing that could be loaded.
    #[error("LOAD FILES '{path}': {reason}; nothing was loaded")]
    NothingToLoad {
        /// The path as given.
        path: String,
        /// What was looked for, and what was found.
        reason: String,
    },
    /// A file without the columns that a load requires.
    #[error(
        "file '{path}' has no column {missing}, which the load requires; its columns are: {present}. Nothing was loaded"
    )]
    MissingColumns {
        /// The file.
        path: String,
        /// The columns that it lacks.
        missing: String,
        /// Those it has.
        present: String,
    },
    /// A load that could place none of its rows, for want of a column.
    #[error(
        "LOAD FILES into '{table}': none of the {rows} rows has a value for {partition}, which is made of {missing}; no \
         file has such a column. Nothing was loaded"
    )]
    NoRowPlaced {
        /// The table, with its database.
        table: String,
        /// How many rows were read.
        rows: u64,
        /// The partition columns.
        partition: String,
        /// The columns that no file has.
        missing: String,
    },
    /// A file that another load has loaded at the same time.
    #[error(
        "file '{path}' was loaded into '{table}' by another statement while this one read it; nothing was loaded by this \
         one, run it again"
    )]
    LoadedMeanwhile {
        /// The file.
        path: String,
        /// The table, with its database.
        table: String,
    },
    /// A file that changed while it was loaded.
    #[error(
        "file '{path}' changed while it was loaded; nothing was loaded, run the statement again when it is complete"
    )]
    FileChanged {
        /// The file.
        path: String,
    },
    /// A data file that cannot be read.
    #[error("data file '{path}' cannot be read: {reason}")]
    UnreadableFile {
        /// The file.
        path: String,
        /// Why, and the way out.
        reason: String,
    },
    /// Rows or a file whose columns do not fit the table.
    #[error("the columns do not fit table '{table}': {reason}")]
    SchemaMismatch {
        /// The table, with its database.
        table: String,
        /// What does not fit.
        reason: String,
    },
    /// The metastore has a format that only a newer program knows.
    #[error(
        "the warehouse '{warehouse}' was written by a newer SpotQL (format {found}; this program knows formats 1 to \
         {newest}): use that program{restore}"
    )]
    NewerFormat {
        /// The warehouse's folder.
        warehouse: String,
        /// The format it has.
        found: i64,
        /// The newest format that this program knows.
        newest: i64,
        /// The backup that this program could use, as the end of the sentence; empty if there is none.
        restore: String,
    },
    /// The metastore's file belongs to another program.
    #[error(
        "'{path}' is an SQLite database, but no metastore of SpotQL; move it away, or use another folder as the warehouse"
    )]
    NotAMetastore {
        /// The database file.
        path: String,
    },
    /// An older metastore could not be brought to this program's format.
    #[error(
        "the warehouse '{warehouse}' stays in format {found}: {step} failed ({reason}). Nothing in it was changed, and \
         the program that wrote it can use it as before{backup}"
    )]
    Upgrade {
        /// The warehouse's folder.
        warehouse: String,
        /// The format it has.
        found: i64,
        /// The step that failed.
        step: String,
        /// Why it failed.
        reason: String,
        /// Where the backup is, as the end of the sentence; empty if there is none.
        backup: String,
    },
    /// A backup that was not made.
    #[error("there is no backup at '{target}': {reason}")]
    Backup {
        /// Where it was to be.
        target: String,
        /// Why, and the way out.
        reason: String,
    },
    /// The disk is full; space that was kept for that is free now.
    #[error(
        "metastore '{path}': the disk is full ({source}); DROP what is not needed (there is room for that now), or free \
         some space elsewhere"
    )]
    DiskFull {
        /// The database file.
        path: String,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// A statement that writes, in a warehouse that this process may only read.
    #[error(
        "metastore '{path}' can only be read by this user, or on this file system: nothing can be written, and what \
         others write is seen by a new process"
    )]
    ReadOnly {
        /// The database file.
        path: String,
    },
    /// SQLite refused.
    #[error("metastore '{path}': {source}")]
    Metastore {
        /// The database file.
        path: String,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// The metastore holds something that this program did not write.
    #[error("the metastore is damaged: {what}")]
    Corrupt {
        /// What was found.
        what: String,
    },
    /// A path that statements may not use ([`crate::PathRule`]).
    #[error("'{path}' may not be {access}: {reason}")]
    PathNotAllowed {
        /// The path, and where links lead if that is no secret.
        path: String,
        /// `read` or `written`.
        access: &'static str,
        /// Why, and the way out.
        reason: String,
    },
    /// The operating system refused.
    #[error("'{path}': {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The object store refused.
    #[error("'{path}': {source}")]
    ObjectStore {
        /// The object.
        path: String,
        /// The store's error.
        source: object_store::Error,
    },
    /// The Parquet writer or reader failed.
    #[error("Parquet file '{path}': {source}")]
    Parquet {
        /// The file.
        path: String,
        /// The library's error.
        source: parquet::errors::ParquetError,
    },
    /// The query that was to be written failed.
    #[error(transparent)]
    Query(#[from] DataFusionError),
    /// A background task was stopped or failed in an unexpected way.
    #[error("a background task of the warehouse ended early: {reason}")]
    Background {
        /// What the runtime said.
        reason: String,
    },
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        match error {
            Error::Query(error) => error,
            other => DataFusionError::External(Box::new(other)),
        }
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Error::Query(error.into())
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Error::Background {
            reason: error.to_string(),
        }
    }
}
