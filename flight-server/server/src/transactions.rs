//! Transactions of several statements: honoured as far as that can be, and refused where it would be a lie.
//!
//! Each statement is a transaction of its own: its rows are visible, and stay, as soon as it has run. Clients of DB-API, ADBC
//! among them, begin a transaction all the same unless they are told not to, and end it by commit or rollback. Commit has
//! nothing left to do. Rollback is an error if a statement of the transaction has changed anything, as the change stays. A
//! client that finds no transactions here would not even ask, and `rollback()` would keep the rows in silence.
//!
//! A statement that was prepared in a transaction may be executed when that has ended and the next has begun, which it then
//! belongs to: that of the same connection.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tonic::Status;
use uuid::Uuid;

use super::handles::{Handles, Limits, Owner};

const LIMITS: Limits = Limits {
    lifetime: Duration::from_secs(8 * 3600),
    entries: 10_000,
    bytes: usize::MAX,
};

/// A transaction of a client.
#[derive(Debug)]
pub(super) struct Transaction {
    peer: Option<SocketAddr>,
    ended: AtomicBool,
    /// Statements that have changed something.
    changes: AtomicU64,
}

/// The transactions of all clients.
#[derive(Debug)]
pub(super) struct Transactions {
    by_handle: Handles<Arc<Transaction>>,
    begun: Mutex<Vec<Weak<Transaction>>>,
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Commit,
    Rollback,
}

impl Transactions {
    pub(super) fn new() -> Self {
        Self {
            by_handle: Handles::new(LIMITS),
            begun: Mutex::default(),
        }
    }

    /// Begins one.
    pub(super) fn begin(&self, owner: Owner) -> Uuid {
        let transaction = Arc::new(Transaction {
            peer: owner.peer,
            ended: AtomicBool::new(false),
            changes: AtomicU64::new(0),
        });
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|it| it.strong_count() > 0);
        begun.push(Arc::downgrade(&transaction));
        drop(begun);
        self.by_handle.insert(owner, 0, transaction)
    }

    /// The transaction that a command names; none if it names none.
    ///
    /// # Errors
    /// When it has ended, or never was.
    pub(super) fn find(
        &self,
        handle: Option<&[u8]>,
        caller: Option<Uuid>,
    ) -> Result<Option<Arc<Transaction>>, Status> {
        match handle.filter(|handle| !handle.is_empty()) {
            None => Ok(None),
            Some(handle) => match self.by_handle.get(handle, caller) {
                Some(transaction) => Ok(Some(transaction)),
                None => Err(unknown()),
            },
        }
    }

    /// Ends one.
    ///
    /// # Errors
    /// When it is not known, or is to be rolled back and has changed something.
    pub(super) fn end(&self, handle: &[u8], caller: Option<Uuid>, end: End) -> Result<(), Status> {
        let transaction = self.by_handle.take(handle, caller).ok_or_else(unknown)?;
        transaction.ended.store(true, Ordering::Relaxed);
        let changes = transaction.changes.load(Ordering::Relaxed);
        if end == End::Commit || changes == 0 {
            return Ok(());
        }
        let statements = if changes == 1 {
            "statement"
        } else {
            "statements"
        };
        Err(Status::failed_precondition(format!(
            "rollback is not possible: {changes} {statements} of this transaction changed data, each was committed when it \
             ran, and the changes stay; undo them by other statements, and use autocommit"
        )))
    }

    /// Notes that a statement has changed something.
    pub(super) fn changed(&self, transaction: &Transaction) {
        if !transaction.ended.load(Ordering::Relaxed) {
            transaction.changes.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let open = begun.iter().filter_map(Weak::upgrade);
        for next in open.filter(|it| it.peer == transaction.peer) {
            next.changes.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn forget(&self, owner: Uuid) {
        self.by_handle.forget(owner);
    }

    pub(super) fn sweep(&self) {
        self.by_handle.sweep();
    }
}

fn unknown() -> Status {
    Status::not_found(
        "this transaction is not known: it was ended, or not used for eight hours; begin another one",
    )
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn a_transaction_that_changed_nothing_can_be_rolled_back() {
        let transactions = Transactions::new();
        let id = transactions.begin(Owner::default());
        assert!(
            transactions
                .find(Some(id.as_bytes()), None)
                .unwrap()
                .is_some()
        );
        assert!(transactions.find(None, None).unwrap().is_none());
        transactions
            .end(id.as_bytes(), None, End::Rollback)
            .unwrap();
        let error = transactions.find(Some(id.as_bytes()), None).unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
    }

    #[test]
    fn a_change_is_committed_and_not_rolled_back() {
        let transactions = Transactions::new();
        for end in [End::Commit, End::Rollback] {
            let id = transactions.begin(Owner::default());
            let found = transactions.find(Some(id.as_bytes()), None).unwrap();
            transactions.changed(&found.unwrap());
            let ended = transactions.end(id.as_bytes(), None, end);
            assert_eq!(ended.is_ok(), end == End::Commit, "{ended:?}");
        }
    }

    #[test]
    fn a_statement_prepared_before_belongs_to_the_next_transaction_of_its_connection() {
        let transactions = Transactions::new();
        let peer = |port| Owner {
            session: None,
            peer: Some(SocketAddr::from(([127, 0, 0, 1], port))),
        };
        let first = transactions.begin(peer(1));
        let prepared = transactions
            .find(Some(first.as_bytes()), None)
            .unwrap()
            .unwrap();
        transactions
            .end(first.as_bytes(), None, End::Commit)
            .unwrap();
        let next = transactions.begin(peer(1));
        let other = transactions.begin(peer(2));
        transactions.changed(&prepared);
        assert!(
            transactions
                .end(next.as_bytes(), None, End::Rollback)
                .is_err()
        );
        assert!(
            transactions
                .end(other.as_bytes(), None, End::Rollback)
                .is_ok()
        );
    }
}
