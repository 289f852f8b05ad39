//! Which rows of a load are written: those that have a value for every partition column. The others are counted.

use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Int32Type};

use crate::error::{Error, Result};

/// Takes the rows that have a partition, and counts all rows by their file.
pub(super) struct Accept {
    /// Rows accepted and rejected, by the file's number.
    counts: Vec<(AtomicU64, AtomicU64)>,
}

impl Accept {
    pub(super) fn new(files: usize) -> Self {
        let zero = || (AtomicU64::new(0), AtomicU64::new(0));
        Self {
            counts: std::iter::repeat_with(zero).take(files).collect(),
        }
    }

    /// The counts so far.
    pub(super) fn counts(&self) -> Vec<(u64, u64)> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = self.counts.iter();
        counts
            .map(|(accepted, rejected)| (read(accepted), read(rejected)))
            .collect()
    }

    /// The rows to write of a batch: `data` columns, then those of the partition, then the number of the file, which is
    /// taken away.
    pub(super) fn take(&self, batch: RecordBatch, data: usize) -> Result<RecordBatch> {
        let last = batch.num_columns().saturating_sub(1);
        let files = batch
            .columns()
            .last()
            .and_then(|column| column.as_primitive_opt::<Int32Type>())
            .ok_or_else(|| Error::Corrupt {
                what: "a load's rows come without the numbers of their files".into(),
            })?;
        let partition = batch.columns().get(data..last).unwrap_or_default();
        let rejected = partition.iter().filter_map(without_value);
        let rejected = rejected.reduce(|a, b| &a | &b);
        self.count(files.values(), rejected.as_ref());
        let rows = batch.project(&(0..last).collect::<Vec<_>>())?;
        Ok(match rejected {
            None => rows,
            Some(rejected) => filter_record_batch(&rows, &BooleanArray::new(!&rejected, None))?,
        })
    }

    fn count(&self, files: &[i32], rejected: Option<&BooleanBuffer>) {
        let mut from = 0;
        for run in files.chunk_by(|a, b| a == b) {
            let out = rejected.map_or(0, |it| it.slice(from, run.len()).count_set_bits());
            from += run.len();
            let number = run.first().and_then(|it| usize::try_from(*it).ok());
            if let Some((accepted, rejected)) = number.and_then(|it| self.counts.get(it)) {
                accepted.fetch_add((run.len() - out) as u64, Ordering::Relaxed);
                rejected.fetch_add(out as u64, Ordering::Relaxed);
            }
        }
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
    use std::sync::Arc;

    use arrow::array::{Int8Array, Int32Array, StringViewArray};

    use super::*;

    #[test]
    fn rows_without_a_partition_are_counted_by_file_and_taken_out() {
        let columns: [(&str, ArrayRef); 4] = [
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
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let accept = Accept::new(2);
        let kept = accept.take(batch.clone(), 1).unwrap();
        assert_eq!(kept.num_columns(), 3);
        let kept = kept.column(0).as_primitive::<Int32Type>();
        assert_eq!(kept.values(), &[10, 14]);
        assert_eq!(accept.counts(), [(1, 1), (1, 2)]);
        // Without columns of a partition nothing is rejected.
        accept.take(batch, 3).unwrap();
        assert_eq!(accept.counts(), [(3, 1), (4, 2)]);
    }
}
