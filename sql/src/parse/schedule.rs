//! The statements on schedules.
//!
//! ```text
//! CREATE [OR REPLACE] SCHEDULE [IF NOT EXISTS] name EVERY '4 hours' | CRON '10 */4 * * *'
//!   [OPTIONS ('variable' = 'value', …)] AS RUN 'script'
//! DROP SCHEDULE [IF EXISTS] name      SHOW SCHEDULES
//! ```

use datafusion::sql::sqlparser::parser::Parser;

use super::hive::{identifier, take};
use super::source::key_values;
use super::statement::{CreateSchedule, Statement};
use crate::error::{Error, Result};
use crate::timing::Timing;

/// Parses one of the statements of this file, or returns none and leaves the parser untouched.
pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Option<Statement>> {
    if take(parser, &["SHOW", "SCHEDULES"]) {
        return Ok(Some(Statement::ShowSchedules));
    }
    if take(parser, &["DROP", "SCHEDULE"]) {
        return Ok(Some(Statement::DropSchedule {
            if_exists: take(parser, &["IF", "EXISTS"]),
            name: identifier(parser)?,
        }));
    }
    let or_replace = take(parser, &["CREATE", "OR", "REPLACE", "SCHEDULE"]);
    if !or_replace && !take(parser, &["CREATE", "SCHEDULE"]) {
        return Ok(None);
    }
    let if_not_exists = take(parser, &["IF", "NOT", "EXISTS"]);
    let name = identifier(parser)?;
    let missing = |parser: &Parser<'_>, what: &str| {
        Error::Syntax(format!(
            "CREATE SCHEDULE {name}: {what} is expected here, not '{}'",
            parser.peek_token().token
        ))
    };
    let timing = if take(parser, &["EVERY"]) {
        Timing::every(&parser.parse_literal_string()?)
    } else if take(parser, &["CRON"]) {
        Timing::cron(&parser.parse_literal_string()?)
    } else {
        return Err(missing(parser, "EVERY '4 hours' or CRON '10 */4 * * *'"));
    };
    let timing = timing.map_err(|why| Error::Syntax(format!("CREATE SCHEDULE {name}: {why}")))?;
    let mut variables = Vec::new();
    let options = |parser: &mut Parser<'_>, variables: &mut Vec<_>| -> Result<()> {
        if take(parser, &["OPTIONS"]) {
            variables.extend(key_values(parser)?);
        }
        Ok(())
    };
    options(parser, &mut variables)?;
    if !take(parser, &["AS", "RUN"]) {
        return Err(missing(parser, "AS RUN 'script'"));
    }
    let script = parser.parse_literal_string()?;
    options(parser, &mut variables)?;
    Ok(Some(Statement::CreateSchedule(CreateSchedule {
        name,
        or_replace,
        if_not_exists,
        timing,
        script,
        variables,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_has_a_time_and_a_script() {
        let created =
            |sql: &str| match crate::parse::parse(sql, &crate::parse::Limits::default()).unwrap() {
                Statement::CreateSchedule(create) => create,
                other => panic!("{sql} is {other:?}"),
            };
        let create = created(
            "create or replace schedule Flows every '4 hours' options (Source = 'flow') as run 'day.sql';",
        );
        let expected = CreateSchedule {
            name: "flows".to_owned(),
            or_replace: true,
            if_not_exists: false,
            timing: Timing::Every(4 * 3600),
            script: "day.sql".to_owned(),
            variables: vec![("Source".to_owned(), "flow".to_owned())],
        };
        assert_eq!(create, expected);
        let create = created(
            "CREATE SCHEDULE IF NOT EXISTS x CRON '10 */4 * * *' AS RUN 'a.sql' OPTIONS ('limit' = 5)",
        );
        assert_eq!(create.timing, Timing::Cron("10 */4 * * *".to_owned()));
        assert_eq!(create.variables, [("limit".to_owned(), "5".to_owned())]);
        for (sql, why) in [
            ("CREATE SCHEDULE x AS RUN 'a'", "EVERY '4 hours' or CRON"),
            (
                "CREATE SCHEDULE x EVERY 'now' AS RUN 'a'",
                "EVERY 'now' is not accepted",
            ),
            (
                "CREATE SCHEDULE x CRON '1 2' AS RUN 'a'",
                "CRON '1 2' is not accepted",
            ),
            (
                "CREATE SCHEDULE x EVERY '1 h' RUN 'a'",
                "AS RUN 'script' is expected",
            ),
            (
                "CREATE SCHEDULE x EVERY '1 h' AS SELECT 1",
                "AS RUN 'script' is expected",
            ),
        ] {
            let error = crate::parse::parse(sql, &crate::parse::Limits::default())
                .unwrap_err()
                .to_string();
            assert!(error.contains(why), "{sql}: {error}");
        }
    }
}
