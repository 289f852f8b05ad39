//! What all calls of a server share.

use std::sync::Arc;

use arrow_flight::sql::metadata::{SqlInfoData, XdbcTypeInfoData};
use datafusion::arrow::datatypes::Schema;
use spotql_sql::{Engine, Prepared, Session};

use super::bound::Bound;
use super::handles::Handles;
use super::session::Sessions;
use super::transactions::{Transaction, Transactions};
use super::wire::Wire;

/// What all calls share.
pub(super) struct Service {
    pub(super) engine: Arc<Engine>,
    pub(super) sessions: Sessions,
    pub(super) prepared: Handles<Statement>,
    pub(super) waiting: Handles<Waiting>,
    pub(super) transactions: Transactions,
    pub(super) sql_info: SqlInfoData,
    pub(super) type_info: XdbcTypeInfoData,
}

impl Service {
    /// Drops what has outlived its lifetime.
    pub(super) fn sweep(&self) {
        self.sessions.sweep();
        self.prepared.sweep();
        self.waiting.sweep();
        self.transactions.sweep();
    }
}

/// A statement that a client prepared.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) sql: Arc<str>,
    pub(super) session: Arc<Session>,
    /// Its columns; none for a statement without rows.
    pub(super) schema: Option<Arc<Schema>>,
    /// The types of its parameters.
    pub(super) parameters: Arc<Schema>,
    /// Their values.
    pub(super) bound: Bound,
    /// The transaction that it was prepared in.
    pub(super) transaction: Option<Arc<Transaction>>,
}

impl Statement {
    /// The columns of its result as they travel; none for a statement without rows.
    pub(super) fn schema(&self) -> Schema {
        self.schema
            .as_deref()
            .cloned()
            .unwrap_or_else(Schema::empty)
    }
}

/// A query that waits for its DoGet.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) session: Arc<Session>,
    pub(super) prepared: Prepared,
    pub(super) wire: Wire,
}
