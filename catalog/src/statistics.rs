//! What the metastore knows about the rows of one file: how many, and of each column the least and greatest value and
//! the number of NULLs, in the table's types.
//!
//! The figures come from the Parquet footer, for files written here and for files found. They are bounds that queries
//! may rely on. A column whose file type does not convert to the table's without loss has none. Neither have strings
//! over 64 bytes, deprecated Parquet statistics of strings, or INT96. `exact` tells whether the bounds are values that
//! occur; those of floats never count as exact, because Parquet leaves NaN out of them.

use std::collections::BTreeMap;

use arrow::array::Array;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::Type as PhysicalType;
use parquet::file::metadata::ParquetMetaData;
use serde_json::{Value, json};

use crate::columns::{Found, find_column};
use crate::convert::is_lossless;

/// Longer strings are no bounds worth keeping.
pub(crate) const MAX_TEXT: usize = 64;

/// Bounds of one column in one file.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRange {
    /// How many rows are NULL; `None` if the file does not say.
    pub null_count: Option<u64>,
    /// No value is less; `None` if unknown, or if all rows are NULL.
    pub min: Option<ScalarValue>,
    /// No value is greater; `None` if unknown, or if all rows are NULL.
    pub max: Option<ScalarValue>,
    /// Whether `min` and `max` are values that occur.
    pub exact: bool,
}

/// Bounds of the columns of one file, by the table's column name. A column without an entry is unknown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileStatistics {
    columns: BTreeMap<String, ColumnRange>,
}

impl FileStatistics {
    /// The bounds of a column, by its name in lower case.
    pub fn column(&self, name: &str) -> Option<&ColumnRange> {
        self.columns.get(name)
    }

    /// Reads a footer. `schema` is the table's file schema.
    ///
    /// # Errors
    /// What the Parquet library says about a footer that contradicts itself.
    pub(crate) fn from_parquet(
        metadata: &ParquetMetaData,
        schema: &Schema,
    ) -> parquet::errors::Result<Self> {
        let file = metadata.file_metadata();
        let descriptor = file.schema_descr();
        let physical = parquet_to_arrow_schema(descriptor, file.key_value_metadata())?;
        let rows: u64 = metadata
            .row_groups()
            .iter()
            .map(|group| group.num_rows().max(0) as u64)
            .sum();
        let mut columns = BTreeMap::new();
        for field in schema.fields() {
            let range = match find_column(&physical, field.name()) {
                // Read as NULL.
                Found::Nothing => Some(ColumnRange {
                    null_count: Some(rows),
                    min: None,
                    max: None,
                    exact: true,
                }),
                Found::Column(place)
                    if is_lossless(physical.field(place).data_type(), field.data_type()) =>
                {
                    let name = physical.field(place).name();
                    let converter = StatisticsConverter::try_new(name, &physical, descriptor)?
                        .with_missing_null_counts_as_zero(false);
                    column_range(&converter, metadata, field.data_type())
                }
                Found::Column(_) | Found::Several => None,
            };
            if let Some(range) = range {
                columns.insert(field.name().clone(), range);
            }
        }
        Ok(Self { columns })
    }

    /// The compact text that the metastore keeps: a JSON object of `name: [nulls, min, max, exact]`.
    pub(crate) fn to_text(&self) -> String {
        let columns: serde_json::Map<String, Value> = self
            .columns
            .iter()
            .map(|(name, range)| {
                let bounds = |value: &Option<ScalarValue>| {
                    value
                        .as_ref()
                        .and_then(scalar_to_json)
                        .unwrap_or(Value::Null)
                };
                let packed = json!([
                    range.null_count,
                    bounds(&range.min),
                    bounds(&range.max),
                    u8::from(range.exact)
                ]);
                (name.clone(), packed)
            })
            .collect();
        Value::Object(columns).to_string()
    }

    /// Reads [`Self::to_text`]; what it does not understand counts as unknown.
    pub(crate) fn from_text(text: &str, schema: &Schema) -> Self {
        let Ok(Value::Object(packed)) = serde_json::from_str(text) else {
            return Self::default();
        };
        let columns = schema
            .fields()
            .iter()
            .filter_map(|field| {
                let parts = packed.get(field.name())?.as_array()?;
                let bound = |index: usize| {
                    parts
                        .get(index)
                        .and_then(|value| scalar_from_json(value, field.data_type()))
                };
                let range = ColumnRange {
                    null_count: parts.first().and_then(Value::as_u64),
                    min: bound(1),
                    max: bound(2),
                    exact: parts.get(3).and_then(Value::as_u64) == Some(1),
                };
                Some((field.name().clone(), range))
            })
            .collect();
        Self { columns }
    }

    /// The same for DataFusion's planner.
    pub(crate) fn column_statistics(&self, name: &str) -> ColumnStatistics {
        let Some(range) = self.columns.get(name) else {
            return ColumnStatistics::new_unknown();
        };
        let bound = |value: &Option<ScalarValue>| match value {
            Some(value) if range.exact => Precision::Exact(value.clone()),
            Some(value) => Precision::Inexact(value.clone()),
            None => Precision::Absent,
        };
        let nulls = range
            .null_count
            .and_then(|nulls| usize::try_from(nulls).ok());
        ColumnStatistics::new_unknown()
            .with_min_value(bound(&range.min))
            .with_max_value(bound(&range.max))
            .with_null_count(nulls.map_or(Precision::Absent, Precision::Exact))
    }
}

fn column_range(
    converter: &StatisticsConverter<'_>,
    metadata: &ParquetMetaData,
    table_type: &DataType,
) -> Option<ColumnRange> {
    let groups = metadata.row_groups();
    let column = converter.parquet_column_index()?;
    let nulls = converter.row_group_null_counts(groups).ok()?;
    let null_count = (nulls.null_count() == 0).then(|| nulls.values().iter().sum::<u64>());
    let unknown = || ColumnRange {
        null_count,
        min: None,
        max: None,
        exact: false,
    };

    let bytes = groups.first().is_some_and(|group| {
        matches!(
            group.column(column).column_type(),
            PhysicalType::BYTE_ARRAY | PhysicalType::FIXED_LEN_BYTE_ARRAY
        )
    });
    let unsigned = converter.arrow_field().data_type().is_unsigned_integer();
    let deprecated = groups.iter().any(|group| {
        group
            .column(column)
            .statistics()
            .is_some_and(|statistics| statistics.is_min_max_deprecated())
    });
    if deprecated && (bytes || unsigned) {
        return Some(unknown());
    }
    let read = || -> Option<(ScalarValue, ScalarValue)> {
        let mins = cast(&converter.row_group_mins(groups).ok()?, table_type).ok()?;
        let maxes = cast(&converter.row_group_maxes(groups).ok()?, table_type).ok()?;
        let mut bounds: Option<(ScalarValue, ScalarValue)> = None;
        for (index, group) in groups.iter().enumerate() {
            let all_null = !nulls.is_null(index) && nulls.value(index) as i64 == group.num_rows();
            if all_null || group.num_rows() == 0 {
                continue;
            }
            if mins.is_null(index) || maxes.is_null(index) {
                return None;
            }
            let min = ScalarValue::try_from_array(&mins, index).ok()?;
            let max = ScalarValue::try_from_array(&maxes, index).ok()?;
            bounds = Some(match bounds {
                None => (min, max),
                Some((low, high)) => (
                    if min.partial_cmp(&low)?.is_lt() {
                        min
                    } else {
                        low
                    },
                    if max.partial_cmp(&high)?.is_gt() {
                        max
                    } else {
                        high
                    },
                ),
            });
        }
        let (min, max) = bounds?;
        (scalar_to_json(&min).is_some() && scalar_to_json(&max).is_some()).then_some((min, max))
    };
    let float = matches!(table_type, DataType::Float32 | DataType::Float64);
    let certain = !bytes
        || groups.iter().all(|group| {
            group
                .column(column)
                .statistics()
                .is_some_and(|statistics| statistics.min_is_exact() && statistics.max_is_exact())
        });
    Some(match read() {
        Some((min, max)) => ColumnRange {
            null_count,
            min: Some(min),
            max: Some(max),
            exact: certain && !float,
        },
        None => unknown(),
    })
}

/// Floats are kept as their bits: decimal text would not give back the same number in every reader.
fn scalar_to_json(value: &ScalarValue) -> Option<Value> {
    Some(match value {
        ScalarValue::Boolean(Some(value)) => json!(value),
        ScalarValue::Int8(Some(value)) => json!(value),
        ScalarValue::Int16(Some(value)) => json!(value),
        ScalarValue::Int32(Some(value)) | ScalarValue::Date32(Some(value)) => json!(value),
        ScalarValue::Int64(Some(value)) | ScalarValue::TimestampMicrosecond(Some(value), None) => {
            json!(value)
        }
        ScalarValue::Float32(Some(value)) if !value.is_nan() => json!(value.to_bits()),
        ScalarValue::Float64(Some(value)) if !value.is_nan() => json!(value.to_bits()),
        ScalarValue::Decimal128(Some(value), _, _) => json!(value.to_string()),
        ScalarValue::Utf8View(Some(value)) if value.len() <= MAX_TEXT => json!(value),
        _ => return None,
    })
}

fn scalar_from_json(value: &Value, data_type: &DataType) -> Option<ScalarValue> {
    let integer = value.as_i64();
    Some(match data_type {
        DataType::Boolean => ScalarValue::Boolean(Some(value.as_bool()?)),
        DataType::Int8 => ScalarValue::Int8(Some(integer?.try_into().ok()?)),
        DataType::Int16 => ScalarValue::Int16(Some(integer?.try_into().ok()?)),
        DataType::Int32 => ScalarValue::Int32(Some(integer?.try_into().ok()?)),
        DataType::Date32 => ScalarValue::Date32(Some(integer?.try_into().ok()?)),
        DataType::Int64 => ScalarValue::Int64(Some(integer?)),
        DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None) => {
            ScalarValue::TimestampMicrosecond(Some(integer?), None)
        }
        DataType::Float32 => {
            ScalarValue::Float32(Some(f32::from_bits(value.as_u64()?.try_into().ok()?)))
        }
        DataType::Float64 => ScalarValue::Float64(Some(f64::from_bits(value.as_u64()?))),
        DataType::Decimal128(precision, scale) => {
            ScalarValue::Decimal128(Some(value.as_str()?.parse().ok()?), *precision, *scale)
        }
        DataType::Utf8View => ScalarValue::Utf8View(Some(value.as_str()?.to_string())),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, StringArray};
    use arrow::datatypes::Field;
    use arrow::record_batch::RecordBatch;
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;

    fn footer(columns: Vec<(&str, ArrayRef)>) -> ParquetMetaData {
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, true)),
        )
        .unwrap();
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(2))
            .build();
        let mut writer =
            ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap()
    }

    fn schema() -> Schema {
        Schema::new(vec![
            Field::new("a", DataType::Int64, true),
            Field::new("b", DataType::Utf8View, true),
            Field::new("c", DataType::Float64, true),
            Field::new("gone", DataType::Int32, true),
            Field::new("narrow", DataType::Int32, true),
        ])
    }

    #[test]
    fn bounds_cover_all_row_groups_in_the_tables_types_and_survive_the_metastore() {
        let metadata = footer(vec![
            (
                "A",
                Arc::new(Int32Array::from(vec![
                    Some(5),
                    None,
                    Some(-3),
                    Some(9),
                    None,
                ])),
            ),
            (
                "b",
                Arc::new(StringArray::from(vec!["m", "z", "b", "c", "d"])),
            ),
            (
                "c",
                Arc::new(Float64Array::from(vec![1.5, f64::NAN, 0.1, 0.2, 0.3])),
            ),
            ("narrow", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]))),
        ]);
        let statistics = FileStatistics::from_parquet(&metadata, &schema()).unwrap();
        let a = statistics.column("a").unwrap();
        assert_eq!(
            (a.min.clone(), a.max.clone()),
            (Some(ScalarValue::from(-3i64)), Some(9i64.into()))
        );
        assert_eq!((a.null_count, a.exact), (Some(2), true));
        let b = statistics.column("b").unwrap();
        assert_eq!(b.min, Some(ScalarValue::Utf8View(Some("b".into()))));
        assert!(b.exact);
        assert!(
            !statistics.column("c").unwrap().exact,
            "NaN is not in Parquet's bounds"
        );
        assert_eq!(statistics.column("gone").unwrap().null_count, Some(5));
        assert!(
            statistics.column("narrow").is_none(),
            "a narrowing cast may lose values"
        );
        assert_eq!(
            FileStatistics::from_text(&statistics.to_text(), &schema()),
            statistics
        );
    }

    #[test]
    fn long_strings_are_not_kept() {
        let metadata = footer(vec![(
            "b",
            Arc::new(StringArray::from(vec!["x".repeat(200)])),
        )]);
        let statistics = FileStatistics::from_parquet(&metadata, &schema()).unwrap();
        let b = statistics.column("b").unwrap();
        assert!(!b.exact, "the writer shortened it");
        assert_eq!(b.null_count, Some(0));
    }

    #[test]
    fn damaged_text_counts_as_unknown() {
        assert_eq!(
            FileStatistics::from_text("{", &schema()),
            FileStatistics::default()
        );
        let odd = FileStatistics::from_text(r#"{"a":["x","y",null,7]}"#, &schema());
        let a = odd.column("a").unwrap();
        assert_eq!((a.null_count, a.min.clone(), a.exact), (None, None, false));
    }
}
