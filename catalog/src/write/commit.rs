//! The transaction in which a write becomes visible.

use std::sync::Arc;

use rusqlite::Transaction;

use super::settle::{Stuck, now, settle_others};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::metastore::files::FileRow;
use crate::metastore::loaded::{self, LoadedRow};
use crate::metastore::partitions::{self, NewPartition, PartitionRow};
use crate::metastore::writes::{self, GarbageRow};
use crate::metastore::{Outcome, files, tables};
use crate::partition_name::RawValues;
use crate::snapshot::partition_location;
use crate::table::{Table, TableDefinition};

/// A file that was staged.
#[derive(Debug, Clone)]
pub(super) struct StagedFile {
    /// The final name.
    pub(super) name: String,
    pub(super) staged: Location,
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) rows: u64,
    pub(super) statistics: String,
}

/// What a write does to the partition of one key.
#[derive(Debug, Clone)]
pub(crate) struct PartitionChange {
    pub(super) key: String,
    /// Canonical raw values, and the name they make: those of the partition if it has to be made.
    pub(super) raw: RawValues,
    pub(super) name: String,
    /// `(id, version)` of the partitions of this key that the write has seen.
    pub(super) seen: Vec<(i64, i64)>,
    /// Where the files go.
    pub(super) location: Location,
    pub(super) files: Vec<StagedFile>,
}

/// The table that is written to.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Existing(Arc<Table>),
    /// CREATE TABLE AS: the table appears together with its rows, and in the place of another one if it replaces that.
    New {
        definition: TableDefinition,
        location: String,
        replaces: Option<Arc<Table>>,
    },
    /// A table that a load needs for rows it rejects: made if it is not there, else given the columns that it lacks.
    NewOrWider {
        definition: TableDefinition,
        location: String,
    },
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) target: Target,
    pub(super) overwrite: bool,
    pub(super) changes: Vec<PartitionChange>,
}

/// A transaction found committed writes on the table whose files are still being moved; it changed nothing.
#[derive(Debug)]
pub(crate) enum Blocked<T> {
    /// Not blocked, done.
    Done(T),
    /// Wait and try again.
    Wait,
}

/// Runs a transaction on a table once no committed write on it has files to move, but for stuck ones.
pub(crate) async fn when_settled<T: Send + 'static>(
    backend: &Backend,
    table: i64,
    name: &str,
    work: impl Fn(&Transaction<'_>) -> Outcome<T> + Send + Sync + 'static,
) -> Result<T> {
    let work = Arc::new(work);
    let mut stuck = Stuck::default();
    loop {
        let attempt = Arc::clone(&work);
        let (done, held) = backend
            .metastore
            .write(move |tx| {
                let done = match stuck.holds_all(&writes::unsettled(tx, table)?) {
                    true => Blocked::Done(attempt(tx)?),
                    false => Blocked::Wait,
                };
                Ok((done, stuck))
            })
            .await?;
        stuck = held;
        match done {
            Blocked::Done(result) => return Ok(result),
            Blocked::Wait => settle_others(backend, table, name, &mut stuck).await?,
        }
    }
}

/// Where replaced files are entered.
#[derive(Debug, Clone)]
pub(crate) struct Replaced<'a> {
    pub(crate) write: &'a str,
    pub(crate) table: &'a Table,
    /// The version of the table that does not hold the files any more.
    pub(crate) version: i64,
    /// The warehouse's folder.
    pub(crate) root: &'a Location,
}

/// Enters the data files of a partition as garbage of a write; their own rows are the caller's. What is no data of the
/// table's ([`files::FileRow::is_data`]) stays where it is.
pub(crate) fn retire(
    tx: &Transaction<'_>,
    context: &Replaced<'_>,
    partition: &PartitionRow,
) -> Outcome<()> {
    let place = location_of(context.root, context.table, partition)?;
    for file in files::of_partition(tx, partition.id)? {
        if !file.is_data() {
            continue;
        }
        let path = place.join(&file.path).map_err(|error| Error::Corrupt {
            what: format!("file '{}': {error}", file.path),
        })?;
        let row = |path: String| GarbageRow {
            id: 0,
            table_id: context.table.id,
            version: context.version,
            path,
            root: context.table.location.to_stored(context.root),
        };
        let path = row(path.to_stored(context.root));
        writes::add_garbage(tx, context.write, &path, now())?;
        // The write that made it is stuck, and may have moved it or not.
        if let Some(staged) = file.staged {
            writes::add_garbage(tx, context.write, &row(staged), now())?;
        }
    }
    Ok(())
}

/// Step 3 of the protocol. Returns the table that was written to.
pub(super) async fn commit(backend: &Backend, write: &str, plan: Plan) -> Result<Arc<Table>> {
    let plan = Arc::new(plan);
    let (root, write) = (backend.root.clone(), write.to_string());
    match &plan.target {
        Target::Existing(table) if plan.overwrite => {
            let (id, name) = (table.id, table.full_name());
            when_settled(backend, id, &name, move |tx| {
                apply(tx, &root, &write, &plan)
            })
            .await
        }
        Target::New {
            replaces: Some(old),
            ..
        } => {
            let (id, name) = (old.id, old.full_name());
            when_settled(backend, id, &name, move |tx| {
                apply(tx, &root, &write, &plan)
            })
            .await
        }
        _ => {
            backend
                .metastore
                .write(move |tx| apply(tx, &root, &write, &plan))
                .await
        }
    }
}

/// What a load commits: its own write, that of the rows it rejects if there are any, and the files.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) rows: (String, Plan),
    pub(crate) rejected: Option<(String, Plan)>,
    pub(crate) files: Vec<LoadedRow>,
    pub(crate) again: bool,
}

/// [`commit`] for a load.
pub(crate) async fn commit_load(backend: &Backend, load: Load) -> Result<()> {
    let root = backend.root.clone();
    backend
        .metastore
        .write(move |tx| {
            let (write, plan) = &load.rows;
            let table = apply(tx, &root, write, plan)?;
            if let Some((write, plan)) = &load.rejected {
                apply(tx, &root, write, plan)?;
            }
            for file in &load.files {
                if !loaded::insert(tx, table.id, file, load.again)? {
                    return Err(Error::LoadedMeanwhile {
                        path: file.path.clone(),
                        table: table.full_name(),
                    }
                    .into());
                }
            }
            Ok(())
        })
        .await
}

fn apply(tx: &Transaction<'_>, root: &Location, write: &str, plan: &Plan) -> Outcome<Arc<Table>> {
    let table = match &plan.target {
        Target::Existing(table) => {
            if tables::version(tx, table.id)?.is_none() {
                return Err(conflict(table, None, "it was dropped during the write").into());
            }
            Arc::clone(table)
        }
        Target::New {
            definition,
            location,
            replaces,
        } => {
            if let Some(old) = replaces
                && !remove(tx, root, write, old)?
            {
                return Err(conflict(old, None, "it was dropped during the write").into());
            }
            let Some(id) = tables::insert(tx, definition, location)? else {
                return Err(Error::TableExists {
                    database: definition.database.clone(),
                    table: definition.name.clone(),
                }
                .into());
            };
            Arc::new(Table::new(
                definition.clone(),
                id,
                Location::from_stored(location, root)?,
            ))
        }
        Target::NewOrWider {
            definition,
            location,
        } => new_or_wider(tx, root, definition, location)?,
    };
    let version = tables::bump(tx, table.id)?;
    for change in &plan.changes {
        apply_change(tx, root, write, plan.overwrite, &table, version, change)?;
    }
    writes::commit(tx, write, table.id)?;
    Ok(table)
}

/// Removes a table; a managed one's files are entered as garbage of a write. `false`: it was gone.
pub(crate) fn remove(
    tx: &Transaction<'_>,
    root: &Location,
    write: &str,
    table: &Table,
) -> Outcome<bool> {
    if tables::version(tx, table.id)?.is_none() {
        return Ok(false);
    }
    let version = tables::bump(tx, table.id)?;
    if !table.definition.external {
        let context = Replaced {
            write,
            table,
            version,
            root,
        };
        for row in partitions::all(tx, table.id)? {
            retire(tx, &context, &row)?;
        }
    }
    tables::delete(tx, table.id)?;
    Ok(true)
}

/// Makes a table, or finds it with all columns of a definition; those it lacks are added at its end.
fn new_or_wider(
    tx: &Transaction<'_>,
    root: &Location,
    wanted: &TableDefinition,
    location: &str,
) -> Outcome<Arc<Table>> {
    let place = Location::from_stored(location, root)?;
    let Some(row) = tables::find(tx, &wanted.database, &wanted.name)? else {
        let id = tables::insert(tx, wanted, location)?.ok_or_else(|| Error::TableExists {
            database: wanted.database.clone(),
            table: wanted.name.clone(),
        })?;
        return Ok(Arc::new(Table::new(wanted.clone(), id, place)));
    };
    let found = row.into_table(root)?;
    if found.location != place {
        let reason = "it was made anew with another location during the write";
        return Err(conflict(&found, None, reason).into());
    }
    let mut definition = found.definition.clone();
    for column in &wanted.columns {
        let known = definition.columns.iter().find(|it| it.name == column.name);
        match known {
            Some(known) if known.data_type == column.data_type => {}
            Some(_) => {
                let reason = "its columns were changed during the write";
                return Err(conflict(&found, None, reason).into());
            }
            None => definition.columns.push(column.clone()),
        }
    }
    if definition.columns.len() > found.definition.columns.len() {
        tables::redefine(tx, found.id, &definition)?;
    }
    Ok(Arc::new(Table::new(definition, found.id, place)))
}

fn conflict(table: &Table, partition: Option<&str>, reason: &str) -> Error {
    Error::Conflict {
        table: table.full_name(),
        partition: partition.filter(|name| !name.is_empty()).map(String::from),
        reason: reason.to_string(),
    }
}

fn apply_change(
    tx: &Transaction<'_>,
    root: &Location,
    write: &str,
    overwrite: bool,
    table: &Table,
    version: i64,
    change: &PartitionChange,
) -> Outcome<()> {
    let rows = partitions::by_key(tx, table.id, &change.key)?;
    let now_there: Vec<(i64, i64)> = rows.iter().map(|row| (row.id, row.version)).collect();
    let dropped = change
        .seen
        .iter()
        .any(|(id, _)| !now_there.iter().any(|(there, _)| there == id));
    if dropped {
        return Err(conflict(table, Some(&change.name), "it was dropped during the write").into());
    }
    if overwrite && now_there != change.seen {
        let reason = "it was changed by another statement since this one began to replace it";
        return Err(conflict(table, Some(&change.name), reason).into());
    }
    if overwrite {
        replace(tx, root, write, table, version, &rows)?;
    }
    let target = match choose(&rows, &change.name) {
        Some(row) => {
            let location = location_of(root, table, row)?;
            if location != change.location {
                let reason = "it was added with another location during the write";
                return Err(conflict(table, Some(&change.name), reason).into());
            }
            row.id
        }
        None => {
            let new = NewPartition {
                name: change.name.clone(),
                key: change.key.clone(),
                raw: change.raw.clone(),
                location: None,
            };
            partitions::insert(tx, table.id, &new)?.ok_or_else(|| Error::Corrupt {
                what: format!("partition '{}' has another key than its name", change.name),
            })?
        }
    };
    for file in &change.files {
        let row = FileRow {
            partition_id: target,
            path: file.name.clone(),
            size: file.size,
            modified: file.modified,
            row_count: Some(file.rows),
            statistics: Some(file.statistics.clone()),
            write_id: Some(write.to_string()),
            staged: Some(file.staged.to_stored(root)),
        };
        files::put(tx, table.id, &row)?;
    }
    partitions::bump(tx, target)
}

/// The partition of a key that new files go to: the one whose directory spells the values as this crate does.
pub(super) fn choose<'a>(rows: &'a [PartitionRow], name: &str) -> Option<&'a PartitionRow> {
    rows.iter()
        .find(|row| row.name == name)
        .or_else(|| rows.first())
}

fn location_of(root: &Location, table: &Table, row: &PartitionRow) -> Result<Location> {
    partition_location(root, &table.location, &row.name, row.location.as_deref())
}

fn replace(
    tx: &Transaction<'_>,
    root: &Location,
    write: &str,
    table: &Table,
    version: i64,
    rows: &[PartitionRow],
) -> Outcome<()> {
    let context = Replaced {
        write,
        table,
        version,
        root,
    };
    for row in rows {
        retire(tx, &context, row)?;
        files::delete_all(tx, row.id)?;
        partitions::bump(tx, row.id)?;
    }
    Ok(())
}
