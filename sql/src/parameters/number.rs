//! Which parameters a statement has, and in which order.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{self, Expr, Value, Visit, VisitMut, Visitor, VisitorMut};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan};

use crate::error::{Error, Result};

/// The most parameters of one statement: as many as other databases' protocols can count.
const MOST: usize = 65_535;

/// The parameters of a statement in their order: a name for each that has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names(Vec<Option<String>>);

impl Names {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of the parameter at a place, or its number, from 1.
    pub(crate) fn name(&self, place: usize) -> String {
        match self.0.get(place) {
            Some(Some(name)) => name.clone(),
            _ => (place + 1).to_string(),
        }
    }

    /// For each parameter, the place of its value among columns with these names: by name if the parameters have names and
    /// all of them are there, else by position. None if there are more or fewer.
    pub(crate) fn places<'a>(
        &self,
        columns: impl ExactSizeIterator<Item = &'a str>,
    ) -> Option<Vec<usize>> {
        if columns.len() != self.len() {
            return None;
        }
        let columns: Vec<&str> = columns.collect();
        let named = self.0.iter().map(|name| {
            let name = name.as_deref()?;
            columns.iter().position(|column| *column == name)
        });
        let by_name: Option<Vec<usize>> = named.collect();
        Some(by_name.unwrap_or_else(|| (0..self.len()).collect()))
    }
}

/// How a parameter is written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    /// `?`
    Question,
    /// `$1`, `?1`
    Number(usize),
    /// `:name`, `$name`, `@name`
    Name(String),
}

impl Mark {
    /// None for what sqlparser calls a placeholder and is none.
    fn of(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(['?', '$', ':', '@'])?;
        Some(match rest.parse() {
            Ok(number) if !text.starts_with([':', '@']) => Self::Number(number),
            _ if text == "?" => Self::Question,
            _ if rest.is_empty() => return None,
            _ => Self::Name(rest.to_owned()),
        })
    }
}

/// The first word of a text that has a parameter, where its kind of statement has none. SET takes any text for a value.
pub(crate) fn is_marked(tokens: &[TokenWithSpan]) -> Option<String> {
    let marked = |it: &TokenWithSpan| match &it.token {
        Token::Placeholder(_) => true,
        Token::Word(word) => {
            let number = word.value.strip_prefix('$').map(str::parse::<usize>);
            word.quote_style.is_none() && matches!(number, Some(Ok(_)))
        }
        _ => false,
    };
    if !tokens.iter().any(marked) {
        return None;
    }
    let mut words = tokens.iter().filter_map(|it| match &it.token {
        Token::Word(word) => Some(word),
        _ => None,
    });
    let first = words.next()?;
    let second = words.next().map(|word| word.keyword);
    let none = match first.keyword {
        Keyword::CREATE => !matches!(
            second,
            Some(Keyword::TABLE | Keyword::EXTERNAL | Keyword::TEMPORARY | Keyword::OR)
        ),
        Keyword::DROP
        | Keyword::ALTER
        | Keyword::LOAD
        | Keyword::USE
        | Keyword::SHOW
        | Keyword::DESCRIBE
        | Keyword::DESC
        | Keyword::MSCK
        | Keyword::REFRESH => true,
        _ => ["invalidate", "publish"]
            .iter()
            .any(|word| first.value.eq_ignore_ascii_case(word)),
    };
    none.then(|| first.value.to_ascii_uppercase())
}

/// Writes every parameter as `$n`, where n is its place from 1. Columns of a list that have no name but a parameter are
/// named by their text: a value must not change the name of a result's column.
///
/// # Errors
/// Parameters of several kinds in one statement, or too many.
pub(crate) fn number(statement: &mut ast::Statement) -> Result<Names> {
    let mut found = Found(Vec::new());
    let _ = Visit::visit(&*statement, &mut found);
    let mut marks = found.0;
    if marks.is_empty() {
        return Ok(Names::default());
    }
    marks.sort_by_key(|(at, _)| *at);
    let mut names = Vec::new();
    let mut places = HashMap::new();
    let mut kind = None;
    for (at, mark) in marks {
        let this = std::mem::discriminant(&mark);
        if *kind.get_or_insert(this) != this {
            return Err(Error::Syntax(
                "parameters are written in one way in a statement: all as ?, all as $1, or all as :name"
                    .to_owned(),
            ));
        }
        let place = match &mark {
            Mark::Number(0) => {
                return Err(Error::Syntax("parameters are counted from $1".to_owned()));
            }
            Mark::Number(number) => *number,
            Mark::Question => names.len() + 1,
            Mark::Name(name) => {
                let known = names.iter().position(|it| it == &Some(name.clone()));
                known.unwrap_or(names.len()) + 1
            }
        };
        if place > MOST {
            return Err(Error::TooManyBound {
                what: "parameters",
                limit: MOST,
                instead: "bind several rows of values to fewer of them".to_owned(),
            });
        }
        if place > names.len() {
            names.resize(place, None);
        }
        if let Mark::Name(name) = mark {
            names[place - 1] = Some(name);
        }
        places.insert(at, place);
    }
    let _ = VisitMut::visit(statement, &mut Renumber(places));
    let _ = VisitMut::visit(statement, &mut Alias);
    Ok(Names(names))
}

/// The place of a parameter that has been numbered, from 0.
pub(super) fn place(expr: &Expr) -> Option<usize> {
    match mark(expr)? {
        (_, Mark::Number(number)) => number.checked_sub(1),
        _ => None,
    }
}

/// Whether there is a parameter in a part of a statement.
pub(super) fn has_parameter(part: &impl Visit) -> bool {
    struct Any;
    impl Visitor for Any {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match mark(expr) {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        }
    }
    part.visit(&mut Any).is_break()
}

fn mark(expr: &Expr) -> Option<(Location, Mark)> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(text) => Some((value.span.start, Mark::of(text)?)),
            _ => None,
        },
        // `$` begins a name in Hive.
        Expr::Identifier(name) if name.quote_style.is_none() && name.value.starts_with('$') => {
            Some((name.span.start, Mark::of(&name.value)?))
        }
        _ => None,
    }
}

struct Found(Vec<(Location, Mark)>);

impl Visitor for Found {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.0.extend(mark(expr));
        ControlFlow::Continue(())
    }
}

struct Renumber(HashMap<Location, usize>);

impl VisitorMut for Renumber {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some((at, _)) = mark(expr)
            && let Some(place) = self.0.get(&at)
        {
            let span = Span::new(at, at);
            *expr = Expr::Value(Value::Placeholder(format!("${place}")).with_span(span));
        }
        ControlFlow::Continue(())
    }
}

struct Alias;

impl VisitorMut for Alias {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut ast::Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let ast::SelectItem::UnnamedExpr(expr) = item
                && has_parameter(expr)
            {
                *item = ast::SelectItem::ExprWithAlias {
                    alias: ast::Ident::with_quote('`', expr.to_string()),
                    expr: expr.clone(),
                };
            }
        }
        ControlFlow::Continue(())
    }
}

/// Puts expressions in the places of the parameters.
pub(super) fn replace(statement: &mut impl VisitMut, values: &[Expr]) {
    struct Replace<'a>(&'a [Expr]);
    impl VisitorMut for Replace<'_> {
        type Break = ();
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if let Some(value) = place(expr).and_then(|place| self.0.get(place)) {
                *expr = value.clone();
            }
            ControlFlow::Continue(())
        }
    }
    let _ = statement.visit(&mut Replace(values));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse_numbered;

    fn numbered(sql: &str) -> (String, Names) {
        let (statement, names) =
            parse_numbered(sql, &crate::parse::Limits::default(), &mut |_| Ok(())).unwrap();
        let crate::parse::Statement::Query(query) = statement else {
            panic!("{sql} is no query");
        };
        (query.to_string(), names)
    }

    #[test]
    fn question_marks_are_numbered_from_left_to_right() {
        let (text, names) = numbered(
            "WITH w AS (SELECT ? AS x) SELECT a FROM t WHERE a = ? AND b IN (?, ?) ORDER BY a LIMIT ? OFFSET ?",
        );
        assert_eq!(names.len(), 6);
        assert!(text.contains("SELECT $1 AS x"), "{text}");
        assert!(text.contains("a = $2 AND b IN ($3, $4)"), "{text}");
        assert!(text.contains("LIMIT $5 OFFSET $6"), "{text}");
    }

    #[test]
    fn question_marks_in_texts_comments_and_names_are_none() {
        let (_, names) = numbered("SELECT '?', \"?\", `?`, ? /* ? */ FROM t -- ?");
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn numbers_say_the_place_themselves() {
        let (text, names) = numbered("SELECT a FROM t WHERE a = $10 OR a = $2");
        assert_eq!(names.len(), 10);
        assert!(text.contains("$10") && text.contains("$2"), "{text}");
    }

    #[test]
    fn a_name_is_one_parameter_wherever_it_is_written() {
        let (text, names) = numbered("SELECT a FROM t WHERE a > :low AND b < :high OR c = :low");
        assert_eq!(
            (names.name(0), names.name(1)),
            ("low".into(), "high".into())
        );
        assert!(text.contains("c = $1"), "{text}");
        let places = names.places(["high", "low"].into_iter());
        assert_eq!(places, Some(vec![1, 0]));
        assert_eq!(names.places(["0", "1"].into_iter()), Some(vec![0, 1]));
        assert_eq!(names.places(["low"].into_iter()), None);
    }

    #[test]
    fn two_ways_of_writing_them_are_refused() {
        let error = parse_numbered(
            "SELECT ? + $1",
            &crate::parse::Limits::default(),
            &mut |_| Ok(()),
        )
        .unwrap_err();
        assert!(error.to_string().contains("in one way"), "{error}");
        assert!(
            parse_numbered("SELECT $0", &crate::parse::Limits::default(), &mut |_| Ok(
                ()
            ))
            .is_err()
        );
        assert!(
            parse_numbered(
                "SELECT $99999999",
                &crate::parse::Limits::default(),
                &mut |_| Ok(())
            )
            .is_err()
        );
    }

    #[test]
    fn a_column_keeps_its_name_whatever_is_bound() {
        let (text, _) = numbered("SELECT ? + a, a FROM t");
        assert!(text.contains("$1 + a AS `$1 + a`, a"), "{text}");
    }

    #[test]
    fn statements_that_have_none_say_so() {
        for sql in [
            "LOAD FILES '/x' INTO TABLE t WHERE a = ?",
            "CREATE DATABASE ?",
            "PUBLISH TO ?",
        ] {
            let error =
                parse_numbered(sql, &crate::parse::Limits::default(), &mut |_| Ok(())).unwrap_err();
            assert!(error.to_string().contains("takes no parameters"), "{error}");
        }
    }
}
