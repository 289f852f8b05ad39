//! Statements on writes under way and on replaced files: the memory of the commit protocol in [`crate::write`].

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::Outcome;

/// How far a write has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteState {
    /// Files are being staged; nothing is visible.
    Staging,
    /// The metastore shows the result; files await their moves.
    Committed,
}

/// One row of `writes`.
#[derive(Debug, Clone)]
pub(crate) struct WriteRow {
    pub(crate) id: String,
    pub(crate) state: WriteState,
    /// `None`: the write is to make its table.
    pub(crate) table_id: Option<i64>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<WriteRow> {
    let state: String = row.get(1)?;
    let state = if state == "committed" {
        WriteState::Committed
    } else {
        WriteState::Staging
    };
    Ok(WriteRow {
        id: row.get(0)?,
        state,
        table_id: row.get(2)?,
    })
}

pub(crate) fn begin(
    tx: &Transaction<'_>,
    id: &str,
    table: Option<i64>,
    owner: &str,
    now: i64,
) -> Outcome<()> {
    tx.execute(
        "INSERT INTO writes (id, table_id, state, owner, started) VALUES (?1, ?2, 'staging', ?3, ?4)",
        params![id, table, owner, now],
    )?;
    Ok(())
}

pub(crate) fn add_root(tx: &Transaction<'_>, id: &str, root: &str) -> Outcome<()> {
    tx.execute(
        "INSERT OR IGNORE INTO write_roots (write_id, root) VALUES (?1, ?2)",
        params![id, root],
    )?;
    Ok(())
}

pub(crate) fn roots(tx: &Transaction<'_>, id: &str) -> Outcome<Vec<String>> {
    let mut statement = tx.prepare_cached("SELECT root FROM write_roots WHERE write_id = ?1")?;
    let rows = statement
        .query_map([id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

pub(crate) fn all(tx: &Transaction<'_>) -> Outcome<Vec<WriteRow>> {
    let mut statement =
        tx.prepare_cached("SELECT id, state, table_id FROM writes ORDER BY started")?;
    let rows = statement
        .query_map([], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

pub(crate) fn find(tx: &Transaction<'_>, id: &str) -> Outcome<Option<WriteRow>> {
    Ok(tx
        .prepare_cached("SELECT id, state, table_id FROM writes WHERE id = ?1")?
        .query_row([id], read)
        .optional()?)
}

/// Marks a write as committed, in the transaction that makes its result visible.
pub(crate) fn commit(tx: &Transaction<'_>, id: &str, table: i64) -> Outcome<()> {
    tx.execute(
        "UPDATE writes SET state = 'committed', table_id = ?2 WHERE id = ?1",
        params![id, table],
    )?;
    Ok(())
}

pub(crate) fn delete(tx: &Transaction<'_>, id: &str) -> Outcome<()> {
    tx.execute("DELETE FROM writes WHERE id = ?1", [id])?;
    Ok(())
}

/// The writes on a table that are committed but whose files have not all been moved.
pub(crate) fn unsettled(tx: &Transaction<'_>, table: i64) -> Outcome<Vec<String>> {
    let mut statement =
        tx.prepare_cached("SELECT id FROM writes WHERE table_id = ?1 AND state = 'committed'")?;
    let rows = statement
        .query_map([table], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// `(staged, table location, partition name, partition location, path)` of the files a write still has to move; the
/// locations are stored ones.
pub(crate) type StagedRow = (String, String, String, Option<String>, String);

pub(crate) fn staged_files(tx: &Transaction<'_>, id: &str) -> Outcome<Vec<StagedRow>> {
    let mut statement = tx.prepare_cached(
        "SELECT f.staged, t.location, p.name, p.location, f.path FROM files f \
         JOIN partitions p ON p.id = f.partition_id JOIN tables t ON t.id = p.table_id \
         WHERE f.write_id = ?1 AND f.staged IS NOT NULL",
    )?;
    let rows = statement
        .query_map([id], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// Ends a write: its files are in place, what it replaced is hidden.
pub(crate) fn settle(tx: &Transaction<'_>, id: &str) -> Outcome<()> {
    tx.execute(
        "UPDATE files SET staged = NULL WHERE write_id = ?1 AND staged IS NOT NULL",
        [id],
    )?;
    tx.execute(
        "UPDATE garbage SET write_id = NULL WHERE write_id = ?1",
        [id],
    )?;
    delete(tx, id)
}

/// A replaced file. `path` (where it was visible) and `root` (the table's place) are stored locations.
#[derive(Debug, Clone)]
pub(crate) struct GarbageRow {
    pub(crate) id: i64,
    pub(crate) table_id: i64,
    /// The first version of the table that does not hold the file.
    pub(crate) version: i64,
    pub(crate) path: String,
    pub(crate) root: String,
}

pub(crate) fn add_garbage(
    tx: &Transaction<'_>,
    write: &str,
    row: &GarbageRow,
    now: i64,
) -> Outcome<()> {
    tx.prepare_cached(
        "INSERT INTO garbage (table_id, version, path, root, retired_at, write_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        row.table_id,
        row.version,
        row.path,
        row.root,
        now,
        write
    ])?;
    Ok(())
}

fn read_garbage(row: &Row<'_>) -> rusqlite::Result<GarbageRow> {
    Ok(GarbageRow {
        id: row.get(0)?,
        table_id: row.get(1)?,
        version: row.get(2)?,
        path: row.get(3)?,
        root: row.get(4)?,
    })
}

/// What a write has still to hide.
pub(crate) fn garbage_of(tx: &Transaction<'_>, write: &str) -> Outcome<Vec<GarbageRow>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, table_id, version, path, root FROM garbage WHERE write_id = ?1",
    )?;
    let rows = statement
        .query_map([write], read_garbage)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// Hidden files replaced at or before `until`, the oldest first.
pub(crate) fn expired_garbage(tx: &Transaction<'_>, until: i64) -> Outcome<Vec<GarbageRow>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, table_id, version, path, root FROM garbage \
         WHERE write_id IS NULL AND retired_at <= ?1 ORDER BY retired_at LIMIT 10000",
    )?;
    let rows = statement
        .query_map([until], read_garbage)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

pub(crate) fn forget_garbage(tx: &Transaction<'_>, ids: &[i64]) -> Outcome<()> {
    let mut statement = tx.prepare_cached("DELETE FROM garbage WHERE id = ?1")?;
    for id in ids {
        statement.execute([id])?;
    }
    Ok(())
}
