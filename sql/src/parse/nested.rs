//! Types with fields in them, which sqlparser does not read in Hive's notation: `MAP<STRING,BIGINT>`, `STRUCT<a:INT>`.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::dialect::SpotDialect;
use crate::error::Error;

/// The types that are refused, wherever they stand.
const NESTED: [&str; 3] = ["MAP", "STRUCT", "UNIONTYPE"];

/// Why a statement that cannot be parsed is refused, if it is for such a type: the column or the CAST, and the type.
pub(super) fn refused(sql: &str) -> Option<Error> {
    let dialect = SpotDialect::default();
    let tokens = Tokenizer::new(&dialect, sql).tokenize().ok()?;
    let tokens: Vec<Token> = tokens
        .into_iter()
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .collect();
    let at = tokens.windows(2).position(|two| {
        word(&two[0]).is_some_and(|word| NESTED.iter().any(|it| it.eq_ignore_ascii_case(word)))
            && two[1] == Token::Lt
    })?;
    // The type may be the element of arrays.
    let before = tokens[..at].iter().rev();
    let place = before
        .skip_while(|token| {
            **token == Token::Lt || word(token).is_some_and(|it| it.eq_ignore_ascii_case("ARRAY"))
        })
        .find_map(|token| match token {
            Token::Word(word) if word.quote_style.is_some() => Some(column(&word.value)),
            Token::Word(word) if word.value.eq_ignore_ascii_case("AS") => Some("CAST".to_owned()),
            Token::Word(word) => Some(column(&word.value)),
            _ => None,
        })?;
    Some(Error::nested_type(&place, &type_text(&tokens[at..])))
}

fn column(name: &str) -> String {
    format!("column '{}'", name.to_ascii_lowercase())
}

/// The unquoted word of a token.
fn word(token: &Token) -> Option<&str> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(&word.value),
        _ => None,
    }
}

/// The text of the type that tokens begin with, up to the angle that closes it.
fn type_text(tokens: &[Token]) -> String {
    let mut depth = 0_usize;
    let mut text = String::new();
    for token in tokens {
        text.push_str(&token.to_string().to_ascii_lowercase());
        match token {
            Token::Lt => depth += 1,
            Token::Gt => depth = depth.saturating_sub(1),
            Token::ShiftRight => depth = depth.saturating_sub(2),
            _ => continue,
        }
        if depth == 0 {
            break;
        }
    }
    text
}
