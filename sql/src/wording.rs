//! DataFusion's errors in the words of this language, and what DataFusion 55.2 says in words alone.
//!
//! This is the one place of the crate, and of the server, that reads an error's text. Each text has its reason beside it, and
//! the tests run statements that fail in that way: they fail when DataFusion's words change.

use datafusion::error::DataFusionError;

/// Wrappers round the errors of planning, which name rules that mean nothing to a user. `Context` holds a text alone.
const WRAPPERS: [&str; 2] = ["Optimizer rule ", "Invalid (non-executable) plan "];

/// A `Plan` from the invariants that are checked of every plan (datafusion-expr); rules of its own have no variants.
const SEVERAL_ROWS: &str = "Correlated scalar subquery must be aggregated";

/// A `NotImplemented` from the physical planner for what the rules of subqueries have left (datafusion-physical-expr): the
/// expression is printed.
const CORRELATED: [&str; 3] = [
    "logical expression ScalarSubquery",
    "logical expression InSubquery",
    "logical expression OuterReferenceColumn",
];

/// The last line that `SchemaError::FieldNotFound` prints below the names that there are (datafusion-common).
const ADVICE_ON_NAMES: &str = "Column names are case sensitive.";

/// Whether a query failed because a table or database that it names is not there: `Plan` is of any fault in a statement.
#[must_use]
pub fn names_what_is_absent(error: &DataFusionError) -> bool {
    let DataFusionError::Plan(text) = error else {
        return false;
    };
    let first = text.lines().next().unwrap_or(text);
    (first.starts_with("table '") && first.ends_with("' not found"))
        || first.starts_with("failed to resolve schema:")
        || first.starts_with("failed to resolve catalog:")
}

/// A DataFusion error without backtraces and without the wrappers that mean nothing to a user.
pub(crate) fn readable(error: &DataFusionError) -> String {
    match error {
        DataFusionError::Context(context, inner)
            if WRAPPERS.iter().any(|it| context.starts_with(it)) =>
        {
            readable(inner)
        }
        DataFusionError::Context(context, inner) => format!("{context}: {}", readable(inner)),
        DataFusionError::Shared(inner) => readable(inner),
        DataFusionError::Diagnostic(_, inner) => readable(inner),
        DataFusionError::External(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(inner) => readable(inner),
            None => inner.to_string(),
        },
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            datafusion::arrow::error::ArrowError::DivideByZero => {
                "division of an integer by zero; a / nullif(b, 0) is NULL there".to_owned()
            }
            datafusion::arrow::error::ArrowError::ExternalError(inner) => {
                match inner.downcast_ref::<DataFusionError>() {
                    Some(inner) => readable(inner),
                    None => inner.to_string(),
                }
            }
            other => other.to_string(),
        },
        DataFusionError::Collection(errors) => {
            errors.iter().map(readable).collect::<Vec<_>>().join("; ")
        }
        DataFusionError::Plan(text)
            if text.contains(SEVERAL_ROWS) =>
        {
            "a subquery in place of a value, which names columns from outside, may give several rows: write an aggregate, \
             or LIMIT 1"
                .to_owned()
        }
        DataFusionError::Plan(text)
        | DataFusionError::Execution(text)
        | DataFusionError::Configuration(text) => without_backtrace(text),
        DataFusionError::NotImplemented(text)
            if CORRELATED.iter().any(|it| text.contains(it)) =>
        {
            "a subquery that names columns from outside can compare them by = in its WHERE alone; its only LIMIT can be \
             LIMIT 1 in place of a value. Join with it, grouped by what is compared"
                .to_owned()
        }
        DataFusionError::SchemaError(..) => in_our_quotes(&without_backtrace(&error.to_string())),
        other => without_backtrace(&other.to_string()),
    }
}

/// DataFusion's advice on names is for a dialect in which double quotes are for names.
fn in_our_quotes(text: &str) -> String {
    let lines = text.lines().map(|line| {
        match line.starts_with(ADVICE_ON_NAMES) {
            true => "A name in back-ticks is taken as it is written; columns of tables are in lower case.",
            false => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn without_backtrace(text: &str) -> String {
    text.split(DataFusionError::BACK_TRACE_SEP)
        .next()
        .unwrap_or(text)
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use crate::{Engine, EngineOptions, Error, Outcome};
    use futures::TryStreamExt;

    use super::*;

    /// What a statement fails with on tables t and u, each with a column a INT.
    async fn failure(sql: &str) -> Error {
        let folder = tempfile::tempdir().unwrap();
        let session = Engine::open(EngineOptions::new(folder.path().join("warehouse")))
            .await
            .unwrap()
            .session();
        for statement in ["CREATE TABLE t (a INT)", "CREATE TABLE u (a INT)"] {
            session.execute(statement).await.unwrap();
        }
        match session.execute(sql).await {
            Err(error) => error,
            Ok(Outcome::Rows(rows)) => rows.try_collect::<Vec<_>>().await.unwrap_err().into(),
            Ok(Outcome::Done(done)) => panic!("{sql}: {}", done.message),
        }
    }

    #[tokio::test]
    async fn what_is_absent_is_known_by_datafusions_words() {
        for sql in ["SELECT * FROM nowhere", "SELECT * FROM nowhere.t"] {
            let Error::Query(error) = failure(sql).await else {
                panic!("{sql}");
            };
            let root = match &error {
                DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => inner,
                other => other,
            };
            assert!(names_what_is_absent(root), "{sql}: {error:?}");
        }
        let Error::Query(error) = failure("SELECT b FROM t").await else {
            panic!("a column is DataFusion's");
        };
        assert!(!names_what_is_absent(&error));
    }

    #[tokio::test]
    async fn datafusions_words_are_put_into_ours() {
        for (sql, words) in [
            (
                "SELECT (SELECT u.a FROM u WHERE u.a = t.a) FROM t",
                "may give several rows: write an aggregate",
            ),
            (
                "SELECT (SELECT max(u.a) FROM u WHERE u.a > t.a) FROM t",
                "can compare them by = in its WHERE alone",
            ),
            (
                "SELECT aa FROM (SELECT 1 AS `Aa`) x",
                "A name in back-ticks is taken as it is written",
            ),
        ] {
            let said = failure(sql).await.to_string();
            assert!(said.contains(words), "{sql}: {said}");
            assert!(!WRAPPERS.iter().any(|it| said.contains(it)), "{said}");
        }
    }

    #[tokio::test]
    async fn parameters_are_refused_before_they_are_planned() {
        for sql in [
            "SELECT * FROM t WHERE a = ?",
            "SELECT ?",
            "EXPLAIN SELECT a FROM t WHERE a > ?",
            "INSERT INTO t SELECT ?",
            "SELECT * FROM t WHERE a IN (SELECT a FROM u WHERE a = ?)",
        ] {
            let error = failure(sql).await;
            assert!(matches!(error, Error::Parameters), "{sql}: {error}");
        }
    }
}
