//! What the reference says of `indicators`.

use crate::description::{TableFunction, parameter};

/// `indicators`.
pub(crate) const INDICATORS: TableFunction = TableFunction {
    name: "indicators",
    call: "indicators(input, source => 'flow'|'dns'|'proxy', format => 'stix')",
    about: "Makes indicators of rated records: a row for each address, name or URL that was rated 1. Addresses and names that \
            mean nothing to others are left out, as shareable_indicator does it.",
    parameters: &[
        parameter(
            "input",
            "",
            "Rated records, or rows of indicators: the name of a table, or a query in parentheses.",
        ),
        parameter(
            "source",
            "none",
            "The kind of the rated records: 'flow', 'dns' or 'proxy'. Without it the input has a column `indicator`.",
        ),
        parameter(
            "format",
            "rows",
            "'stix' gives one STIX 2.1 bundle in place of rows.",
        ),
    ],
    gives: "the columns `indicator`, `kind`, `text`, `severity`, `first_seen`, `last_seen` and `sightings`. With format => \
            'stix' it gives one row with the column `bundle`.",
    examples: &[
        "SELECT indicator, kind, severity FROM indicators((SELECT 'Evil.example.com.' AS indicator, 2 AS severity))",
    ],
};
