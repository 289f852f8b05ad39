//! Which partitions and files a query has to read.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt64Array};
use arrow::datatypes::{Fields, Schema};
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;

use crate::snapshot::{DataFile, Partition, TableSnapshot};
use crate::table::Table;

/// A file, with the partition it belongs to.
#[derive(Clone, Copy)]
pub(super) struct FileToScan<'a> {
    pub(super) partition: &'a Partition,
    pub(super) file: &'a DataFile,
}

/// Whether a filter can be decided from the partition's values alone, once and for all rows. So can one without columns
/// (`p NOT IN (1, NULL)` is simplified to `p != 1 AND NULL`), which DataFusion hands down and then forgets.
pub(crate) fn is_on_partitions(filter: &Expr, partition_fields: &Fields) -> bool {
    let columns = filter.column_refs();
    let known = |name: &str| partition_fields.iter().any(|field| field.name() == name);
    columns.iter().all(|column| known(&column.name))
        && !filter.is_volatile()
        && !filter
            .exists(|expr| {
                Ok(matches!(
                    expr,
                    Expr::ScalarSubquery(_)
                        | Expr::InSubquery(_)
                        | Expr::Exists(_)
                        | Expr::OuterReferenceColumn(_, _)
                        | Expr::Placeholder(_)
                ))
            })
            .unwrap_or(true)
}

/// The partitions for which all filters are true.
pub(super) fn partitions<'a>(
    state: &dyn Session,
    snapshot: &'a TableSnapshot,
    filters: &[Expr],
) -> Result<Vec<&'a Partition>> {
    let Some(filter) = conjunction(filters.iter().map(unqualified)) else {
        return Ok(snapshot.partitions.iter().collect());
    };
    let schema = DFSchema::try_from(snapshot.values.schema())?;
    let filter = state.create_physical_expr(filter, &schema)?;
    let kept = filter
        .evaluate(&snapshot.values)?
        .into_array(snapshot.values.num_rows())?;
    let kept = kept.as_boolean();
    Ok(snapshot
        .partitions
        .iter()
        .enumerate()
        .filter(|(index, _)| kept.is_valid(*index) && kept.value(*index))
        .map(|(_, partition)| partition)
        .collect())
}

/// The plan qualifies columns with the table's name, which the schemas here do not have.
fn unqualified(filter: &Expr) -> Expr {
    use datafusion::common::tree_node::Transformed;
    let strip = |expr: Expr| {
        Ok(match expr {
            Expr::Column(column) if column.relation.is_some() => {
                Transformed::yes(Expr::Column(Column::new_unqualified(column.name)))
            }
            other => Transformed::no(other),
        })
    };
    match filter.clone().transform(strip) {
        Ok(transformed) => transformed.data,
        Err(_) => filter.clone(),
    }
}

/// The files of these partitions that may hold rows for which all filters are true.
pub(super) fn files<'a>(
    state: &dyn Session,
    table: &'a Table,
    snapshot: &'a TableSnapshot,
    partitions: &[&'a Partition],
    filters: &[Expr],
) -> Result<Vec<FileToScan<'a>>> {
    let mut files = Vec::with_capacity(snapshot.file_count());
    for partition in partitions {
        files.extend(
            partition
                .files
                .iter()
                .map(|file| FileToScan { partition, file }),
        );
    }
    // A filter that this crate's expressions cannot express (a subquery) prunes nothing; the rest still does.
    let usable = filters.iter().filter(|filter| {
        !filter.is_volatile() && !filter.exists(|expr| Ok(is_subquery(expr))).unwrap_or(true)
    });
    let Some(filter) = conjunction(usable.map(unqualified)) else {
        return Ok(files);
    };
    let schema = DFSchema::try_from(Arc::clone(table.schema()))?;
    let Ok(filter) = state.create_physical_expr(filter, &schema) else {
        return Ok(files);
    };
    let limit = state.config_options().execution.parquet.max_in_list_size;
    let predicate = PruningPredicateBuilder::new()
        .with_file_schema(Arc::clone(table.schema()))
        .with_max_in_list_size(limit)
        .build(filter);
    let Some(predicate) = predicate else {
        return Ok(files);
    };
    let kept = {
        let bounds = Bounds {
            table,
            files: &files,
        };
        match predicate.prune(&bounds) {
            Ok(kept) => kept,
            Err(error) => {
                log::debug!("files of {} are not pruned: {error}", table.full_name());
                return Ok(files);
            }
        }
    };
    let mut kept = kept.into_iter();
    files.retain(|_| kept.next().unwrap_or(true));
    Ok(files)
}

fn is_subquery(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::ScalarSubquery(_)
            | Expr::InSubquery(_)
            | Expr::Exists(_)
            | Expr::OuterReferenceColumn(_, _)
            | Expr::Placeholder(_)
    )
}

/// Keeps only as many files as a LIMIT without other filters needs.
pub(super) fn limit(files: &mut Vec<FileToScan<'_>>, limit: Option<usize>) {
    let Some(limit) = limit else { return };
    let mut rows = 0u64;
    let enough = files.iter().position(|file| {
        rows = rows.saturating_add(file.file.row_count.unwrap_or(0));
        rows >= limit as u64
    });
    if let Some(last) = enough {
        files.truncate(last + 1);
    }
}

/// The files' bounds, one row a file, made for the columns that a predicate asks for.
struct Bounds<'a> {
    table: &'a Table,
    files: &'a [FileToScan<'a>],
}

impl Bounds<'_> {
    fn collect(
        &self,
        column: &Column,
        pick: impl Fn(&crate::statistics::ColumnRange) -> Option<ScalarValue>,
    ) -> Option<ArrayRef> {
        let schema: &Schema = self.table.schema();
        let index = schema.index_of(column.name()).ok()?;
        let field = schema.field(index);
        let null = ScalarValue::try_new_null(field.data_type()).ok()?;
        let data_columns = self.table.file_schema().fields().len();
        let value = |file: &FileToScan<'_>| match index.checked_sub(data_columns) {
            Some(partition) => file.partition.values.get(partition).cloned(),
            None => file
                .file
                .statistics(self.table.file_schema())
                .column(field.name())
                .and_then(&pick),
        };
        ScalarValue::iter_to_array(
            self.files
                .iter()
                .map(|file| value(file).unwrap_or_else(|| null.clone())),
        )
        .ok()
    }
}

impl PruningStatistics for Bounds<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.collect(column, |range| range.min.clone())
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.collect(column, |range| range.max.clone())
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let index = self.table.schema().index_of(column.name()).ok()?;
        let data_columns = self.table.file_schema().fields().len();
        let counts: UInt64Array = self
            .files
            .iter()
            .map(|file| match index.checked_sub(data_columns) {
                Some(partition) => match file.partition.values.get(partition) {
                    Some(value) if value.is_null() => file.file.row_count,
                    Some(_) => Some(0),
                    None => None,
                },
                None => file
                    .file
                    .statistics(self.table.file_schema())
                    .column(column.name())
                    .and_then(|range| range.null_count),
            })
            .collect();
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let counts: UInt64Array = self.files.iter().map(|file| file.file.row_count).collect();
        Some(Arc::new(counts))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
