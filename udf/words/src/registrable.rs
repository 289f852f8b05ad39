//! The registrable domain: what somebody can have registered.
//!
//! By Mozilla's Public Suffix List (<https://publicsuffix.org>) with its private part: `bbc.co.uk`,
//! `x.info`, and all of `d1.cloudfront.net`, since its neighbours there belong to others.

use psl::Psl;

/// The registrable domain of a name in lower case without dots at its end; all of a name that has
/// none, and of an address.
pub(super) fn registrable(name: &str) -> &str {
    // No top-level domain begins with a digit (RFC 3696, section 2): this is an address.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.starts_with(|first: char| first.is_ascii_digit()) {
        return name;
    }
    psl::List
        .domain(name.as_bytes())
        .and_then(|domain| name.get(name.len().checked_sub(domain.as_bytes().len())?..))
        .unwrap_or(name)
}
