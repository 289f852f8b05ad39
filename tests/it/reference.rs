//! The reference of functions and settings: its pages are those of the declarations, and its examples are true.

use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use spotql_functions::reference::{chapters, functions_page, settings_page};
use spotql_sql::{AllowedPath, Engine, EngineOptions};

use crate::support::{execute, rows};

/// The pages by their paths, as the declarations make them.
fn pages() -> [(&'static str, String); 2] {
    [
        ("docs/reference/functions.md", functions_page()),
        ("docs/reference/settings.md", settings_page()),
    ]
}

#[test]
fn the_reference_is_that_of_the_declarations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (path, page) in pages() {
        let file = root.join(path);
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &page).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            written == page,
            "{path} is not what the declarations say; write it anew with \
             'UPDATE_REFERENCE=1 cargo test -p spotql-tests reference'"
        );
    }
}

/// What a statement gives: rows of a line each, values with a tab between.
fn text(batch: &RecordBatch) -> String {
    let options = FormatOptions::default().with_null("NULL");
    let columns = batch.columns().iter();
    let columns: Vec<_> = columns
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
        .collect();
    let lines = (0..batch.num_rows()).map(|row| {
        let values = columns.iter().map(|column| column.value(row).to_string());
        values.collect::<Vec<_>>().join("\t")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_reference_gives_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut told = 0;
    for (number, chapter) in chapters().into_iter().enumerate() {
        let mut options = EngineOptions::new(folder.path().join(number.to_string()));
        options.allowed = vec![AllowedPath {
            folder: folder.path().to_owned(),
            writable: false,
        }];
        let session = Engine::open(options).await.unwrap().session();
        // The examples name files as if they were run in the folder that holds them.
        let mut paths = Vec::new();
        for (name, content) in chapter.files {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            paths.push((format!("'{name}'"), format!("'{}'", path.display())));
        }
        let with_files = |sql: &str| {
            let replaced = paths.iter();
            replaced.fold(sql.to_owned(), |sql, (name, path)| sql.replace(name, path))
        };
        for statement in chapter.setup {
            execute(&session, &with_files(statement)).await;
        }
        for entry in chapter.entries {
            assert!(!entry.examples.is_empty(), "{} has no example", entry.name);
            for example in entry.examples {
                let given = rows(&session, &with_files(&example.sql)).await;
                assert!(given.num_rows() > 0, "no rows: {}", example.sql);
                let given = text(&given);
                match example.result {
                    Some(result) if result != given => {
                        wrong.push(format!(
                            "{}\n  says  {result}\n  gives {given}",
                            example.sql
                        ));
                    }
                    Some(_) => told += 1,
                    None => {}
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(told > 50, "{told} examples");
}

#[test]
fn the_reference_has_short_sentences() {
    let (mut words, mut sentences) = (0, 0);
    for (path, page) in pages() {
        let mut code = false;
        for line in page.lines() {
            code ^= line.starts_with("```");
            if code || line.is_empty() || line.starts_with(['#', '|', '`', '<']) {
                continue;
            }
            for sentence in line.split(". ").filter(|it| !it.is_empty()) {
                let length = sentence.split_whitespace().count();
                assert!(length <= 35, "{path}: {length} words: {sentence}");
                words += length;
                sentences += 1;
            }
        }
    }
    let mean = f64::from(words as u32) / f64::from(sentences);
    assert!(mean <= 18.0, "{mean:.1} words a sentence");
}
