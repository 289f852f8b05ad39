//! Reads the golden vectors of the original (`../shared/spec/golden`). The tests of `spotql-functions` read them with the
//! same file.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A row of a golden file; `None` is null.
pub(crate) type Row = Vec<Option<String>>;

/// What stands for a word that cannot be made.
pub(crate) const WORD_ERROR: &str = "word_error";

/// A golden file, or `None` and a line of output where the shared folder is absent.
pub(crate) fn path(file: &str) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if shared.is_dir() {
        return Some(shared.join("spec/golden").join(file));
    }
    println!("skipped: ../shared is absent");
    None
}

/// The rows of a golden file below its header.
pub(crate) fn rows(file: &str) -> Option<Vec<Row>> {
    let text = fs::read_to_string(path(file)?).unwrap();
    let lines = text.strip_suffix('\n').unwrap().split('\n').skip(1);
    let rows: Vec<Row> = lines
        .map(|line| line.split('\t').map(unescape).collect())
        .collect();
    assert!(rows.len() > 10, "{file} holds {} rows", rows.len());
    Some(rows)
}

fn unescape(field: &str) -> Option<String> {
    if field == "\\N" {
        return None;
    }
    let mut text = String::new();
    let mut chars = field.chars();
    while let Some(char) = chars.next() {
        text.push(match (char, char == '\\') {
            (_, true) => match chars.next().unwrap() {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                other => other,
            },
            (other, false) => other,
        });
    }
    Some(text)
}

/// How often each agent occurs; one that is not listed makes no word.
pub(crate) fn agent_counts() -> Option<HashMap<String, i64>> {
    let rows = rows("proxy_agent_counts.tsv")?;
    Some(
        rows.iter()
            .map(|row| (text(row, 0).to_owned(), number(row, 1)))
            .collect(),
    )
}

pub(crate) fn text(row: &Row, column: usize) -> &str {
    row[column].as_deref().unwrap()
}

pub(crate) fn number(row: &Row, column: usize) -> i64 {
    text(row, column).parse().unwrap()
}
