//! `PUBLISH TO 'mqtt://host/topic' [OPTIONS ('key' = 'value', …)] AS SELECT …`

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::parser::Parser;

use super::hive::take;
use super::limits::{self, Limits};
use super::source;
use super::statement::{Publish, Statement};
use crate::error::{Error, Result};

/// Parses the statement, or returns none and leaves the parser untouched.
pub(super) fn parse(parser: &mut Parser<'_>, limits: &Limits) -> Result<Option<Statement>> {
    if !take(parser, &["PUBLISH", "TO"]) {
        return Ok(None);
    }
    let url = parser.parse_literal_string()?;
    let mut options = Vec::new();
    if take(parser, &["OPTIONS"]) {
        options = source::options(parser)?;
    }
    if !take(parser, &["AS"]) {
        return Err(Error::Syntax(format!(
            "PUBLISH TO '{url}': AS SELECT … is expected here, not '{}'",
            parser.peek_token().token
        )));
    }
    let query = Box::new(ast::Statement::Query(parser.parse_query()?));
    limits::check_clauses(&query, limits)?;
    Ok(Some(Statement::Publish(Publish {
        url,
        options,
        query,
    })))
}
