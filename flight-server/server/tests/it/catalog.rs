use arrow_flight::sql::{
    CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetTables, CommandGetXdbcTypeInfo, SqlInfo,
};
use arrow_flight::{FlightInfo, IpcMessage};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::Schema;
use futures::TryStreamExt;

use crate::server::{Client, Server, lines, ticket};

async fn start() -> (Server, Client) {
    let (server, mut client) = Server::with_table().await;
    let script = "CREATE DATABASE logs;
        CREATE TABLE logs.flow (sip STRING, tags ARRAY<STRING>) PARTITIONED BY (y SMALLINT);
        CREATE TABLE logs.flow_scores (ml_score DOUBLE)";
    client.execute_update(script.into(), None).await.unwrap();
    (server, client)
}

/// The listing's rows, whose schema is checked against the advertised one.
async fn rows(client: &mut Client, info: FlightInfo) -> RecordBatch {
    let mut stream = client.do_get(ticket(&info)).await.unwrap();
    let batches: Vec<RecordBatch> = (&mut stream).try_collect().await.unwrap();
    let advertised = info.try_decode_schema().unwrap();
    assert_eq!(stream.schema().unwrap().as_ref(), &advertised);
    datafusion::arrow::compute::concat_batches(&advertised.into(), &batches).unwrap()
}

fn tables(schema: Option<&str>, table: Option<&str>) -> CommandGetTables {
    CommandGetTables {
        catalog: None,
        db_schema_filter_pattern: schema.map(str::to_owned),
        table_name_filter_pattern: table.map(str::to_owned),
        table_types: vec![],
        include_schema: false,
    }
}

async fn listed(client: &mut Client, command: CommandGetTables) -> Vec<String> {
    let info = client.get_tables(command).await.unwrap();
    lines(&[rows(client, info).await])
}

#[tokio::test]
async fn table_types_are_asked_for_in_any_case_and_by_either_name() {
    let (_server, mut client) = start().await;
    for (kind, found) in [("TABLE", 1), ("table", 1), ("Base Table", 1), ("VIEW", 0)] {
        let command = CommandGetTables {
            table_types: vec![kind.to_owned()],
            ..tables(Some("default"), None)
        };
        assert_eq!(listed(&mut client, command).await.len(), found, "{kind}");
    }
}

#[tokio::test]
async fn there_is_one_catalog_with_the_databases_as_its_schemas() {
    let (_server, mut client) = start().await;
    let info = client.get_catalogs().await.unwrap();
    assert_eq!(lines(&[rows(&mut client, info).await]), ["spotql"]);
    for (catalog, pattern, expected) in [
        (None, None, vec!["spotql default", "spotql logs"]),
        (Some(""), Some(""), vec!["spotql default", "spotql logs"]),
        (Some("spotql"), Some("l_g%"), vec!["spotql logs"]),
        (Some("other"), None, vec![]),
    ] {
        let command = CommandGetDbSchemas {
            catalog: catalog.map(str::to_owned),
            db_schema_filter_pattern: pattern.map(str::to_owned),
        };
        let info = client.get_db_schemas(command).await.unwrap();
        assert_eq!(
            lines(&[rows(&mut client, info).await]),
            expected,
            "{catalog:?} {pattern:?}"
        );
    }
}

#[tokio::test]
async fn tables_are_listed_by_pattern_and_type() {
    let (_server, mut client) = start().await;
    let all = [
        "spotql default t TABLE",
        "spotql logs flow TABLE",
        "spotql logs flow_scores TABLE",
    ];
    assert_eq!(listed(&mut client, tables(None, None)).await, all);
    assert_eq!(
        listed(&mut client, tables(Some("logs"), Some("flow%"))).await,
        all[1..]
    );
    assert_eq!(
        listed(&mut client, tables(None, Some("flo_"))).await,
        all[1..2]
    );
    let views = CommandGetTables {
        table_types: vec!["VIEW".into()],
        ..tables(None, None)
    };
    assert!(listed(&mut client, views).await.is_empty());
    let info = client.get_table_types().await.unwrap();
    assert_eq!(lines(&[rows(&mut client, info).await]), ["TABLE"]);
}

#[tokio::test]
async fn a_tables_schema_is_that_of_selecting_everything() {
    let (_server, mut client) = start().await;
    let command = CommandGetTables {
        include_schema: true,
        ..tables(None, None)
    };
    let info = client.get_tables(command).await.unwrap();
    let rows = rows(&mut client, info).await;
    assert_eq!(rows.num_rows(), 3);
    for row in 0..rows.num_rows() {
        let name = |column: usize| rows.column(column).as_string::<i32>().value(row).to_owned();
        let listed = rows.column(4).as_binary::<i32>().value(row).to_vec();
        let listed = Schema::try_from(IpcMessage(listed.into())).unwrap();
        let sql = format!("SELECT * FROM {}.{}", name(1), name(2));
        let selected = client
            .execute(sql, None)
            .await
            .unwrap()
            .try_decode_schema()
            .unwrap();
        assert_eq!(listed, selected);
    }
}

#[tokio::test]
async fn the_key_listings_are_empty_and_have_their_columns() {
    let (_server, mut client) = start().await;
    let (catalog, db_schema, table) = (None, Some("default".to_owned()), "t".to_owned());
    let primary = CommandGetPrimaryKeys {
        catalog: catalog.clone(),
        db_schema: db_schema.clone(),
        table: table.clone(),
    };
    let info = client.get_primary_keys(primary).await.unwrap();
    let keys = rows(&mut client, info).await;
    assert_eq!((keys.num_rows(), keys.num_columns()), (0, 6));

    let exported = CommandGetExportedKeys {
        catalog: catalog.clone(),
        db_schema: db_schema.clone(),
        table: table.clone(),
    };
    let imported = CommandGetImportedKeys {
        catalog: catalog.clone(),
        db_schema: db_schema.clone(),
        table: table.clone(),
    };
    let cross = CommandGetCrossReference {
        pk_catalog: catalog.clone(),
        pk_db_schema: db_schema.clone(),
        pk_table: table.clone(),
        fk_catalog: catalog,
        fk_db_schema: db_schema,
        fk_table: table,
    };
    for info in [
        client.get_exported_keys(exported).await.unwrap(),
        client.get_imported_keys(imported).await.unwrap(),
        client.get_cross_reference(cross).await.unwrap(),
    ] {
        let keys = rows(&mut client, info).await;
        assert_eq!((keys.num_rows(), keys.num_columns()), (0, 13));
    }
}

#[tokio::test]
async fn the_server_says_what_it_is_and_which_types_it_has() {
    let (_server, mut client) = start().await;
    let info = client
        .get_sql_info(vec![SqlInfo::FlightSqlServerName])
        .await
        .unwrap();
    let name = lines(&[rows(&mut client, info).await]);
    assert_eq!(name, ["0 {string_value=SpotQL}"]);
    let info = client.get_sql_info(vec![]).await.unwrap();
    assert!(rows(&mut client, info).await.num_rows() > 20);

    let info = client
        .get_xdbc_type_info(CommandGetXdbcTypeInfo { data_type: None })
        .await
        .unwrap();
    let types = rows(&mut client, info).await;
    let names = types.column(0).as_string::<i32>();
    assert!(names.iter().flatten().any(|name| name == "BIGINT"));
    assert_eq!(names.null_count(), 0);
}
