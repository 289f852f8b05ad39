//! The statements on sources of context: geo databases, indicator lists, network lists, reputation services.
//!
//! ```text
//! CREATE [OR REPLACE] kind [IF NOT EXISTS] name LOCATION 'file' [OPTIONS ('key' = 'value', …)]
//! CREATE [OR REPLACE] kind [IF NOT EXISTS] name [OPTIONS (…)] AS SELECT …
//! REFRESH kind name      DROP kind [IF EXISTS] name      SHOW kinds
//! SHOW INDICATOR LIST name REJECTED
//! ```

use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Location, Token};

use super::hive::{comes, identifier, skip, take};
use super::statement::{CreateSource, Origin, SourceKind, Statement};
use crate::error::{Error, Result};

/// Parses one of the statements of this file, or returns none and leaves the parser untouched.
pub(super) fn parse(parser: &mut Parser<'_>, sql: &str) -> Result<Option<Statement>> {
    let verbs = ["CREATE", "DROP", "REFRESH", "SHOW"];
    let Some(verb) = verbs.into_iter().find(|verb| comes(parser, 0, &[verb])) else {
        return Ok(None);
    };
    let or_replace = verb == "CREATE" && comes(parser, 1, &["OR", "REPLACE"]);
    let before = if or_replace { 3 } else { 1 };
    if verb == "SHOW" && comes(parser, 1, &["INDICATOR", "LIST"]) {
        skip(parser, 3);
        let name = identifier(parser)?;
        if !take(parser, &["REJECTED"]) {
            return Err(Error::Syntax(format!(
                "SHOW INDICATOR LIST {name}: REJECTED is expected here, not '{}'; SHOW INDICATOR LISTS lists all",
                parser.peek_token().token
            )));
        }
        let kind = SourceKind::Indicators;
        return Ok(Some(Statement::ShowRejected { kind, name }));
    }
    let ending = if verb == "SHOW" { "s" } else { "" };
    let Some(kind) = coming(parser, before, ending) else {
        return Ok(None);
    };
    skip(parser, before + kind.name().split(' ').count());
    Ok(Some(match verb {
        "CREATE" => create(parser, sql, kind, or_replace)?,
        "DROP" => Statement::DropSource {
            kind,
            if_exists: take(parser, &["IF", "EXISTS"]),
            name: identifier(parser)?,
        },
        "REFRESH" => Statement::RefreshSource {
            kind,
            name: identifier(parser)?,
        },
        _ => Statement::ShowSources { kind },
    }))
}

fn create(
    parser: &mut Parser<'_>,
    sql: &str,
    kind: SourceKind,
    or_replace: bool,
) -> Result<Statement> {
    let if_not_exists = take(parser, &["IF", "NOT", "EXISTS"]);
    let name = identifier(parser)?;
    let (mut location, mut options) = (None, Vec::new());
    let origin = loop {
        if take(parser, &["LOCATION"]) {
            location = Some(parser.parse_literal_string()?);
        } else if take(parser, &["OPTIONS"]) {
            options.extend(self::options(parser)?);
        } else if location.is_none() && take(parser, &["AS"]) {
            // As written: what the parser makes of it has lost its escapes.
            let from = offset(sql, parser.peek_token().span.start);
            parser.parse_query()?;
            if take(parser, &["OPTIONS"]) {
                return Err(Error::Syntax(format!(
                    "CREATE {} {name}: OPTIONS come before AS SELECT",
                    kind.name().to_uppercase()
                )));
            }
            let to = match parser.peek_token() {
                end if end.token == Token::EOF => sql.len(),
                next => offset(sql, next.span.start),
            };
            break Origin::Query(sql[from..to].trim_end().to_owned());
        } else {
            match location {
                Some(location) => break Origin::Location(location),
                None => {
                    let kind = kind.name().to_uppercase();
                    return Err(Error::Syntax(format!(
                        "CREATE {kind} {name}: LOCATION 'file' is expected here, or AS SELECT …, not '{}'",
                        parser.peek_token().token
                    )));
                }
            }
        }
    };
    Ok(Statement::CreateSource(CreateSource {
        kind,
        name,
        or_replace,
        if_not_exists,
        origin,
        options,
    }))
}

/// The byte of a text at which a place of its tokens is.
fn offset(sql: &str, place: Location) -> usize {
    let line = usize::try_from(place.line).unwrap_or(1).max(1) - 1;
    let begin: usize = sql.split_inclusive('\n').take(line).map(str::len).sum();
    let column = usize::try_from(place.column).unwrap_or(1).max(1) - 1;
    let rest = sql.get(begin..).unwrap_or_default();
    begin
        + rest
            .char_indices()
            .nth(column)
            .map_or(rest.len(), |(byte, _)| byte)
}

/// `('key' = 'value', …)`; the quotes of a key may be left out. Names in lower case.
pub(super) fn options(parser: &mut Parser<'_>) -> Result<Vec<(String, String)>> {
    let given = key_values(parser)?.into_iter();
    Ok(given
        .map(|(key, value)| (key.to_ascii_lowercase(), value))
        .collect())
}

/// Names as they are written.
pub(super) fn key_values(parser: &mut Parser<'_>) -> Result<Vec<(String, String)>> {
    parser.expect_token(&Token::LParen)?;
    let mut options = Vec::new();
    loop {
        let key = match parser.next_token().token {
            Token::Word(word) => {
                let mut key = word.value;
                while parser.consume_token(&Token::Period) {
                    key = format!("{key}.{}", parser.parse_identifier()?.value);
                }
                key
            }
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => text,
            other => {
                return Err(Error::Syntax(format!(
                    "OPTIONS: the name of an option is expected here, not '{other}'"
                )));
            }
        };
        parser.expect_token(&Token::Eq)?;
        let value = match parser.next_token().token {
            Token::Word(word) => word.value,
            Token::SingleQuotedString(text)
            | Token::DoubleQuotedString(text)
            | Token::Number(text, _) => text,
            other => {
                return Err(Error::Syntax(format!(
                    "OPTIONS: a value is expected after '{key}' =, not '{other}'"
                )));
            }
        };
        if options.iter().any(|(known, _)| *known == key) {
            return Err(Error::Syntax(format!("OPTIONS: '{key}' is given twice")));
        }
        options.push((key, value));
        if !parser.consume_token(&Token::Comma) {
            parser.expect_token(&Token::RParen)?;
            return Ok(options);
        }
    }
}

/// The kind whose name comes after `from` words; in the plural with `ending`.
fn coming(parser: &Parser<'_>, from: usize, ending: &str) -> Option<SourceKind> {
    SourceKind::ALL.into_iter().find(|kind| {
        let words = format!("{}{ending}", kind.name());
        let words: Vec<&str> = words.split(' ').collect();
        comes(parser, from, &words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(sql: &str) -> CreateSource {
        match crate::parse::parse(sql, &crate::parse::Limits::default()).unwrap() {
            Statement::CreateSource(create) => create,
            other => panic!("{sql} is {other:?}"),
        }
    }

    #[test]
    fn sources_come_from_files_or_queries() {
        let create = created(
            "create or replace indicator list Bad location '/x.csv' options ('Column' = 'url', severity = 2);",
        );
        let options = [("column", "url"), ("severity", "2")];
        let expected = CreateSource {
            kind: SourceKind::Indicators,
            name: "bad".to_owned(),
            or_replace: true,
            if_not_exists: false,
            origin: Origin::Location("/x.csv".to_owned()),
            options: options
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
        };
        assert_eq!(create, expected);
        let create = created(
            "CREATE NETWORK LIST IF NOT EXISTS own OPTIONS (internal = true) AS SELECT network, name FROM t",
        );
        assert_eq!(
            create.origin,
            Origin::Query("SELECT network, name FROM t".to_owned())
        );
        assert!(create.if_not_exists);
        let create = created(
            "CREATE NETWORK LIST own AS\n  SELECT 'ä\\\\b' AS network, -- why\n  x AS name FROM t ; ",
        );
        let query = "SELECT 'ä\\\\b' AS network, -- why\n  x AS name FROM t";
        assert_eq!(create.origin, Origin::Query(query.to_owned()));
        assert_eq!(
            created("CREATE GEO DATABASE g LOCATION 'x.mmdb'").kind,
            SourceKind::Geo
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        let error = |sql| {
            crate::parse::parse(sql, &crate::parse::Limits::default())
                .unwrap_err()
                .to_string()
        };
        assert!(
            error("CREATE GEO DATABASE g")
                .contains("CREATE GEO DATABASE g: LOCATION 'file' is expected")
        );
        assert!(error("CREATE INDICATOR LIST g LOCATION 'x' OPTIONS (a)").contains('='));
    }

    #[test]
    fn other_statements_keep_their_meaning() {
        for sql in [
            "REFRESH geo",
            "DROP TABLE geo",
            "SHOW DATABASES",
            "CREATE DATABASE geo",
            "REFRESH list.database",
        ] {
            let statement = crate::parse::parse(sql, &crate::parse::Limits::default()).unwrap();
            let ours = matches!(
                statement,
                Statement::CreateSource(_)
                    | Statement::DropSource { .. }
                    | Statement::RefreshSource { .. }
            );
            assert!(!ours, "{sql} is {statement:?}");
        }
    }
}
