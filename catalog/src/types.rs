//! Hive's column types: their text, and the Arrow types that hold their values in a query.
//!
//! The text is what CREATE TABLE takes and DESCRIBE shows. It refuses what Hive refuses (`uniontype`, intervals) and
//! does not enforce the length of `varchar(n)` and `char(n)`: both are strings here, their length is only kept to be
//! shown again.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum HiveType {
    /// `boolean`
    Boolean,
    /// `tinyint`, 8 bits
    TinyInt,
    /// `smallint`, 16 bits
    SmallInt,
    /// `int`, 32 bits
    Int,
    /// `bigint`, 64 bits
    BigInt,
    /// `float`, 32 bits
    Float,
    /// `double`, 64 bits
    Double,
    /// `decimal(precision,scale)`, precision 1..=38, scale 0..=precision
    Decimal(u8, i8),
    /// `string`
    String,
    /// `varchar(n)`; the length is not enforced
    Varchar(u32),
    /// `char(n)`; the length is not enforced
    Char(u32),
    /// `binary`
    Binary,
    /// `date`
    Date,
    /// `timestamp`, microseconds without a time zone
    Timestamp,
    /// `array<element>`
    Array(Box<HiveType>),
    /// `map<key,value>`
    Map(Box<HiveType>, Box<HiveType>),
    /// `struct<name:type,…>`
    Struct(Vec<(String, HiveType)>),
}

impl HiveType {
    /// The Arrow type of this column in a table's schema. Strings are `Utf8View` at every depth, timestamps
    /// `Timestamp(Microsecond, None)`.
    pub fn to_arrow(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::TinyInt => DataType::Int8,
            Self::SmallInt => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale),
            Self::String | Self::Varchar(_) | Self::Char(_) => DataType::Utf8View,
            Self::Binary => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Array(element) => {
                DataType::List(Arc::new(Field::new_list_field(element.to_arrow(), true)))
            }
            Self::Map(key, value) => {
                let entries = Fields::from(vec![
                    Field::new("key", key.to_arrow(), false),
                    Field::new("value", value.to_arrow(), true),
                ]);
                let entries = Field::new("entries", DataType::Struct(entries), false);
                DataType::Map(Arc::new(entries), false)
            }
            Self::Struct(fields) => DataType::Struct(
                fields
                    .iter()
                    .map(|(name, field)| Field::new(name, field.to_arrow(), true))
                    .collect(),
            ),
        }
    }

    /// The Hive type that holds every value of an Arrow type, for CREATE TABLE AS. Unsigned integers take the next
    /// wider signed type (`UInt64`: `decimal(20,0)`), dictionaries their value's, the null type `string`.
    ///
    /// # Errors
    /// [`Error::InvalidType`] for what Hive cannot store: times of day, intervals, 256-bit decimals, unions.
    pub fn from_arrow(data_type: &DataType) -> Result<Self> {
        Ok(match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::Int8 => Self::TinyInt,
            DataType::Int16 | DataType::UInt8 => Self::SmallInt,
            DataType::Int32 | DataType::UInt16 => Self::Int,
            DataType::Int64 | DataType::UInt32 => Self::BigInt,
            DataType::UInt64 => Self::Decimal(20, 0),
            DataType::Float16 | DataType::Float32 => Self::Float,
            DataType::Float64 => Self::Double,
            DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s)
                if *s >= 0 && (*s as u8) <= *p =>
            {
                Self::Decimal(*p, *s)
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
                Self::String
            }
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => Self::Binary,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Timestamp(_, _) => Self::Timestamp,
            DataType::Dictionary(_, value) => Self::from_arrow(value)?,
            DataType::List(element)
            | DataType::LargeList(element)
            | DataType::ListView(element)
            | DataType::LargeListView(element)
            | DataType::FixedSizeList(element, _) => {
                Self::Array(Box::new(Self::from_arrow(element.data_type())?))
            }
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => Self::Map(
                    Box::new(Self::from_arrow(fields[0].data_type())?),
                    Box::new(Self::from_arrow(fields[1].data_type())?),
                ),
                _ => return Err(no_equivalent(data_type)),
            },
            DataType::Struct(fields) => Self::Struct(
                fields
                    .iter()
                    .map(|field| {
                        Ok((
                            field.name().to_lowercase(),
                            Self::from_arrow(field.data_type())?,
                        ))
                    })
                    .collect::<Result<_>>()?,
            ),
            _ => return Err(no_equivalent(data_type)),
        })
    }

    /// Whether values of this type can name a partition's directory.
    pub fn is_partitionable(&self) -> bool {
        !matches!(
            self,
            Self::Binary | Self::Array(_) | Self::Map(_, _) | Self::Struct(_)
        )
    }

    /// Whether a partition value of this type is kept as the text it was given in (`07` stays `07`).
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::String | Self::Varchar(_) | Self::Char(_))
    }
}

fn no_equivalent(data_type: &DataType) -> Error {
    Error::InvalidType {
        text: data_type.to_string(),
        reason: "Hive has no equivalent; cast the column to another type".into(),
    }
}

impl fmt::Display for HiveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::String => f.write_str("string"),
            Self::Varchar(n) => write!(f, "varchar({n})"),
            Self::Char(n) => write!(f, "char({n})"),
            Self::Binary => f.write_str("binary"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Array(element) => write!(f, "array<{element}>"),
            Self::Map(key, value) => write!(f, "map<{key},{value}>"),
            Self::Struct(fields) => {
                f.write_str("struct<")?;
                for (index, (name, field)) in fields.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{name}:{field}")?;
                }
                f.write_str(">")
            }
        }
    }
}

impl From<HiveType> for String {
    fn from(value: HiveType) -> Self {
        value.to_string()
    }
}

impl TryFrom<String> for HiveType {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl FromStr for HiveType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parser = TypeParser { text, rest: text };
        let parsed = parser.data_type(0)?;
        match parser.rest.trim() {
            "" => Ok(parsed),
            rest => Err(parser.error(format!("'{rest}' is too much"))),
        }
    }
}

/// Types nest in practice two or three deep; the limit keeps hostile text from exhausting the stack.
const MAX_DEPTH: usize = 32;

struct TypeParser<'a> {
    text: &'a str,
    rest: &'a str,
}

impl TypeParser<'_> {
    fn error(&self, reason: impl Into<String>) -> Error {
        Error::InvalidType {
            text: self.text.to_string(),
            reason: reason.into(),
        }
    }

    fn word(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let quoted = self.rest.strip_prefix('`');
        if let Some((word, rest)) = quoted.and_then(|rest| rest.split_once('`')) {
            self.rest = rest;
            return word.to_lowercase();
        }
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_lowercase()
    }

    fn eat(&mut self, token: char) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: char) -> Result<()> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.error(format!("'{token}' is missing")))
        }
    }

    fn number<T: FromStr>(&mut self) -> Result<T> {
        let word = self.word();
        word.parse()
            .map_err(|_| self.error(format!("'{word}' is not a number that fits here")))
    }

    fn length(&mut self) -> Result<u32> {
        self.expect('(')?;
        let length = self.number()?;
        self.expect(')')?;
        Ok(length)
    }

    fn decimal(&mut self) -> Result<HiveType> {
        if !self.eat('(') {
            return Ok(HiveType::Decimal(10, 0));
        }
        let precision: u8 = self.number()?;
        let scale: i8 = if self.eat(',') { self.number()? } else { 0 };
        self.expect(')')?;
        if !(1..=38).contains(&precision) || scale < 0 || scale as u8 > precision {
            return Err(self.error("precision must be 1 to 38, and scale 0 to precision"));
        }
        Ok(HiveType::Decimal(precision, scale))
    }

    fn data_type(&mut self, depth: usize) -> Result<HiveType> {
        if depth > MAX_DEPTH {
            return Err(self.error("it is nested too deeply"));
        }
        let word = self.word();
        Ok(match word.as_str() {
            "boolean" | "bool" => HiveType::Boolean,
            "tinyint" | "byte" => HiveType::TinyInt,
            "smallint" | "short" => HiveType::SmallInt,
            "int" | "integer" => HiveType::Int,
            "bigint" | "long" => HiveType::BigInt,
            "float" => HiveType::Float,
            "real" => HiveType::Double,
            "double" => {
                // `double precision` is one type of two words.
                let saved = self.rest;
                if self.word() != "precision" {
                    self.rest = saved;
                }
                HiveType::Double
            }
            "decimal" | "numeric" | "dec" => self.decimal()?,
            "string" | "text" => HiveType::String,
            "varchar" => HiveType::Varchar(self.length()?),
            "char" => HiveType::Char(self.length()?),
            "binary" => HiveType::Binary,
            "date" => HiveType::Date,
            "timestamp" => HiveType::Timestamp,
            "array" => {
                self.expect('<')?;
                let element = self.data_type(depth + 1)?;
                self.expect('>')?;
                HiveType::Array(Box::new(element))
            }
            "map" => {
                self.expect('<')?;
                let key = self.data_type(depth + 1)?;
                self.expect(',')?;
                let value = self.data_type(depth + 1)?;
                self.expect('>')?;
                HiveType::Map(Box::new(key), Box::new(value))
            }
            "struct" => {
                self.expect('<')?;
                let mut fields = Vec::new();
                loop {
                    let name = self.word();
                    if name.is_empty() {
                        return Err(self.error("a field's name is missing"));
                    }
                    self.expect(':')?;
                    fields.push((name, self.data_type(depth + 1)?));
                    if !self.eat(',') {
                        break;
                    }
                }
                self.expect('>')?;
                HiveType::Struct(fields)
            }
            "" => return Err(self.error("a type is missing")),
            other => return Err(self.error(format!("'{other}' is unknown"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back_what_it_displays() {
        for text in [
            "boolean",
            "tinyint",
            "smallint",
            "int",
            "bigint",
            "float",
            "double",
            "decimal(10,2)",
            "string",
            "varchar(20)",
            "char(3)",
            "binary",
            "date",
            "timestamp",
            "array<double>",
            "map<string,string>",
            "struct<a:int,b:array<map<string,decimal(3,1)>>>",
        ] {
            let parsed: HiveType = text.parse().unwrap();
            assert_eq!(parsed.to_string(), text);
            let back = HiveType::from_arrow(&parsed.to_arrow()).unwrap();
            assert_eq!(back.to_arrow(), parsed.to_arrow(), "{text}");
        }
    }

    #[test]
    fn case_blanks_and_synonyms_are_accepted() {
        assert_eq!(
            " Decimal ( 5 , 1 ) ".parse::<HiveType>().unwrap(),
            HiveType::Decimal(5, 1)
        );
        assert_eq!(
            "DECIMAL".parse::<HiveType>().unwrap(),
            HiveType::Decimal(10, 0)
        );
        assert_eq!(
            "double precision".parse::<HiveType>().unwrap(),
            HiveType::Double
        );
        assert_eq!("Integer".parse::<HiveType>().unwrap(), HiveType::Int);
        assert_eq!(
            "STRUCT<`A b`: INT>".parse::<HiveType>().unwrap(),
            HiveType::Struct(vec![("a b".into(), HiveType::Int)])
        );
    }

    #[test]
    fn what_is_no_type_is_rejected_with_its_text() {
        for text in [
            "",
            "strin",
            "array<int",
            "decimal(39,0)",
            "decimal(3,4)",
            "int int",
            "varchar",
        ] {
            let error = text.parse::<HiveType>().unwrap_err().to_string();
            assert!(error.contains(&format!("'{text}'")), "{error}");
        }
        let deep = "array<".repeat(100_000);
        assert!(deep.parse::<HiveType>().is_err());
    }

    #[test]
    fn arrow_types_without_a_hive_equivalent_are_rejected() {
        assert!(HiveType::from_arrow(&DataType::Time64(TimeUnit::Nanosecond)).is_err());
        assert_eq!(
            HiveType::from_arrow(&DataType::UInt64).unwrap(),
            HiveType::Decimal(20, 0)
        );
    }
}
