//! The small statements of Hive and Impala: databases, SHOW, DESCRIBE, partitions, REFRESH, SET.

use datafusion::sql::sqlparser::ast::{self, Expr, Ident, ObjectName};
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, Word};

use super::statement::{PartitionSpec, Statement, TableName};
use crate::error::{Error, Result};

/// Parses one of the statements of this file, or returns none and leaves the parser untouched.
pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Option<Statement>> {
    let words = leading_words(parser);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(Some(match words.as_slice() {
        ["CREATE", "DATABASE" | "SCHEMA", ..] => create_database(parser)?,
        ["DROP", "DATABASE" | "SCHEMA", ..] => drop_database(parser)?,
        ["DROP", "TABLE", ..] => {
            skip(parser, 2);
            let if_exists = take(parser, &["IF", "EXISTS"]);
            let table = table_name(parser)?;
            let _ = take(parser, &["PURGE"]);
            Statement::DropTable { table, if_exists }
        }
        ["USE", ..] => {
            skip(parser, 1);
            Statement::Use {
                database: identifier(parser)?,
            }
        }
        ["SHOW", "DATABASES" | "SCHEMAS", ..] => {
            skip(parser, 2);
            Statement::ShowDatabases {
                like: like(parser)?,
            }
        }
        ["SHOW", "TABLES", ..] => {
            skip(parser, 2);
            let database = (take(parser, &["IN"]) || take(parser, &["FROM"]))
                .then(|| identifier(parser))
                .transpose()?;
            Statement::ShowTables {
                database,
                like: like(parser)?,
            }
        }
        ["SHOW", "WRITES", ..] => {
            skip(parser, 2);
            Statement::ShowWrites
        }
        ["SHOW", "PARTITIONS", ..] => {
            skip(parser, 2);
            Statement::ShowPartitions {
                table: table_name(parser)?,
            }
        }
        ["SHOW", "CREATE", "TABLE", ..] => {
            skip(parser, 3);
            Statement::ShowCreateTable {
                table: table_name(parser)?,
            }
        }
        ["DESCRIBE" | "DESC", rest @ ..]
            if !matches!(
                rest.first(),
                Some(&("SELECT" | "WITH" | "INSERT" | "ANALYZE"))
            ) =>
        {
            skip(parser, 1);
            let _ = take(parser, &["TABLE"]);
            let formatted = take(parser, &["FORMATTED"]) || take(parser, &["EXTENDED"]);
            Statement::Describe {
                table: table_name(parser)?,
                formatted,
            }
        }
        ["MSCK", ..] => {
            skip(parser, 1);
            let _ = take(parser, &["REPAIR"]);
            let _ = take(parser, &["TABLE"]);
            let table = table_name(parser)?;
            for action in ["ADD", "SYNC"] {
                let _ = take(parser, &[action, "PARTITIONS"]);
            }
            Statement::Repair { table }
        }
        ["REFRESH", ..] => {
            skip(parser, 1);
            let _ = take(parser, &["TABLE"]);
            let table = table_name(parser)?;
            let partition = take(parser, &["PARTITION"])
                .then(|| partition_spec(parser))
                .transpose()?;
            Statement::Refresh { table, partition }
        }
        ["INVALIDATE", "METADATA", rest @ ..] => {
            skip(parser, 2);
            let table = (!rest.is_empty()).then(|| table_name(parser)).transpose()?;
            Statement::Invalidate { table }
        }
        ["ALTER", "TABLE", ..] => return alter_table(parser),
        ["SET", ..] => set(parser)?,
        _ => return Ok(None),
    }))
}

fn create_database(parser: &mut Parser<'_>) -> Result<Statement> {
    skip(parser, 2);
    let if_not_exists = take(parser, &["IF", "NOT", "EXISTS"]);
    let name = identifier(parser)?;
    let (mut comment, mut location) = (None, None);
    loop {
        if take(parser, &["COMMENT"]) {
            comment = Some(parser.parse_literal_string()?);
        } else if take(parser, &["LOCATION"]) {
            location = Some(parser.parse_literal_string()?);
        } else {
            return Ok(Statement::CreateDatabase {
                name,
                if_not_exists,
                comment,
                location,
            });
        }
    }
}

fn drop_database(parser: &mut Parser<'_>) -> Result<Statement> {
    skip(parser, 2);
    let if_exists = take(parser, &["IF", "EXISTS"]);
    let name = identifier(parser)?;
    let cascade = take(parser, &["CASCADE"]);
    let _ = take(parser, &["RESTRICT"]);
    Ok(Statement::DropDatabase {
        name,
        if_exists,
        cascade,
    })
}

/// `ALTER TABLE t ADD|DROP …PARTITION`; other alterations are told apart by sqlparser.
fn alter_table(parser: &mut Parser<'_>) -> Result<Option<Statement>> {
    // What follows the name is looked at before anything is consumed.
    let mut after = 3;
    while parser.peek_nth_token(after).token == Token::Period {
        after += 2;
    }
    let follows = |words: &[&str]| comes(parser, after, words);
    let adds =
        follows(&["ADD", "PARTITION"]) || follows(&["ADD", "IF", "NOT", "EXISTS", "PARTITION"]);
    let drops = follows(&["DROP", "PARTITION"]) || follows(&["DROP", "IF", "EXISTS", "PARTITION"]);
    let recovers = follows(&["RECOVER", "PARTITIONS"]);
    if !(adds || drops || recovers) {
        return Ok(None);
    }
    skip(parser, 2);
    let table = table_name(parser)?;
    if adds {
        skip(parser, 1);
        let if_not_exists = take(parser, &["IF", "NOT", "EXISTS"]);
        let mut partitions = Vec::new();
        while take(parser, &["PARTITION"]) {
            let spec = partition_spec(parser)?;
            let location = take(parser, &["LOCATION"])
                .then(|| parser.parse_literal_string())
                .transpose()?;
            partitions.push((spec, location));
        }
        return Ok(Some(Statement::AddPartitions {
            table,
            if_not_exists,
            partitions,
        }));
    }
    if drops {
        skip(parser, 1);
        let if_exists = take(parser, &["IF", "EXISTS"]);
        let mut partitions = Vec::new();
        while take(parser, &["PARTITION"]) {
            partitions.push(partition_spec(parser)?);
            let _ = parser.consume_token(&Token::Comma);
        }
        let _ = take(parser, &["PURGE"]);
        return Ok(Some(Statement::DropPartitions {
            table,
            if_exists,
            partitions,
        }));
    }
    skip(parser, 2);
    Ok(Some(Statement::Repair { table }))
}

/// Everything up to the end of the statement is the value, as Hive takes it.
fn set(parser: &mut Parser<'_>) -> Result<Statement> {
    skip(parser, 1);
    let mut text = String::new();
    loop {
        let token = parser.peek_token_no_skip();
        match token.token {
            Token::EOF | Token::SemiColon => break,
            Token::SingleQuotedString(value) | Token::DoubleQuotedString(value) => {
                text.push_str(&value);
            }
            Token::Whitespace(ast_whitespace) => {
                let space = ast_whitespace.to_string();
                if !space.starts_with("--") && !space.starts_with("/*") {
                    text.push_str(&space);
                }
            }
            other => text.push_str(&other.to_string()),
        }
        let _ = parser.next_token_no_skip();
    }
    Ok(match text.split_once('=') {
        Some((name, value)) => Statement::Set {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
        },
        None => {
            let name = text.trim();
            let words: Vec<&str> = name.split_whitespace().collect();
            match words.as_slice() {
                [schema, database] if schema.eq_ignore_ascii_case("schema") => {
                    return Ok(Statement::Use {
                        database: database.trim_matches('`').to_ascii_lowercase(),
                    });
                }
                [time, zone, value]
                    if time.eq_ignore_ascii_case("time") && zone.eq_ignore_ascii_case("zone") =>
                {
                    return Ok(Statement::Set {
                        name: "timezone".to_owned(),
                        value: (*value).to_owned(),
                    });
                }
                [] | [_] => {}
                _ => {
                    return Err(Error::Unsupported {
                        what: format!("SET {name}"),
                        instead: "write SET name = value, or USE for another database".to_owned(),
                    });
                }
            }
            Statement::ShowSettings {
                name: (!name.is_empty()).then(|| name.to_owned()),
            }
        }
    })
}

/// `(column = value, column, …)`.
pub(super) fn partition_spec(parser: &mut Parser<'_>) -> Result<PartitionSpec> {
    parser.expect_token(&Token::LParen)?;
    let entries = parser.parse_comma_separated(Parser::parse_expr)?;
    parser.expect_token(&Token::RParen)?;
    partition_entries(entries)
}

/// The entries of a PARTITION clause as sqlparser reads them.
pub(crate) fn partition_entries(entries: Vec<Expr>) -> Result<PartitionSpec> {
    entries
        .into_iter()
        .map(|entry| match entry {
            Expr::Identifier(name) => Ok((name.value.to_ascii_lowercase(), None)),
            Expr::BinaryOp {
                left,
                op: ast::BinaryOperator::Eq,
                right,
            } => match *left {
                Expr::Identifier(name) => Ok((name.value.to_ascii_lowercase(), Some(*right))),
                other => Err(not_an_entry(&other)),
            },
            other => Err(not_an_entry(&other)),
        })
        .collect()
}

fn not_an_entry(expr: &Expr) -> Error {
    Error::Syntax(format!(
        "PARTITION ({expr}): 'column = value' is expected, or 'column' for a dynamic partition"
    ))
}

fn like(parser: &mut Parser<'_>) -> Result<Option<String>> {
    let _ = take(parser, &["LIKE"]);
    match parser.peek_token().token {
        Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => {
            Ok(Some(parser.parse_literal_string()?))
        }
        _ => Ok(None),
    }
}

pub(super) fn table_name(parser: &mut Parser<'_>) -> Result<TableName> {
    TableName::try_from(&parser.parse_object_name(false)?)
}

impl TryFrom<&ObjectName> for TableName {
    type Error = Error;

    fn try_from(name: &ObjectName) -> Result<Self> {
        let part = |ident: &Ident| ident.value.to_ascii_lowercase();
        let parts: Vec<String> = name
            .0
            .iter()
            .filter_map(|name| name.as_ident().map(part))
            .collect();
        match parts.as_slice() {
            [table] => Ok(Self {
                database: None,
                name: table.clone(),
            }),
            [database, table] => Ok(Self {
                database: Some(database.clone()),
                name: table.clone(),
            }),
            _ => Err(Error::Syntax(format!(
                "'{name}' is no table name; write database.table"
            ))),
        }
    }
}

pub(super) fn identifier(parser: &mut Parser<'_>) -> Result<String> {
    Ok(parser.parse_identifier()?.value.to_ascii_lowercase())
}

/// The words the statement begins with, in upper case.
fn leading_words(parser: &Parser<'_>) -> Vec<String> {
    (0..4)
        .map_while(|i| match parser.peek_nth_token(i).token {
            Token::Word(Word {
                value,
                quote_style: None,
                ..
            }) => Some(value.to_ascii_uppercase()),
            _ => None,
        })
        .collect()
}

pub(super) fn skip(parser: &mut Parser<'_>, words: usize) {
    for _ in 0..words {
        let _ = parser.next_token();
    }
}

/// Whether these words come after the next `from` tokens. Nothing is consumed: the parser cannot go back, it panics at a
/// statement that begins with a blank.
pub(super) fn comes(parser: &Parser<'_>, from: usize, words: &[&str]) -> bool {
    words.iter().enumerate().all(|(i, word)| {
        matches!(parser.peek_nth_token(from + i).token,
            Token::Word(Word { ref value, quote_style: None, .. }) if value.eq_ignore_ascii_case(word))
    })
}

/// Consumes these words if they come next, all of them or none.
pub(super) fn take(parser: &mut Parser<'_>, words: &[&str]) -> bool {
    let matches = comes(parser, 0, words);
    if matches {
        skip(parser, words.len());
    }
    matches
}
