//! Statements of a server, kept apart: threads of their own, a turn of their own, a share of the memory.
//!
//! A served [`crate::Engine`] plans and runs each statement as a *task* on [`workers`], once [`admission`] gives it a turn.
//! Its client waits elsewhere, and is answered at once when the statement is stopped. A statement is stopped by its client (who
//! goes away, or cancels), by its time, by the guard of the [`memory`], or because the server stops. The task itself ends where it
//! next waits or asks its [`Control`]. A panic ends its statement alone.
//!
//! A program that runs one statement after the other (`spotql run`) needs none of this: there a session runs its
//! statements in place.

mod admission;
pub(crate) mod memory;
mod rows;
mod workers;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnv;
use spotql_functions::control::{Control, Stop};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::error::{Error, Result};
use admission::{Admission, Pass};
use memory::StatementPool;
pub(crate) use rows::Make;
pub use rows::Rows;
use workers::{Lease, Workers};

/// How many statements a server runs at once, and how many may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// Statements that run at once.
    pub statements: usize,
    /// Statements of one user that run at once.
    pub by_user: usize,
    /// Statements that wait for their turn; beyond that one is refused.
    pub queue: usize,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self {
            statements: 32,
            by_user: 24,
            queue: 1_000,
        }
    }
}

/// How often the resident memory is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long a statement waits for memory before it is refused.
const PATIENCE: Duration = Duration::from_secs(5);
/// What statements may take beyond the memory that the allocator keeps, in bytes.
const MARGIN: usize = 256 << 20;
/// How long one whose statement was stopped may take to give its memory back, before another one is stopped.
const GIVE_BACK: Duration = Duration::from_millis(1_000);

/// What keeps the statements of a server apart.
#[derive(Debug)]
pub(crate) struct Work {
    workers: Arc<Workers>,
    admission: Admission,
    /// The statements under way.
    statements: Mutex<HashMap<Uuid, Weak<Task>>>,
    runtime: Arc<RuntimeEnv>,
    /// Resident bytes beyond which nothing new begins.
    resident_limit: usize,
    /// Resident bytes at the last look at which no statement was under way: what the allocator keeps for the next ones.
    kept: AtomicUsize,
}

/// A part of a statement under way: its planning, or its execution.
#[derive(Debug)]
pub(crate) struct Task {
    control: Arc<Control>,
    pool: Arc<StatementPool>,
}

impl Work {
    /// With this many threads for a statement, and the memory pool of `runtime`.
    pub(crate) fn new(
        threads: usize,
        concurrency: Concurrency,
        runtime: Arc<RuntimeEnv>,
        resident_limit: usize,
    ) -> Self {
        Self {
            workers: Workers::new(threads),
            admission: Admission::new(concurrency),
            statements: Mutex::default(),
            runtime,
            resident_limit,
            kept: AtomicUsize::new(0),
        }
    }

    /// Runs a part of a statement, once it is its turn, and waits for it.
    ///
    /// # Errors
    /// What the work ends with; when it is stopped; when it panics; when as many statements wait as may.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        control: &Arc<Control>,
        user: &str,
        time: Option<Duration>,
        work: impl FnOnce(Arc<RuntimeEnv>) -> Boxed<T>,
    ) -> Result<T> {
        let watch = Watch::new(control, time);
        let whole = async {
            let (turn, lease) = self.enter(user).await?;
            let handle = self.begin(control, turn, lease, work)?;
            watched(&watch, handle).await
        };
        let result = tokio::select! {
            biased;
            result = whole => result,
            stop = watch.stopped() => Err(Error::Stopped(stop)),
        };
        watch.release();
        result
    }

    /// A turn and threads.
    async fn enter(self: &Arc<Self>, user: &str) -> Result<(Arc<Turn>, Lease)> {
        let turn = Arc::new(Turn {
            work: Arc::downgrade(self),
            user: user.to_owned(),
            pass: Mutex::default(),
        });
        turn.take().await?;
        let until = Instant::now() + PATIENCE;
        while let Some(resident) = self.too_much() {
            if Instant::now() > until {
                return Err(Error::MemoryExhausted {
                    resident_mib: resident >> 20,
                });
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok((turn, self.workers.take()?))
    }

    /// Starts a task, which holds its turn until it has ended, or gives it up before.
    fn begin<T: Send + 'static>(
        self: &Arc<Self>,
        control: &Arc<Control>,
        turn: Arc<Turn>,
        lease: Lease,
        work: impl FnOnce(Arc<RuntimeEnv>) -> Boxed<T>,
    ) -> Result<Handle<T>> {
        let shared = &self.runtime.memory_pool;
        let share = match shared.memory_limit() {
            MemoryLimit::Finite(limit) => limit / 4 * 3,
            _ => usize::MAX,
        };
        let pool = Arc::new(StatementPool::new(Arc::clone(shared), share));
        let runtime = Arc::new(RuntimeEnv {
            memory_pool: Arc::clone(&pool) as Arc<dyn MemoryPool>,
            ..self.runtime.as_ref().clone()
        });
        let task = Arc::new(Task {
            control: Arc::clone(control),
            pool,
        });
        let id = control.id();
        let mut statements = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        statements.insert(id, Arc::downgrade(&task));
        drop(statements);
        let work = work(runtime);
        let ending = Ending {
            work: Arc::downgrade(self),
            id,
        };
        let spawned = lease.spawn(async move {
            let _held = (task, turn, ending);
            work.await
        });
        match spawned {
            Some(handle) => Ok(Handle(handle)),
            None => Err(Error::Stopped(Stop::ServerStops)),
        }
    }

    /// Stops a statement; `false` if there is none of this number.
    pub(crate) fn stop(&self, id: Uuid, reason: Stop) -> bool {
        let statements = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match statements.get(&id).and_then(Weak::upgrade) {
            Some(task) => {
                task.control.stop(reason);
                true
            }
            None => false,
        }
    }

    /// The resident memory, if it is more than may be.
    fn too_much(&self) -> Option<usize> {
        let limit = self.limit();
        memory::resident().filter(|resident| *resident > limit)
    }

    /// The resident bytes that may be. Freed memory stays resident while the threads that freed it sleep, and no waiting
    /// brings it back: without a margin above it nothing would ever begin again.
    fn limit(&self) -> usize {
        let kept = self.kept.load(Ordering::Relaxed);
        self.resident_limit.max(kept.saturating_add(MARGIN))
    }

    /// Notes what is resident, if no statement is under way.
    fn note_kept(&self, resident: usize) {
        let statements = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let idle = statements.values().all(|task| task.strong_count() == 0);
        drop(statements);
        if idle {
            self.kept.store(resident, Ordering::Relaxed);
        }
    }

    /// Watches over the memory, for as long as it is polled.
    pub(crate) async fn guard(&self) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stopped: Option<Instant> = None;
        loop {
            looks.tick().await;
            self.workers.sweep();
            let Some(resident) = memory::resident() else {
                continue;
            };
            self.note_kept(resident);
            if resident <= self.limit() {
                continue;
            }
            if stopped.is_some_and(|at| at.elapsed() < GIVE_BACK) {
                continue;
            }
            let resident_mib = resident >> 20;
            if let Some(largest) = self.largest() {
                log::error!(
                    "{resident_mib} MiB are resident, more than {} MiB: query {} is stopped",
                    self.limit() >> 20,
                    largest.control.id()
                );
                largest.control.stop(Stop::Memory { resident_mib });
                stopped = Some(Instant::now());
            }
        }
    }

    /// The statement that holds the most memory; of equals the one that began last.
    fn largest(&self) -> Option<Arc<Task>> {
        let statements = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let running = statements.values().filter_map(Weak::upgrade);
        running
            .filter(|task| task.control.reason().is_none())
            .max_by_key(|task| (task.pool.used(), task.control.id()))
    }
}

/// A statement's turn: one of the places of those that run.
#[derive(Debug)]
struct Turn {
    work: Weak<Work>,
    user: String,
    pass: Mutex<Option<Pass>>,
}

impl Turn {
    /// Waits for it.
    async fn take(&self) -> Result<()> {
        let stops = || Error::Stopped(Stop::ServerStops);
        let work = self.work.upgrade().ok_or_else(stops)?;
        let pass = work.admission.enter(&self.user).await?;
        *self.pass.lock().unwrap_or_else(PoisonError::into_inner) = Some(pass);
        Ok(())
    }

    /// Gives the place to others.
    fn give_up(&self) {
        let pass = self
            .pass
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(pass);
    }
}

/// The work of a task.
pub(crate) type Boxed<T> = futures::future::BoxFuture<'static, Result<T>>;

/// Takes a task out of the list when it ends.
struct Ending {
    work: Weak<Work>,
    id: Uuid,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(work) = self.work.upgrade() {
            let mut statements = work
                .statements
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            statements.remove(&self.id);
        }
    }
}

/// A task, aborted when nobody waits for it any more.
struct Handle<T>(JoinHandle<Result<T>>);

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits for a task.
async fn watched<T>(watch: &Watch, mut handle: Handle<T>) -> Result<T> {
    match (&mut handle.0).await {
        Ok(result) => result.map_err(|error| watch.explain(error)),
        Err(error) => Err(watch.fault(error)),
    }
}

/// Looks after a statement for those who wait for it: stops it when they go away, or when its time is over.
struct Watch {
    control: Arc<Control>,
    until: Option<(tokio::time::Instant, Duration)>,
    released: AtomicBool,
}

impl Watch {
    fn new(control: &Arc<Control>, time: Option<Duration>) -> Self {
        Self {
            control: Arc::clone(control),
            until: time.map(|time| (tokio::time::Instant::now() + time, time)),
            released: false.into(),
        }
    }

    /// Completes when the statement is stopped, and stops it when its time is over.
    async fn stopped(&self) -> Stop {
        let Some((until, time)) = self.until else {
            return self.control.stopped().await;
        };
        match tokio::time::timeout_at(until, self.control.stopped()).await {
            Ok(stop) => stop,
            Err(_) => {
                self.control.stop(Stop::TimedOut(time));
                self.control.stopped().await
            }
        }
    }

    /// The statement has ended, or this part of it.
    fn release(&self) {
        self.released.store(true, Ordering::Relaxed);
    }

    /// An error of a statement that was stopped is that it was stopped.
    fn explain(&self, error: Error) -> Error {
        match self.control.reason() {
            Some(stop) => Error::Stopped(stop.clone()),
            None => error.with_fault(self.control.id()),
        }
    }

    fn fault(&self, error: tokio::task::JoinError) -> Error {
        match self.control.reason() {
            Some(stop) => Error::Stopped(stop.clone()),
            None => Error::of_join(error, self.control.id()),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.released.load(Ordering::Relaxed) {
            self.control.stop(Stop::Cancelled);
        }
    }
}
