//! Builds columns of words.

use std::sync::Arc;

use arrow::array::{ArrayRef, LargeStringArray, NullBufferBuilder, StringViewArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use datafusion::common::Result;
use spotql_words::writer::WordWriter;

/// What a word takes in the buffer, generously; the buffer grows where it does not suffice.
const USUAL_BYTES: usize = 32;

/// A growing column of words.
///
/// The words of a batch lie in one buffer one after the other, which is checked to be UTF-8 once,
/// at the end.
pub(super) struct Words {
    writer: WordWriter,
    ends: Vec<i64>,
    nulls: NullBufferBuilder,
}

impl Words {
    /// A column that will have this many rows.
    pub(super) fn with_capacity(rows: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        let writer = WordWriter::with_capacity(rows * USUAL_BYTES);
        Self {
            writer,
            ends,
            nulls: NullBufferBuilder::new(rows),
        }
    }

    /// Appends the word that `write` writes, or null if it says that it has written nothing.
    #[inline]
    pub(super) fn push(&mut self, write: impl FnOnce(&mut WordWriter) -> bool) {
        if write(&mut self.writer) {
            self.ends.push(self.writer.finish_word() as i64);
            self.nulls.append_non_null();
        } else {
            self.push_null();
        }
    }

    /// Appends the word that `write` writes if `missing` is false, else null.
    #[inline]
    pub(super) fn push_unless(&mut self, missing: bool, write: impl FnOnce(&mut WordWriter)) {
        if missing {
            return self.push_null();
        }
        self.push(|word| {
            write(word);
            true
        });
    }

    /// Appends null.
    #[inline]
    pub(super) fn push_null(&mut self) {
        self.ends
            .push(self.ends.last().copied().unwrap_or_default());
        self.nulls.append_null();
    }

    /// The column.
    pub(super) fn finish(mut self) -> Result<ArrayRef> {
        let ends = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        let bytes = Buffer::from_vec(self.writer.into_bytes());
        // 64-bit offsets, since nothing bounds the texts in words; the views share the buffer.
        let words = LargeStringArray::try_new(ends, bytes, self.nulls.finish())?;
        Ok(Arc::new(StringViewArray::from(&words)))
    }
}
