//! What the reference says of the aggregate functions.

use crate::description::Replacement;

/// All of them.
pub(crate) const REPLACEMENTS: [Replacement; 3] = [
    Replacement {
        name: "sum",
        call: "sum(number)",
        about: "Adds up numbers without overflow. A sum of BIGINT beyond the type's range is the largest or smallest BIGINT, \
                whatever the order of rows. A sum of DECIMAL beyond 38 digits is an error. NULLs are left out, and a group of \
                NULLs gives NULL",
        example: (
            "SELECT sum(x) FROM (VALUES (9223372036854775807), (1)) t(x)",
            "9223372036854775807",
        ),
    },
    Replacement {
        name: "min",
        call: "min(value)",
        about: "Gives the smallest value. NaN is greater than all other numbers, whatever its sign. NULLs are left out, and a \
                group of NULLs gives NULL",
        example: (
            "SELECT min(x) FROM (VALUES (CAST('NaN' AS DOUBLE)), (1.5)) t(x)",
            "1.5",
        ),
    },
    Replacement {
        name: "max",
        call: "max(value)",
        about: "Gives the greatest value. NaN is greater than all other numbers, whatever its sign. NULLs are left out, and a \
                group of NULLs gives NULL",
        example: (
            "SELECT max(x) FROM (VALUES (CAST('NaN' AS DOUBLE)), (1.5)) t(x)",
            "NaN",
        ),
    },
];
