//! How many statements run at once, and how many may wait.
//!
//! Statements wait in the order in which they came, each user's behind that user's own; beyond the queue's end they are
//! refused at once. A user at the limit waits for that user's own statements, and keeps no place that others could have.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Concurrency;
use crate::error::{Error, Result};

/// The entrance.
#[derive(Debug)]
pub(super) struct Admission {
    limits: Concurrency,
    running: Arc<Semaphore>,
    users: Mutex<HashMap<String, Weak<Semaphore>>>,
    waiting: AtomicUsize,
}

/// The right to run; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    _server: OwnedSemaphorePermit,
    _user: OwnedSemaphorePermit,
}

/// One who waits, counted until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Admission {
    pub(super) fn new(limits: Concurrency) -> Self {
        Self {
            limits,
            running: Arc::new(Semaphore::new(limits.statements)),
            users: Mutex::default(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Waits for the turn of a user's statement.
    ///
    /// # Errors
    /// When as many wait already as may.
    pub(super) async fn enter(&self, user: &str) -> Result<Pass> {
        let own = self.of_user(user);
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Waiting(&self.waiting);
        let at_once = || {
            let _user = Arc::clone(&own).try_acquire_owned().ok()?;
            let _server = Arc::clone(&self.running).try_acquire_owned().ok()?;
            Some(Pass { _server, _user })
        };
        if let Some(pass) = at_once() {
            return Ok(pass);
        }
        if waiting >= self.limits.queue {
            return Err(Error::Busy {
                running: self.limits.statements,
                waiting,
            });
        }
        let closed = |_| Error::Stopped(spotql_functions::control::Stop::ServerStops);
        let _user = own.acquire_owned().await.map_err(closed)?;
        let running = Arc::clone(&self.running);
        let _server = running.acquire_owned().await.map_err(closed)?;
        drop(place);
        Ok(Pass { _server, _user })
    }

    fn of_user(&self, user: &str) -> Arc<Semaphore> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = users.get(user).and_then(Weak::upgrade) {
            return own;
        }
        users.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Semaphore::new(self.limits.by_user));
        users.insert(user.to_owned(), Arc::downgrade(&own));
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(statements: usize, by_user: usize, queue: usize) -> Admission {
        Admission::new(Concurrency {
            statements,
            by_user,
            queue,
        })
    }

    #[tokio::test]
    async fn a_user_at_the_limit_leaves_room_for_others() {
        let admission = admission(3, 1, 10);
        let first = admission.enter("a").await.unwrap();
        let mut second = std::pin::pin!(admission.enter("a"));
        assert!(futures::poll!(&mut second).is_pending());
        let other = admission.enter("b").await.unwrap();
        drop(first);
        assert!(second.await.is_ok());
        drop(other);
    }

    #[tokio::test]
    async fn the_queue_has_an_end() {
        let admission = admission(1, 1, 1);
        let running = admission.enter("a").await.unwrap();
        {
            let mut waiting = std::pin::pin!(admission.enter("b"));
            assert!(futures::poll!(&mut waiting).is_pending());
            let error = admission.enter("c").await.unwrap_err();
            assert!(
                matches!(
                    error,
                    Error::Busy {
                        running: 1,
                        waiting: 1
                    }
                ),
                "{error}"
            );
        }
        // One that went away has left the queue.
        let mut waiting = std::pin::pin!(admission.enter("c"));
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(running);
        assert!(waiting.await.is_ok());
    }
}
