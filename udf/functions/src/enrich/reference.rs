//! What the reference says of `enrich`.

use crate::description::{TableFunction, parameter};

/// `enrich`.
pub(crate) const ENRICH: TableFunction = TableFunction {
    name: "enrich",
    call: "enrich(input, source => 'flow'|'dns'|'proxy') or enrich(input, columns => [a, b])",
    about: "Adds context to every row: geolocation, networks, reputation and names of numbers. Give either source or columns.",
    parameters: &[
        parameter(
            "input",
            "",
            "The records: the name of a table, or a query in parentheses.",
        ),
        parameter(
            "source",
            "none",
            "The kind of log: 'flow', 'dns' or 'proxy'. It adds the context columns of its result table.",
        ),
        parameter(
            "columns",
            "none",
            "Columns of addresses, names or URLs, one or several in brackets.",
        ),
    ],
    gives: "all columns of the input and the added ones. For a column `a` these are `a_internal`, `a_network`, `a_geoloc`, \
            `a_owner`, `a_rep` and `a_severity`.",
    examples: &["SELECT * FROM enrich((SELECT '10.1.2.3' AS host), columns => [host])"],
};
