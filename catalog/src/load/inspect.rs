//! What is to be known of a file before it is loaded: what it holds, and whether it is the same as another.

use std::fs::{File, Metadata};
use std::io::{Read, Seek};
use std::path::Path;

use arrow::datatypes::SchemaRef;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::ParquetMetaDataReader;

use crate::error::{Error, Result};

/// The bytes that every Parquet file begins and ends with.
const MAGIC: &[u8; 4] = b"PAR1";

/// A file's identity for the file system: it changes when the contents do, whatever a program does to the times that it
/// may set. Empty where the system says too little.
#[cfg(unix)]
fn stamp(metadata: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!(
        "{}:{}:{}.{}:{}.{}",
        metadata.dev(),
        metadata.ino(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec()
    )
}

#[cfg(not(unix))]
fn stamp(_: &Metadata) -> String {
    String::new()
}

/// What the file system says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) size: u64,
    /// Microseconds since 1970.
    pub(super) modified: i64,
    pub(super) stamp: String,
}

impl State {
    pub(super) fn of(path: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(|source| io(path, source))?;
        let modified = metadata.modified().map_err(|source| io(path, source))?;
        Ok(Self {
            size: metadata.len(),
            modified: chrono::DateTime::<chrono::Utc>::from(modified).timestamp_micros(),
            stamp: stamp(&metadata),
        })
    }
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.display().to_string(),
        source,
    }
}

/// BLAKE3 of a file's contents in hexadecimal, read in pieces.
pub(super) fn hash(path: &Path) -> Result<String> {
    let file = File::open(path).map_err(|source| io(path, source))?;
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_reader(file)
        .map_err(|source| io(path, source))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// The columns of a file as its footer says, and how many rows it has; `None`: this is no Parquet file.
pub(super) fn footer(path: &Path) -> Result<Option<(SchemaRef, u64)>> {
    let mut file = File::open(path).map_err(|source| io(path, source))?;
    let mut begin = Vec::with_capacity(MAGIC.len());
    file.by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut begin)
        .map_err(|source| io(path, source))?;
    if begin != MAGIC {
        return Ok(None);
    }
    file.rewind().map_err(|source| io(path, source))?;
    let unreadable = |error: parquet::errors::ParquetError| Error::UnreadableFile {
        path: path.display().to_string(),
        reason: format!(
            "{error}; if it is still being written, load it when it is complete. Nothing was loaded"
        ),
    };
    let metadata = ParquetMetaDataReader::new()
        .parse_and_finish(&file)
        .map_err(unreadable)?;
    let known = metadata.file_metadata();
    let schema = parquet_to_arrow_schema(known.schema_descr(), None).map_err(unreadable)?;
    let rows = u64::try_from(known.num_rows()).unwrap_or(0);
    Ok(Some((SchemaRef::new(schema), rows)))
}

/// Whether a file says by its name that it is Parquet.
pub(super) fn says_parquet(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    ["parquet", "parq", "pq"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}
