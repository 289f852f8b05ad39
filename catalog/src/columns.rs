//! Which column of a file is meant by a column of a table.

use arrow::datatypes::Schema;

/// What a file has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing: the column is NULL.
    Nothing,
    /// The column at this place.
    Column(usize),
    /// Several columns, of which none is meant more than another.
    Several,
}

/// The column of a file by a table's name for it: the one that is spelled the same, else the one that differs in case
/// alone. All that reads a file, its statistics included, asks here: else one column would be read and another's bounds
/// believed.
pub(crate) fn find_column(file: &Schema, name: &str) -> Found {
    let only = |is_it: &dyn Fn(&str) -> bool| {
        let mut places = (0..file.fields().len()).filter(|&i| is_it(file.field(i).name()));
        match (places.next(), places.next()) {
            (None, _) => Found::Nothing,
            (Some(place), None) => Found::Column(place),
            (Some(_), Some(_)) => Found::Several,
        }
    };
    match only(&|candidate| candidate == name) {
        Found::Nothing => only(&|candidate| candidate.eq_ignore_ascii_case(name)),
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

    use super::*;

    #[test]
    fn the_same_spelling_comes_before_another_case() {
        let file = |names: &[&str]| {
            let field = |name: &&str| Field::new(*name, DataType::Int32, true);
            Schema::new(names.iter().map(field).collect::<Vec<_>>())
        };
        for (names, found) in [
            (&["A", "a"][..], Found::Column(1)),
            (&["a", "A"], Found::Column(0)),
            (&["b", "A"], Found::Column(1)),
            (&["b"], Found::Nothing),
            (&["a", "a"], Found::Several),
        ] {
            assert_eq!(find_column(&file(names), "a"), found, "{names:?}");
        }
        assert_eq!(find_column(&file(&["AB", "Ab"]), "ab"), Found::Several);
    }
}
