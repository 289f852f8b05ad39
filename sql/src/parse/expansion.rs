//! How large a query becomes when each WITH query stands where it is named.
//!
//! Twenty WITH queries, each of which names the one before twice, are a million scans and, with `*`, a million columns.
//! DataFusion writes them all out while it plans. This is found out from the text.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins, visit_expressions,
};

/// What a query becomes; both saturate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Expansion {
    /// Its steps: scans, SELECTs, set operations.
    pub(super) nodes: usize,
    /// How many tables' columns its rows have, where `*` asks for all.
    pub(super) width: usize,
}

impl Expansion {
    const ONE: Self = Self { nodes: 1, width: 1 };

    fn beside(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            width: self.width.saturating_add(other.width),
        }
    }
}

type Known = HashMap<String, Expansion>;

/// What `query` becomes.
pub(super) fn expansion(query: &Query) -> Expansion {
    of_query(query, &Known::new())
}

fn of_query(query: &Query, outer: &Known) -> Expansion {
    let Some(with) = &query.with else {
        return of_body(&query.body, outer);
    };
    let mut known = outer.clone();
    for table in &with.cte_tables {
        let size = of_query(&table.query, &known);
        known.insert(table.alias.name.value.to_ascii_lowercase(), size);
    }
    of_body(&query.body, &known)
}

fn of_body(body: &SetExpr, known: &Known) -> Expansion {
    match body {
        SetExpr::Select(select) => of_select(select, known),
        SetExpr::Query(query) => of_query(query, known),
        SetExpr::SetOperation { left, right, .. } => {
            let (left, right) = (of_body(left, known), of_body(right, known));
            Expansion {
                width: left.width.max(right.width),
                ..left.beside(right)
            }
        }
        _ => Expansion::ONE,
    }
}

fn of_select(select: &Select, known: &Known) -> Expansion {
    let from = select.from.iter().map(|from| of_joined(from, known));
    let mut whole = from.fold(Expansion { nodes: 1, width: 0 }, Expansion::beside);
    let star = select.projection.iter().any(|item| {
        matches!(
            item,
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)
        )
    });
    if !star {
        whole.width = 1;
    }
    let _ = visit_expressions(select, |expr| {
        if let Expr::Subquery(query)
        | Expr::InSubquery {
            subquery: query, ..
        }
        | Expr::Exists {
            subquery: query, ..
        } = expr
        {
            let nodes = of_query(query, known).nodes;
            whole.nodes = whole.nodes.saturating_add(nodes);
        }
        ControlFlow::<()>::Continue(())
    });
    whole
}

fn of_joined(from: &TableWithJoins, known: &Known) -> Expansion {
    let joins = from
        .joins
        .iter()
        .map(|join| of_table(&join.relation, known));
    joins.fold(of_table(&from.relation, known), Expansion::beside)
}

fn of_table(table: &TableFactor, known: &Known) -> Expansion {
    match table {
        TableFactor::Table { name, .. } => match name.0.as_slice() {
            [only] => {
                let name = only.as_ident().map(|it| it.value.to_ascii_lowercase());
                let size = name.and_then(|name| known.get(&name).copied());
                size.unwrap_or(Expansion::ONE)
            }
            _ => Expansion::ONE,
        },
        TableFactor::Derived { subquery, .. } => of_query(subquery, known),
        TableFactor::NestedJoin {
            table_with_joins, ..
        } => of_joined(table_with_joins, known),
        _ => Expansion::ONE,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::Statement;
    use datafusion::sql::sqlparser::dialect::GenericDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    fn of(sql: &str) -> Expansion {
        let statements = Parser::parse_sql(&GenericDialect {}, sql).unwrap();
        match &statements[0] {
            Statement::Query(query) => expansion(query),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_with_query_counts_each_time_that_it_is_named() {
        assert_eq!(of("SELECT a FROM t"), Expansion { nodes: 2, width: 1 });
        assert_eq!(
            of(
                "WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a, a AS c) SELECT * FROM b, B AS d"
            ),
            Expansion {
                nodes: 11,
                width: 4
            }
        );
        let union = "WITH a AS (SELECT x FROM t), b AS (SELECT x FROM a UNION ALL SELECT x FROM a) \
                     SELECT x FROM b WHERE x IN (SELECT x FROM b)";
        assert_eq!(
            of(union),
            Expansion {
                nodes: 14,
                width: 1
            }
        );
    }
}
