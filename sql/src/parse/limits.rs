//! What is refused before it is planned: statements so large that planning would take minutes or overflow the stack, and
//! clauses that DataFusion's planner reads over.
//!
//! A chain (`a + b + …`, `x OR y OR …`, `SELECT … UNION ALL SELECT …`) becomes a tree as deep as the chain is long. Each
//! step of planning walks the tree by recursion, and so does dropping it. Nesting by parentheses is limited by sqlparser.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    GroupByExpr, JoinConstraint, JoinOperator, Query, Select, SetExpr, SetOperator, SetQuantifier,
    Statement, TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use spotql_functions::settings::{Quotes, SpotqlOptions};

use super::expansion::expansion;
use crate::error::{Error, Result};

/// How large a statement may be, and how its quotes are read; the settings of a session say so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    bytes: usize,
    tokens: usize,
    /// Operators in one chain: between two commas, or within one pair of parentheses.
    operators: usize,
    set_operations: usize,
    columns: usize,
    tables: usize,
    nodes: usize,
    /// How the text is read: what double quotes hold.
    pub(super) quotes: Quotes,
}

impl From<&SpotqlOptions> for Limits {
    fn from(options: &SpotqlOptions) -> Self {
        Self {
            bytes: options.max_statement_bytes,
            tokens: options.max_tokens,
            operators: options.max_operators,
            set_operations: options.max_set_operations,
            columns: options.max_columns,
            tables: options.max_tables,
            nodes: options.max_plan_nodes,
            quotes: options.quotes,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::from(&SpotqlOptions::default())
    }
}

fn too_large(what: &'static str, limit: usize, setting: &'static str, instead: &str) -> Error {
    Error::TooLarge {
        what,
        limit,
        setting,
        instead: instead.to_owned(),
    }
}

/// Refuses a text that is too long, or would have too many tokens, before they are made: each takes a hundred bytes.
pub(super) fn check_text(sql: &str, limits: &Limits) -> Result<()> {
    if sql.len() > limits.bytes {
        return Err(too_large(
            "bytes",
            limits.bytes,
            "spotql.max_statement_bytes",
            "load the rows from a file, or send them in parts",
        ));
    }
    if tokens_at_most(sql) > limits.tokens {
        return Err(too_large(
            "words, numbers and signs",
            limits.tokens,
            "spotql.max_tokens",
            "load the rows from a file, or send them in parts",
        ));
    }
    Ok(())
}

/// How many tokens a text has at most, without white space. A text in quotes is one; signs in comments are counted, too.
fn tokens_at_most(sql: &str) -> usize {
    let mut tokens = 0;
    let mut in_word = false;
    let mut quote = None;
    let mut bytes = sql.bytes();
    while let Some(byte) = bytes.next() {
        if let Some(end) = quote {
            match byte {
                b'\\' => drop(bytes.next()),
                _ if byte == end => quote = None,
                _ => {}
            }
            continue;
        }
        let word = byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
        let begins = match word {
            true => !in_word,
            false => !byte.is_ascii_whitespace(),
        };
        tokens += usize::from(begins);
        in_word = word;
        if matches!(byte, b'\'' | b'"' | b'`') {
            quote = Some(byte);
        }
    }
    tokens
}

/// Whether rows without a partner on the left lose the common column: DataFusion takes the left one for it.
fn is_filled_by_name(join: &JoinOperator) -> bool {
    match join {
        JoinOperator::Right(by) | JoinOperator::RightOuter(by) | JoinOperator::FullOuter(by) => {
            matches!(by, JoinConstraint::Using(_) | JoinConstraint::Natural)
        }
        _ => false,
    }
}

/// Refuses chains that are too long, by their tokens: the parser's own tree would already be too deep to drop.
pub(super) fn check_chains(tokens: &[TokenWithSpan], limits: &Limits) -> Result<()> {
    // Operators since the last comma, for each open parenthesis.
    let mut chains = vec![0_usize];
    let mut set_operations = 0;
    for token in tokens {
        let links = match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                // `a[1][2]…` is a chain as well.
                link(
                    &mut chains,
                    usize::from(token.token == Token::LBracket),
                    limits,
                )?;
                chains.push(0);
                continue;
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                if chains.len() > 1 {
                    chains.pop();
                }
                continue;
            }
            Token::Comma | Token::SemiColon => {
                if let Some(chain) = chains.last_mut() {
                    *chain = 0;
                }
                continue;
            }
            Token::Word(word) if word.quote_style.is_none() => match word.keyword {
                Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS => {
                    set_operations += 1;
                    if set_operations > limits.set_operations {
                        return Err(too_large(
                            "UNION, INTERSECT and EXCEPT",
                            limits.set_operations,
                            "spotql.max_set_operations",
                            "write the rows to a table, some at a time",
                        ));
                    }
                    1
                }
                Keyword::AND
                | Keyword::OR
                | Keyword::XOR
                | Keyword::NOT
                | Keyword::DIV
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::RLIKE
                | Keyword::REGEXP
                | Keyword::IS
                | Keyword::JOIN
                | Keyword::COLLATE => 1,
                _ => 0,
            },
            Token::Whitespace(_)
            | Token::Word(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::Char(_)
            | Token::EOF => 0,
            _ => 1,
        };
        link(&mut chains, links, limits)?;
    }
    Ok(())
}

fn link(chains: &mut [usize], links: usize, limits: &Limits) -> Result<()> {
    if let Some(chain) = chains.last_mut() {
        *chain += links;
        if *chain > limits.operators {
            return Err(too_large(
                "operators in one expression",
                limits.operators,
                "spotql.max_operators",
                "write x IN (…) in place of x = 1 OR x = 2 …, or join with a table of the values",
            ));
        }
    }
    Ok(())
}

/// The operator of an EXCEPT ALL or INTERSECT ALL: DataFusion keeps all of equal rows or none, whatever their number.
fn counts_rows(body: &SetExpr) -> Option<&'static str> {
    let SetExpr::SetOperation {
        op,
        set_quantifier,
        left,
        right,
    } = body
    else {
        return None;
    };
    let all = matches!(
        set_quantifier,
        SetQuantifier::All | SetQuantifier::AllByName
    );
    match op {
        SetOperator::Except | SetOperator::Minus if all => Some("EXCEPT"),
        SetOperator::Intersect if all => Some("INTERSECT"),
        _ => counts_rows(left).or_else(|| counts_rows(right)),
    }
}

/// Refuses what is too wide, and clauses that would be ignored.
pub(super) fn check_clauses(statement: &Statement, limits: &Limits) -> Result<()> {
    match statement.visit(&mut Clauses(*limits)) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Clauses(Limits);

impl Visitor for Clauses {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        let size = expansion(query);
        if size.nodes > self.0.nodes {
            return ControlFlow::Break(too_large(
                "steps, each WITH query counted where it is named",
                self.0.nodes,
                "spotql.max_plan_nodes",
                "store what a WITH query gives with CREATE TABLE … AS SELECT",
            ));
        }
        if size.width > self.0.tables {
            return ControlFlow::Break(too_large(
                "tables whose columns a * stands for",
                self.0.tables,
                "spotql.max_tables",
                "name the columns",
            ));
        }
        match counts_rows(&query.body) {
            Some(operator) => ControlFlow::Break(Error::Unsupported {
                what: format!("{operator} ALL"),
                instead: format!(
                    "write {operator}, with row_number() OVER (PARTITION BY …) as a column of both sides \
                     where equal rows count"
                ),
            }),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Error> {
        if select.projection.len() > self.0.columns {
            return ControlFlow::Break(too_large(
                "columns in one SELECT",
                self.0.columns,
                "spotql.max_columns",
                "select fewer, or put them into arrays",
            ));
        }
        let joins = select.from.iter().map(|from| 1 + from.joins.len());
        if joins.sum::<usize>() > self.0.tables {
            return ControlFlow::Break(too_large(
                "tables in one FROM",
                self.0.tables,
                "spotql.max_tables",
                "join some of them first, into a table",
            ));
        }
        let mut joins = select.from.iter().flat_map(|from| &from.joins);
        if joins.any(|join| is_filled_by_name(&join.join_operator)) {
            return ControlFlow::Break(Error::Unsupported {
                what: "RIGHT or FULL JOIN with USING or NATURAL".to_owned(),
                instead: "write ON a.k = b.k, and coalesce(a.k, b.k) where the key is selected"
                    .to_owned(),
            });
        }
        let (GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers)) =
            &select.group_by;
        if let Some(modifier) = modifiers.first() {
            return ControlFlow::Break(Error::Unsupported {
                what: format!("GROUP BY … {modifier}"),
                instead:
                    "write GROUP BY ROLLUP (a, b), CUBE (a, b) or GROUPING SETS ((a, b), (a), ()) \
                          without expressions before it"
                        .to_owned(),
            });
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<Error> {
        match table {
            TableFactor::Table {
                sample: Some(_), ..
            }
            | TableFactor::Derived {
                sample: Some(_), ..
            } => ControlFlow::Break(Error::Unsupported {
                what: "TABLESAMPLE".to_owned(),
                instead: "write WHERE random() < 0.01 in its place".to_owned(),
            }),
            _ => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::tokens_at_most;

    #[test]
    fn tokens_are_counted_before_they_are_made() {
        assert_eq!(tokens_at_most("SELECT a+1, 'it\\'s, (1)' FROM t"), 8);
        assert_eq!(tokens_at_most(" \n"), 0);
        assert_eq!(tokens_at_most("(((1)))"), 7);
        assert_eq!(tokens_at_most("é.`a b`"), 3);
    }
}
