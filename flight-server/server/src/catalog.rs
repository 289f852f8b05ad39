//! The catalog's listings: catalogs, databases, tables, table types, keys.
//!
//! There is one catalog, `spotql`; its schemas are the warehouse's databases. A client that names
//! no catalog, or an empty one, means all of them. Patterns are SQL's (`%`, `_`, `\` escapes).
//! Tables have type `TABLE`; the schemas of GetTables are what `SELECT *` sends. There are no
//! keys, and the key listings are empty tables of the columns that Flight SQL lays down.
//!
//! A listing's ticket is the command itself: it is answered as of DoGet, and nothing is kept.

use std::sync::Arc;

use arrow_flight::sql::metadata::{GetDbSchemasBuilder, GetTablesBuilder};
use arrow_flight::sql::{CommandGetDbSchemas, CommandGetTables};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use spotql_catalog::Error as CatalogError;
use spotql_sql::CATALOG;
use tonic::Status;

use super::service::Service;
use super::status;
use super::wire::Wire;

/// The type of every table.
const TABLE: &str = "TABLE";

/// The columns of GetCatalogs.
pub(super) fn catalogs_schema() -> SchemaRef {
    text_schema("catalog_name")
}

/// The one catalog.
pub(super) fn catalogs() -> Result<RecordBatch, Status> {
    text(catalogs_schema(), CATALOG)
}

/// The columns of GetTableTypes.
pub(super) fn table_types_schema() -> SchemaRef {
    text_schema("table_type")
}

/// The one type of table.
pub(super) fn table_types() -> Result<RecordBatch, Status> {
    text(table_types_schema(), TABLE)
}

/// A builder for GetDbSchemas; empty names count as none.
pub(super) fn schemas_builder(command: CommandGetDbSchemas) -> GetDbSchemasBuilder {
    GetDbSchemasBuilder::new(
        named(command.catalog),
        named(command.db_schema_filter_pattern),
    )
}

/// The databases that the command asks for.
pub(super) async fn schemas(
    service: &Service,
    command: CommandGetDbSchemas,
) -> Result<RecordBatch, Status> {
    let mut builder = schemas_builder(command);
    for database in service
        .engine
        .warehouse()
        .databases()
        .await
        .map_err(catalog_error)?
    {
        builder.append(CATALOG, database.name);
    }
    builder.build().map_err(status::of_flight)
}

/// A builder for GetTables; empty names count as none.
pub(super) fn tables_builder(command: CommandGetTables) -> GetTablesBuilder {
    GetTablesBuilder::new(
        named(command.catalog),
        named(command.db_schema_filter_pattern),
        named(command.table_name_filter_pattern),
        command
            .table_types
            .into_iter()
            .map(table_type)
            .collect::<Vec<_>>(),
        command.include_schema,
    )
}

/// A type of tables as we call it: JDBC's `TABLE` is the SQL standard's `BASE TABLE`, and clients ask in any case.
fn table_type(name: String) -> String {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    match is(TABLE) || is("BASE TABLE") {
        true => TABLE.to_owned(),
        false => name,
    }
}

/// The tables that the command asks for.
pub(super) async fn tables(
    service: &Service,
    command: CommandGetTables,
) -> Result<RecordBatch, Status> {
    let warehouse = service.engine.warehouse();
    let include_schema = command.include_schema;
    let mut builder = tables_builder(command);
    for database in warehouse.databases().await.map_err(catalog_error)? {
        let tables = match warehouse.tables(&database.name).await {
            Ok(tables) => tables,
            // Dropped since it was listed.
            Err(CatalogError::DatabaseNotFound { .. }) => continue,
            Err(error) => return Err(catalog_error(error)),
        };
        for name in tables {
            let mut schema = Arc::new(Schema::empty());
            if include_schema {
                let table = warehouse.table(&database.name, &name).await;
                let Some(table) = table.map_err(catalog_error)? else {
                    continue;
                };
                schema = Arc::clone(Wire::new(table.schema()).schema());
            }
            builder
                .append(CATALOG, &database.name, &name, TABLE, &schema)
                .map_err(status::of_flight)?;
        }
    }
    builder.build().map_err(status::of_flight)
}

/// The columns of GetPrimaryKeys.
pub(super) fn primary_keys_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("catalog_name", DataType::Utf8, true),
        Field::new("db_schema_name", DataType::Utf8, true),
        Field::new("table_name", DataType::Utf8, false),
        Field::new("column_name", DataType::Utf8, false),
        Field::new("key_name", DataType::Utf8, true),
        Field::new("key_sequence", DataType::Int32, false),
    ]))
}

/// The columns of GetExportedKeys, GetImportedKeys and GetCrossReference.
pub(super) fn foreign_keys_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("pk_catalog_name", DataType::Utf8, true),
        Field::new("pk_db_schema_name", DataType::Utf8, true),
        Field::new("pk_table_name", DataType::Utf8, false),
        Field::new("pk_column_name", DataType::Utf8, false),
        Field::new("fk_catalog_name", DataType::Utf8, true),
        Field::new("fk_db_schema_name", DataType::Utf8, true),
        Field::new("fk_table_name", DataType::Utf8, false),
        Field::new("fk_column_name", DataType::Utf8, false),
        Field::new("key_sequence", DataType::Int32, false),
        Field::new("fk_key_name", DataType::Utf8, true),
        Field::new("pk_key_name", DataType::Utf8, true),
        Field::new("update_rule", DataType::UInt8, false),
        Field::new("delete_rule", DataType::UInt8, false),
    ]))
}

fn named(name: Option<String>) -> Option<String> {
    name.filter(|name| !name.is_empty())
}

fn text_schema(column: &str) -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(column, DataType::Utf8, false)]))
}

fn text(schema: SchemaRef, value: &str) -> Result<RecordBatch, Status> {
    let column: ArrayRef = Arc::new(StringArray::from(vec![value]));
    RecordBatch::try_new(schema, vec![column]).map_err(status::of_arrow_error)
}

fn catalog_error(error: CatalogError) -> Status {
    status::of(error.into())
}
