//! What an analyst found, as indicators that others can use: rows, and STIX 2.1 (OASIS,
//! <https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html>).
//!
//! `indicators(input, source => 'flow'|'dns'|'proxy')` takes the rated records of a source (the columns of
//! `flow_threat_investigation` and its kin; others are not looked at) and gives a row for each address, name or URL that
//! was rated 1, whatever else it was rated:
//!
//! | column | |
//! |---|---|
//! | `indicator` STRING | as `CREATE INDICATOR LIST` reads it |
//! | `kind` STRING | `ipv4-addr`, `ipv6-addr`, `domain-name`, `url`: STIX's names |
//! | `text` STRING | what it is about |
//! | `severity` INT | 1 low, 2 medium, 3 high; what was rated is 3 |
//! | `first_seen`, `last_seen` STRING | `YYYY-MM-DD HH:MM:SS`, UTC; NULL where no record says |
//! | `sightings` BIGINT | how many records were rated so; one that was rated twice is one |
//!
//! Without a source the input holds indicators itself: a column `indicator`, and if it has them the others but `kind`. Rows of
//! one indicator become one, so that several calls can be put together. An entry whose `severity` cannot be read is left out.
//!
//! With `format => 'stix'` the same is one row with one column, `bundle`. The same input gives the same bytes.
//!
//! What means another host in every network, or the organisation itself, is no use to others and nobody's business, and is
//! left out: see [`value::Value::is_shareable`].
//!
//! All of it is SQL (`*.sql` in this folder) over scalar functions: `shareable_indicator`, `indicator_kind`,
//! `indicator_time`, `stix_indicator`, `stix_bundle`. Nothing here opens a connection.

mod function;
mod planner;
mod reference;
mod stix;
mod time;
mod value;

pub(crate) use function::functions;
pub(crate) use planner::plan;
pub(crate) use reference::INDICATORS;
