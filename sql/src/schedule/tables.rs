//! Which tables a script writes, found out without running it: two runs that write one table wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::sql::sqlparser::ast;

use super::{DayPart, Schedule};
use crate::error::Result;
use crate::parse::{Statement, TableName};
use crate::session::Session;

impl Schedule {
    /// The tables that its script writes for a part of a period, as `database.table`.
    ///
    /// # Errors
    /// When a statement cannot be parsed, a variable has no value or a script is not there.
    pub fn tables(&self, session: &Session, part: &DayPart) -> Result<Vec<String>> {
        let mut run = self.script(session, part)?;
        let mut database = self.definition.database.clone();
        let mut set: BTreeMap<String, String> = BTreeMap::new();
        let mut tables = BTreeSet::new();
        while let Some(statement) = run.next_statement() {
            let failed = |error| *statement.failed(error).source;
            let value = |name: &str| set.get(name).cloned().or_else(|| session.variable(name));
            let text = run.substitute(&statement, &value).map_err(failed)?;
            if run
                .enter_target(session, &statement, &text)
                .map_err(|failure| *failure.source)?
                .is_some()
            {
                continue;
            }
            let written = match session.parse(&text).map_err(failed)? {
                Statement::Insert(insert) => match &insert.table {
                    ast::TableObject::TableName(name) => Some(TableName::try_from(name)?),
                    _ => None,
                },
                // It writes the table of rejected rows only together with this one.
                Statement::LoadFiles(load) => Some(load.table),
                Statement::CreateTable(create) => Some(TableName::try_from(&create.name)?),
                Statement::DropTable { table, .. }
                | Statement::AddPartitions { table, .. }
                | Statement::DropPartitions { table, .. }
                | Statement::Repair { table }
                | Statement::Refresh { table, .. } => Some(table),
                Statement::Use { database: name } => {
                    database = name;
                    None
                }
                Statement::Set { name, value } => {
                    set.insert(name, value);
                    None
                }
                _ => None,
            };
            if let Some(table) = written {
                let database = table.database.as_ref().unwrap_or(&database);
                tables.insert(format!("{database}.{}", table.name));
            }
        }
        Ok(tables.into_iter().collect())
    }
}
