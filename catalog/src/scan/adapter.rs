//! Foreign files: expressions on the table's columns become expressions on a file's columns.
//!
//! Columns are matched by name without regard to case, whatever their order; missing ones are NULL, others are ignored.
//! Values are converted to the table's type. A conversion that loses nothing is an ordinary cast, through which
//! DataFusion skips row groups by their statistics. A conversion that may lose something (narrowing, nanoseconds, text
//! to number) is a [`HiveCast`], which gives NULL for what does not fit and through which nothing is skipped.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column, Literal};
use datafusion::physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};

use crate::columns::{Found, find_column};
use crate::convert::{SAFE, convert, is_convertible, is_lossless, lacks_unit};
use crate::error::Error;

/// Makes an adapter for each file of a table.
#[derive(Debug, Clone)]
pub(super) struct HiveAdapterFactory {
    table: Arc<str>,
}

impl HiveAdapterFactory {
    pub(super) fn new(table: String) -> Self {
        Self {
            table: table.into(),
        }
    }
}

impl PhysicalExprAdapterFactory for HiveAdapterFactory {
    fn create(
        &self,
        table_schema: SchemaRef,
        file_schema: SchemaRef,
    ) -> Result<Arc<dyn PhysicalExprAdapter>> {
        Ok(Arc::new(HiveAdapter {
            table: Arc::clone(&self.table),
            table_schema,
            file_schema,
        }))
    }
}

#[derive(Debug)]
struct HiveAdapter {
    table: Arc<str>,
    table_schema: SchemaRef,
    file_schema: SchemaRef,
}

impl PhysicalExprAdapter for HiveAdapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        expr.transform(|expr| match expr.downcast_ref::<Column>() {
            Some(column) => self.column(column.name()).map(Transformed::yes),
            None => Ok(Transformed::no(expr)),
        })
        .data()
    }
}

impl HiveAdapter {
    fn column(&self, name: &str) -> Result<Arc<dyn PhysicalExpr>> {
        let wanted = self.table_schema.field_with_name(name)?;
        let index = match find_column(&self.file_schema, name) {
            Found::Column(index) => index,
            Found::Nothing => {
                let null = ScalarValue::try_new_null(wanted.data_type())?;
                return Ok(Arc::new(Literal::new(null)));
            }
            Found::Several => {
                return Err(Error::SchemaMismatch {
                    table: self.table.to_string(),
                    reason: format!(
                        "column '{name}' is in the file more than once, in different spellings or the same; have it \
                         written with one"
                    ),
                }
                .into());
            }
        };
        let field = self.file_schema.field(index);
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), index));
        if field.data_type() == wanted.data_type() {
            return Ok(column);
        }
        if is_lossless(field.data_type(), wanted.data_type()) {
            let target: FieldRef = Arc::new(wanted.clone());
            return Ok(Arc::new(CastExpr::new_with_target_field(
                column,
                target,
                Some(SAFE),
            )));
        }
        if !is_convertible(field.data_type(), wanted.data_type()) {
            return Err(Error::SchemaMismatch {
                table: self.table.to_string(),
                reason: format!(
                    "column '{name}' is {} in the file, which cannot become {}{}",
                    field.data_type(),
                    wanted.data_type(),
                    match lacks_unit(field.data_type(), wanted.data_type()) {
                        true => ": its unit is not known; declare it as the file has it, and convert it in a query",
                        false => "",
                    }
                ),
            }
            .into());
        }
        Ok(Arc::new(HiveCast {
            input: column,
            to: wanted.data_type().clone(),
        }))
    }
}

/// Converts a file's column to the table's type; NULL where the value does not fit.
#[derive(Debug, Clone)]
pub(super) struct HiveCast {
    input: Arc<dyn PhysicalExpr>,
    to: DataType,
}

impl PartialEq for HiveCast {
    fn eq(&self, other: &Self) -> bool {
        self.input.eq(&other.input) && self.to == other.to
    }
}

impl Eq for HiveCast {}

impl Hash for HiveCast {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.to.hash(state);
    }
}

impl fmt::Display for HiveCast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HIVE_CAST({} AS {})", self.input, self.to)
    }
}

impl PhysicalExpr for HiveCast {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let array = self.input.evaluate(batch)?.into_array(batch.num_rows())?;
        Ok(ColumnarValue::Array(convert(&array, &self.to)?))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.input]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let input = children.pop().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self {
            input,
            to: self.to.clone(),
        }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CAST(")?;
        self.input.fmt_sql(f)?;
        write!(f, " AS {})", self.to)
    }
}
