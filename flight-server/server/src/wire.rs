//! What types travel: the types of results as every Flight SQL client can read them.
//!
//! DataFusion computes with view and dictionary arrays. The JDBC driver and others read neither. On the wire,
//! `Utf8View` becomes `Utf8` and `BinaryView` `Binary`. A dictionary or a run-end encoded column becomes plain values,
//! and a list view a list. So it is inside of lists, structs and maps. [`Wire`] maps a schema once; what it advertises
//! is what it sends, since the same object does both. Unions pass as they are: SQL makes none.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;

/// A result's schema on the wire, and the way to it.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    schema: SchemaRef,
}

impl Wire {
    /// The wire form of a result with this schema.
    pub(super) fn new(schema: &Schema) -> Self {
        // Metadata of the schema as a whole is the engine's own; a file's must not leak out.
        let fields: Vec<FieldRef> = schema.fields().iter().map(field).collect();
        Self {
            schema: Arc::new(Schema::new(fields)),
        }
    }

    /// The schema to advertise.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The batch to send; columns that travel as they are cost nothing.
    ///
    /// # Errors
    /// When the batch does not have the schema that was promised, or a batch's strings exceed
    /// 2 GiB.
    pub(super) fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let columns = batch
            .columns()
            .iter()
            .zip(self.schema.fields())
            .map(|(column, field)| {
                if column.data_type() == field.data_type() {
                    Ok(Arc::clone(column))
                } else {
                    cast(column, field.data_type())
                }
            })
            .collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}

fn field(field: &FieldRef) -> FieldRef {
    let data_type = data_type(field.data_type());
    if &data_type == field.data_type() {
        Arc::clone(field)
    } else {
        Arc::new(
            Field::new(field.name(), data_type, field.is_nullable())
                .with_metadata(field.metadata().clone()),
        )
    }
}

fn data_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, values) => self::data_type(values),
        DataType::RunEndEncoded(_, values) => self::data_type(values.data_type()),
        DataType::List(item) | DataType::ListView(item) => DataType::List(field(item)),
        DataType::LargeList(item) | DataType::LargeListView(item) => {
            DataType::LargeList(field(item))
        }
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(field(item), *length),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(field(entries), *sorted),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{
        ArrayRef, AsArray, DictionaryArray, Int32Array, ListBuilder, RunArray, StringArray,
        StringViewArray, StringViewBuilder, StructArray,
    };
    use datafusion::arrow::datatypes::Int32Type;

    use super::*;

    fn sent(name: &str, column: ArrayRef) -> RecordBatch {
        let batch = RecordBatch::try_from_iter([(name, column)]).unwrap();
        let wire = Wire::new(&batch.schema());
        let sent = wire.batch(&batch).unwrap();
        assert_eq!(&sent.schema(), wire.schema());
        sent
    }

    #[test]
    fn string_views_travel_as_strings() {
        let views = StringViewArray::from(vec![Some("a"), None, Some("longer than twelve bytes")]);
        let sent = sent("s", Arc::new(views));
        let expected = StringArray::from(vec![Some("a"), None, Some("longer than twelve bytes")]);
        assert_eq!(sent.column(0).as_string::<i32>(), &expected);
    }

    #[test]
    fn dictionaries_and_runs_travel_as_plain_values() {
        let dictionary: DictionaryArray<Int32Type> = ["x", "y", "x"].into_iter().collect();
        let expected = StringArray::from(vec!["x", "y", "x"]);
        assert_eq!(
            sent("d", Arc::new(dictionary)).column(0).as_string::<i32>(),
            &expected
        );
        let ends = Int32Array::from(vec![2, 3]);
        let runs = RunArray::try_new(&ends, &StringArray::from(vec!["x", "y"])).unwrap();
        let expected = StringArray::from(vec!["x", "x", "y"]);
        assert_eq!(
            sent("r", Arc::new(runs)).column(0).as_string::<i32>(),
            &expected
        );
    }

    #[test]
    fn nested_views_travel_as_strings_too() {
        let mut lists = ListBuilder::new(StringViewBuilder::new());
        lists.append_value([Some("a"), None]);
        lists.append_null();
        let lists: ArrayRef = Arc::new(lists.finish());
        let member = Arc::new(Field::new("items", lists.data_type().clone(), true));
        let structs = StructArray::from(vec![(member, lists)]);
        let sent = sent("n", Arc::new(structs));
        let items = sent
            .column(0)
            .as_struct()
            .column(0)
            .as_list::<i32>()
            .clone();
        assert_eq!(
            items.value(0).as_string::<i32>(),
            &StringArray::from(vec![Some("a"), None])
        );
        assert!(items.value(0).is_nullable());
    }

    #[test]
    fn a_batch_without_columns_keeps_its_number_of_rows() {
        let options = RecordBatchOptions::new().with_row_count(Some(3));
        let schema = Arc::new(Schema::empty());
        let batch = RecordBatch::try_new_with_options(schema, vec![], &options).unwrap();
        assert_eq!(
            Wire::new(&batch.schema()).batch(&batch).unwrap().num_rows(),
            3
        );
    }
}
