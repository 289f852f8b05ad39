//! What is told of rows that a load rejects.

use std::sync::Arc;

use datafusion::arrow::compute::can_cast_types;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, DFSchema, ExprSchema, ScalarValue};
use datafusion::functions::expr_fn::{concat, concat_ws, left};
use datafusion::logical_expr::{Expr, lit, when};
use spotql_catalog::FILE_PATH;

use super::carry::CARRIED;
use crate::error::Result;

/// Letters of a value that the reason of a rejected row shows.
const SHOWN: i64 = 200;

/// What is told of a row without a partition: what its file holds as text, the file, and why. `kept`: the columns of the
/// files, as they come along.
pub(super) fn columns(
    rows: &DFSchema,
    kept: &[String],
    dynamic: &[Arc<Field>],
    made_of: &[String],
    missing: &[String],
) -> Result<Vec<(String, Expr)>> {
    let column = |name: &str| Expr::Column(Column::new_unqualified(name));
    let mut columns = Vec::new();
    let mut shown = Vec::new();
    for (number, name) in kept.iter().enumerate() {
        let carried = Column::new_unqualified(format!("{CARRIED}{number}"));
        let data_type = rows.field_from_column(&carried)?.data_type().clone();
        let value = as_text(Expr::Column(carried), &data_type);
        if made_of.contains(name) {
            let quoted = concat(vec![
                lit(format!("{name} = '")),
                left(value.clone(), lit(SHOWN)),
                lit("'"),
            ]);
            let is_null = lit(format!("{name} is NULL"));
            shown.push(when(value.clone().is_null(), is_null).otherwise(quoted)?);
        }
        columns.push((rejected_name(name), value));
    }
    for name in missing {
        shown.push(lit(format!("no file has a column {name}")));
    }
    let mut without = Vec::new();
    for field in dynamic {
        let value = column(field.name());
        let is_missing = match field.data_type() {
            DataType::Utf8View => value.clone().is_null().or(value.eq(lit(""))),
            _ => value.is_null(),
        };
        without.push(when(is_missing, lit(field.name().as_str())).end()?);
    }
    if without.is_empty() {
        return Ok(Vec::new());
    }
    let mut reason = vec![lit("no "), concat_ws(lit(", "), without)];
    if !shown.is_empty() {
        reason.push(lit(": "));
        reason.push(concat_ws(lit(", "), shown));
    }
    columns.push(("file".to_owned(), column(FILE_PATH)));
    let reason = datafusion::logical_expr::cast(concat(reason), DataType::Utf8View);
    columns.push(("reason".to_owned(), reason));
    Ok(columns)
}

fn as_text(value: Expr, data_type: &DataType) -> Expr {
    if data_type == &DataType::Utf8View {
        value
    } else if can_cast_types(data_type, &DataType::Utf8View) {
        datafusion::logical_expr::try_cast(value, DataType::Utf8View)
    } else {
        // Nested values have no text; the file still has them.
        Expr::Literal(ScalarValue::Utf8View(None), None)
    }
}

/// What a column of the files is called among the rejected rows.
fn rejected_name(name: &str) -> String {
    match name {
        "file" | "reason" => format!("{name}_"),
        _ => name.to_owned(),
    }
}
