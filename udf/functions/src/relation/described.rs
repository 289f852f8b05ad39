//! The expressions of a log's descriptor, planned over an input.

use std::ops::ControlFlow;

use datafusion::common::DFSchema;
use datafusion::common::TableReference;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, Ident, VisitMut, VisitorMut};
use datafusion::sql::sqlparser::dialect::HiveDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::{Error, names};
use crate::log::Log;

/// A log's descriptor beside the columns of an input.
pub(crate) struct Described<'a> {
    pub(crate) function: &'static str,
    pub(crate) log: &'static Log,
    pub(crate) schema: &'a DFSchema,
}

impl Described<'_> {
    /// An expression of the descriptor over the input's columns.
    ///
    /// # Errors
    /// [`Error::MissingColumn`] if the input lacks one that it names.
    pub(crate) fn plan(
        &self,
        text: &str,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Expr> {
        context.sql_to_expr(self.resolved(text)?, self.schema)
    }

    /// Whether the input has the columns that an expression names.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.resolved(text).is_ok()
    }

    /// The expression with each column named as the input has it.
    fn resolved(&self, text: &str) -> Result<SqlExpr> {
        let mut expression = Parser::new(&HiveDialect {})
            .try_with_sql(text)?
            .parse_expr()?;
        match expression.visit(&mut Columns(self)) {
            ControlFlow::Continue(()) => Ok(expression),
            ControlFlow::Break(error) => Err(error.into()),
        }
    }

    fn column(&self, name: &str) -> Result<SqlExpr, Error> {
        let known = self.log.names_of(name);
        let found = known.iter().find_map(|name| {
            let mut fields = self.schema.iter();
            fields.find(|(_, field)| field.name().eq_ignore_ascii_case(name))
        });
        let Some((qualifier, field)) = found else {
            return Err(Error::MissingColumn {
                function: self.function.to_owned(),
                log: self.log.name.to_owned(),
                column: known.join("' or '"),
                present: names(self.schema),
            });
        };
        let parts = qualifier.map_or_else(Vec::new, TableReference::to_vec);
        let parts = parts.into_iter().chain([field.name().clone()]);
        let mut quoted: Vec<Ident> = parts.map(|part| Ident::with_quote('`', part)).collect();
        Ok(match quoted.len() {
            1 => SqlExpr::Identifier(quoted.remove(0)),
            _ => SqlExpr::CompoundIdentifier(quoted),
        })
    }
}

struct Columns<'a>(&'a Described<'a>);

impl VisitorMut for Columns<'_> {
    type Break = Error;

    fn post_visit_expr(&mut self, expression: &mut SqlExpr) -> ControlFlow<Error> {
        if let SqlExpr::Identifier(name) = expression {
            match self.0.column(&name.value) {
                Ok(found) => *expression = found,
                Err(error) => return ControlFlow::Break(error),
            }
        }
        ControlFlow::Continue(())
    }
}
