//! What the Parquet reader says in words alone. This is the one place of the crate that reads an error's text; the tests
//! fail when the words change.
//!
//! - parquet 59.3: `ParquetError::General` with "encountered non UTF-8 data: …" from a column of text that holds other bytes
//!   (arrow's own checks write "UTF8"). No variant tells it from a damaged page.
//! - datafusion-datasource-parquet 55.2: the reader that keeps footers makes a text of the store's `NotFound`
//!   ("Failed to fetch metadata for file …: Object at location … not found: …", a `ParquetError::General`). Everywhere else the
//!   store's error is a source, and is looked for there.

use datafusion::common::DataFusionError;

/// Whether a column of text holds bytes that are none.
pub(super) fn says_not_text(error: &DataFusionError) -> bool {
    let text = error.to_string();
    text.contains("UTF-8") || text.contains("UTF8")
}

/// Whether the store did not find the file, and its error was made a text.
pub(super) fn says_missing(error: &DataFusionError) -> bool {
    let text = error.to_string();
    text.contains("Object at location") && text.contains("not found")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use datafusion::datasource::listing::PartitionedFile;
    use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
    use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
    use datafusion::execution::runtime_env::RuntimeEnv;
    use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
    use object_store::memory::InMemory;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    #[test]
    fn the_reader_says_that_bytes_are_no_text() {
        let schema = parse_message_type("message m { REQUIRED BYTE_ARRAY a (STRING); }").unwrap();
        let mut file = Vec::new();
        let mut writer =
            SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let bytes = ByteArray::from(b"\xc3\x28 is no text at all".to_vec());
        let typed = column.typed::<ByteArrayType>();
        typed.write_batch(&[bytes], None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
        let error = reader.build().unwrap().find_map(Result::err).unwrap();
        assert!(says_not_text(&error.into()));
    }

    #[tokio::test]
    async fn the_reader_says_that_a_file_is_missing() {
        let cache = RuntimeEnv::default()
            .cache_manager
            .get_file_metadata_cache();
        let factory = CachedParquetFileReaderFactory::new(Arc::new(InMemory::new()), cache);
        let file = PartitionedFile::new("t/gone.parquet", 100);
        let metrics = ExecutionPlanMetricsSet::new();
        let mut reader = factory.create_reader(0, file, None, &metrics).unwrap();
        let error = reader.get_metadata(None).await.unwrap_err();
        assert!(says_missing(&error.into()));
    }
}
