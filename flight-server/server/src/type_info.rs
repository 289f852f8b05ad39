//! `CommandGetXdbcTypeInfo`: the column types that CREATE TABLE takes, in ODBC and JDBC's terms.

use arrow_flight::error::Result;
use arrow_flight::sql::metadata::{XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder};
use arrow_flight::sql::{Nullable, Searchable, XdbcDataType, XdbcDatetimeSubcode};

/// The types, one row each.
///
/// # Errors
/// None in practice: the values are fixed.
pub(super) fn type_info() -> Result<XdbcTypeInfoData> {
    use XdbcDataType as T;
    let mut types = XdbcTypeInfoDataBuilder::new();
    for (name, data_type, bits) in [
        ("TINYINT", T::XdbcTinyint, 8),
        ("SMALLINT", T::XdbcSmallint, 16),
        ("INT", T::XdbcInteger, 32),
        ("BIGINT", T::XdbcBigint, 64),
        ("FLOAT", T::XdbcReal, 24),
        ("DOUBLE", T::XdbcDouble, 53),
    ] {
        types.append(XdbcTypeInfo {
            unsigned_attribute: Some(false),
            num_prec_radix: Some(2),
            ..plain(name, data_type, Some(bits))
        });
    }
    types.append(XdbcTypeInfo {
        create_params: Some(vec!["precision".to_owned(), "scale".to_owned()]),
        unsigned_attribute: Some(false),
        minimum_scale: Some(0),
        maximum_scale: Some(38),
        num_prec_radix: Some(10),
        ..plain("DECIMAL", T::XdbcDecimal, Some(38))
    });
    types.append(plain("BOOLEAN", T::XdbcBit, Some(1)));
    types.append(XdbcTypeInfo {
        case_sensitive: true,
        ..quoted("STRING", T::XdbcVarchar, None)
    });
    types.append(plain("BINARY", T::XdbcVarbinary, None));
    types.append(XdbcTypeInfo {
        sql_data_type: T::XdbcDatetime,
        // The code of a date, 1, which Flight SQL's list calls "year" as well.
        datetime_subcode: Some(XdbcDatetimeSubcode::XdbcSubcodeYear),
        ..quoted("DATE", T::XdbcDate, Some(10))
    });
    types.append(XdbcTypeInfo {
        sql_data_type: T::XdbcDatetime,
        datetime_subcode: Some(XdbcDatetimeSubcode::XdbcSubcodeTimestamp),
        minimum_scale: Some(6),
        maximum_scale: Some(6),
        ..quoted("TIMESTAMP", T::XdbcTimestamp, Some(26))
    });
    types.build()
}

fn plain(name: &str, data_type: XdbcDataType, size: Option<i32>) -> XdbcTypeInfo {
    XdbcTypeInfo {
        type_name: name.to_owned(),
        data_type,
        column_size: size,
        nullable: Nullable::NullabilityNullable,
        searchable: Searchable::Full,
        auto_increment: Some(false),
        local_type_name: Some(name.to_owned()),
        sql_data_type: data_type,
        ..XdbcTypeInfo::default()
    }
}

fn quoted(name: &str, data_type: XdbcDataType, size: Option<i32>) -> XdbcTypeInfo {
    XdbcTypeInfo {
        literal_prefix: Some("'".to_owned()),
        literal_suffix: Some("'".to_owned()),
        ..plain(name, data_type, size)
    }
}
