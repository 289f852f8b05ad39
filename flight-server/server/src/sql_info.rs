//! `CommandGetSqlInfo`: what the server can do, as clients ask it. Only what is true and known is
//! stated; a client takes its own default for what is missing.

use std::collections::BTreeMap;

use arrow_flight::error::Result;
use arrow_flight::sql::metadata::{SqlInfoData, SqlInfoDataBuilder};
use arrow_flight::sql::{
    SqlInfo, SqlNullOrdering, SqlSupportedCaseSensitivity, SqlSupportedTransaction,
    SqlSupportsConvert,
};
use spotql_sql::SpotqlOptions;

use super::user;

/// The server's properties.
///
/// # Errors
/// None in practice: the values are fixed.
pub(super) fn sql_info() -> Result<SqlInfoData> {
    let mut info = SqlInfoDataBuilder::new();
    info.append(SqlInfo::FlightSqlServerName, "SpotQL");
    info.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    info.append(SqlInfo::FlightSqlServerArrowVersion, "1.3");
    info.append(SqlInfo::FlightSqlServerReadOnly, false);
    info.append(SqlInfo::FlightSqlServerSql, true);
    info.append(SqlInfo::FlightSqlServerSubstrait, false);
    info.append(
        SqlInfo::FlightSqlServerTransaction,
        SqlSupportedTransaction::Transaction as i32,
    );
    info.append(SqlInfo::FlightSqlServerCancel, true);
    info.append(SqlInfo::FlightSqlServerBulkIngestion, true);
    info.append(SqlInfo::FlightSqlServerStatementTimeout, 0_i32);
    info.append(SqlInfo::FlightSqlServerTransactionTimeout, 0_i32);
    info.append(SqlInfo::SqlDdlCatalog, false);
    info.append(SqlInfo::SqlDdlSchema, true);
    info.append(SqlInfo::SqlDdlTable, true);
    let any_case = SqlSupportedCaseSensitivity::SqlCaseSensitivityCaseInsensitive;
    info.append(SqlInfo::SqlIdentifierCase, any_case as i32);
    info.append(SqlInfo::SqlQuotedIdentifierCase, any_case as i32);
    info.append(SqlInfo::SqlIdentifierQuoteChar, "`");
    info.append(SqlInfo::SqlAllTablesAreSelectable, true);
    info.append(
        SqlInfo::SqlNullOrdering,
        SqlNullOrdering::SqlNullsSortedHigh as i32,
    );
    info.append(SqlInfo::SqlSearchStringEscape, "\\");
    info.append(SqlInfo::SqlSupportsColumnAliasing, true);
    info.append(SqlInfo::SqlNullPlusNullIsNull, true);
    info.append(SqlInfo::SqlSupportsTableCorrelationNames, true);
    info.append(SqlInfo::SqlSupportsExpressionsInOrderBy, true);
    info.append(SqlInfo::SqlSupportsOrderByUnrelated, true);
    info.append(SqlInfo::SqlSupportsLikeEscapeClause, true);
    info.append(SqlInfo::SqlSchemaTerm, "database");
    info.append(SqlInfo::SqlCatalogTerm, "catalog");
    info.append(SqlInfo::SqlCatalogAtStart, true);
    info.append(SqlInfo::SqlSelectForUpdateSupported, false);
    info.append(SqlInfo::SqlCorrelatedSubqueriesSupported, true);
    info.append(SqlInfo::SqlTransactionsSupported, false);
    info.append(SqlInfo::SqlBatchUpdatesSupported, true);
    info.append(SqlInfo::SqlSavepointsSupported, false);
    info.append(SqlInfo::SqlNamedParametersSupported, false);
    append_abilities(&mut info);
    append_largest(&mut info);
    info.build()
}

/// What statements can do. Bit n of a mask stands for the value n of its enumeration in FlightSql.proto.
fn append_abilities(info: &mut SqlInfoDataBuilder) {
    let bits = |values: &[i32]| values.iter().fold(0, |mask, value| mask | (1 << value));
    for absent in [
        SqlInfo::SqlSupportsDifferentTableCorrelationNames,
        SqlInfo::SqlSupportsNonNullableColumns,
        SqlInfo::SqlSupportsIntegrityEnhancementFacility,
        SqlInfo::SqlStoredProceduresSupported,
        SqlInfo::SqlMaxRowSizeIncludesBlobs,
        SqlInfo::SqlDataDefinitionsInTransactionsIgnored,
        SqlInfo::SqlLocatorsUpdateCopy,
        SqlInfo::SqlStoredFunctionsUsingCallSyntaxSupported,
        SqlInfo::FlightSqlServerIngestTransactionsSupported,
    ] {
        info.append(absent, false);
    }
    // Each statement is a transaction of its own.
    info.append(SqlInfo::SqlDataDefinitionCausesTransactionCommit, true);
    info.append(SqlInfo::SqlDefaultTransactionIsolation, 0_i64);
    for none in [
        SqlInfo::SqlAnsi92SupportedLevel,
        SqlInfo::SqlSchemasSupportedActions,
        SqlInfo::SqlCatalogsSupportedActions,
        SqlInfo::SqlSupportedPositionedCommands,
    ] {
        info.append(none, 0_i32);
    }
    // By other columns than those selected, and by more than those.
    info.append(SqlInfo::SqlSupportedGroupBy, bits(&[0, 1]));
    // ODBC's minimum alone: there is no UPDATE and no DELETE.
    info.append(SqlInfo::SqlSupportedGrammar, bits(&[0]));
    info.append(SqlInfo::SqlOuterJoinsSupportLevel, bits(&[1, 2]));
    // In comparisons, EXISTS and IN.
    info.append(SqlInfo::SqlSupportedSubqueries, bits(&[0, 1, 2]));
    info.append(SqlInfo::SqlSupportedUnions, bits(&[0, 1]));
    info.append(SqlInfo::SqlSupportsConvert, conversions());
}

/// Which types CAST makes of which.
fn conversions() -> BTreeMap<i32, Vec<i32>> {
    use SqlSupportsConvert::{
        SqlConvertBigint as Bigint, SqlConvertDate as Date, SqlConvertDecimal as Decimal,
        SqlConvertFloat as Float, SqlConvertInteger as Integer, SqlConvertSmallint as Smallint,
        SqlConvertTimestamp as Timestamp, SqlConvertTinyint as Tinyint,
        SqlConvertVarchar as Varchar,
    };
    let numbers = [Bigint, Integer, Smallint, Tinyint, Decimal, Float];
    let times = [Date, Timestamp];
    let to = |types: &[SqlSupportsConvert]| -> Vec<i32> {
        let text = std::iter::once(Varchar as i32);
        text.chain(types.iter().map(|it| *it as i32)).collect()
    };
    let of_numbers = numbers.iter().map(|from| (*from as i32, to(&numbers)));
    let of_times = times.iter().map(|from| (*from as i32, to(&times)));
    let of_texts = std::iter::once((Varchar as i32, to(&[numbers.as_slice(), &times].concat())));
    of_numbers.chain(of_times).chain(of_texts).collect()
}

/// The largest of everything; 0 where there is no limit, or none that is known.
fn append_largest(info: &mut SqlInfoDataBuilder) {
    for unlimited in [
        SqlInfo::SqlMaxBinaryLiteralLength,
        SqlInfo::SqlMaxCharLiteralLength,
        SqlInfo::SqlMaxColumnNameLength,
        SqlInfo::SqlMaxColumnsInGroupBy,
        SqlInfo::SqlMaxColumnsInIndex,
        SqlInfo::SqlMaxColumnsInOrderBy,
        SqlInfo::SqlMaxColumnsInTable,
        SqlInfo::SqlMaxConnections,
        SqlInfo::SqlMaxCursorNameLength,
        SqlInfo::SqlMaxIndexLength,
        SqlInfo::SqlDbSchemaNameLength,
        SqlInfo::SqlMaxProcedureNameLength,
        SqlInfo::SqlMaxCatalogNameLength,
        SqlInfo::SqlMaxRowSize,
        SqlInfo::SqlMaxStatements,
        SqlInfo::SqlMaxTableNameLength,
    ] {
        info.append(unlimited, 0_i64);
    }
    let limits = SpotqlOptions::default();
    for (name, limit) in [
        (SqlInfo::SqlMaxColumnsInSelect, limits.max_columns),
        (SqlInfo::SqlMaxTablesInSelect, limits.max_tables),
        (SqlInfo::SqlMaxStatementLength, limits.max_statement_bytes),
        (SqlInfo::SqlMaxUsernameLength, user::LONGEST),
    ] {
        info.append(name, i64::try_from(limit).unwrap_or(0));
    }
}
