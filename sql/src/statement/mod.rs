//! What the statements do, a file each kind.

mod create_table;
mod database;
mod describe;
mod ingest;
mod insert;
mod load;
mod partition;
mod publish;
mod schedule;
mod set;
mod show;
mod source;
mod values;

use datafusion::arrow::array::RecordBatch;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast;

use crate::error::Result;
use crate::parse::Statement;
use crate::session::{Done, Session};

/// Runs a statement that returns no rows.
pub(crate) async fn run(session: &Session, statement: Statement) -> Result<Done> {
    match statement {
        Statement::Insert(insert) => insert::run(session, *insert, None).await,
        Statement::BoundInsert(bound) => {
            insert::run(session, bound.insert, Some(&bound.rows)).await
        }
        Statement::Ingest(ingest) => ingest::run(session, *ingest).await,
        Statement::LoadFiles(load) => load::run(session, *load).await,
        Statement::CreateTable(create) => create_table::create(session, *create).await,
        Statement::DropTable { table, if_exists } => {
            create_table::drop(session, &table, if_exists).await
        }
        Statement::CreateDatabase {
            name,
            if_not_exists,
            comment,
            location,
        } => database::create(session, &name, if_not_exists, comment, location).await,
        Statement::DropDatabase {
            name,
            if_exists,
            cascade,
        } => database::drop(session, &name, if_exists, cascade).await,
        Statement::Use { database } => database::switch(session, &database).await,
        Statement::Repair { table } => partition::repair(session, &table).await,
        Statement::Refresh { table, partition } => {
            partition::refresh(session, &table, partition).await
        }
        Statement::Invalidate { table } => partition::invalidate(session, table.as_ref()).await,
        Statement::AddPartitions {
            table,
            if_not_exists,
            partitions,
        } => partition::add(session, &table, if_not_exists, partitions).await,
        Statement::DropPartitions {
            table,
            if_exists,
            partitions,
        } => partition::drop(session, &table, if_exists, partitions).await,
        Statement::CreateSource(create) => source::create(session, create).await,
        Statement::RefreshSource { kind, name } => source::refresh(session, kind, &name).await,
        Statement::DropSource {
            kind,
            name,
            if_exists,
        } => source::drop(session, kind, &name, if_exists).await,
        Statement::Publish(publish) => publish::run(session, publish).await,
        Statement::CreateSchedule(create) => schedule::create(session, create).await,
        Statement::DropSchedule { name, if_exists } => {
            schedule::drop(session, &name, if_exists).await
        }
        Statement::Set { name, value } => set::set(session, name, value).await,
        Statement::Query(_)
        | Statement::ExplainInsert(_)
        | Statement::ShowDatabases { .. }
        | Statement::ShowTables { .. }
        | Statement::ShowPartitions { .. }
        | Statement::ShowCreateTable { .. }
        | Statement::ShowSources { .. }
        | Statement::ShowRejected { .. }
        | Statement::ShowSchedules
        | Statement::ShowWrites
        | Statement::Describe { .. }
        | Statement::ShowSettings { .. } => Ok(Done::new("")),
    }
}

/// The logical plan of an EXPLAIN that DataFusion cannot plan by itself.
pub(crate) async fn explain_insert(
    session: &Session,
    statement: ast::Statement,
) -> Result<LogicalPlan> {
    insert::explain(session, statement).await
}

/// The rows of a SHOW or DESCRIBE.
pub(crate) async fn list(session: &Session, statement: Statement) -> Result<RecordBatch> {
    match statement {
        Statement::ShowDatabases { like } => show::databases(session, like.as_deref()).await,
        Statement::ShowTables { database, like } => {
            show::tables(session, database, like.as_deref()).await
        }
        Statement::ShowPartitions { table } => show::partitions(session, &table).await,
        Statement::ShowCreateTable { table } => describe::create_statement(session, &table).await,
        Statement::Describe { table, formatted } => {
            describe::describe(session, &table, formatted).await
        }
        Statement::ShowSources { kind } => source::show(session, kind).await,
        Statement::ShowRejected { kind, name } => source::show_rejected(session, kind, &name).await,
        Statement::ShowSchedules => schedule::show(session).await,
        Statement::ShowWrites => show::writes(session).await,
        Statement::ShowSettings { name } => set::show(session, name.as_deref()),
        // Every other statement runs as a command or a query.
        _ => crate::session::text_rows(&[], Vec::new()),
    }
}
