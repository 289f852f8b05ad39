//! The dialect: Hive's, with what Impala and its scripts add.
//!
//! Back-ticks quote identifiers; both kinds of quotation marks hold strings, with backslash
//! escapes, unless `spotql.quotes` gives double quotes to identifiers; identifiers may start with `_`; a query may be an argument (`f(TABLE(SELECT …))`).

use std::any::TypeId;

use datafusion::sql::sqlparser::dialect::{Dialect, HiveDialect};
use spotql_functions::settings::Quotes;

/// Hive's SQL as SpotQL reads it.
#[derive(Debug, Default)]
pub struct SpotDialect {
    hive: HiveDialect,
    quotes: Quotes,
}

impl SpotDialect {
    /// The dialect in which double quotes hold what `quotes` says.
    pub(crate) fn new(quotes: Quotes) -> Self {
        Self {
            hive: HiveDialect {},
            quotes,
        }
    }
}

impl Dialect for SpotDialect {
    // The parser asks `dialect_of!(… HiveDialect …)` in many places.
    fn dialect(&self) -> TypeId {
        TypeId::of::<HiveDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '`' || (ch == '"' && self.quotes == Quotes::Ansi)
    }

    fn identifier_quote_style(&self, _: &str) -> Option<char> {
        Some('`')
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch == '_' || self.hive.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.hive.is_identifier_part(ch)
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn supports_subquery_as_function_arg(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        self.hive.supports_filter_during_aggregation()
    }

    fn supports_numeric_prefix(&self) -> bool {
        self.hive.supports_numeric_prefix()
    }

    // `INTERVAL '1 day'` is as welcome as Hive's `INTERVAL '1' DAY`.
    fn require_interval_qualifier(&self) -> bool {
        false
    }

    fn supports_bang_not_operator(&self) -> bool {
        self.hive.supports_bang_not_operator()
    }

    fn supports_load_data(&self) -> bool {
        self.hive.supports_load_data()
    }

    fn supports_table_sample_before_alias(&self) -> bool {
        self.hive.supports_table_sample_before_alias()
    }

    fn supports_group_by_with_modifier(&self) -> bool {
        self.hive.supports_group_by_with_modifier()
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    // `LIMIT 10, 5` skips 10 rows and takes 5.
    fn supports_limit_comma(&self) -> bool {
        true
    }

    fn supports_from_first_insert(&self) -> bool {
        self.hive.supports_from_first_insert()
    }
}
