//! Context for what was found: where an address is and whose, what is known against it, what it is to the organisation, and
//! names for numbers.
//!
//! * Scalar functions, each over whole columns: `geolocation` and its parts, `network_context`, `is_internal`,
//!   `reputation` and its parts, `dns_type_name` and its kin.
//! * `enrich(input, source => 'flow'|'dns'|'proxy')` appends the enrichment columns of the result tables;
//!   `enrich(input, columns => [a, b])` appends to any query, for each column of addresses, names or URLs,
//!   `a_internal`, `a_network`, `a_geoloc`, `a_owner`, `a_rep` and `a_severity`.
//!
//! The data comes from sources that the user names in SQL (geo databases, indicator lists, reputation services, network
//! lists). The planner of a query hands them to it as [`crate::context::ContextOption`], so that a query sees one state
//! of all. IANA's registries and the Public Suffix List are part of the program. Nothing here opens a connection or
//! knows where the sources are kept.

mod function;
mod planner;

pub(crate) use function::functions;
pub(crate) use planner::ENRICH;
