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
    Expr, Query, Select, SelectItem, Statement, TableAlias, TableFactor, Value, ValueWithSpan,
    Visit, Visitor,
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
        let (mut columns, mut tables) = (HashSet::new(), HashSet::new());
        plan.apply_with_subqueries(|plan| {
            match plan {
                LogicalPlan::TableScan(scan) => {
                    let schema = scan.source.schema();
                    let names = schema.fields().iter().map(|it| it.name().to_lowercase());
                    columns.extend(names);
                    tables.insert(scan.table_name.table().to_lowercase());
                }
                LogicalPlan::SubqueryAlias(alias) => {
                    tables.insert(alias.alias.table().to_lowercase());
                }
                LogicalPlan::Values(values) => {
                    let fields = values.schema.fields().iter();
                    columns.extend(fields.map(|it| it.name().to_lowercase()));
                }
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        let is_column = |name: &str| columns.contains(name) || self.aliases.contains(name);
        let is_name = |text: &&String| {
            let name = text.to_lowercase();
            let qualified = || {
                let (table, column) = name.rsplit_once('.')?;
                let table = table.rsplit('.').next()?;
                Some(tables.contains(table) && is_column(column))
            };
            is_column(&name) || qualified().unwrap_or(false)
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

impl DoubleQuoted {
    /// The columns of `AS t(a, b)`.
    fn renamed(&mut self, alias: &TableAlias) {
        let columns = alias.columns.iter();
        self.aliases
            .extend(columns.map(|column| column.name.value.to_lowercase()));
    }
}

impl Visitor for DoubleQuoted {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.texts.extend(double_quoted(expr).map(str::to_owned));
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.renamed(&table.alias);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table {
            alias: Some(alias), ..
        }
        | TableFactor::Derived {
            alias: Some(alias), ..
        } = table
        {
            self.renamed(alias);
        }
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
