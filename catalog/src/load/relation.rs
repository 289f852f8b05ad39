//! The rows of the files of a load, for DataFusion.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use object_store::ObjectMeta;
use object_store::path::Path;

use super::{Candidate, FILE_NUMBER, FILE_PATH, FileSet};
use crate::scan::scan_files;

impl FileSet {
    fn table_schema(&self) -> TableSchema {
        let hidden = [
            Field::new(FILE_PATH, DataType::Utf8View, false),
            Field::new(FILE_NUMBER, DataType::Int32, false),
        ];
        let constant: Vec<FieldRef> = self
            .columns
            .from_paths
            .iter()
            .cloned()
            .chain(hidden.into_iter().map(Arc::new))
            .collect();
        TableSchema::builder(Arc::clone(&self.columns.file_schema))
            .with_table_partition_cols(Fields::from(constant))
            .build()
    }

    fn partitioned_file(&self, number: usize, source: &Candidate) -> Result<PartitionedFile> {
        let path = source.path.display().to_string();
        let unusable = |reason: String| {
            DataFusionError::from(crate::Error::UnreadableFile {
                path: path.clone(),
                reason,
            })
        };
        let text = source.path.to_str();
        let text = text.ok_or_else(|| unusable("its name is not UTF-8".to_owned()))?;
        let location = Path::parse(text).map_err(|error| unusable(error.to_string()))?;
        let mut planned = PartitionedFile::from(ObjectMeta {
            location,
            last_modified: chrono::DateTime::from_timestamp_micros(source.state.modified)
                .unwrap_or_default(),
            size: source.state.size,
            e_tag: None,
            version: None,
        });
        let mut values: Vec<ScalarValue> = Vec::new();
        for field in &self.columns.from_paths {
            let given = source
                .directories
                .iter()
                .find(|(name, _)| name == field.name());
            let value = given.and_then(|(_, value)| value.clone());
            values.push(ScalarValue::Utf8View(value));
        }
        let number = i32::try_from(number)
            .map_err(|_| unusable("a load takes at most 2,147,483,647 files".to_owned()))?;
        values.push(ScalarValue::Utf8View(Some(path.clone())));
        values.push(ScalarValue::Int32(Some(number)));
        planned.partition_values = values;
        Ok(planned)
    }
}

#[async_trait]
impl TableProvider for FileSet {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.table_schema().table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self
            .sources
            .iter()
            .enumerate()
            .map(|(number, source)| self.partitioned_file(number, source))
            .collect::<Result<Vec<_>>>()?;
        scan_files(state, self.table_schema(), files, projection, limit)
    }
}
