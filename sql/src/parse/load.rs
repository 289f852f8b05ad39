//! `LOAD FILES`: Parquet files that lie anywhere into a table.
//!
//! ```text
//! LOAD FILES 'path' INTO [TABLE] t [PARTITION (column [= value], …)]
//!   [REQUIRE (column [OR column …], …)] [AGAIN [TRUE | FALSE]] [AS SELECT … FROM files …]
//! ```

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;

use super::hive::{comes, identifier, partition_spec, skip, table_name, take};
use super::limits::{self, Limits};
use super::statement::{LoadFiles, Statement};
use crate::error::{Error, Result};

/// Parses the statement of this file, or returns none and leaves the parser untouched.
pub(super) fn parse(parser: &mut Parser<'_>, limits: &Limits) -> Result<Option<Statement>> {
    if comes(parser, 0, &["LOAD", "DATA"]) {
        return Err(Error::Unsupported {
            what: "LOAD DATA, which moves files into a table's folder,".to_owned(),
            instead: "write LOAD FILES 'path' INTO TABLE t …, which reads them and leaves them where they are".to_owned(),
        });
    }
    if !comes(parser, 0, &["LOAD", "FILES"]) {
        return Ok(None);
    }
    skip(parser, 2);
    let path = match parser.peek_token().token {
        Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => {
            parser.parse_literal_string()?
        }
        other => {
            return Err(Error::Syntax(format!(
                "LOAD FILES: the path of a file or folder, or a pattern, is expected here in quotes, not '{other}'"
            )));
        }
    };
    if !take(parser, &["INTO"]) {
        return Err(expected(parser, "INTO TABLE t"));
    }
    let _ = take(parser, &["TABLE"]);
    let mut load = LoadFiles {
        path,
        table: table_name(parser)?,
        partition: Vec::new(),
        require: Vec::new(),
        again: false,
        query: None,
    };
    if take(parser, &["PARTITION"]) {
        load.partition = partition_spec(parser)?;
    }
    if take(parser, &["REQUIRE"]) {
        load.require = required(parser)?;
    }
    if take(parser, &["AGAIN"]) {
        load.again = !take(parser, &["FALSE"]);
        let _ = load.again && take(parser, &["TRUE"]);
    }
    if take(parser, &["AS"]) {
        let query = parser.parse_query()?;
        limits::check_clauses(&ast::Statement::Query(query.clone()), limits)?;
        load.query = Some(query);
    } else if !matches!(parser.peek_token().token, Token::EOF | Token::SemiColon) {
        return Err(expected(
            parser,
            "PARTITION, REQUIRE, AGAIN or AS SELECT …, in this order,",
        ));
    }
    Ok(Some(Statement::LoadFiles(Box::new(load))))
}

fn expected(parser: &Parser<'_>, what: &str) -> Error {
    Error::Syntax(format!(
        "LOAD FILES: {what} is expected here, not '{}'",
        parser.peek_token().token
    ))
}

/// `(a, b OR c)`.
fn required(parser: &mut Parser<'_>) -> Result<Vec<Vec<String>>> {
    parser.expect_token(&Token::LParen)?;
    let mut columns = Vec::new();
    loop {
        let mut any = vec![identifier(parser)?];
        while take(parser, &["OR"]) {
            any.push(identifier(parser)?);
        }
        columns.push(any);
        if !parser.consume_token(&Token::Comma) {
            parser.expect_token(&Token::RParen)?;
            return Ok(columns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(sql: &str) -> LoadFiles {
        match crate::parse::parse(sql, &crate::parse::Limits::default()).unwrap() {
            Statement::LoadFiles(load) => *load,
            other => panic!("{sql} is {other:?}"),
        }
    }

    #[test]
    fn all_clauses_are_read() {
        let read = load(
            " load files '/in' into table d.T partition (site = 'a', y) require (A, b or C) again \
             as select *, 1 as y from files where a is not null;",
        );
        assert_eq!(read.path, "/in");
        assert_eq!(read.table.database.as_deref(), Some("d"));
        assert_eq!(read.table.name, "t");
        assert_eq!(read.partition.len(), 2);
        assert_eq!(read.require, [vec!["a"], vec!["b", "c"]]);
        assert!(read.again && read.query.is_some());
        for (sql, again) in [
            ("LOAD FILES \"x\" INTO t", false),
            ("LOAD FILES 'x' INTO t AGAIN true", true),
            (
                "LOAD FILES 'x' INTO t AGAIN FALSE AS SELECT * FROM files",
                false,
            ),
        ] {
            assert_eq!(load(sql).again, again, "{sql}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (sql, part) in [
            ("LOAD FILES t", "in quotes"),
            ("LOAD FILES 'x' t", "INTO TABLE t is expected"),
            ("LOAD FILES 'x' INTO t REQUIRE a", "("),
            ("LOAD FILES 'x' INTO t SELECT 1", "AS SELECT"),
            ("LOAD FILES 'x' INTO t AGAIN REQUIRE (a)", "in this order"),
            ("LOAD DATA INPATH 'x' INTO TABLE t", "LOAD FILES 'path'"),
        ] {
            let error = crate::parse::parse(sql, &crate::parse::Limits::default())
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{sql}: {error}");
        }
    }
}
