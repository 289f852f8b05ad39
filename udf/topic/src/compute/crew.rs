//! The threads that compute a pass.
//!
//! Threads are scoped and live for one pass (tens of microseconds beside tens of milliseconds):
//! no pool, global or own, is touched, and the caller may be on any thread that may block.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::lanes::Instructions;

/// Who computes, and who may stop it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crew<'a> {
    /// How many threads, the calling one included.
    pub(crate) threads: usize,
    /// Set by somebody else to end the pass early.
    pub(crate) cancel: &'a AtomicBool,
    /// Which instructions the processor has.
    pub(crate) instructions: Instructions,
}

/// The caller cancelled; the matrix is half done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cancelled;

/// Takes the first cells of a slice away from it (all there are, if there are fewer).
pub(crate) fn split_off<'a, C>(rest: &mut &'a mut [C], length: usize) -> &'a mut [C] {
    let length = length.min(rest.len());
    let (first, remaining) = std::mem::take(rest).split_at_mut(length);
    *rest = remaining;
    first
}

/// Lets the threads take jobs until there are none, or until somebody cancels. Each thread makes
/// its working memory once.
pub(crate) fn share<J: Send, S>(
    crew: Crew<'_>,
    jobs: Vec<J>,
    scratch: impl Fn() -> S + Sync,
    work: impl Fn(J, &mut S) + Sync,
) -> Result<(), Cancelled> {
    let threads = crew.threads.min(jobs.len());
    let queue = Mutex::new(jobs.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        let mut scratch = scratch();
        while !crew.cancel.load(Ordering::Relaxed) {
            let Some(job) = next() else { break };
            work(job, &mut scratch);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            let builder = std::thread::Builder::new().name("spotql-topic".to_owned());
            if let Err(error) = builder.spawn_scoped(scope, worker) {
                // Fewer threads give the same bits, later.
                log::warn!("topic training goes on with fewer threads: {error}");
                break;
            }
        }
        worker();
    });
    if crew.cancel.load(Ordering::Relaxed) {
        Err(Cancelled)
    } else {
        Ok(())
    }
}
