//! One form for values that logs write in several: addresses, names, protocols, and what stands for nothing.
//!
//! A value in another form is another document or word, and looks like a stranger. Each function takes a whole column, and
//! gives none where every value has its form already, which is nearly always: then nothing is copied.
//!
//! Words of the original are made of values as they are; `source => …` gives them these forms before.

mod function;

use arrow::array::{ArrayRef, StringViewArray};
use datafusion::error::Result;
use spotql_values::form::{Form, of_address, of_name, of_present};
use spotql_values::protocol::of_protocol;

use crate::scalar::distinct::texts_by_distinct;

pub(crate) use function::functions;

/// The column in its form; none if it has it.
fn column(texts: &StringViewArray, form: fn(&str) -> Form<'_>) -> Result<Option<ArrayRef>> {
    let same = |text| matches!(form(text), Form::Same);
    if texts.iter().flatten().all(same) {
        return Ok(None);
    }
    texts_by_distinct(texts, |text| match form(text) {
        Form::Same => Some(text.to_owned()),
        Form::Absent => None,
        Form::Other(form) => Some(form.into_owned()),
    })
    .map(Some)
}

/// Addresses in their form: see `canonical_address`.
pub(crate) fn addresses(texts: &StringViewArray) -> Result<Option<ArrayRef>> {
    column(texts, of_address)
}

/// Names in their form: see `canonical_name`.
pub(crate) fn names(texts: &StringViewArray) -> Result<Option<ArrayRef>> {
    column(texts, of_name)
}

/// Protocols in their form: see `canonical_protocol`.
pub(crate) fn protocols(texts: &StringViewArray) -> Result<Option<ArrayRef>> {
    column(texts, of_protocol)
}

/// Texts, and NULL for those that stand for nothing: see `absent_as_null`.
pub(crate) fn presents(texts: &StringViewArray) -> Result<Option<ArrayRef>> {
    column(texts, of_present)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_has_its_form_is_not_copied() {
        let column: StringViewArray = [Some("10.0.0.1"), None, Some("::1")].into_iter().collect();
        assert!(addresses(&column).unwrap().is_none());
        assert!(presents(&column).unwrap().is_none());
        let column: StringViewArray = [Some("TCP"), None, Some("GRE"), Some("200")]
            .into_iter()
            .collect();
        assert!(protocols(&column).unwrap().is_none());
    }
}
