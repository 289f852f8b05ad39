//! Text in columns that their file does not call text.
//!
//! Impala (by default) and old Hive write STRING as a plain BYTE_ARRAY. The Parquet reader checks UTF-8 only in columns
//! that the file calls text, yet DataFusion has it read the others as text too. Bytes that are no UTF-8 then reach string
//! kernels, which read past them and end the process. So the metadata is completed before anybody reads by it: STRING
//! columns of the table are text. The reader then checks them.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::{DataType, Schema};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::errors::Result;
use parquet::file::metadata::{FileMetaData, ParquetMetaData, ParquetMetaDataBuilder};
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

/// The columns of a table that hold text, and which of them the files of a scan do not call text.
#[derive(Debug)]
pub(super) struct TextColumns {
    /// In lower case, as in the table.
    names: HashSet<String>,
    unmarked: Mutex<HashMap<Path, Vec<String>>>,
}

impl TextColumns {
    pub(super) fn of(schema: &Schema) -> Self {
        let fields = schema.fields().iter();
        let text = fields.filter(|field| holds_text(field.data_type()));
        Self {
            names: text.map(|field| field.name().to_lowercase()).collect(),
            unmarked: Mutex::default(),
        }
    }

    /// The text columns of a file that has been opened, which it does not call text.
    pub(super) fn unmarked(&self, file: &Path) -> Vec<String> {
        let unmarked = self.unmarked.lock().unwrap_or_else(PoisonError::into_inner);
        unmarked.get(file).cloned().unwrap_or_default()
    }

    /// The metadata, with all text columns called text.
    fn mark(&self, file: &Path, metadata: Arc<ParquetMetaData>) -> Result<Arc<ParquetMetaData>> {
        let known = metadata.file_metadata();
        let root = known.schema_descr().root_schema();
        let mut unmarked = Vec::new();
        let mut fields = Vec::with_capacity(root.get_fields().len());
        for field in root.get_fields() {
            let is_text = self.names.contains(&field.name().to_lowercase());
            match is_text.then(|| marked(field)).transpose()?.flatten() {
                Some(field) => {
                    unmarked.push(field.name().to_owned());
                    fields.push(field);
                }
                None => fields.push(Arc::clone(field)),
            }
        }
        if unmarked.is_empty() {
            return Ok(metadata);
        }
        self.unmarked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(file.clone(), unmarked);
        let schema = Type::group_type_builder(root.name())
            .with_fields(fields)
            .build()?;
        // What arrow's writers add there would contradict it.
        let pairs = known.key_value_metadata().map(|pairs| {
            let others = pairs
                .iter()
                .filter(|pair| pair.key != ARROW_SCHEMA_META_KEY);
            others.cloned().collect()
        });
        let file = FileMetaData::new(
            known.version(),
            known.num_rows(),
            known.created_by().map(str::to_owned),
            pairs,
            Arc::new(SchemaDescriptor::new(Arc::new(schema))),
            known.column_orders().cloned(),
        );
        let metadata = ParquetMetaDataBuilder::new(file)
            .set_row_groups(metadata.row_groups().to_vec())
            .set_column_index(metadata.column_index().cloned())
            .set_offset_index(metadata.offset_index().cloned())
            .build();
        Ok(Arc::new(metadata))
    }
}

/// Whether there is text in it, and no bytes that are none.
fn holds_text(data_type: &DataType) -> bool {
    fn walk(data_type: &DataType, text: &mut bool, bytes: &mut bool) {
        match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => *text = true,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => *bytes = true,
            DataType::List(field) | DataType::LargeList(field) | DataType::Map(field, _) => {
                walk(field.data_type(), text, bytes);
            }
            DataType::Struct(fields) => {
                for field in fields {
                    walk(field.data_type(), text, bytes);
                }
            }
            _ => {}
        }
    }
    let (mut text, mut bytes) = (false, false);
    walk(data_type, &mut text, &mut bytes);
    text && !bytes
}

/// A type with its plain byte arrays called text; `None` if it has none.
fn marked(field: &TypePtr) -> Result<Option<TypePtr>> {
    let info = field.get_basic_info();
    let id = info.has_id().then(|| info.id());
    if field.is_primitive() {
        let plain = field.get_physical_type() == PhysicalType::BYTE_ARRAY
            && info.converted_type() == ConvertedType::NONE
            && info.logical_type_ref().is_none();
        if !plain {
            return Ok(None);
        }
        let text = Type::primitive_type_builder(field.name(), PhysicalType::BYTE_ARRAY)
            .with_repetition(info.repetition())
            .with_converted_type(ConvertedType::UTF8)
            .with_logical_type(Some(LogicalType::String))
            .with_id(id)
            .build()?;
        return Ok(Some(Arc::new(text)));
    }
    let mut any = false;
    let mut fields = Vec::with_capacity(field.get_fields().len());
    for inner in field.get_fields() {
        let inner = match marked(inner)? {
            Some(text) => {
                any = true;
                text
            }
            None => Arc::clone(inner),
        };
        fields.push(inner);
    }
    if !any {
        return Ok(None);
    }
    let group = Type::group_type_builder(field.name())
        .with_repetition(info.repetition())
        .with_converted_type(info.converted_type())
        .with_logical_type(info.logical_type_ref().cloned())
        .with_id(id)
        .with_fields(fields)
        .build()?;
    Ok(Some(Arc::new(group)))
}

/// A file whose metadata calls its text columns text.
pub(super) struct TextReader {
    pub(super) inner: Box<dyn AsyncFileReader + Send>,
    pub(super) file: Path,
    pub(super) columns: Arc<TextColumns>,
}

impl AsyncFileReader for TextReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        self.inner.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        self.inner.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let metadata = self.inner.get_metadata(options).await?;
            self.columns.mark(&self.file, metadata)
        }
        .boxed()
    }
}
