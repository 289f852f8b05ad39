//! `LOAD FILES`: see [`crate::parse`] for what is written, `spotql_catalog`'s module `load` for which files are read and
//! what is kept of them. Here the query over them is planned, and what happened is put into words.

mod carry;
mod plan;
mod rejected;

use datafusion::sql::sqlparser::ast;
use spotql_catalog::{FileSet, LoadReport, LoadRequest, SkippedFile, Table};

use super::values::partition_values;
use crate::error::Result;
use crate::parse::{Limits, LoadFiles, Statement, parse};
use crate::session::{Done, Session};

/// How many files a message names.
const NAMED: usize = 3;

pub(super) async fn run(session: &Session, load: LoadFiles) -> Result<Done> {
    let table = session.table(&load.table).await?;
    let partition = partition_values(session, load.partition).await?;
    let warehouse = session.warehouse();
    let files = warehouse
        .files_to_load(&table, &load.path, load.again)
        .await?;
    files.require(&load.require)?;
    let query = match load.query {
        Some(query) => *query,
        None => every_column()?,
    };
    let mut outcome = Loaded {
        table: table.full_name(),
        known: files.known.clone(),
        left_out: files.left_out.clone(),
        changed: files.changed.clone(),
        ..Loaded::default()
    };
    if !files.is_empty() {
        outcome.files = files.paths().len();
        outcome.read = files.rows();
        outcome.partitioned = table.is_partitioned();
        outcome.report = execute(session, &table, files, partition, query).await?;
    }
    Ok(Done {
        message: outcome.message(),
        rows: Some(outcome.report.loaded),
    })
}

async fn execute(
    session: &Session,
    table: &Table,
    files: FileSet,
    partition: Vec<(String, Option<Option<String>>)>,
    query: ast::Query,
) -> Result<LoadReport> {
    let files = std::sync::Arc::new(files);
    let planned = plan::plan(session, table, &files, &partition, query).await?;
    let fixed = partition
        .into_iter()
        .filter_map(|(column, value)| value.map(|value| (column, value)))
        .collect();
    let state = session.state();
    let rejected = planned.rejected.into_iter().map(|(name, value)| {
        let value = state.create_physical_expr(value, planned.rows.schema())?;
        Ok((name, value))
    });
    let request = LoadRequest {
        partition: fixed,
        rows: session.physical_plan(&planned.rows).await?,
        rejected: rejected.collect::<Result<_>>()?,
        missing: planned.missing,
    };
    let task = session.task_context();
    Ok(session
        .warehouse()
        .load(table, &files, request, task)
        .await?)
}

fn every_column() -> Result<ast::Query> {
    match parse("SELECT * FROM files", &Limits::default())? {
        Statement::Query(statement) => match *statement {
            ast::Statement::Query(query) => Ok(*query),
            _ => Err(crate::Error::Empty),
        },
        _ => Err(crate::Error::Empty),
    }
}

/// What a load did, to be told.
#[derive(Debug, Default)]
struct Loaded {
    table: String,
    partitioned: bool,
    files: usize,
    read: u64,
    report: LoadReport,
    known: Vec<SkippedFile>,
    left_out: Vec<SkippedFile>,
    changed: Vec<String>,
}

impl Loaded {
    fn message(&self) -> String {
        let LoadReport {
            loaded,
            rejected,
            partitions,
        } = self.report;
        let mut said = Vec::new();
        if self.files == 0 {
            said.push(format!("nothing to load into {}", self.table));
        } else {
            let mut into = format!(
                "{} read from {}: {loaded} loaded into {}",
                counted(self.read, "row"),
                counted(self.files as u64, "file"),
                self.table
            );
            if self.partitioned {
                into.push_str(&format!(" ({})", counted(partitions, "partition")));
            }
            if rejected > 0 {
                into.push_str(&format!(
                    ", {rejected} without a day or another partition value, which are in {}_rejected with the reason",
                    self.table
                ));
            }
            let others = self.read.saturating_sub(loaded + rejected);
            if others > 0 {
                into.push_str(&format!(", {others} left out by WHERE"));
            }
            said.push(into);
        }
        if !self.known.is_empty() {
            said.push(format!(
                "{} skipped, loaded before ({}); AGAIN, or --var again=true for a load script, loads such files once more",
                counted(self.known.len() as u64, "file"),
                listed(&self.known)
            ));
        }
        if !self.left_out.is_empty() {
            said.push(format!(
                "{} left out ({})",
                counted(self.left_out.len() as u64, "file"),
                listed(&self.left_out)
            ));
        }
        if !self.changed.is_empty() {
            said.push(format!(
                "{} had been loaded with other contents, whose rows are still there ({})",
                counted(self.changed.len() as u64, "file"),
                first(self.changed.iter().cloned())
            ));
        }
        said.join("; ")
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn listed(files: &[SkippedFile]) -> String {
    first(
        files
            .iter()
            .map(|it| format!("'{}' {}", it.path, it.reason)),
    )
}

/// The first few, and whether there are more.
fn first(texts: impl ExactSizeIterator<Item = String>) -> String {
    let more = texts.len().saturating_sub(NAMED);
    let mut shown: Vec<String> = texts.take(NAMED).collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_was_read_loaded_kept_apart_and_skipped() {
        let loaded = Loaded {
            table: "d.t".to_owned(),
            partitioned: true,
            files: 2,
            read: 10,
            report: LoadReport {
                loaded: 7,
                rejected: 2,
                partitions: 1,
            },
            known: vec![SkippedFile {
                path: "/a".to_owned(),
                reason: "was loaded at noon".to_owned(),
            }],
            ..Loaded::default()
        };
        let message = loaded.message();
        for part in [
            "10 rows read from 2 files: 7 loaded into d.t (1 partition), 2 without a day",
            "in d.t_rejected",
            "1 left out by WHERE; 1 file skipped, loaded before ('/a' was loaded at noon)",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}
