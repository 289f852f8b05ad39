//! What the reference says of `read_lines`.

use crate::description::{TableFunction, parameter};

/// The files of the examples.
pub(crate) const FILES: [(&str, &str); 1] = [(
    "auth.log",
    "Accepted publickey for deploy\nFailed password for root from 192.0.2.7\n",
)];

/// `read_lines`.
pub(crate) const READ_LINES: TableFunction = TableFunction {
    name: "read_lines",
    call: "read_lines(path)",
    about: "Reads text files, a row a line. Use it for logs that have no reader of their own. Files whose names end in .gz are \
            unpacked. Bytes that are no UTF-8 become U+FFFD. A line above 16 MiB is an error.",
    parameters: &[parameter(
        "path",
        "",
        "A file, a folder, or a pattern with * and ?. Names that begin with _ or . are left out of a folder.",
    )],
    gives: "the columns `file`, `number` (of the line in its file, from 1) and `line`. Nothing is NULL.",
    examples: &[
        "SELECT number, line FROM read_lines('auth.log') WHERE line LIKE '%Failed password%'",
    ],
};
