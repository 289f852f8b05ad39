//! The dialect: Hive's, with what Impala and its scripts add.
//!
//! Back-ticks quote identifiers; both kinds of quotation marks hold strings, with backslash
//! escapes; identifiers may start with `_`; a query may be an argument (`f(TABLE(SELECT …))`).

use std::any::TypeId;

use datafusion::sql::sqlparser::dialect::{Dialect, HiveDialect};

/// Hive's SQL as SpotQL reads it.
#[derive(Debug, Default)]
pub struct SpotDialect(HiveDialect);

impl Dialect for SpotDialect {
    // The parser asks `dialect_of!(… HiveDialect …)` in many places.
    fn dialect(&self) -> TypeId {
        TypeId::of::<HiveDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '`'
    }

    fn identifier_quote_style(&self, _: &str) -> Option<char> {
        Some('`')
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch == '_' || self.0.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.0.is_identifier_part(ch)
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn supports_subquery_as_function_arg(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        self.0.supports_filter_during_aggregation()
    }

    fn supports_numeric_prefix(&self) -> bool {
        self.0.supports_numeric_prefix()
    }

    // `INTERVAL '1 day'` is as welcome as Hive's `INTERVAL '1' DAY`.
    fn require_interval_qualifier(&self) -> bool {
        false
    }

    fn supports_bang_not_operator(&self) -> bool {
        self.0.supports_bang_not_operator()
    }

    fn supports_load_data(&self) -> bool {
        self.0.supports_load_data()
    }

    fn supports_table_sample_before_alias(&self) -> bool {
        self.0.supports_table_sample_before_alias()
    }

    fn supports_group_by_with_modifier(&self) -> bool {
        self.0.supports_group_by_with_modifier()
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    // `LIMIT 10, 5` skips 10 rows and takes 5.
    fn supports_limit_comma(&self) -> bool {
        true
    }

    fn supports_from_first_insert(&self) -> bool {
        self.0.supports_from_first_insert()
    }
}
