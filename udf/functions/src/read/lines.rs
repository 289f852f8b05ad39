//! `read_lines(path)`: text files, a row a line.
//!
//! ```sql
//! SELECT number, line FROM read_lines('/var/log/auth.log') WHERE line LIKE '%Failed password%';
//! ```
//!
//! `path` is a file, a folder (its files, but for those whose names begin with `_` or `.`), or a
//! pattern with `*` and `?`. Files whose names end in `.gz` are unpacked as they are read.
//! Columns: `file` (the path), `number` (of the line in its file, from 1), `line` (without its end, `\n` or
//! `\r\n`). Nothing is null. Bytes that are no UTF-8 become U+FFFD, so that a log with garbage in it
//! can be read, and be searched for the garbage. Lines above 16 MiB are refused. Each file is a
//! partition, read as a stream.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatchOptions;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, StringViewBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, plan_err};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use flate2::read::MultiGzDecoder;

use crate::files::FileAccess;

pub(super) const NAME: &str = "read_lines";

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 16 << 20;
/// Bytes asked of the system at a time.
const BUFFER: usize = 256 << 10;

/// `read_lines(path)`.
#[derive(Debug)]
pub(super) struct ReadLines {
    pub(super) access: FileAccess,
}

impl TableFunctionImpl for ReadLines {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let path = match args.exprs() {
            [Expr::Literal(value, _)] => value.try_as_str().flatten(),
            _ => None,
        };
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            return plan_err!(
                "{NAME} takes one argument, the path of a file or folder, or a pattern: \
                 {NAME}('/var/log/auth.log*')"
            );
        };
        Ok(Arc::new(Lines {
            path: path.to_owned(),
            access: self.access.clone(),
            schema: Arc::new(Schema::new(vec![
                Field::new("file", DataType::Utf8View, false),
                Field::new("number", DataType::Int64, false),
                Field::new("line", DataType::Utf8View, false),
            ])),
        }))
    }
}

#[derive(Debug)]
struct Lines {
    path: String,
    access: FileAccess,
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for Lines {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => self.schema(),
        };
        let partitions = files(&self.path, &self.access)?
            .into_iter()
            .map(|path| -> Arc<dyn PartitionStream> {
                Arc::new(TextFile {
                    path,
                    access: self.access.clone(),
                    schema: Arc::clone(&schema),
                })
            })
            .collect();
        Ok(Arc::new(StreamingTableExec::try_new(
            schema, partitions, None, None, false, limit,
        )?))
    }
}

/// The files that a path or pattern means, in order of their names.
fn files(path: &str, access: &FileAccess) -> Result<Vec<PathBuf>> {
    let given = Path::new(path);
    let fixed = beginning(given);
    // Before anything is looked at: what lies elsewhere is not to be guessed from errors.
    access.check(&fixed).map_err(DataFusionError::External)?;
    let pattern = given.strip_prefix(&fixed).unwrap_or(Path::new(""));
    if pattern
        .components()
        .any(|part| part == Component::ParentDir)
    {
        return plan_err!("{NAME}: '{path}' is no pattern: '..' follows a part with * or ?");
    }
    let mut files = if given.is_file() {
        vec![given.to_owned()]
    } else if given.is_dir() {
        let entries = std::fs::read_dir(given).map_err(|error| unreadable(given, &error))?;
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(|error| unreadable(given, &error))?
    } else {
        match glob::glob(path) {
            Ok(found) => found
                .collect::<std::result::Result<Vec<_>, _>>()
                .map_err(|error| unreadable(error.path(), error.error()))?,
            Err(error) => return plan_err!("{NAME}: '{path}' is no pattern: {error}"),
        }
    };
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        file.is_file() && (file == given || !name.starts_with(['_', '.']))
    });
    files.sort();
    if files.iter().any(|file| access.check(file).is_err()) {
        return plan_err!(
            "{NAME}: '{path}' means a link that leads to a place that may not be read"
        );
    }
    if files.is_empty() {
        return plan_err!("{NAME}: there is no file '{path}', and none that the pattern means");
    }
    Ok(files)
}

/// The path up to the first part that is a pattern.
fn beginning(path: &Path) -> PathBuf {
    let is_pattern =
        |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    if path.exists() {
        return path.to_owned();
    }
    path.components()
        .take_while(|part| !is_pattern(part))
        .collect()
}

fn unreadable(path: &Path, error: &std::io::Error) -> DataFusionError {
    DataFusionError::Execution(format!(
        "{NAME}: '{}' cannot be read: {error}",
        path.display()
    ))
}

struct TextFile {
    path: PathBuf,
    access: FileAccess,
    schema: SchemaRef,
}

impl fmt::Debug for TextFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

impl PartitionStream for TextFile {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let size = context.session_config().batch_size();
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let sender = stream.tx();
        let (path, schema) = (self.path.clone(), Arc::clone(&self.schema));
        let access = self.access.clone();
        stream.spawn_blocking(move || {
            // A file of a folder may be a link.
            let opened = access.check(&path).map_err(DataFusionError::External)?;
            let mut reader = Reader::open(&path, &opened)?;
            while let Some(batch) = reader.next(size, &schema)? {
                // Nobody listens any more: the query has ended.
                if sender.blocking_send(Ok(batch)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        stream.build()
    }
}

/// A file on its way into batches.
struct Reader<'a> {
    path: &'a Path,
    input: Box<dyn BufRead>,
    /// Lines read so far.
    lines: i64,
    line: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn open(path: &'a Path, opened: &Path) -> Result<Self> {
        let file = File::open(opened).map_err(|error| unreadable(path, &error))?;
        let packed = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
        let input: Box<dyn BufRead> = if packed {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file)))
        } else {
            Box::new(BufReader::with_capacity(BUFFER, file))
        };
        Ok(Self {
            path,
            input,
            lines: 0,
            line: Vec::new(),
        })
    }

    /// The next line into `self.line`, without its end; false after the last.
    fn read(&mut self) -> Result<bool> {
        self.line.clear();
        let read = self
            .input
            .by_ref()
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut self.line)
            .map_err(|error| unreadable(self.path, &error))?;
        if read == 0 {
            return Ok(false);
        }
        self.lines += 1;
        if read as u64 > LONGEST_LINE {
            return Err(DataFusionError::Execution(format!(
                "{NAME}: line {} of '{}' is longer than 16 MiB; is it a text file?",
                self.lines,
                self.path.display()
            )));
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
            }
        }
        Ok(true)
    }

    /// The next batch of up to `size` lines; none after the last line.
    fn next(&mut self, size: usize, schema: &SchemaRef) -> Result<Option<RecordBatch>> {
        let first = self.lines + 1;
        let wanted = schema.index_of("line").is_ok();
        let mut texts = StringViewBuilder::new();
        let mut count = 0;
        while count < size && self.read()? {
            if wanted {
                texts.append_value(String::from_utf8_lossy(&self.line));
            }
            count += 1;
        }
        if count == 0 {
            return Ok(None);
        }
        let mut texts = Some(texts);
        let columns = schema
            .fields()
            .iter()
            .map(|field| -> ArrayRef {
                match field.name().as_str() {
                    "number" => Arc::new(Int64Array::from_iter_values(first..=self.lines)),
                    "line" => Arc::new(texts.take().unwrap_or_default().finish()),
                    _ => {
                        let path = self.path.to_string_lossy();
                        let same = std::iter::repeat_n(path.as_ref(), count);
                        Arc::new(StringViewArray::from_iter_values(same))
                    }
                }
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?;
        Ok(Some(batch))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::{SessionConfig, SessionContext};
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    async fn shown(sql: &str) -> Result<String> {
        let session = SessionContext::new_with_config(SessionConfig::new().with_batch_size(2));
        session.register_udtf(
            NAME,
            Arc::new(ReadLines {
                access: FileAccess::default(),
            }),
        );
        let batches = session.sql(sql).await?.collect().await?;
        Ok(pretty_format_batches(&batches)?.to_string())
    }

    /// A folder of its own for one test.
    fn folder(test: &str) -> PathBuf {
        let name = format!("spotql-lines-{test}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[tokio::test]
    async fn lines_of_plain_and_packed_files_come_with_their_numbers() {
        let folder = folder("numbers");
        std::fs::write(folder.join("a.log"), b"one\r\ntwo\n\nlast without end").unwrap();
        std::fs::write(folder.join("empty.log"), b"").unwrap();
        std::fs::write(folder.join("_hidden.log"), b"no\n").unwrap();
        let packed = File::create(folder.join("b.log.gz")).unwrap();
        let mut packed = GzEncoder::new(packed, Compression::fast());
        packed.write_all(b"in a zip \xff\n").unwrap();
        packed.finish().unwrap();

        let path = folder.display();
        let sql = format!("SELECT number, line FROM read_lines('{path}') ORDER BY file, number");
        let expected = "\
+--------+------------------+
| number | line             |
+--------+------------------+
| 1      | one              |
| 2      | two              |
| 3      |                  |
| 4      | last without end |
| 1      | in a zip \u{fffd}       |
+--------+------------------+";
        assert_eq!(shown(&sql).await.unwrap(), expected);
        let sql = format!(
            "SELECT count(*) AS n, count(DISTINCT file) AS files FROM read_lines('{path}/*.log')"
        );
        let counted = shown(&sql).await.unwrap();
        assert!(counted.contains("| 4 | 1 "), "{counted}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_named() {
        for (sql, part) in [
            (
                "SELECT * FROM read_lines('/no/such/file')",
                "'/no/such/file'",
            ),
            ("SELECT * FROM read_lines(7)", "takes one argument"),
            ("SELECT * FROM read_lines()", "takes one argument"),
        ] {
            let error = shown(sql).await.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let folder = folder("broken");
        std::fs::write(folder.join("x.gz"), b"this is no gzip").unwrap();
        let sql = format!("SELECT * FROM read_lines('{}/x.gz')", folder.display());
        let error = shown(&sql).await.unwrap_err().to_string();
        assert!(error.contains("x.gz' cannot be read"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
