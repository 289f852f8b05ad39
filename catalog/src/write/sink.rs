//! Rows to staged Parquet files: one of these runs for each partition of the query.
//!
//! A batch is split by its dynamic partition values, gathered to full batches per table partition, and encoded. Open
//! files hold their current row group in memory: that is accounted to DataFusion's memory pool, and the largest ones
//! are flushed when the pool is full, or closed when too many are open.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{BatchCoalescer, take_record_batch};
use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use futures::StreamExt;
use object_store::ObjectStoreExt;
use object_store::buffered::BufWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::async_writer::AsyncArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::accept::Accept;
use super::commit::StagedFile;
use super::handle::Write;
use super::split::Splitter;
use super::target::{Destination, Destinations, PartitionValue};
use crate::convert::convert;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::partition_name::{RawValues, canonical_text};
use crate::statistics::{FileStatistics, MAX_TEXT};

/// Rows of a row group: large enough for good compression, small enough for several readers of one file.
const ROW_GROUP_ROWS: usize = 1 << 20;
/// A file that has grown beyond this is closed, and another one begun.
const FILE_BYTES: usize = 1 << 30;
/// Files that one task keeps open.
const OPEN_FILES: usize = 64;
/// Rows gathered before they are encoded, if a batch was split.
const BATCH_ROWS: usize = 8192;

/// What the tasks of one write share.
pub(super) struct SinkContext {
    pub(super) write: Arc<Write>,
    /// The table's file schema.
    pub(super) schema: SchemaRef,
    pub(super) destinations: Destinations,
    /// For each partition column: its position among the input's dynamic columns, or its static value.
    pub(super) partition_values: Vec<PartitionValue>,
    pub(super) next_file: AtomicU64,
    /// Which rows are written, of a load.
    pub(super) accept: Option<Accept>,
}

impl SinkContext {
    fn raw_values(&self, dynamic: &[ScalarValue]) -> RawValues {
        self.partition_values
            .iter()
            .map(|value| match value {
                PartitionValue::Static(text) => text.clone(),
                PartitionValue::Dynamic(index) => dynamic.get(*index).and_then(canonical_text),
            })
            .collect()
    }
}

/// What one task has written into one partition.
pub(super) struct Written {
    pub(super) destination: Destination,
    pub(super) files: Vec<StagedFile>,
}

fn writer_options() -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("spotql version ", env!("CARGO_PKG_VERSION")).to_string())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(MAX_TEXT))
        .set_coerce_types(true)
        .build();
    // Without Arrow's own schema the file is what every other engine writes.
    ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true)
}

struct OpenFile {
    writer: AsyncArrowWriter<BufWriter>,
    staged: Location,
    name: String,
    rows: u64,
    memory: usize,
}

struct Slot {
    destination: Destination,
    gathered: BatchCoalescer,
    open: Option<OpenFile>,
    files: Vec<StagedFile>,
}

/// Writes a stream; returns what was staged, by partition.
pub(super) async fn run(
    context: Arc<SinkContext>,
    mut stream: SendableRecordBatchStream,
    reservation: MemoryReservation,
) -> Result<Vec<Written>> {
    let mut task = Task {
        context,
        slots: Vec::new(),
        splitter: None,
        reservation,
    };
    while let Some(batch) = stream.next().await {
        task.push(batch?).await?;
    }
    task.finish().await
}

struct Task {
    context: Arc<SinkContext>,
    slots: Vec<Slot>,
    splitter: Option<Splitter>,
    reservation: MemoryReservation,
}

impl Task {
    async fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let batch = match &self.context.accept {
            Some(accept) => accept.take(batch).await?,
            None => batch,
        };
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let (data, dynamic) = self.convert(&batch)?;
        if dynamic.is_empty() {
            if self.slots.is_empty() {
                self.add_slot(&[])?;
            }
            return self.write(0, data).await;
        }
        let mut splitter = match self.splitter.take() {
            Some(splitter) => splitter,
            None => Splitter::new(dynamic.iter().map(|column| column.data_type().clone()))?,
        };
        let shares = splitter.split(&dynamic)?;
        for values in splitter.values().iter().skip(self.slots.len()) {
            self.add_slot(values)?;
        }
        self.splitter = Some(splitter);
        for share in shares {
            match share.rows {
                None => self.write(share.slot, data.clone()).await?,
                Some(rows) => {
                    let part = take_record_batch(&data, &rows)?;
                    self.gather(share.slot, part).await?;
                }
            }
        }
        Ok(())
    }

    /// Data columns in the table's types, and the dynamic partition columns.
    fn convert(&self, batch: &RecordBatch) -> Result<(RecordBatch, Vec<ArrayRef>)> {
        let fields = self.context.schema.fields();
        let (data, dynamic) = batch
            .columns()
            .split_at(fields.len().min(batch.num_columns()));
        let data = data
            .iter()
            .zip(fields)
            .map(|(column, field)| convert(column, field.data_type()))
            .collect::<datafusion::error::Result<Vec<_>>>()?;
        let data = RecordBatch::try_new(Arc::clone(&self.context.schema), data)?;
        Ok((data, dynamic.to_vec()))
    }

    fn add_slot(&mut self, values: &[ScalarValue]) -> Result<()> {
        let destination = self
            .context
            .destinations
            .resolve(self.context.raw_values(values))?;
        self.slots.push(Slot {
            destination,
            gathered: BatchCoalescer::new(Arc::clone(&self.context.schema), BATCH_ROWS),
            open: None,
            files: Vec::new(),
        });
        Ok(())
    }

    async fn gather(&mut self, slot: usize, batch: RecordBatch) -> Result<()> {
        let gathered = &mut self.slots[slot].gathered;
        gathered.push_batch(batch)?;
        while let Some(full) = self.slots[slot].gathered.next_completed_batch() {
            self.write(slot, full).await?;
        }
        Ok(())
    }

    async fn write(&mut self, slot: usize, batch: RecordBatch) -> Result<()> {
        if self.slots[slot].open.is_none() {
            self.make_room().await?;
            let root = self.slots[slot].destination.root.clone();
            self.slots[slot].open = Some(open(Arc::clone(&self.context), root).await?);
        }
        let Some(file) = &mut self.slots[slot].open else {
            return Ok(());
        };
        file.writer
            .write(&batch)
            .await
            .map_err(failed(&file.staged))?;
        file.rows += batch.num_rows() as u64;
        file.memory = file.writer.memory_size();
        if file.writer.bytes_written() > FILE_BYTES {
            self.close(slot).await?;
        }
        self.account().await
    }

    /// Closes the largest file if as many are open as may be: it has the least to gain from more rows.
    async fn make_room(&mut self) -> Result<()> {
        let open = self.slots.iter().filter(|slot| slot.open.is_some()).count();
        if open < OPEN_FILES {
            return Ok(());
        }
        match self.largest() {
            Some(slot) => self.close(slot).await,
            None => Ok(()),
        }
    }

    fn largest(&self) -> Option<usize> {
        let open = self.slots.iter().enumerate();
        open.filter_map(|(index, slot)| slot.open.as_ref().map(|file| (file.memory, index)))
            .max()
            .map(|(_, index)| index)
    }

    /// Accounts for what open files hold; ends row groups early if the pool has no more.
    async fn account(&mut self) -> Result<()> {
        loop {
            let held: usize = self
                .slots
                .iter()
                .filter_map(|slot| slot.open.as_ref())
                .map(|f| f.memory)
                .sum();
            let Err(error) = self.reservation.try_resize(held) else {
                return Ok(());
            };
            let largest = self
                .largest()
                .and_then(|slot| self.slots[slot].open.as_mut());
            match largest {
                Some(file) if file.writer.in_progress_rows() > 0 => {
                    file.writer.flush().await.map_err(failed(&file.staged))?;
                    file.memory = file.writer.memory_size();
                }
                _ => return Err(Error::Query(error)),
            }
        }
    }

    async fn close(&mut self, slot: usize) -> Result<()> {
        let slot = &mut self.slots[slot];
        let Some(mut file) = slot.open.take() else {
            return Ok(());
        };
        let unwritable = || failed(&file.staged);
        let metadata = file.writer.finish().await.map_err(unwritable())?;
        let storage = &self.context.write.backend.storage;
        let path = file.staged.path();
        let object = storage
            .store()
            .head(path)
            .await
            .map_err(|source| Error::ObjectStore {
                path: format!("/{path}"),
                source,
            })?;
        let statistics =
            FileStatistics::from_parquet(&metadata, &self.context.schema).map_err(unwritable())?;
        slot.files.push(StagedFile {
            name: file.name,
            size: object.size,
            modified: object.last_modified.timestamp_micros(),
            rows: file.rows,
            statistics: statistics.to_text(),
            staged: file.staged,
        });
        Ok(())
    }

    async fn finish(mut self) -> Result<Vec<Written>> {
        for slot in 0..self.slots.len() {
            self.slots[slot].gathered.finish_buffered_batch()?;
            while let Some(rest) = self.slots[slot].gathered.next_completed_batch() {
                self.write(slot, rest).await?;
            }
            self.close(slot).await?;
        }
        Ok(self
            .slots
            .into_iter()
            .map(|slot| Written {
                destination: slot.destination,
                files: slot.files,
            })
            .collect())
    }
}

async fn open(context: Arc<SinkContext>, root: Location) -> Result<OpenFile> {
    let write = &context.write;
    let number = context.next_file.fetch_add(1, Ordering::Relaxed);
    let staged = write.staged_path(&root, number).await?;
    let target = BufWriter::new(write.backend.storage.store(), staged.path().clone());
    let schema = Arc::clone(&context.schema);
    let writer = AsyncArrowWriter::try_new_with_options(target, schema, writer_options())
        .map_err(failed(&staged))?;
    Ok(OpenFile {
        writer,
        staged,
        name: write.file_name(number),
        rows: 0,
        memory: 0,
    })
}

fn failed(file: &Location) -> impl FnOnce(ParquetError) -> Error + '_ {
    move |source| Error::Parquet {
        path: format!("/{}", file.path()),
        source,
    }
}
