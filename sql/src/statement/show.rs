//! `SHOW DATABASES`, `SHOW TABLES`, `SHOW PARTITIONS`, `SHOW WRITES`.

use datafusion::arrow::array::RecordBatch;

use crate::error::Result;
use crate::parse::TableName;
use crate::session::{Session, text_rows};

pub(super) async fn databases(session: &Session, like: Option<&str>) -> Result<RecordBatch> {
    let names = session
        .warehouse()
        .databases()
        .await?
        .into_iter()
        .map(|database| database.name);
    text_rows(&["database_name"], named(names, like))
}

pub(super) async fn tables(
    session: &Session,
    database: Option<String>,
    like: Option<&str>,
) -> Result<RecordBatch> {
    let database = database.unwrap_or_else(|| session.database());
    let names = match session.system_schema(&database).await? {
        Some(system) => system.table_names(),
        None => session.warehouse().tables(&database).await?,
    };
    text_rows(&["tab_name"], named(names.into_iter(), like))
}

/// One row a partition: Hive's name of it, then what the metastore knows.
pub(super) async fn partitions(session: &Session, name: &TableName) -> Result<RecordBatch> {
    let table = session.table(name).await?;
    let rows = session
        .warehouse()
        .partitions(&table)
        .await?
        .partitions
        .iter()
        .map(|partition| {
            vec![
                Some(partition.name.clone()),
                partition.row_count().map(|rows| rows.to_string()),
                Some(partition.files.len().to_string()),
                Some(partition.size().to_string()),
                Some(partition.location.to_string()),
            ]
        })
        .collect();
    text_rows(&["partition", "rows", "files", "bytes", "location"], rows)
}

/// Writes that have not ended, and replaced files that could not be deleted. Times are UTC.
pub(super) async fn writes(session: &Session) -> Result<RecordBatch> {
    let time = |micros: i64| {
        let time = chrono::DateTime::from_timestamp_micros(micros)?;
        Some(time.format("%Y-%m-%d %H:%M:%S").to_string())
    };
    let writes = session.warehouse().unfinished_writes().await?;
    let rows = writes.into_iter().map(|write| {
        vec![
            Some(write.id),
            write.table,
            Some(write.state),
            write.owner,
            time(write.started),
            write.error,
            write.failed_at.and_then(time),
        ]
    });
    let names = [
        "write",
        "table",
        "state",
        "owner",
        "started",
        "error",
        "failed_at",
    ];
    text_rows(&names, rows.collect())
}

fn named(names: impl Iterator<Item = String>, like: Option<&str>) -> Vec<Vec<Option<String>>> {
    names
        .filter(|name| like.is_none_or(|pattern| matches(pattern, name)))
        .map(|name| vec![Some(name)])
        .collect()
}

/// Hive's pattern: `*` and `%` stand for any text, `|` separates alternatives; case is ignored.
///
/// The first place of each part is taken: no other could do better, so that no pattern takes long.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let one = |pattern: &str| {
        let mut parts = pattern.split(['*', '%']);
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    };
    pattern.split('|').any(|pattern| one(pattern.trim()))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn hive_patterns_have_stars_and_alternatives() {
        assert!(matches("flow*", "flow_scores"));
        assert!(matches("DNS|flow", "flow"));
        assert!(matches("%score%", "flow_scores"));
        assert!(!matches("flow", "flow_scores"));
        assert!(matches("*", "") && matches("", "") && !matches("", "a"));
        assert!(matches("a*b*c", "aXbYbc") && !matches("a*b*c", "acb"));
        assert!(!matches("ab*ba", "aba"), "parts do not share letters");
    }

    #[test]
    fn a_pattern_of_many_stars_is_answered_at_once() {
        let pattern = "*a".repeat(200) + "*b";
        assert!(!matches(&pattern, &"a".repeat(10_000)));
    }
}
