//! Double quotes: Hive's hold a text, the SQL standard's a name.
//!
//! Superset, Tableau and Grafana write `"srcip"` and mean the column. Hive's SQL takes it for the text, so that the figures
//! are wrong in silence. `spotql.quotes` says which one a session means. Where it means Hive's, a text in double quotes that
//! is also the name of a column of the query is refused.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{
    Expr, Select, SelectItem, Statement, Value, ValueWithSpan, Visit, Visitor,
};

use crate::error::{Error, Result};

/// The texts in double quotes of a statement, and the names that it gives to columns.
#[derive(Debug, Default)]
pub(crate) struct DoubleQuoted {
    texts: Vec<String>,
    aliases: HashSet<String>,
}

impl DoubleQuoted {
    pub(crate) fn of(statement: &Statement) -> Self {
        let mut found = Self::default();
        let _ = statement.visit(&mut found);
        found
    }

    /// Refuses a text that is the name of a column which the plan reads or the statement names.
    pub(crate) fn check(&self, plan: &LogicalPlan) -> Result<()> {
        if self.texts.is_empty() {
            return Ok(());
        }
        let mut columns: HashSet<String> = HashSet::new();
        plan.apply_with_subqueries(|plan| {
            if let LogicalPlan::TableScan(scan) = plan {
                let schema = scan.source.schema();
                let names = schema.fields().iter().map(|it| it.name().to_lowercase());
                columns.extend(names);
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        let is_name = |text: &&String| {
            let name = text.to_lowercase();
            columns.contains(&name) || self.aliases.contains(&name)
        };
        match self.texts.iter().find(is_name) {
            Some(text) => Err(Error::AmbiguousQuotes { text: text.clone() }),
            None => Ok(()),
        }
    }
}

/// The text of an expression in double quotes.
fn double_quoted(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(ValueWithSpan {
            value: Value::DoubleQuotedString(text),
            ..
        }) => Some(text),
        _ => None,
    }
}

impl Visitor for DoubleQuoted {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.texts.extend(double_quoted(expr).map(str::to_owned));
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item {
                let own =
                    double_quoted(expr).is_some_and(|it| it.eq_ignore_ascii_case(&alias.value));
                if !own {
                    self.aliases.insert(alias.value.to_lowercase());
                }
            }
        }
        ControlFlow::Continue(())
    }
}
