//! Reading files that are no tables, as table functions.
//!
//! * `read_lines(path)`, the lines of text files, for logs that have no reader of their
//!   own.

mod lines;
mod reference;

pub(crate) use reference::{FILES, READ_LINES};

use std::sync::Arc;

use datafusion::catalog::TableFunctionImpl;

use crate::files::FileAccess;

/// The table functions of this module by their SQL names, to be registered in a session; they read what `access` lets
/// them.
pub(crate) fn table_functions(
    access: &FileAccess,
) -> Vec<(&'static str, Arc<dyn TableFunctionImpl>)> {
    vec![(
        lines::NAME,
        Arc::new(lines::ReadLines {
            access: access.clone(),
        }),
    )]
}
