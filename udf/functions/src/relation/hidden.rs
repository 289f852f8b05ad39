//! Columns that a projection adds for the node above it, and that the node does not pass on.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::Result;

/// Columns whose names begin so are hidden.
pub(crate) const HIDDEN: &str = "__lda_";

/// Whether a node keeps the column of this name to itself.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with(HIDDEN)
}

/// The schema of a node's output: the input's visible columns, then what it adds.
pub(crate) fn extended(
    input: &DFSchema,
    added: impl IntoIterator<Item = Field>,
) -> Result<DFSchemaRef> {
    let visible = input
        .iter()
        .filter(|(_, field)| !is_hidden(field.name()))
        .map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)));
    let added = added.into_iter().map(|field| (None, Arc::new(field)));
    let fields = visible.chain(added).collect();
    let schema = DFSchema::new_with_metadata(fields, input.metadata().clone())?;
    Ok(Arc::new(schema))
}

/// [`extended`] of a physical node.
pub(crate) fn extended_physical(
    input: &Schema,
    added: impl IntoIterator<Item = Field>,
) -> Arc<Schema> {
    let visible = input
        .fields()
        .iter()
        .filter(|field| !is_hidden(field.name()));
    let fields: Vec<_> = visible
        .cloned()
        .chain(added.into_iter().map(Arc::new))
        .collect();
    Arc::new(Schema::new_with_metadata(fields, input.metadata().clone()))
}

/// All columns of a node's output, to keep filters on them from moving below it.
pub(crate) fn all_columns(schema: &DFSchema) -> HashSet<String> {
    let fields = schema.fields().iter();
    fields.map(|field| field.name().clone()).collect()
}

/// The columns of an input of `schema` that a node needs if of its own output, which is the input's
/// visible columns in order and then what it adds, only `output` is asked for.
pub(crate) fn needed(schema: &DFSchema, output: &[usize]) -> Vec<usize> {
    let (mut needed, mut visible) = (Vec::new(), 0);
    for (index, field) in schema.fields().iter().enumerate() {
        if is_hidden(field.name()) {
            needed.push(index);
        } else {
            if output.contains(&visible) {
                needed.push(index);
            }
            visible += 1;
        }
    }
    needed
}
