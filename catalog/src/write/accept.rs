//! Which rows of a load are written: those that have a value for every partition column. The others are counted, and
//! handed to whoever keeps them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Int32Type};
use tokio::sync::mpsc::Sender;

use crate::error::{Error, Result};

/// Rows accepted and rejected, by the file's number.
pub(crate) struct Counts(Vec<(AtomicU64, AtomicU64)>);

impl Counts {
    pub(crate) fn new(files: usize) -> Self {
        let zero = || (AtomicU64::new(0), AtomicU64::new(0));
        Self(std::iter::repeat_with(zero).take(files).collect())
    }

    pub(crate) fn get(&self) -> Vec<(u64, u64)> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = self.0.iter();
        counts
            .map(|(accepted, rejected)| (read(accepted), read(rejected)))
            .collect()
    }

    fn add(&self, files: &[i32], rejected: Option<&BooleanBuffer>) {
        let mut from = 0;
        for run in files.chunk_by(|a, b| a == b) {
            let out = rejected.map_or(0, |it| it.slice(from, run.len()).count_set_bits());
            from += run.len();
            let number = run.first().and_then(|it| usize::try_from(*it).ok());
            if let Some((accepted, rejected)) = number.and_then(|it| self.0.get(it)) {
                accepted.fetch_add((run.len() - out) as u64, Ordering::Relaxed);
                rejected.fetch_add(out as u64, Ordering::Relaxed);
            }
        }
    }
}

/// Takes the rows that have a partition out of batches: data columns, then those of the partition, then the number of
/// the file, then whatever tells of rejected rows.
pub(crate) struct Accept {
    /// How many columns are data.
    pub(crate) data: usize,
    /// How many columns are of the partition.
    pub(crate) partition: usize,
    pub(crate) counts: Arc<Counts>,
    /// Where rejected rows go, with all columns.
    pub(crate) rejected: Sender<RecordBatch>,
}

impl Accept {
    /// The rows to write of a batch, with the columns to write; the others are sent on.
    pub(super) async fn take(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let (rows, rejected) = self.split(&batch)?;
        if let Some(rejected) = rejected {
            let gone = |_| Error::Background {
                reason: "nobody keeps the rows that a load rejects".into(),
            };
            self.rejected.send(rejected).await.map_err(gone)?;
        }
        Ok(rows)
    }

    fn split(&self, batch: &RecordBatch) -> Result<(RecordBatch, Option<RecordBatch>)> {
        let written = self.data + self.partition;
        let files = batch
            .columns()
            .get(written)
            .and_then(|column| column.as_primitive_opt::<Int32Type>())
            .ok_or_else(|| Error::Corrupt {
                what: "a load's rows come without the numbers of their files".into(),
            })?;
        let partition = batch.columns().get(self.data..written).unwrap_or_default();
        let rejected = partition.iter().filter_map(without_value);
        let rejected = rejected.reduce(|a, b| &a | &b);
        self.counts.add(files.values(), rejected.as_ref());
        let rows = batch.project(&(0..written).collect::<Vec<_>>())?;
        Ok(match rejected {
            None => (rows, None),
            Some(rejected) => {
                let kept = BooleanArray::new(!&rejected, None);
                let rejected = BooleanArray::new(rejected, None);
                (
                    filter_record_batch(&rows, &kept)?,
                    Some(filter_record_batch(batch, &rejected)?),
                )
            }
        })
    }
}

/// The rows of a partition column that are NULL or the empty text; none if there are no such rows.
fn without_value(column: &ArrayRef) -> Option<BooleanBuffer> {
    let nulls = column.logical_nulls().map(|nulls| !nulls.inner());
    let empty = match column.data_type() {
        DataType::Utf8View => {
            // The lower half of a view is the length.
            let views = column.as_string_view().views();
            let is_empty = |view: &u128| *view as u32 == 0;
            views
                .iter()
                .any(is_empty)
                .then(|| views.iter().map(is_empty).collect::<BooleanBuffer>())
        }
        _ => None,
    };
    let both = match (nulls, empty) {
        (Some(nulls), Some(empty)) => Some(&nulls | &empty),
        (nulls, empty) => nulls.or(empty),
    };
    both.filter(|rows| rows.count_set_bits() > 0)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int8Array, Int32Array, StringViewArray};

    use super::*;

    #[test]
    fn rows_without_a_partition_are_counted_by_file_and_taken_out() {
        let columns: [(&str, ArrayRef); 5] = [
            ("a", Arc::new(Int32Array::from(vec![10, 11, 12, 13, 14]))),
            (
                "m",
                Arc::new(Int8Array::from(vec![
                    Some(1),
                    None,
                    Some(1),
                    Some(1),
                    Some(1),
                ])),
            ),
            (
                "d",
                Arc::new(StringViewArray::from(vec![
                    Some("x"),
                    Some("x"),
                    Some(""),
                    None,
                    Some("y"),
                ])),
            ),
            ("n", Arc::new(Int32Array::from(vec![1, 1, 1, 0, 0]))),
            ("told", Arc::new(Int32Array::from(vec![0, 1, 2, 3, 4]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut accept = Accept {
            data: 1,
            partition: 2,
            counts: Arc::new(Counts::new(2)),
            rejected: tokio::sync::mpsc::channel(1).0,
        };
        let (kept, rejected) = accept.split(&batch).unwrap();
        assert_eq!(kept.num_columns(), 3);
        let values = |batch: &RecordBatch, column: usize| {
            let column = batch.column(column).as_primitive::<Int32Type>();
            column.values().to_vec()
        };
        assert_eq!(values(&kept, 0), [10, 14]);
        assert_eq!(values(&rejected.unwrap(), 4), [1, 2, 3]);
        assert_eq!(accept.counts.get(), [(1, 1), (1, 2)]);
        // Without columns of a partition nothing is rejected.
        (accept.data, accept.partition) = (3, 0);
        let (kept, rejected) = accept.split(&batch).unwrap();
        assert_eq!((kept.num_rows(), rejected), (5, None));
        assert_eq!(accept.counts.get(), [(3, 1), (4, 2)]);
    }
}
