//! Rows as text: `table` for people, `csv`, `tsv` and `json` (one object a line) for programs, `plain` for texts that are
//! files by themselves.
//!
//! Rows are written as they come; nothing is collected but the rows that decide a table's widths.

mod table;

use std::io::{self, Write};

use arrow::csv::WriterBuilder;
use arrow::error::ArrowError;
use arrow::json::LineDelimitedWriter;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

pub(crate) use table::{TableWriter, printable};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns with a header, for reading.
    Table,
    /// Comma-separated values with a header (RFC 4180); NULL is empty.
    Csv,
    /// Tab-separated values with a header; NULL is empty.
    Tsv,
    /// One JSON object a line; NULL fields are left out.
    Json,
    /// Values as they are, tab-separated, without header and quotes; NULL is empty.
    Plain,
}

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The query failed while its rows were read.
    #[error(transparent)]
    Query(#[from] spotql_sql::Error),
    /// The output cannot be written to. A closed pipe is one of these.
    #[error("the output cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl Error {
    /// Whether the reader of the output has gone, as `head` does when it has seen enough.
    #[must_use]
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Writes all rows of a stream; returns how many there were.
///
/// # Errors
/// When the query fails or the output does.
pub(crate) async fn write_rows(
    mut rows: SendableRecordBatchStream,
    format: Format,
    output: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let schema = rows.schema();
    let mut count = 0;
    let mut sink: Box<dyn Sink + Send> = match format {
        Format::Table => Box::new(TableWriter::new(&schema)),
        Format::Csv => Box::new(Separated {
            delimiter: b',',
            started: false,
        }),
        Format::Tsv => Box::new(Separated {
            delimiter: b'\t',
            started: false,
        }),
        Format::Json => Box::new(Json),
        Format::Plain => Box::new(Plain),
    };
    // A result without rows still has a header.
    sink.batch(&RecordBatch::new_empty(schema), output)?;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(spotql_sql::Error::from)?;
        count += batch.num_rows() as u64;
        sink.batch(&batch, output)?;
    }
    sink.finish(output)?;
    output.flush()?;
    Ok(count)
}

/// A writer of one format.
trait Sink {
    fn batch(&mut self, batch: &RecordBatch, output: &mut (dyn Write + Send)) -> Result<(), Error>;
    fn finish(&mut self, output: &mut (dyn Write + Send)) -> Result<(), Error>;
}

impl Sink for TableWriter {
    fn batch(&mut self, batch: &RecordBatch, output: &mut (dyn Write + Send)) -> Result<(), Error> {
        self.write(batch, output)
    }

    fn finish(&mut self, output: &mut (dyn Write + Send)) -> Result<(), Error> {
        self.end(output)
    }
}

struct Separated {
    delimiter: u8,
    started: bool,
}

impl Sink for Separated {
    fn batch(&mut self, batch: &RecordBatch, output: &mut (dyn Write + Send)) -> Result<(), Error> {
        let mut output = Watched::new(output);
        let mut writer = WriterBuilder::new()
            .with_delimiter(self.delimiter)
            .with_header(!self.started)
            .build(&mut output);
        self.started = true;
        let written = writer.write(batch);
        drop(writer);
        output.result(written)
    }

    fn finish(&mut self, _: &mut (dyn Write + Send)) -> Result<(), Error> {
        Ok(())
    }
}

struct Json;

impl Sink for Json {
    fn batch(&mut self, batch: &RecordBatch, output: &mut (dyn Write + Send)) -> Result<(), Error> {
        let mut output = Watched::new(output);
        let written = LineDelimitedWriter::new(&mut output).write(batch);
        output.result(written)
    }

    fn finish(&mut self, _: &mut (dyn Write + Send)) -> Result<(), Error> {
        Ok(())
    }
}

struct Plain;

impl Sink for Plain {
    fn batch(&mut self, batch: &RecordBatch, output: &mut (dyn Write + Send)) -> Result<(), Error> {
        let options = FormatOptions::default();
        let columns = batch.columns().iter();
        let columns = columns.map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
        let columns: Vec<_> = columns.collect::<Result<_, _>>().map_err(arrow_error)?;
        for row in 0..batch.num_rows() {
            for (place, column) in columns.iter().enumerate() {
                let separator = if place == 0 { "" } else { "\t" };
                let value = column.value(row).try_to_string().map_err(arrow_error)?;
                write!(output, "{separator}{value}")?;
            }
            writeln!(output)?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut (dyn Write + Send)) -> Result<(), Error> {
        Ok(())
    }
}

/// A value that cannot be written as text is the query's fault.
fn arrow_error(error: ArrowError) -> Error {
    Error::Query(DataFusionError::from(error).into())
}

/// Passes on to an output, and keeps its error: of that, Arrow's writers hand on the text alone.
struct Watched<'a> {
    output: &'a mut (dyn Write + Send),
    failure: Option<io::Error>,
}

impl<'a> Watched<'a> {
    fn new(output: &'a mut (dyn Write + Send)) -> Self {
        Self {
            output,
            failure: None,
        }
    }

    fn watch<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failure = Some(error);
            }
            kind.into()
        })
    }

    /// What came of writing to it.
    fn result(self, written: Result<(), ArrowError>) -> Result<(), Error> {
        match self.failure {
            Some(failure) => Err(Error::Write(failure)),
            None => written.map_err(arrow_error),
        }
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes);
        self.watch(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.output.flush();
        self.watch(flushed)
    }
}
