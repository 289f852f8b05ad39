//! `INSERT … VALUES (?, …)` with rows of values: one write, however many rows there are.
//!
//! The row of VALUES becomes a SELECT over the relation of the bound rows, `VALUES (?, upper(?))` for example
//! `SELECT p1, upper(p2) FROM rows`. The rows are read while they arrive and become visible all at once, or not at all.

use std::ops::ControlFlow;

use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{self, Expr, SetExpr, Visit, Visitor};

use super::number::{has_parameter, replace};
use super::relation::{RELATION, relation};
use crate::error::Result;
use crate::parse::{BoundInsert, Limits, Statement, parse};
use crate::sent::SentRows;
use crate::session::{Session, typed_plan_in};

/// An INSERT of one row of VALUES, whose n-th parameter is the column at `places[n]`; none for any other INSERT.
pub(super) fn bound_insert(
    insert: &ast::Insert,
    places: &[usize],
    rows: &SentRows,
) -> Result<Option<BoundInsert>> {
    let Some(row) = row_of(insert) else {
        return Ok(None);
    };
    let columns: Vec<Expr> = places
        .iter()
        .map(|place| Expr::Identifier(ast::Ident::new(format!("p{}", place + 1))))
        .collect();
    let Statement::Query(query) = parse(&format!("SELECT 1 FROM {RELATION}"), &Limits::default())?
    else {
        return Ok(None);
    };
    let ast::Statement::Query(mut query) = *query else {
        return Ok(None);
    };
    if let SetExpr::Select(select) = query.body.as_mut() {
        let items = row.iter().cloned().map(ast::SelectItem::UnnamedExpr);
        select.projection = items.collect();
    }
    replace(&mut query, &columns);
    let mut insert = insert.clone();
    insert.source = Some(query);
    Ok(Some(BoundInsert {
        insert,
        rows: rows.numbered(),
    }))
}

/// The one row of VALUES, if its expressions stand for themselves.
pub(super) fn row_of(insert: &ast::Insert) -> Option<&[Expr]> {
    let source = insert.source.as_ref()?;
    let SetExpr::Values(values) = source.body.as_ref() else {
        return None;
    };
    let [row] = values.rows.as_slice() else {
        return None;
    };
    let alone = source.with.is_none() && source.order_by.is_none() && source.limit_clause.is_none();
    let elsewhere = insert.partitioned.iter().flatten().any(has_parameter);
    let subquery = row.content.iter().any(has_subquery);
    (alone && !elsewhere && !subquery).then_some(row.content.as_slice())
}

fn has_subquery(expr: &Expr) -> bool {
    struct Any;
    impl Visitor for Any {
        type Break = ();
        fn pre_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    expr.visit(&mut Any).is_break()
}

/// The plan of a query that reads bound rows, with the types that its columns will have.
pub(crate) async fn rows_plan(
    session: &Session,
    rows: &SentRows,
    query: ast::Statement,
) -> Result<LogicalPlan> {
    let state = relation(session, rows.table()?)?;
    typed_plan_in(&state, query).await
}
