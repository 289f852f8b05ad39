//! Sources of context as the engine keeps them: read when a query first needs them, and again when they have changed.
//!
//! The metastore says what there is ([`Definition`], with a version that changes whenever the source does); this keeps
//! what was read of it. A source is read at CREATE, at REFRESH, and by every process when a query first needs it, if its
//! original has changed since. A query gets all sources in one state.
//!
//! One bad list stops nothing. What was read well is copied into the warehouse ([`copies`]); an original that has gone, or
//! holds nothing of use any more, leaves those contents in use ([`contents`]). SHOW tells since when and why, the log and
//! the end of a script warn. A source without any contents says nothing, as if it were not there.

mod cache;
mod contents;
mod copies;
mod definition;
mod host;
mod memory;
mod read;

pub(crate) use cache::SourceCache;
pub(crate) use contents::{Refreshed, create, forget, refresh};
pub(crate) use definition::Definition;
pub(crate) use host::Host;
pub(crate) use memory::Loaded;
