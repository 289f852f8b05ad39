//! The warehouse as DataFusion sees it: a catalog of databases, their tables, and the tables of the database `system`.

mod catalog;
mod insert;
mod system;
mod table;

pub use catalog::{HiveCatalog, HiveSchema};
pub use insert::InsertExec;
pub use table::HiveTable;
