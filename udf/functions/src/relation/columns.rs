//! The columns of an input: found by name, and those whose names are taken.

use datafusion::arrow::datatypes::Field;
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result;
use datafusion::logical_expr::Expr;

use super::{Error, QueryFunction};

/// The first of these columns that the input has, whatever its case and qualifier.
pub(crate) fn any_of(schema: &DFSchema, wanted: &[&str]) -> Option<Expr> {
    let (qualifier, field) = wanted.iter().find_map(|name| {
        let mut fields = schema.iter();
        fields.find(|(_, field)| field.name().eq_ignore_ascii_case(name))
    })?;
    Some(Expr::Column(Column::new(qualifier.cloned(), field.name())))
}

/// The names of all columns, with commas between.
pub(crate) fn names(schema: &DFSchema) -> String {
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    names.join(", ")
}

/// Refuses an input that has a column of a name that is to be added.
pub(crate) fn untaken(function: &QueryFunction, visible: &[Column], added: &[Field]) -> Result<()> {
    let taken = added.iter().find(|column| {
        let same = |known: &Column| known.name.eq_ignore_ascii_case(column.name());
        visible.iter().any(same)
    });
    match taken {
        None => Ok(()),
        Some(column) => Err(Error::ColumnTaken {
            function: function.name().to_owned(),
            column: column.name().clone(),
        }
        .into()),
    }
}
