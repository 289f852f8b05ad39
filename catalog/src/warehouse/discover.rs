//! What lies in a table's directories: partitions that the metastore does not know, and files with their footers.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::Array;
use datafusion::common::ScalarValue;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::error::DataFusionError;
use object_store::{ObjectMeta, ObjectStore};

use super::Warehouse;
use crate::error::Result;
use crate::location::Location;
use crate::metastore::files::FileRow;
use crate::metastore::partitions::NewPartition;
use crate::metastore::writes;
use crate::partition_name::{RawValues, parse_directory, partition_key, typed_column};
use crate::snapshot::TableSnapshot;
use crate::statistics::FileStatistics;
use crate::storage::{concurrently, is_data_file, is_data_name};
use crate::table::Table;

/// A partition directory that the metastore does not know.
pub(super) struct Found {
    pub(super) new: NewPartition,
    pub(super) location: Location,
}

impl Warehouse {
    /// Partition directories below the table's location that are not in the state, and what is passed over: directories
    /// that are named otherwise, files above the partitions; with the reason.
    pub(super) async fn discover(
        &self,
        table: &Table,
        snapshot: &TableSnapshot,
    ) -> Result<(Vec<Found>, Vec<(String, String)>)> {
        let columns = &table.definition.partition_columns;
        let excluded = self.places_below(table).await?;
        let known: HashSet<&str> = snapshot
            .partitions
            .iter()
            .map(|partition| partition.name.as_str())
            .collect();
        let places: HashSet<&Location> = snapshot
            .partitions
            .iter()
            .map(|partition| &partition.location)
            .collect();
        let mut skipped = Vec::new();
        let mut level: Vec<(Location, RawValues)> = vec![(table.location.clone(), Vec::new())];
        for column in columns {
            let listed = concurrently(level.into_iter().map(|(place, raw)| async move {
                let (dirs, files) = self.backend.storage.list(place.path()).await?;
                Ok((place, raw, dirs, files))
            }))
            .await?;
            level = Vec::new();
            for (place, raw, dirs, files) in listed {
                for file in files.iter().filter(|file| is_data_file(file)) {
                    let path = table.location.relative(&file.location).unwrap_or_default();
                    let reason = format!("it lies above the directories of {}", column.name);
                    skipped.push((path.to_string(), reason));
                }
                for dir in dirs.into_iter().filter(|dir| is_data_name(dir)) {
                    let Ok(child) = place.join(&dir) else {
                        continue;
                    };
                    if excluded.contains(&child) {
                        continue;
                    }
                    let path = table
                        .location
                        .relative(child.path())
                        .unwrap_or(&dir)
                        .to_string();
                    let value = match parse_directory(&dir) {
                        Some((name, value)) if name == column.name => value,
                        _ => {
                            let reason = format!("it is not named {}=<value>", column.name);
                            skipped.push((path, reason));
                            continue;
                        }
                    };
                    let typed = typed_column(column, std::iter::once(value.as_deref()))?;
                    if value.is_some() && typed.null_count() > 0 {
                        let reason = format!("its value is no {}", column.data_type);
                        skipped.push((path, reason));
                        continue;
                    }
                    let mut raw = raw.clone();
                    raw.push(value);
                    level.push((child, raw));
                }
            }
        }
        let mut found = Vec::new();
        for (location, raw) in level {
            // The directory's own spelling of names and values is the partition's name.
            let name = table
                .location
                .relative(location.path())
                .unwrap_or_default()
                .to_string();
            if known.contains(name.as_str()) || places.contains(&location) {
                continue;
            }
            let typed = columns
                .iter()
                .zip(&raw)
                .map(|(column, value)| {
                    let array = typed_column(column, std::iter::once(value.as_deref()))?;
                    Ok(ScalarValue::try_from_array(&array, 0)?)
                })
                .collect::<Result<Vec<_>>>()?;
            let key = partition_key(columns, &raw, &typed);
            found.push(Found {
                new: NewPartition {
                    name,
                    key,
                    raw,
                    location: None,
                },
                location,
            });
        }
        Ok((found, skipped))
    }

    /// The data files at a location, but for those that were replaced and could not be hidden yet.
    pub(super) async fn data_files(
        &self,
        location: &Location,
        excluded: &BTreeSet<Location>,
    ) -> Result<Vec<ObjectMeta>> {
        let mut listed = self.backend.storage.data_files(location, excluded).await?;
        let unhidden = self.backend.metastore.read(writes::unhidden).await?;
        if !unhidden.is_empty() {
            let replaced = unhidden
                .iter()
                .map(|stored| Location::from_stored(stored, &self.backend.root))
                .collect::<Result<HashSet<Location>>>()?;
            listed.retain(|file| !replaced.contains(&Location::from_path(file.location.clone())));
        }
        Ok(listed)
    }

    /// The data files at a location, with what their footers say; the partition is the caller's.
    pub(crate) async fn read_files(
        &self,
        table: &Table,
        location: &Location,
        excluded: &BTreeSet<Location>,
    ) -> Result<Vec<FileRow>> {
        let listed = self.data_files(location, excluded).await?;
        self.read_footers(table, location, listed).await
    }

    pub(super) async fn read_footers(
        &self,
        table: &Table,
        location: &Location,
        listed: Vec<ObjectMeta>,
    ) -> Result<Vec<FileRow>> {
        let store = self.backend.storage.store();
        concurrently(listed.into_iter().map(|object| {
            let store = Arc::clone(&store);
            async move { Ok(read_footer(store, table, location, object).await) }
        }))
        .await
    }
}

/// A file whose footer cannot be read is entered without figures: the query that reads it says what is wrong.
async fn read_footer(
    store: Arc<dyn ObjectStore>,
    table: &Table,
    location: &Location,
    object: ObjectMeta,
) -> FileRow {
    let path = location
        .relative(&object.location)
        .unwrap_or_default()
        .to_string();
    let read = match DFParquetMetadata::new(&store, &object)
        .fetch_metadata()
        .await
    {
        Ok(metadata) => FileStatistics::from_parquet(&metadata, table.file_schema())
            .map(|statistics| (metadata.file_metadata().num_rows(), statistics))
            .map_err(DataFusionError::from),
        Err(error) => Err(error),
    };
    let (row_count, statistics) = match read {
        Ok((rows, statistics)) => (u64::try_from(rows).ok(), Some(statistics.to_text())),
        Err(error) => {
            log::warn!("the footer of /{} cannot be read: {error}", object.location);
            (None, None)
        }
    };
    FileRow {
        partition_id: 0,
        path,
        size: object.size,
        modified: object.last_modified.timestamp_micros(),
        row_count,
        statistics,
        write_id: None,
        staged: None,
    }
}
