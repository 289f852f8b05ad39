//! The columns of a statement's result and the types of its parameters, before there are values.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::DFSchema;
use datafusion::logical_expr::ExprSchemable;
use datafusion::sql::sqlparser::ast::{self, Expr, LimitClause, SetExpr, Visit, Visitor};
use futures::future::BoxFuture;
use spotql_functions::control::Control;

use super::bind::with_values;
use super::literal::{null, number, text};
use super::number::{Names, place};
use crate::error::Result;
use crate::parse::{Kind, Statement, TableName, parse_numbered};
use crate::session::{Session, plan_unbound};

/// What is known of a statement before it has values.
#[derive(Debug, Clone)]
pub struct Description {
    /// What the statement does.
    pub kind: Kind,
    /// The columns of its rows; none if it returns none. A column that is made of a parameter alone takes the type of the
    /// value that is bound.
    pub columns: Option<SchemaRef>,
    /// Its parameters in order, named by their names or their numbers. A type that the statement does not tell is text.
    pub parameters: SchemaRef,
}

impl Session {
    /// Parses a statement, and plans it as far as it can be without values; runs nothing.
    ///
    /// # Errors
    /// When it cannot be parsed, or not be planned whatever the values are.
    pub fn describe<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Description>> {
        let sql = sql.to_owned();
        self.planning(move |session, control| {
            Box::pin(async move { session.describe_here(&sql, control).await })
        })
    }

    async fn describe_here(&self, sql: &str, control: Arc<Control>) -> Result<Description> {
        let (statement, names) = self.parse_numbered(sql)?;
        let kind = statement.kind();
        if names.is_empty() {
            let prepared = self.plan(statement, control).await?;
            return Ok(Description {
                kind,
                columns: prepared.schema(),
                parameters: Arc::new(Schema::empty()),
            });
        }
        let types = self.parameter_types(&statement, &names).await?;
        let columns = match statement {
            Statement::Query(_) | Statement::ExplainInsert(_) => {
                Some(self.columns(sql, &types, &control).await?)
            }
            _ => None,
        };
        let parameters = types.iter().enumerate().map(|(place, data_type)| {
            let data_type = data_type.clone().unwrap_or(DataType::Utf8);
            Field::new(names.name(place), data_type, true)
        });
        Ok(Description {
            kind,
            columns,
            parameters: Arc::new(Schema::new(parameters.collect::<Vec<_>>())),
        })
    }

    /// Parses a statement and numbers its parameters, within the session's limits.
    pub(super) fn parse_numbered(&self, sql: &str) -> Result<(Statement, Names)> {
        parse_numbered(sql, &self.limits(), &mut |_| Ok(()))
    }

    /// The columns of a query, which a NULL of each parameter's type tells, or another value where no NULL may stand.
    async fn columns(
        &self,
        sql: &str,
        types: &[Option<DataType>],
        control: &Arc<Control>,
    ) -> Result<SchemaRef> {
        let mut first = None;
        for unknown in [null(&DataType::Null)?, number("1".to_owned()), text("1")] {
            let values: Vec<Expr> = types
                .iter()
                .map(|it| match it {
                    Some(DataType::Int64) if first.is_some() => Ok(number("1".to_owned())),
                    Some(known) => null(known),
                    None => Ok(unknown.clone()),
                })
                .collect::<Result<_>>()?;
            let planned = self.plan(with_values(self, sql, &values)?, Arc::clone(control));
            match planned.await {
                Ok(prepared) => {
                    return Ok(prepared
                        .schema()
                        .unwrap_or_else(|| Arc::new(Schema::empty())));
                }
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or(crate::error::Error::Parameters))
    }

    /// The types that the statement needs, as far as it tells them.
    async fn parameter_types(
        &self,
        statement: &Statement,
        names: &Names,
    ) -> Result<Vec<Option<DataType>>> {
        let mut types = vec![None; names.len()];
        let query = match statement {
            Statement::Query(query) => Some(ast::Statement::clone(query)),
            Statement::Insert(insert) => {
                self.assigned(insert, &mut types).await?;
                insert.source.clone().map(ast::Statement::Query)
            }
            Statement::ExplainInsert(explain) => match explain.as_ref() {
                ast::Statement::Explain { statement, .. } => match statement.as_ref() {
                    ast::Statement::Insert(insert) => {
                        self.assigned(insert, &mut types).await?;
                        insert.source.clone().map(ast::Statement::Query)
                    }
                    _ => None,
                },
                _ => None,
            },
            Statement::CreateTable(create) => create.query.clone().map(ast::Statement::Query),
            _ => None,
        };
        let Some(query) = query else {
            return Ok(types);
        };
        self.said(&query, &mut types).await;
        // What cannot be planned without values may be planned with them.
        if let Ok(plan) = plan_unbound(&self.state(), query).await
            && let Ok(inferred) = plan.get_parameter_types()
        {
            for (name, data_type) in inferred {
                let number = name
                    .strip_prefix('$')
                    .and_then(|it| it.parse::<usize>().ok());
                if let Some(found) = number.and_then(|it| types.get_mut(it.checked_sub(1)?))
                    && found.is_none()
                {
                    // One parameter's type says nothing of another's.
                    *found = data_type
                        .filter(|it| *it != DataType::Null)
                        .as_ref()
                        .map(plain);
                }
            }
        }
        Ok(types)
    }

    /// The types of columns that a parameter alone is the value of.
    async fn assigned(&self, insert: &ast::Insert, types: &mut [Option<DataType>]) -> Result<()> {
        let ast::TableObject::TableName(name) = &insert.table else {
            return Ok(());
        };
        let table = self.table(&TableName::try_from(name)?).await?;
        let fixed = |name: &str| {
            let mut entries = insert.partitioned.iter().flatten();
            entries.any(|entry| match entry {
                Expr::BinaryOp { left, .. } => left.to_string().trim_matches('`') == name,
                _ => false,
            })
        };
        let named: Vec<String> = insert.columns.iter().map(ToString::to_string).collect();
        let fields = table.schema().fields().iter();
        let targets: Vec<DataType> = match named.is_empty() {
            true => fields
                .filter(|field| !fixed(field.name()))
                .map(|field| field.data_type().clone())
                .collect(),
            false => named
                .iter()
                .filter_map(|name| {
                    let name = name.trim_matches('`').to_ascii_lowercase();
                    let mut fields = table.schema().fields().iter();
                    fields.find(|field| *field.name() == name)
                })
                .map(|field| field.data_type().clone())
                .collect(),
        };
        let Some(source) = &insert.source else {
            return Ok(());
        };
        let mut assign = |exprs: &mut dyn Iterator<Item = &Expr>| {
            for (expr, target) in exprs.zip(&targets) {
                if let Some(found) = place(expr).and_then(|place| types.get_mut(place)) {
                    found.get_or_insert_with(|| plain(target));
                }
            }
        };
        match source.body.as_ref() {
            SetExpr::Values(values) => {
                for row in &values.rows {
                    assign(&mut row.content.iter());
                }
            }
            SetExpr::Select(select) => {
                let exprs = select.projection.iter().map(|item| match item {
                    ast::SelectItem::UnnamedExpr(expr)
                    | ast::SelectItem::ExprWithAlias { expr, .. } => Some(expr),
                    _ => None,
                });
                // A `*` stands for any number of columns.
                assign(&mut exprs.map_while(|expr| expr));
            }
            _ => {}
        }
        Ok(())
    }

    /// The types that the text itself says: `CAST(? AS type)`, and whole numbers after LIMIT and OFFSET.
    async fn said(&self, query: &ast::Statement, types: &mut [Option<DataType>]) {
        let mut found = Said(Vec::new());
        let _ = query.visit(&mut found);
        let state = self.state();
        for (place, said) in found.0 {
            let data_type = match said {
                None => Some(DataType::Int64),
                Some(name) => state
                    .create_logical_expr(&format!("CAST(NULL AS {name})"), &DFSchema::empty())
                    .and_then(|expr| expr.get_type(&DFSchema::empty()))
                    .ok(),
            };
            if let (Some(found), Some(data_type)) = (types.get_mut(place), data_type) {
                found.get_or_insert_with(|| plain(&data_type));
            }
        }
    }
}

/// The places of parameters, with the SQL type that each is cast to; none for a whole number.
struct Said(Vec<(usize, Option<String>)>);

impl Visitor for Said {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Cast {
            expr, data_type, ..
        } = expr
            && let Some(place) = place(expr)
        {
            self.0.push((place, Some(data_type.to_string())));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
        let counts = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                [limit.as_ref(), offset.as_ref().map(|it| &it.value)]
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => [Some(offset), Some(limit)],
            None => [None, None],
        };
        let fetch = query.fetch.as_ref().and_then(|it| it.quantity.as_ref());
        let places = counts
            .into_iter()
            .chain([fetch])
            .flatten()
            .filter_map(place);
        self.0.extend(places.map(|place| (place, None)));
        ControlFlow::Continue(())
    }
}

/// A type as clients know it: they bind plain texts and bytes. The JDBC driver (18.3) writes the milliseconds of a
/// `java.sql.Timestamp` into a vector of whatever unit it is asked for, so that it is asked for milliseconds; others send
/// the unit that they have.
fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Timestamp(..) => DataType::Timestamp(TimeUnit::Millisecond, None),
        DataType::Dictionary(_, value) => plain(value),
        other => other.clone(),
    }
}
