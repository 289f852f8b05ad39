//! Loads: the rows, the rejected rows and the record of the files are one transaction.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, SchemaProvider};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use parquet::arrow::ArrowWriter;
use spotql_catalog::{Error, FileSet, LoadReport, LoadRequest, Result, Table};

use crate::support::{Setup, all_files, definition};

/// Rows of `p`, the partition, and `a`.
fn write(path: &Path, rows: &[(Option<&str>, i32)]) {
    let columns: [(&str, ArrayRef); 2] = [
        (
            "p",
            Arc::new(rows.iter().map(|(p, _)| *p).collect::<StringArray>()),
        ),
        (
            "a",
            Arc::new(rows.iter().map(|(_, a)| *a).collect::<Int32Array>()),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

struct Loads {
    setup: Setup,
    table: Arc<Table>,
    incoming: PathBuf,
}

impl Loads {
    async fn new() -> Self {
        let setup = Setup::new().await;
        let table = setup.table("t", &["a int"], &["p string"]).await;
        let incoming = setup.path("incoming");
        Self {
            setup,
            table,
            incoming,
        }
    }

    fn write(&self, name: &str, rows: &[(Option<&str>, i32)]) {
        write(&self.incoming.join(name), rows);
    }

    async fn files(&self, again: bool) -> Arc<FileSet> {
        let path = self.incoming.display().to_string();
        let files = self
            .setup
            .warehouse
            .files_to_load(&self.table, &path, again)
            .await;
        Arc::new(files.unwrap())
    }

    /// The plans of a load of these files; nothing runs yet.
    async fn request(&self, files: &Arc<FileSet>) -> LoadRequest {
        let session = &self.setup.session;
        let table: Arc<FileSet> = Arc::clone(files);
        let catalog = datafusion::catalog::MemorySchemaProvider::new();
        catalog.register_table("files".into(), table).unwrap();
        let hidden = MemoryCatalogProvider::new();
        hidden.register_schema("h", Arc::new(catalog)).unwrap();
        session.register_catalog("h", Arc::new(hidden));
        let rows = "SELECT a, p, __load_file, __load_path, arrow_cast(a, 'Utf8View') AS text FROM h.h.files";
        let column =
            |name: &str, index| -> Arc<dyn PhysicalExpr> { Arc::new(Column::new(name, index)) };
        LoadRequest {
            partition: vec![],
            rows: self.setup.plan(rows).await,
            rejected: vec![
                ("a".into(), column("text", 4)),
                ("file".into(), column("__load_path", 3)),
            ],
            missing: vec![],
        }
    }

    async fn run(&self, files: &Arc<FileSet>, request: LoadRequest) -> Result<LoadReport> {
        let context = self.setup.session.task_ctx();
        self.setup
            .warehouse
            .load(&self.table, files, request, context)
            .await
    }

    async fn load(&self, again: bool) -> Result<LoadReport> {
        let files = self.files(again).await;
        let request = self.request(&files).await;
        self.run(&files, request).await
    }

    async fn loaded(&self) -> Vec<(u64, u64)> {
        let files = self.setup.warehouse.loaded_files().await.unwrap();
        files.iter().map(|it| (it.rows, it.rejected)).collect()
    }

    /// Rows of the table, and of that of rejected rows if it is there.
    async fn counts(&self) -> (String, Option<String>) {
        let count = |table: &'static str| async move {
            let sql = format!("SELECT count(*) FROM {table}");
            self.setup.rows(&sql).await.remove(0)
        };
        let rejected = self
            .setup
            .warehouse
            .table("default", "t_rejected")
            .await
            .unwrap();
        let rejected = match rejected {
            Some(_) => Some(count("t_rejected").await),
            None => None,
        };
        (count("t").await, rejected)
    }

    fn no_staged_files(&self) {
        let files = all_files(self.setup.folder.path());
        let left: Vec<_> = files
            .iter()
            .filter(|it| it.ends_with(".staged") || it.ends_with(".lock"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test]
async fn rows_rejected_rows_and_files_appear_together() {
    let loads = Loads::new().await;
    loads.write("a.parquet", &[(Some("x"), 1), (None, 2), (Some("x"), 3)]);
    loads.write("b.parquet", &[(Some("y"), 4)]);
    let report = loads.load(false).await.unwrap();
    let expected = LoadReport {
        loaded: 3,
        rejected: 1,
        partitions: 2,
    };
    assert_eq!(report, expected);
    assert_eq!(loads.loaded().await, [(2, 1), (1, 0)]);
    let rejected = loads.setup.rows("SELECT a, file FROM t_rejected").await;
    let file = loads.incoming.join("a.parquet").canonicalize().unwrap();
    assert_eq!(rejected, [format!("2|{}", file.display())]);
    assert!(loads.files(false).await.is_empty());
    loads.no_staged_files();
}

#[tokio::test]
async fn of_two_loads_of_a_file_the_second_to_commit_fails_and_leaves_nothing() {
    let loads = Loads::new().await;
    loads.write("a.parquet", &[(Some("x"), 1), (None, 2)]);
    // Both have found that the file is new.
    let (first, second) = (loads.files(false).await, loads.files(false).await);
    let request = loads.request(&first).await;
    loads.run(&first, request).await.unwrap();
    let before = all_files(&loads.setup.path("t"));
    let request = loads.request(&second).await;
    let error = loads.run(&second, request).await.unwrap_err();
    assert!(matches!(error, Error::LoadedMeanwhile { .. }), "{error}");
    assert!(error.to_string().contains("a.parquet"), "{error}");
    assert_eq!(loads.counts().await, ("1".into(), Some("1".into())));
    assert_eq!(loads.loaded().await, [(1, 1)]);
    assert_eq!(all_files(&loads.setup.path("t")), before);
    loads.no_staged_files();
    // Told to do so, both do.
    let (first, second) = (loads.files(true).await, loads.files(true).await);
    for files in [&first, &second] {
        let request = loads.request(files).await;
        loads.run(files, request).await.unwrap();
    }
    assert_eq!(loads.loaded().await.len(), 3);
}

#[tokio::test]
async fn a_folder_with_one_file_loaded_meanwhile_loads_none_of_its_files() {
    let loads = Loads::new().await;
    loads.write("a.parquet", &[(Some("x"), 1)]);
    let first = loads.files(false).await;
    loads.write("b.parquet", &[(Some("y"), 2)]);
    let second = loads.files(false).await;
    let request = loads.request(&first).await;
    loads.run(&first, request).await.unwrap();
    let request = loads.request(&second).await;
    let error = loads.run(&second, request).await.unwrap_err();
    assert!(matches!(error, Error::LoadedMeanwhile { .. }), "{error}");
    assert_eq!(loads.counts().await.0, "1");
    // The next one takes what is left.
    assert_eq!(loads.load(false).await.unwrap().loaded, 1);
    assert_eq!(loads.counts().await.0, "2");
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_loaded_is_refused() {
    let loads = Loads::new().await;
    loads.write("a.parquet", &[(Some("x"), 1)]);
    let files = loads.files(false).await;
    loads.write("a.parquet", &[(Some("x"), 2)]);
    let request = loads.request(&files).await;
    let error = loads.run(&files, request).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::FileChanged { .. } | Error::Query(_) | Error::UnreadableFile { .. }
        ),
        "{error}"
    );
    assert_eq!(loads.counts().await, ("0".into(), None));
    assert!(loads.loaded().await.is_empty());
    loads.no_staged_files();
}

#[tokio::test]
async fn the_table_of_rejected_rows_gets_the_columns_it_lacks_and_others_must_be_text() {
    let loads = Loads::new().await;
    let other = loads
        .setup
        .create(definition("t_rejected", &["note string"], &[]))
        .await;
    loads.write("a.parquet", &[(None, 1), (Some("x"), 2)]);
    loads.load(false).await.unwrap();
    let rows = loads.setup.rows("SELECT note, a FROM t_rejected").await;
    assert_eq!(rows, ["NULL|1"]);
    let table = loads.setup.warehouse.table("default", "t_rejected").await;
    let table = table.unwrap().unwrap();
    assert_eq!(table.id, other.id);
    let names: Vec<&str> = table
        .definition
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["note", "a", "file"]);

    let loads = Loads::new().await;
    loads
        .setup
        .create(definition("t_rejected", &["a int"], &[]))
        .await;
    loads.write("a.parquet", &[(None, 1), (Some("x"), 2)]);
    let error = loads.load(false).await.unwrap_err().to_string();
    assert!(error.contains("'a' is no STRING"), "{error}");
    assert_eq!(loads.counts().await, ("0".into(), Some("0".into())));
    loads.no_staged_files();
}

#[tokio::test]
async fn dropping_a_table_forgets_its_files_and_dropping_rows_does_not() {
    let loads = Loads::new().await;
    loads.write("a.parquet", &[(Some("x"), 1)]);
    loads.load(false).await.unwrap();
    let spec = crate::support::spec(&[("p", "x")]);
    loads
        .setup
        .warehouse
        .drop_partitions(&loads.table, spec, false)
        .await
        .unwrap();
    assert!(loads.files(false).await.is_empty());
    loads
        .setup
        .warehouse
        .drop_table("default", "t", false)
        .await
        .unwrap();
    assert!(loads.loaded().await.is_empty());
}
