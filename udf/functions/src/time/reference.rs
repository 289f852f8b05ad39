//! What the reference says of functions of time that take the place of DataFusion's.

use crate::description::{Replacement, TableFunction, parameter};

/// The scalar functions.
pub(crate) const REPLACEMENTS: [Replacement; 2] = [
    Replacement {
        name: "date_trunc",
        call: "date_trunc(unit, time)",
        about: "Cuts a time to the beginning of its unit: microsecond, millisecond, second, minute, hour, day, week, month, \
                quarter or year. It works in the years 1 to 9999, where DataFusion's own ends in 2262. NULL for NULL",
        example: (
            "SELECT date_trunc('week', TIMESTAMP '2024-05-14 10:11:12')",
            "2024-05-13T00:00:00",
        ),
    },
    Replacement {
        name: "date_bin",
        call: "date_bin(length, time [, origin])",
        about: "Cuts a time to the beginning of its bin. Bins have the length of the interval and start at the origin, which is \
                1970 by default. Bins of a fixed length work in the years 1 to 9999, and bins of months from 1677 to 2262. NULL \
                for NULL",
        example: (
            "SELECT date_bin(INTERVAL '15 minutes', TIMESTAMP '2024-05-14 10:11:12')",
            "2024-05-14T10:00:00",
        ),
    },
];

/// `generate_series`.
pub(crate) const SERIES: TableFunction = TableFunction {
    name: "generate_series",
    call: "generate_series(start, end [, step])",
    about: "Gives the values from start to end, the end included. They are numbers, dates or timestamps. Timestamps reach from \
            1677 to 2262.",
    parameters: &[
        parameter("start", "", "The first value."),
        parameter("end", "", "The last value."),
        parameter(
            "step",
            "1",
            "A number, or an interval for dates and timestamps.",
        ),
    ],
    gives: "the column `value`.",
    examples: &["SELECT value FROM generate_series(1, 3)"],
};

/// `range`.
pub(crate) const RANGE: TableFunction = TableFunction {
    name: "range",
    call: "range(start, end [, step])",
    about: "Gives the values from start to end, without the end. They are numbers, dates or timestamps. Timestamps reach from \
            1677 to 2262.",
    examples: &["SELECT value FROM range(1, 3)"],
    ..SERIES
};
