//! The metastore and the warehouse: what tables there are, which files hold their rows, how rows get in and out.
//!
//! - [`Warehouse`] is the way in: databases, tables, partitions, [`Warehouse::insert`]. It knows no SQL.
//! - [`HiveCatalog`] and [`HiveTable`] show it to DataFusion.
//! - The directories are plain Hive layout, which Spark, Hive, Impala, DuckDB and pyarrow read. What a table holds is
//!   said by the metastore, not by a listing; the protocol that keeps both in step is described in the module `write`.
//!
//! It refuses to know about functions, SQL text and the network.

mod backend;
mod columns;
mod convert;
mod error;
mod guarded;
mod layout;
mod load;
mod location;
mod lock;
mod metastore;
mod partition_name;
mod paths;
mod pins;
mod provider;
mod scan;
mod snapshot;
mod statistics;
mod storage;
mod table;
mod types;
mod warehouse;
mod write;

pub use convert::lacks_unit;
pub use error::{Error, Result};
pub use load::{FILE_NUMBER, FILE_PATH, FileSet, LoadedFile, SkippedFile};
pub use location::Location;
pub use metastore::writes::UnfinishedWrite;
pub use partition_name::{DEFAULT_PARTITION, RawValues};
pub use paths::{Access, AllowedPath, NoFolder, PathRule};
pub use provider::{HiveCatalog, HiveSchema, HiveTable, InsertExec};
pub use snapshot::{DataFile, Partition, TableSnapshot};
pub use statistics::{ColumnRange, FileStatistics};
pub use table::{Column, Format, Table, TableDefinition};
pub use types::HiveType;
pub use warehouse::{
    BackupReport, DEFAULT_DATABASE, Database, InsertMode, KeptVerdict, LoadReport, LoadRequest,
    NewRun, OutsideFiles, PartitionSpec, RefreshReport, RepairReport, Run, RunEnd, RunOwner,
    RunStart, RunState, SOURCES, SYSTEM_DATABASE, Source, Warehouse, WarehouseOptions,
};
pub use write::InsertReport;
