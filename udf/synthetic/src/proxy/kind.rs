//! What the hours of one day share.

use crate::names::{Names, Texts};

/// Proxy requests: the names of the sites outside, and what attacks say.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(super) sites: Names,
    pub(super) texts: Texts,
}
