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

use crate::error::{Error, Result};

/// Operators in one chain: between two commas, or within one pair of parentheses.
const CHAIN: usize = 2_000;
/// UNION, INTERSECT and EXCEPT in one statement.
const SET_OPERATIONS: usize = 500;
/// Expressions in one SELECT list.
const COLUMNS: usize = 5_000;
/// Tables and joins in one FROM clause.
const TABLES: usize = 500;

fn too_large(what: &str, limit: usize, instead: &str) -> Error {
    Error::TooLarge {
        what: what.to_owned(),
        limit,
        instead: instead.to_owned(),
    }
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
pub(super) fn check_chains(tokens: &[TokenWithSpan]) -> Result<()> {
    // Operators since the last comma, for each open parenthesis.
    let mut chains = vec![0_usize];
    let mut set_operations = 0;
    for token in tokens {
        let links = match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                // `a[1][2]…` is a chain as well.
                link(&mut chains, usize::from(token.token == Token::LBracket))?;
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
                    if set_operations > SET_OPERATIONS {
                        return Err(too_large(
                            "UNION, INTERSECT and EXCEPT",
                            SET_OPERATIONS,
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
        link(&mut chains, links)?;
    }
    Ok(())
}

fn link(chains: &mut [usize], links: usize) -> Result<()> {
    if let Some(chain) = chains.last_mut() {
        *chain += links;
        if *chain > CHAIN {
            return Err(too_large(
                "operators in one expression",
                CHAIN,
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
pub(super) fn check_clauses(statement: &Statement) -> Result<()> {
    match statement.visit(&mut Clauses) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Clauses;

impl Visitor for Clauses {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
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
        if select.projection.len() > COLUMNS {
            return ControlFlow::Break(too_large(
                "columns in one SELECT",
                COLUMNS,
                "select fewer, or put them into arrays",
            ));
        }
        let joins = select.from.iter().map(|from| 1 + from.joins.len());
        if joins.sum::<usize>() > TABLES {
            return ControlFlow::Break(too_large(
                "tables in one FROM",
                TABLES,
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
