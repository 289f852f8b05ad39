//! Dynamic partitions: which rows of a batch go to which partition.
//!
//! The values are compared in Arrow's row format, run by run: sorted or clustered input costs one look-up a run and no
//! copy, other input one look-up a run and one `take` a partition.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ahash::RandomState;
use arrow::array::{ArrayRef, UInt32Array};
use arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;

use crate::error::Result;

/// The rows of one batch that go to one partition.
pub(super) struct Share {
    /// The partition's number, in the order in which partitions first occurred.
    pub(super) slot: usize,
    /// The rows; `None` for all.
    pub(super) rows: Option<UInt32Array>,
}

/// Numbers the partitions of a stream of batches.
pub(super) struct Splitter {
    converter: RowConverter,
    slots: HashMap<Box<[u8]>, usize, RandomState>,
    values: Vec<Vec<ScalarValue>>,
}

impl Splitter {
    /// For the dynamic partition columns' types.
    pub(super) fn new(types: impl Iterator<Item = arrow::datatypes::DataType>) -> Result<Self> {
        let converter = RowConverter::new(types.map(SortField::new).collect())?;
        Ok(Self {
            converter,
            slots: HashMap::default(),
            values: Vec::new(),
        })
    }

    /// The values of each partition seen so far.
    pub(super) fn values(&self) -> &[Vec<ScalarValue>] {
        &self.values
    }

    /// Splits a batch by its dynamic partition columns, all of the same length.
    pub(super) fn split(&mut self, columns: &[ArrayRef]) -> Result<Vec<Share>> {
        let rows = self.converter.convert_columns(columns)?;
        let mut runs: Vec<(usize, u32, u32)> = Vec::new();
        let mut previous = None;
        for (index, row) in rows.iter().enumerate() {
            if previous == Some(row)
                && let Some(run) = runs.last_mut()
            {
                run.2 = index as u32 + 1;
                continue;
            }
            previous = Some(row);
            let slot = match self.slots.get(row.data()) {
                Some(slot) => *slot,
                None => self.add(row.data(), columns, index)?,
            };
            runs.push((slot, index as u32, index as u32 + 1));
        }
        if let [(slot, _, _)] = runs.as_slice() {
            return Ok(vec![Share {
                slot: *slot,
                rows: None,
            }]);
        }
        let mut indices: Vec<(usize, Vec<u32>)> = Vec::new();
        let mut place = vec![usize::MAX; self.values.len()];
        for (slot, start, end) in runs {
            if place[slot] == usize::MAX {
                place[slot] = indices.len();
                indices.push((slot, Vec::new()));
            }
            indices[place[slot]].1.extend(start..end);
        }
        Ok(indices
            .into_iter()
            .map(|(slot, rows)| Share {
                slot,
                rows: Some(UInt32Array::from(rows)),
            })
            .collect())
    }

    fn add(&mut self, key: &[u8], columns: &[ArrayRef], index: usize) -> Result<usize> {
        let values = columns
            .iter()
            .map(|column| ScalarValue::try_from_array(column, index))
            .collect::<datafusion::error::Result<Vec<_>>>()?;
        let slot = self.values.len();
        if let Entry::Vacant(entry) = self.slots.entry(key.into()) {
            entry.insert(slot);
            self.values.push(values);
        }
        Ok(slot)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int8Array, StringViewArray};
    use arrow::datatypes::DataType;

    use super::*;

    fn shares(
        splitter: &mut Splitter,
        m: Vec<Option<i8>>,
        s: Vec<&str>,
    ) -> Vec<(usize, Option<Vec<u32>>)> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int8Array::from(m)),
            Arc::new(StringViewArray::from(s)),
        ];
        let shares = splitter.split(&columns).unwrap();
        shares
            .into_iter()
            .map(|share| (share.slot, share.rows.map(|rows| rows.values().to_vec())))
            .collect()
    }

    #[test]
    fn rows_are_grouped_by_their_values_across_batches() {
        let mut splitter = Splitter::new([DataType::Int8, DataType::Utf8View].into_iter()).unwrap();
        let first = shares(
            &mut splitter,
            vec![Some(1), Some(1), None, Some(1), None],
            vec!["a", "a", "a", "b", "a"],
        );
        assert_eq!(
            first,
            [
                (0, Some(vec![0, 1])),
                (1, Some(vec![2, 4])),
                (2, Some(vec![3]))
            ]
        );
        let second = shares(&mut splitter, vec![None, None], vec!["a", "a"]);
        assert_eq!(
            second,
            [(1, None)],
            "a batch of one partition is not copied"
        );
        assert_eq!(
            splitter.values()[1],
            [
                ScalarValue::Int8(None),
                ScalarValue::Utf8View(Some("a".into()))
            ]
        );
    }
}
