//! What the reference says of `rhythm`.

use crate::description::{TableFunction, parameter};

/// `rhythm`.
pub(crate) const RHYTHM: TableFunction = TableFunction {
    name: "rhythm",
    call: "rhythm(input, conversation => [sip, dip, proto], time => unix_tstamp)",
    about: "Says of every row how long ago its conversation had one before. Programs call home by the clock, and people do \
            not: the pauses of a beacon are alike. The order of the rows does not matter. A row without a time gets NULLs.",
    parameters: &[
        parameter(
            "input",
            "",
            "The records: the name of a table, or a query in parentheses.",
        ),
        parameter(
            "conversation",
            "",
            "An expression, or several in brackets. Rows of equal values are one conversation.",
        ),
        parameter(
            "time",
            "",
            "A whole number, such as the seconds since 1970.",
        ),
    ],
    gives: "all columns of the input and three BIGINT columns. `pause` is the time since the conversation's latest earlier \
            time. `pause_before` is the pause before that one. `at_once` is the number of its rows at this very time.",
    examples: &["SELECT host, at, pause, pause_before, at_once\n\
         FROM rhythm((SELECT * FROM (VALUES ('a', 100), ('a', 160), ('a', 220)) t(host, at)), conversation => host, time => at)\n\
         ORDER BY at"],
};
