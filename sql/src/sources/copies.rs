//! The last good contents of sources: copies in the warehouse, which stay in use when an original has gone bad.
//!
//! A copy lies in a folder of its own below `_spotql_sources`, under the original's name, whose ending may say what it is.
//! Rows of a query are kept as an Arrow file.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::ipc::reader::FileReader;
use datafusion::arrow::ipc::writer::FileWriter;
use serde::{Deserialize, Serialize};
use spotql_catalog::SOURCES;

/// The name of kept rows.
const ROWS: &str = "rows.arrow";

/// A copy that nobody refers to for so long is left of a process that was killed.
const ORPHAN_AGE: Duration = Duration::from_secs(3600);

/// Tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    size: u64,
    /// Microseconds since 1970.
    modified: u64,
}

impl Version {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let found = path.metadata()?;
        let modified = found.modified()?.duration_since(SystemTime::UNIX_EPOCH);
        Ok(Self {
            size: found.len(),
            modified: modified.map_or(0, |time| time.as_micros() as u64),
        })
    }
}

/// What a source is read from.
pub(super) enum Input {
    /// A file.
    File(PathBuf),
    /// The rows of its query.
    Rows(SchemaRef, Vec<RecordBatch>),
}

/// The copies of a warehouse.
#[derive(Debug, Clone)]
pub(super) struct Copies {
    folder: PathBuf,
}

impl Copies {
    pub(super) fn of(warehouse: &Path) -> Self {
        Self {
            folder: warehouse.join(SOURCES),
        }
    }

    /// Copies what a source was read from; returns how the copy is called.
    pub(super) fn keep(&self, input: &Input) -> io::Result<String> {
        let name = match input {
            Input::File(path) => path.file_name().unwrap_or_default().to_string_lossy(),
            Input::Rows(..) => ROWS.into(),
        };
        let copy = format!("{}/{name}", uuid::Uuid::now_v7().simple());
        let path = self.folder.join(&copy);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let written = match input {
            Input::File(original) => fs::copy(original, &path).map(drop),
            Input::Rows(schema, batches) => (|| {
                let mut writer = FileWriter::try_new(File::create(&path)?, schema)?;
                for batch in batches {
                    writer.write(batch)?;
                }
                writer.finish()
            })()
            .map_err(io::Error::other),
        };
        match written.and_then(|()| File::open(&path)?.sync_data()) {
            Ok(()) => Ok(copy),
            Err(error) => {
                self.forget(&copy);
                Err(error)
            }
        }
    }

    /// What a source is to be read from in place of its original.
    pub(super) fn input(&self, copy: &str) -> io::Result<Input> {
        let path = self.folder.join(copy);
        if !copy.ends_with(&format!("/{ROWS}")) {
            return Ok(Input::File(path));
        }
        let reader = FileReader::try_new(File::open(&path)?, None).map_err(io::Error::other)?;
        let schema = reader.schema();
        let batches = reader.collect::<Result<_, _>>().map_err(io::Error::other)?;
        Ok(Input::Rows(schema, batches))
    }

    /// Removes a copy; it need not be there.
    pub(super) fn forget(&self, copy: &str) {
        if let Some((folder, _)) = copy.split_once('/') {
            fs::remove_dir_all(self.folder.join(folder)).ok();
        }
    }

    /// Removes copies that none of `known` names, of processes that were killed.
    pub(super) fn sweep(&self, known: &[String]) -> io::Result<()> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_known = known
                .iter()
                .any(|copy| copy.split('/').next() == Some(&name));
            let is_old = || {
                let age = entry
                    .metadata()
                    .and_then(|it| it.modified())
                    .ok()?
                    .elapsed();
                Some(age.is_ok_and(|age| age > ORPHAN_AGE))
            };
            if !is_known && is_old() == Some(true) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}
