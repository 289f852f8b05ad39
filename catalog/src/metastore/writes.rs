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

/// Notes why a write could not be ended. `true`: it is a new reason.
pub(crate) fn note_failure(
    tx: &Transaction<'_>,
    id: &str,
    reason: &str,
    now: i64,
) -> Outcome<bool> {
    let changed = tx.execute(
        "UPDATE writes SET error = ?2, failed_at = ?3 WHERE id = ?1 AND error IS NOT ?2",
        params![id, reason, now],
    )?;
    Ok(changed > 0)
}

/// A write that has not ended, or a replaced file that could not be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedWrite {
    /// The write's id, or the file's path (of a warehouse, relative to its folder).
    pub id: String,
    /// `database.table`, unless the table is not there yet, or not any more.
    pub table: Option<String>,
    /// `staging`; `committed`, of one whose files have still to be moved; `deleting`, of a replaced file.
    pub state: String,
    /// The process that began it.
    pub owner: Option<String>,
    /// When it began, or the file was replaced, in microseconds since 1970.
    pub started: i64,
    /// Why it could not be ended; `None` if nobody has failed yet.
    pub error: Option<String>,
    /// When that was first met, in microseconds since 1970.
    pub failed_at: Option<i64>,
}

pub(crate) fn list(tx: &Transaction<'_>) -> Outcome<Vec<UnfinishedWrite>> {
    let mut statement = tx.prepare_cached(
        "SELECT w.id, d.name || '.' || t.name, w.state, w.owner, w.started, w.error, w.failed_at \
         FROM writes w LEFT JOIN tables t ON t.id = w.table_id \
         LEFT JOIN databases d ON d.id = t.database_id \
         UNION ALL \
         SELECT g.path, d.name || '.' || t.name, 'deleting', NULL, g.retired_at, g.error, NULL \
         FROM garbage g LEFT JOIN tables t ON t.id = g.table_id \
         LEFT JOIN databases d ON d.id = t.database_id WHERE g.error IS NOT NULL \
         ORDER BY 5, 1",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(UnfinishedWrite {
            id: row.get(0)?,
            table: row.get(1)?,
            state: row.get(2)?,
            owner: row.get(3)?,
            started: row.get(4)?,
            error: row.get(5)?,
            failed_at: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
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

/// Ends all writes of a copied warehouse: files of committed ones lie in place there, and nothing else was copied.
pub(crate) fn end_all(tx: &Transaction<'_>) -> Outcome<()> {
    tx.execute_batch(
        "UPDATE files SET staged = NULL WHERE staged IS NOT NULL; DELETE FROM garbage; DELETE FROM writes",
    )?;
    Ok(())
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

/// The stored locations of replaced files that no write has hidden yet.
pub(crate) fn unhidden(tx: &Transaction<'_>) -> Outcome<Vec<String>> {
    let mut statement = tx.prepare_cached("SELECT path FROM garbage WHERE write_id IS NOT NULL")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Hidden files replaced at or before `until`, in the order of their numbers, from the one after `last`.
pub(crate) fn expired_garbage(
    tx: &Transaction<'_>,
    until: i64,
    last: i64,
) -> Outcome<Vec<GarbageRow>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, table_id, version, path, root FROM garbage \
         WHERE write_id IS NULL AND retired_at <= ?1 AND id > ?2 ORDER BY id LIMIT 10000",
    )?;
    let rows = statement
        .query_map([until, last], read_garbage)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// Notes why a file could not be deleted. `true`: it is a new reason.
pub(crate) fn note_garbage(tx: &Transaction<'_>, id: i64, reason: &str) -> Outcome<bool> {
    let changed = tx.execute(
        "UPDATE garbage SET error = ?2 WHERE id = ?1 AND error IS NOT ?2",
        params![id, reason],
    )?;
    Ok(changed > 0)
}

pub(crate) fn forget_garbage(tx: &Transaction<'_>, ids: &[i64]) -> Outcome<()> {
    let mut statement = tx.prepare_cached("DELETE FROM garbage WHERE id = ?1")?;
    for id in ids {
        statement.execute([id])?;
    }
    Ok(())
}
