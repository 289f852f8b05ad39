//! Threads for a statement of its own.
//!
//! A statement plans and runs on a runtime that no other statement uses at the same time. The operating system shares the
//! processors out between the threads of all, in milliseconds, whatever a statement computes between two of its awaits. In
//! one runtime for all a small query would wait until a large one yields. After a tenth of a second a statement's
//! threads step back behind those of others (a higher niceness), so that what is short stays quick beside what is long.
//!
//! Runtimes are kept and used again. One whose threads have stepped back cannot come forward (that takes privileges): it
//! ends with its statement.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{AbortHandle, JoinHandle};

use crate::error::{Error, Result};

/// Bytes of a thread's stack, taken page by page: queries within queries are planned by recursion, as deeply as the parser
/// lets them be.
const STACK: usize = 32 << 20;
/// How many idle runtimes are kept.
const IDLE: usize = 8;
/// A statement that takes longer makes way for others.
const SHORT: Duration = Duration::from_millis(100);

/// The runtimes.
#[derive(Debug)]
pub(super) struct Workers {
    threads: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    idle: Vec<Worker>,
    /// Their statements have ended; tasks that they left behind may not have.
    leaving: Vec<Worker>,
}

#[derive(Debug)]
struct Worker {
    runtime: Runtime,
    threads: Arc<Threads>,
}

impl Worker {
    fn new(threads: usize) -> Result<Self> {
        let started = Arc::new(Threads::default());
        let starting = Arc::clone(&started);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("statement")
            .thread_stack_size(STACK)
            .on_thread_start(move || starting.started())
            .enable_all()
            .build()
            .map_err(|source| Error::from(datafusion::error::DataFusionError::IoError(source)))?;
        Ok(Self {
            runtime,
            threads: started,
        })
    }

    fn is_free(&self) -> bool {
        self.runtime.metrics().num_alive_tasks() == 0
    }
}

impl Workers {
    /// Runtimes with this many threads each.
    pub(super) fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self {
            threads,
            kept: Mutex::default(),
        })
    }

    /// A runtime that nobody else uses.
    ///
    /// # Errors
    /// When the system starts no more threads.
    pub(super) fn take(self: &Arc<Self>) -> Result<Lease> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let over = kept.sort();
        let idle = kept.idle.pop();
        drop(kept);
        over.into_iter().for_each(end);
        let worker = match idle {
            Some(worker) => worker,
            None => Worker::new(self.threads)?,
        };
        Ok(Lease {
            worker: Some(worker),
            workers: Arc::clone(self),
        })
    }

    /// Ends what nobody uses any more.
    pub(super) fn sweep(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let over = kept.sort();
        drop(kept);
        over.into_iter().for_each(end);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.idle.drain(..).for_each(end);
        self.leaving.drain(..).for_each(end);
    }
}

/// Ends a runtime without waiting for it, which a runtime's own threads must not.
fn end(worker: Worker) {
    worker.runtime.shutdown_background();
}

impl Kept {
    /// Moves those that are free to the idle ones, and gives those that are to end.
    fn sort(&mut self) -> Vec<Worker> {
        let mut over = Vec::new();
        let free: Vec<Worker> = self.leaving.extract_if(.., |it| it.is_free()).collect();
        for worker in free {
            match worker.threads.stepped_back.load(Ordering::Acquire) || self.idle.len() >= IDLE {
                true => over.push(worker),
                false => self.idle.push(worker),
            }
        }
        over
    }
}

/// A runtime lent to one statement.
#[derive(Debug)]
pub(super) struct Lease {
    worker: Option<Worker>,
    workers: Arc<Workers>,
}

impl Lease {
    /// Runs a future on the runtime, which is given back when it has ended and left no task behind.
    pub(super) fn spawn<T: Send + 'static>(
        self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<JoinHandle<T>> {
        let worker = self.worker.as_ref()?;
        let handle = worker.runtime.handle().clone();
        let threads = Arc::clone(&worker.threads);
        // On the caller's runtime: threads that compute look at no clock.
        let long = tokio::spawn(async move {
            tokio::time::sleep(SHORT).await;
            threads.step_back();
        });
        let long = Timer(long.abort_handle());
        Some(handle.spawn(async move {
            // The runtime is given back when this task ends, also if it is aborted.
            let _until_the_end = (long, self);
            work.await
        }))
    }
}

/// Stopped when it is dropped.
struct Timer(AbortHandle);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            let mut kept = self
                .workers
                .kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            kept.leaving.push(worker);
        }
    }
}

/// The threads of a runtime, and whether they have stepped back.
#[derive(Debug, Default)]
struct Threads {
    #[cfg(target_os = "linux")]
    ids: Mutex<Vec<rustix::process::Pid>>,
    stepped_back: AtomicBool,
}

#[cfg(target_os = "linux")]
impl Threads {
    /// The niceness of statements that take long: a third of the weight of others, so that they go on, too.
    const NICE: i32 = 5;

    fn started(&self) {
        let id = rustix::thread::gettid();
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.push(id);
        if self.stepped_back.load(Ordering::Acquire) {
            // Where it cannot be done the threads share the processors as equals.
            let _ = rustix::process::setpriority_process(Some(id), Self::NICE);
        }
    }

    fn step_back(&self) {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        self.stepped_back.store(true, Ordering::Release);
        for id in ids.iter() {
            let _ = rustix::process::setpriority_process(Some(*id), Self::NICE);
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Threads {
    fn started(&self) {}

    // Elsewhere priorities belong to processes: the threads share the processors as equals.
    fn step_back(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_runtime_is_used_again_unless_its_statement_took_long() {
        let workers = Workers::new(1);
        let name = || async { std::thread::current().id() };
        let first = workers
            .take()
            .unwrap()
            .spawn(name())
            .unwrap()
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let again = workers
            .take()
            .unwrap()
            .spawn(name())
            .unwrap()
            .await
            .unwrap();
        assert_eq!(first, again);
        let long = async {
            tokio::time::sleep(SHORT * 2).await;
            std::thread::current().id()
        };
        tokio::time::sleep(Duration::from_millis(20)).await;
        let long = workers.take().unwrap().spawn(long).unwrap().await.unwrap();
        assert_eq!(first, long);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let other = workers
            .take()
            .unwrap()
            .spawn(name())
            .unwrap()
            .await
            .unwrap();
        assert_ne!(other, long);
    }

    #[tokio::test]
    async fn a_task_left_behind_ends_before_its_runtime_does() {
        let workers = Workers::new(1);
        let (done, waiting) = tokio::sync::oneshot::channel();
        let leave = async move {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let _ = done.send(());
            });
        };
        workers.take().unwrap().spawn(leave).unwrap().await.unwrap();
        workers.sweep();
        assert!(waiting.await.is_ok());
    }
}
