//! SQL's types: TIMESTAMP is of microseconds, as the columns of tables are, from the year 1 to 9999.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::error::Result;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{DataType as SqlType, TimezoneInfo};

/// Nanoseconds, DataFusion's own, end in 2262.
#[derive(Debug)]
pub(crate) struct MicrosecondTypes;

impl TypePlanner for MicrosecondTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        let data_type = match sql_type {
            // With a time zone it is the session's, which is not known here: a rule sees to it.
            SqlType::Timestamp(
                None | Some(6..),
                TimezoneInfo::None | TimezoneInfo::WithoutTimeZone,
            )
            | SqlType::TimestampNtz(None | Some(6..))
            | SqlType::Datetime(None | Some(6..)) => {
                DataType::Timestamp(TimeUnit::Microsecond, None)
            }
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Field::new("", data_type, true))))
    }
}
