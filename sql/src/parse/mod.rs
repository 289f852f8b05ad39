//! From text to statements.
//!
//! Queries, `INSERT` and `CREATE TABLE` are parsed by sqlparser. The small statements of Hive and Impala around them,
//! many of which sqlparser does not know, are parsed in [`hive`] with its tokenizer. So are those on sources of context
//! in [`source`], those on schedules in [`schedule`], LOAD FILES in [`load`].

mod expansion;
mod hive;
mod idioms;
mod limits;
mod load;
mod nested;
mod publish;
mod rows;
mod schedule;
mod source;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use hive::partition_entries;
pub(crate) use limits::Limits;
pub use statement::Kind;
pub(crate) use statement::{
    BoundInsert, CreateSchedule, CreateSource, LoadFiles, Origin, PartitionSpec, Publish,
    SourceKind, Statement, TableName,
};

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserOptions};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::dialect::SpotDialect;
use crate::error::{Error, Result};
use crate::parameters::{Names, is_marked, number};
use crate::rules::exact_numbers;

/// What `SHOW FUNCTIONS` stands for.
const FUNCTIONS: &str = "SELECT DISTINCT routine_name AS function, description, \
                         syntax_example AS syntax FROM information_schema.routines \
                         ORDER BY function";

/// The words that other statements begin with.
const STARTS: &[Keyword] = &[
    Keyword::SELECT,
    Keyword::WITH,
    Keyword::INSERT,
    Keyword::LOAD,
    Keyword::CREATE,
    Keyword::DROP,
    Keyword::ALTER,
    Keyword::USE,
    Keyword::SHOW,
    Keyword::SET,
    Keyword::DESCRIBE,
    Keyword::MSCK,
    Keyword::REFRESH,
    Keyword::EXPLAIN,
];

type Step<'a> = dyn FnMut(&mut ast::Statement) -> Result<()> + 'a;

/// Parses one statement; a `;` at the end is welcome.
///
/// # Errors
/// When the text is empty, too large, holds several statements, or is no statement.
pub(crate) fn parse(sql: &str, limits: &Limits) -> Result<Statement> {
    parse_with(sql, limits, &mut |_| Ok(()))
}

/// The same with its parameters numbered (see [`crate::parameters`]), and then changed by `change`.
///
/// # Errors
/// As [`parse`]; parameters where none may be, or of several kinds.
pub(crate) fn parse_numbered(
    sql: &str,
    limits: &Limits,
    change: &mut dyn FnMut(&mut ast::Statement) -> Result<()>,
) -> Result<(Statement, Names)> {
    let mut names = Names::default();
    let statement = parse_with(sql, limits, &mut |statement| {
        names = number(statement)?;
        change(statement)
    })?;
    Ok((statement, names))
}

/// [`parse`] with a step of its own: what sqlparser has parsed goes through `step` before forms of users are replaced.
fn parse_with(sql: &str, limits: &Limits, step: &mut Step<'_>) -> Result<Statement> {
    limits::check_text(sql, limits)?;
    let dialect = SpotDialect::new(limits.quotes);
    let mut tokens = Tokenizer::new(&dialect, sql)
        .tokenize_with_location()
        .map_err(|error| Error::Syntax(error.to_string()))?;
    limits::check_chains(&tokens, limits)?;
    if let Some(statement) = is_marked(&tokens) {
        return Err(Error::NoParameters { statement });
    }
    // Some of the parser's own code looks back without looking whether there is anything.
    let blanks = tokens
        .iter()
        .take_while(|it| matches!(it.token, Token::Whitespace(_)))
        .count();
    tokens.drain(..blanks);
    let external = take_external(&mut tokens);
    let mut parser = Parser::new(&dialect)
        .with_options(ParserOptions::new().with_unescape(true))
        .with_tokens_with_locations(tokens);
    while parser.consume_token(&Token::SemiColon) {}
    if parser.peek_token().token == Token::EOF {
        return Err(Error::Empty);
    }
    if matches!(parser.peek_token().token, Token::Word(word) if word.value.eq_ignore_ascii_case("run"))
    {
        return Err(Error::Unsupported {
            what: "RUN outside of a script".to_owned(),
            instead: "run the script itself: spotql run day.sql --var …".to_owned(),
        });
    }
    let mut statement = source::parse(&mut parser, sql)?;
    if statement.is_none() {
        statement = schedule::parse(&mut parser)?;
    }
    if statement.is_none() {
        statement = publish::parse(&mut parser, limits)?;
    }
    if statement.is_none() {
        statement = load::parse(&mut parser, limits)?;
    }
    if statement.is_none() {
        statement = hive::parse(&mut parser)?;
    }
    let statement = match statement {
        Some(statement) => statement,
        None => match parser.parse_statement() {
            Ok(statement) => classify(statement, limits, step)?,
            Err(error) => return Err(nested::refused(sql).unwrap_or_else(|| error.into())),
        },
    };
    let statement = match statement {
        Statement::CreateTable(create) => Statement::CreateTable(Box::new(ast::CreateTable {
            external,
            ..*create
        })),
        other => other,
    };
    let mut extra = 0;
    while parser.consume_token(&Token::SemiColon) {}
    while parser.peek_token().token != Token::EOF {
        if extra == 0 {
            // Say what is in the way, if it is not simply another statement.
            let rest = parser.peek_token();
            if !matches!(&rest.token, Token::Word(word) if STARTS.contains(&word.keyword)) {
                return Err(Error::Syntax(format!(
                    "unexpected '{}' after the end of the statement{}",
                    rest.token, rest.span.start
                )));
            }
        }
        extra += 1;
        while !matches!(parser.next_token().token, Token::SemiColon | Token::EOF) {}
    }
    match extra {
        0 => Ok(statement),
        extra => Err(Error::SeveralStatements { found: extra + 1 }),
    }
}

/// Takes EXTERNAL out of `CREATE EXTERNAL TABLE`: sqlparser reads fewer clauses with it than
/// without, and Hive makes no such difference.
fn take_external(tokens: &mut Vec<TokenWithSpan>) -> bool {
    let words: Vec<usize> = (0..tokens.len())
        .filter(|&i| !matches!(tokens[i].token, Token::Whitespace(_) | Token::SemiColon))
        .take(3)
        .collect();
    let is = |place: usize, keyword: Keyword| {
        words.get(place).is_some_and(
            |&i| matches!(&tokens[i].token, Token::Word(word) if word.keyword == keyword),
        )
    };
    let external = is(0, Keyword::CREATE) && is(1, Keyword::EXTERNAL) && is(2, Keyword::TABLE);
    if external {
        tokens.remove(words[1]);
    }
    external
}

fn explains_insert(statement: &ast::Statement) -> bool {
    match statement {
        ast::Statement::Explain { statement, .. } => {
            matches!(statement.as_ref(), ast::Statement::Insert(_))
        }
        _ => false,
    }
}

fn classify(
    mut statement: ast::Statement,
    limits: &Limits,
    step: &mut Step<'_>,
) -> Result<Statement> {
    limits::check_clauses(&statement, limits)?;
    exact_numbers(&mut statement)?;
    step(&mut statement)?;
    rows::compared_by_columns(&mut statement)?;
    idioms::known_forms(&mut statement)?;
    Ok(match statement {
        ast::Statement::Insert(insert) => Statement::Insert(Box::new(insert)),
        ast::Statement::CreateTable(create) => Statement::CreateTable(Box::new(create)),
        ast::Statement::ShowFunctions { filter: Some(_) } => {
            return Err(Error::Unsupported {
                what: "SHOW FUNCTIONS LIKE".to_owned(),
                instead: "write SELECT routine_name FROM information_schema.routines WHERE routine_name LIKE '…'"
                    .to_owned(),
            });
        }
        explain @ ast::Statement::Explain { .. } if explains_insert(&explain) => {
            Statement::ExplainInsert(Box::new(explain))
        }
        // DataFusion's own listing leaves out functions that take several types.
        ast::Statement::ShowFunctions { filter: None } => return parse(FUNCTIONS, limits),
        query @ (ast::Statement::Query(_)
        | ast::Statement::Explain { .. }
        | ast::Statement::ShowVariable { .. }
        | ast::Statement::ShowColumns { .. }) => Statement::Query(Box::new(query)),
        other => {
            let text = other.to_string();
            let words: Vec<&str> = text.split_whitespace().take(3).collect();
            return Err(Error::Unsupported {
                what: format!("'{} …'", words.join(" ")),
                instead: "docs/reference/statements.md lists the statements".to_owned(),
            });
        }
    })
}
