//! Constant expressions in PARTITION clauses: `m = 07`, `y = year('2016-07-08')`.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, simplify::SimplifyContext};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::sql::sqlparser::ast;
use spotql_catalog::DEFAULT_PARTITION;

use crate::error::{Error, Result};
use crate::parse::PartitionSpec;
use crate::session::Session;

/// The values of a PARTITION clause as text; none for a dynamic column. `NULL` is the default
/// partition.
pub(super) async fn partition_values(
    session: &Session,
    spec: PartitionSpec,
) -> Result<Vec<(String, Option<PartitionValue>)>> {
    let mut values = Vec::with_capacity(spec.len());
    for (column, value) in spec {
        let value = match value {
            None => None,
            Some(value) => Some(constant(session, &column, value).await?),
        };
        values.push((column, value));
    }
    Ok(values)
}

/// A static partition value: its text, or none for NULL.
pub(super) type PartitionValue = Option<String>;

async fn constant(session: &Session, column: &str, sql: ast::Expr) -> Result<PartitionValue> {
    // A literal keeps its text: `07` is the STRING 07 and the TINYINT 7, as the column decides.
    if let ast::Expr::Value(value) = &sql {
        match &value.value {
            ast::Value::Number(text, _) => return Ok(Some(text.to_string())),
            ast::Value::SingleQuotedString(text) | ast::Value::DoubleQuotedString(text) => {
                // SHOW PARTITIONS names the partition of NULL so.
                return Ok((text != DEFAULT_PARTITION).then(|| text.clone()));
            }
            ast::Value::Null => return Ok(None),
            _ => {}
        }
    }
    let refused = |reason: String| Error::PartitionValue {
        column: column.to_owned(),
        value: sql.to_string(),
        reason,
    };
    let state = session.state();
    let schema = Arc::new(DFSchema::empty());
    let expr = state
        .create_logical_expr(&sql.to_string(), &schema)
        .map_err(|error| refused(Error::from(error).to_string()))?;
    let context = SimplifyContext::builder()
        .with_schema(Arc::clone(&schema))
        .with_config_options(Arc::clone(state.config_options()))
        .with_current_time()
        .build();
    let simplifier = ExprSimplifier::new(context);
    let expr = simplifier
        .coerce(expr, &schema)
        .and_then(|expr| simplifier.simplify(expr))
        .map_err(|error| refused(Error::from(error).to_string()))?;
    match expr {
        // A date that does not exist, most likely; writing to the default partition would hide it.
        Expr::Literal(value, _) if value.is_null() => Err(refused("this is NULL".to_owned())),
        Expr::Literal(value, _) => match value.cast_to(&DataType::Utf8) {
            Ok(ScalarValue::Utf8(text)) => Ok(text),
            _ => Err(refused(format!(
                "a {} cannot name a partition",
                value.data_type()
            ))),
        },
        _ => Err(refused(
            "this depends on rows or differs from call to call".to_owned(),
        )),
    }
}
