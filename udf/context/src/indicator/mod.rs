//! Lists of indicators: addresses, domains and URLs that somebody knows to be bad, or harmless.
//!
//! A value is looked up by its form. An address is in the most specific range that holds it. A name is on the list
//! if it or any parent domain is. A URL is if its host is, or its host and a beginning of its path that ends at `/`,
//! `?`, `#` or the end: `x.org/a` is in `x.org/a/b` and not in `x.org/ab`. Scheme, port and user are not looked at, and
//! case not in hosts. An indicator that is a URL without a path, or an address with a port, stands for its
//! host; one that begins with `/` for the beginning of a path on any host.
//!
//! Private addresses are on no list, whatever it holds: they are other hosts in every network, and get into lists by mistake.

mod builder;
mod bytes;
mod columns;
mod entries;
mod form;
mod json;
mod list;
mod options;
mod plain;
mod quotes;
mod read;
mod rejected;
mod scale;
mod stix;
mod value;

pub use builder::IndicatorListBuilder;
pub use form::{Form, is_host, split_url};
pub use list::{DEFAULT_SEVERITY, Found, Indicator, IndicatorList};
pub use options::{Columns, Format};
pub use read::read;
pub use rejected::{Rejected, RejectedLine};
pub use scale::{severity_of, time_of};

#[cfg(test)]
mod tests;
