//! The relation that a statement reads bound rows by.

use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::session_state::SessionState;

use crate::engine::CATALOG;
use crate::error::Result;
use crate::session::Session;

/// Where the relation of the rows is found, in a catalog that only this statement sees: `_bound._bound.rows`.
const HIDDEN: &str = "_bound";

/// How a statement calls the relation of its rows.
pub(super) const RELATION: &str = "_bound._bound.rows";

/// The session's state with the relation of the rows.
pub(super) fn relation(session: &Session, rows: Arc<dyn TableProvider>) -> Result<SessionState> {
    let state = session.state();
    let schema = MemorySchemaProvider::new();
    schema.register_table("rows".to_owned(), rows)?;
    let hidden = MemoryCatalogProvider::new();
    hidden.register_schema(HIDDEN, Arc::new(schema))?;
    let catalogs = MemoryCatalogProviderList::new();
    if let Some(catalog) = state.catalog_list().catalog(CATALOG) {
        catalogs.register_catalog(CATALOG.to_owned(), catalog);
    }
    catalogs.register_catalog(HIDDEN.to_owned(), Arc::new(hidden));
    Ok(SessionStateBuilder::new_from_existing(state)
        .with_catalog_list(Arc::new(catalogs))
        .build())
}
