//! How functions describe themselves to the reference, beside DataFusion's [`Documentation`](datafusion::logical_expr::Documentation).

use datafusion::arrow::datatypes::DataType;

/// A parameter of a table function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableParameter {
    pub(crate) name: &'static str,
    /// The value where none is given; empty where one must be given.
    pub(crate) default: &'static str,
    pub(crate) about: &'static str,
    /// Whether the value is a relation: the name of a table, `TABLE(t)`, or a query in parentheses.
    pub(crate) relation: bool,
}

/// A parameter in one line of a declaration.
pub(crate) const fn parameter(
    name: &'static str,
    default: &'static str,
    about: &'static str,
) -> TableParameter {
    TableParameter {
        name,
        default,
        about,
        relation: false,
    }
}

/// A parameter that takes a relation.
pub(crate) const fn relation(
    name: &'static str,
    default: &'static str,
    about: &'static str,
) -> TableParameter {
    TableParameter {
        relation: true,
        ..parameter(name, default, about)
    }
}

/// A table function, described.
#[derive(Debug)]
pub(crate) struct TableFunction {
    pub(crate) name: &'static str,
    /// A call.
    pub(crate) call: &'static str,
    pub(crate) about: &'static str,
    pub(crate) parameters: &'static [TableParameter],
    /// The columns that it gives.
    pub(crate) gives: &'static str,
    pub(crate) examples: &'static [&'static str],
}

/// What is different of a function that takes the place of DataFusion's.
#[derive(Debug)]
pub(crate) struct Replacement {
    pub(crate) name: &'static str,
    /// A call, and what it gives.
    pub(crate) call: &'static str,
    pub(crate) about: &'static str,
    /// A statement of one value, and the value.
    pub(crate) example: (&'static str, &'static str),
}

/// An example in the notation of DataFusion's own: the statement behind `>`, then what it gives.
pub(crate) fn documented(call: &str, result: &str) -> String {
    format!("```sql\n> SELECT {call};\n{result}\n```")
}

/// A type in SQL's words.
pub(crate) fn sql_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "STRING".to_owned(),
        DataType::Int32 => "INT".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Timestamp(_, _) => "TIMESTAMP".to_owned(),
        other => other.to_string(),
    }
}
