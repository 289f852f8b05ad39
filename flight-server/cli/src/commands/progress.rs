//! What a running script says: on a terminal the statement at work and its seconds, in a log one
//! line a finished statement.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Reports on standard error; standard output belongs to the rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    terminal: bool,
    quiet: bool,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            quiet,
        }
    }

    /// Waits for `work`, showing `label` and the time meanwhile if there is a terminal.
    pub(super) async fn during<T>(&self, label: &str, work: impl Future<Output = T>) -> T {
        if !self.terminal || self.quiet {
            return work.await;
        }
        let started = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        tokio::pin!(work);
        loop {
            tokio::select! {
                result = &mut work => {
                    self.write(format_args!("\r\x1b[K"));
                    return result;
                }
                _ = tick.tick() => {
                    let seconds = started.elapsed().as_secs_f64();
                    self.write(format_args!("\r\x1b[K{label} … {seconds:.1} s"));
                }
            }
        }
    }

    /// Waits for a step of the work; on a terminal, a line that stays tells its label and its time.
    pub(super) async fn step<T>(&self, label: &str, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let result = self.during(label, work).await;
        if self.terminal && !self.quiet {
            let seconds = started.elapsed().as_secs_f64();
            self.write(format_args!("{label} ({seconds:.1} s)\n"));
        }
        result
    }

    /// One line that stays.
    pub(super) fn line(&self, text: &str) {
        if !self.quiet {
            self.write(format_args!("{text}\n"));
        }
    }

    fn write(&self, text: std::fmt::Arguments<'_>) {
        // A closed standard error is no reason to stop the work.
        let _ = std::io::stderr().lock().write_fmt(text);
    }
}
