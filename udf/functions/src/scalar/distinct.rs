//! Works a result out once for each distinct text of a column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray, UInt32Array};
use arrow::compute::take;
use datafusion::error::Result;
use hashbrown::HashMap;

/// The column of `array(results)`, a row for each of `texts`, where `results` are those of `result` for the distinct
/// texts. NULL gives NULL.
pub(crate) fn by_distinct<T>(
    texts: &StringViewArray,
    mut result: impl FnMut(&str) -> Option<T>,
    array: impl FnOnce(Vec<Option<T>>) -> ArrayRef,
) -> Result<ArrayRef> {
    let mut known: HashMap<&str, u32, ahash::RandomState> = HashMap::default();
    let mut results = Vec::new();
    let mut places = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let place = texts.is_valid(row).then(|| {
            *known.entry(texts.value(row)).or_insert_with_key(|text| {
                results.push(result(text));
                results.len() as u32 - 1
            })
        });
        places.push(place);
    }
    // A NULL has no result to take.
    let places = UInt32Array::from(places);
    Ok(take(&array(results), &places, None)?)
}

/// [`by_distinct`] for results that are texts.
pub(crate) fn texts_by_distinct<T: AsRef<str>>(
    texts: &StringViewArray,
    result: impl FnMut(&str) -> Option<T>,
) -> Result<ArrayRef> {
    by_distinct(texts, result, |results| {
        Arc::new(StringViewArray::from_iter(results))
    })
}
