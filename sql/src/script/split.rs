//! Splits a script at its semicolons and finds the variables in it.
//!
//! This happens before parsing (a variable may hold any part of a statement). So it knows only strings in either kind
//! of quotes with backslash escapes, back-ticked names, and the two kinds of comments.

use crate::error::{Error, Result};

/// A statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its text, from its first character that is neither blank nor comment, without the `;`.
    pub text: &'a str,
    /// The line it starts at, from 1.
    pub line: usize,
}

/// The statements of `script`, in order; blank ones are left out.
///
/// # Errors
/// When a quote or comment does not close.
pub fn split(script: &str) -> Result<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut start: Option<(usize, usize)> = None;
    let mut scanner = Scanner::new(script);
    loop {
        let (position, line) = (scanner.position, scanner.line);
        let token = scanner.next()?;
        match token {
            Some(Token::Semicolon) | None => {
                if let Some((from, line)) = start.take() {
                    pieces.push(Piece {
                        text: script[from..position].trim_end(),
                        line,
                    });
                }
                if token.is_none() {
                    return Ok(pieces);
                }
            }
            Some(Token::Blank | Token::Comment) => {}
            Some(Token::Text | Token::Variable { .. }) => {
                start.get_or_insert((position, line));
            }
        }
    }
}

impl Piece<'_> {
    /// The statement with its variables replaced by what `value` gives for their names. Within quotes a value is a
    /// value, whatever quotes and backslashes it holds; elsewhere it is a part of the statement.
    ///
    /// # Errors
    /// When a variable has neither value nor default.
    pub fn substitute(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<String> {
        let mut text = String::with_capacity(self.text.len());
        let mut scanner = Scanner::new(self.text);
        loop {
            let (from, line) = (scanner.position, scanner.line);
            match scanner.next()? {
                None => return Ok(text),
                Some(Token::Variable { name, default }) => {
                    let quote = scanner.quote.map(|(quote, _)| quote);
                    let given = value(name).map(|value| quoted(value, quote));
                    let replacement = given.or_else(|| default.map(str::to_owned));
                    text.push_str(&replacement.ok_or_else(|| Error::UndefinedVariable {
                        name: name.to_owned(),
                        line: self.line + line - 1,
                    })?);
                }
                Some(_) => text.push_str(&self.text[from..scanner.position]),
            }
        }
    }
}

/// A value as it stands within these quotes.
fn quoted(value: String, quote: Option<char>) -> String {
    match quote {
        None => value,
        Some('`') => value.replace('`', "``"),
        Some(quote) => value
            .replace('\\', "\\\\")
            .replace(quote, &format!("\\{quote}")),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Semicolon,
    Blank,
    Comment,
    /// A character, or the part of a string up to a variable or its end.
    Text,
    Variable {
        name: &'a str,
        default: Option<&'a str>,
    },
}

struct Scanner<'a> {
    script: &'a str,
    position: usize,
    line: usize,
    /// The quote that is open, and the line of it.
    quote: Option<(char, usize)>,
}

impl<'a> Scanner<'a> {
    fn new(script: &'a str) -> Self {
        Self {
            script,
            position: 0,
            line: 1,
            quote: None,
        }
    }

    fn rest(&self) -> &'a str {
        &self.script[self.position..]
    }

    fn advance(&mut self, bytes: usize) {
        let passed = &self.script[self.position..self.position + bytes];
        self.line += passed.matches('\n').count();
        self.position += bytes;
    }

    fn next(&mut self) -> Result<Option<Token<'a>>> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return match self.quote {
                Some((_, line)) => Err(Error::Unclosed {
                    what: "a quote",
                    line,
                }),
                None => Ok(None),
            };
        };
        if let Some(variable) = rest.strip_prefix("${") {
            let end = variable.find('}').ok_or(Error::Unclosed {
                what: "${",
                line: self.line,
            })?;
            let (name, default) = match variable[..end].split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (&variable[..end], None),
            };
            let name = ["hiveconf:", "hivevar:", "var:"]
                .iter()
                .find_map(|prefix| name.strip_prefix(prefix))
                .unwrap_or(name);
            self.advance("${".len() + end + 1);
            return Ok(Some(Token::Variable {
                name: name.trim(),
                default,
            }));
        }
        if let Some((quote, _)) = self.quote {
            let escaped = first == '\\' && quote != '`';
            let length = if escaped {
                first.len_utf8() + rest[1..].chars().next().map_or(0, char::len_utf8)
            } else {
                first.len_utf8()
            };
            self.advance(length);
            if first == quote {
                self.quote = None;
            }
            return Ok(Some(Token::Text));
        }
        if rest.starts_with("--") {
            self.advance(rest.find('\n').unwrap_or(rest.len()));
            return Ok(Some(Token::Comment));
        }
        if rest.starts_with("/*") {
            let end = rest.find("*/").ok_or(Error::Unclosed {
                what: "a comment",
                line: self.line,
            })?;
            self.advance(end + 2);
            return Ok(Some(Token::Comment));
        }
        if matches!(first, '\'' | '"' | '`') {
            self.quote = Some((first, self.line));
        }
        self.advance(first.len_utf8());
        Ok(Some(match first {
            ';' => Token::Semicolon,
            first if first.is_whitespace() => Token::Blank,
            _ => Token::Text,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(script: &str) -> Vec<(usize, String)> {
        let pieces = split(script).unwrap();
        pieces
            .into_iter()
            .map(|piece| (piece.line, piece.text.to_owned()))
            .collect()
    }

    #[test]
    fn statements_know_their_lines_and_lose_their_semicolons() {
        let script = "-- first; comment\n\nSELECT 1 ;\n/* a;\nb */ SELECT\n 2;;\n-- end\n";
        assert_eq!(
            texts(script),
            [(3, "SELECT 1".into()), (5, "SELECT\n 2".into())]
        );
    }

    #[test]
    fn semicolons_in_strings_and_names_do_not_split() {
        let script = r#"SELECT ';', "a\";b", `c;d`, 'it\'s;'; SELECT 'x''y;z'"#;
        assert_eq!(texts(script).len(), 2);
    }

    #[test]
    fn variables_are_replaced_in_strings_and_outside_with_defaults() {
        let script = "SELECT '${date}', ${var:limit:-300} -- ${nothing}\n FROM ${hiveconf:t}";
        let piece = &split(script).unwrap()[0];
        let value = |name: &str| (name != "limit").then(|| format!("<{name}>"));
        let text = piece.substitute(&value).unwrap();
        assert_eq!(text, "SELECT '<date>', 300 -- ${nothing}\n FROM <t>");
    }

    #[test]
    fn a_value_within_quotes_is_no_sql() {
        let script = r#"SELECT '${x}', "${x}", `${x}`, ${x}"#;
        let piece = &split(script).unwrap()[0];
        let text = piece.substitute(&|_| Some(r#"it's \ a "`"#.to_owned()));
        let expected = r#"SELECT 'it\'s \\ a "`', "it's \\ a \"`", `it's \ a "```, it's \ a "`"#;
        assert_eq!(text.unwrap(), expected);
    }

    #[test]
    fn a_missing_variable_is_named_with_its_line() {
        let pieces = split("SELECT 1;\n\nSELECT 2,\n '${when}'").unwrap();
        let error = pieces[1].substitute(&|_| None).unwrap_err();
        assert!(matches!(error, Error::UndefinedVariable { ref name, line: 4 } if name == "when"));
    }

    #[test]
    fn what_does_not_close_is_an_error_with_its_line() {
        assert!(matches!(
            split("SELECT\n 'a;"),
            Err(Error::Unclosed { line: 2, .. })
        ));
        assert!(matches!(
            split("\n/* a"),
            Err(Error::Unclosed { line: 2, .. })
        ));
        assert!(matches!(split("${a"), Err(Error::Unclosed { line: 1, .. })));
    }

    #[test]
    fn an_empty_script_has_no_statements() {
        assert!(texts(" \n-- nothing\n;;").is_empty());
    }
}
