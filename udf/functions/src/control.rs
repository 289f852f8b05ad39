//! What stops a statement before its end: its client, its time, the server.
//!
//! A statement has one [`Control`]. It travels with the session's configuration, as [`ControlOption`], so that it reaches
//! planning, the functions' kernels and the operators. Dropping a future stops a task only where it waits; a kernel that
//! computes for long looks here between its rows.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use tokio::sync::Notify;
use uuid::Uuid;

/// Why a statement was stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stop {
    /// Nobody waits for it any more, or somebody has asked for its end.
    #[error("the statement was cancelled")]
    Cancelled,
    /// It took longer than it may.
    #[error(
        "the statement was stopped after {}; spotql.statement_timeout says how long one may take: narrow it, or raise the \
         setting", seconds(.0)
    )]
    TimedOut(Duration),
    /// The process holds more memory than it may, and this statement the most of it.
    #[error(
        "the statement was stopped: the server's memory is exhausted ({resident_mib} MiB are in use), and this statement \
         held most of it; narrow it, or give the server more with --memory"
    )]
    Memory {
        /// Resident memory of the process, in MiB.
        resident_mib: usize,
    },
    /// The server stops.
    #[error("the server is stopping; run the statement again when it is back")]
    ServerStops,
}

fn seconds(time: &Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

/// A statement under way: its number, and whether it is to stop.
pub struct Control {
    id: Uuid,
    stop: OnceLock<Stop>,
    stopped: Notify,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            id: Uuid::now_v7(),
            stop: OnceLock::new(),
            stopped: Notify::new(),
        }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("id", &self.id)
            .field("stop", &self.stop.get())
            .finish_non_exhaustive()
    }
}

impl Control {
    /// The control of a statement, by its configuration; one that nobody stops where there is none.
    pub fn of(config: &ConfigOptions) -> Arc<Self> {
        match config.extensions.get::<ControlOption>() {
            Some(option) => Arc::clone(&option.0),
            None => Arc::default(),
        }
    }

    /// Goes on, unless the statement of this configuration was stopped; one without control never is.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_in(config: &ConfigOptions) -> Result<()> {
        match config.extensions.get::<ControlOption>() {
            Some(option) => option.0.check(),
            None => Ok(()),
        }
    }

    /// The statement's number, by which the log and errors name it.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Stops the statement. The first reason stays.
    pub fn stop(&self, reason: Stop) {
        if self.stop.set(reason).is_ok() {
            self.stopped.notify_waiters();
        }
    }

    /// Why it was stopped, if it was.
    #[must_use]
    pub fn reason(&self) -> Option<&Stop> {
        self.stop.get()
    }

    /// Goes on, unless the statement was stopped.
    ///
    /// # Errors
    /// The reason, as an external error.
    pub fn check(&self) -> Result<()> {
        match self.stop.get() {
            None => Ok(()),
            Some(reason) => Err(DataFusionError::External(Box::new(reason.clone()))),
        }
    }

    /// Completes when the statement is stopped.
    pub async fn stopped(&self) -> Stop {
        loop {
            let notified = self.stopped.notified();
            if let Some(reason) = self.stop.get() {
                return reason.clone();
            }
            notified.await;
        }
    }
}

/// A statement's control, as its configuration carries it.
#[derive(Debug, Clone)]
pub struct ControlOption(pub Arc<Control>);

impl ConfigExtension for ControlOption {
    const PREFIX: &'static str = "spotql_control";
}

impl ExtensionOptions for ControlOption {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _: &str) -> Result<()> {
        Err(DataFusionError::Configuration(format!(
            "there is no setting {}.{key}",
            Self::PREFIX
        )))
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stays_and_wakes_those_who_wait() {
        let control = Arc::new(Control::default());
        assert!(control.check().is_ok());
        let waiting = tokio::spawn({
            let control = Arc::clone(&control);
            async move { control.stopped().await }
        });
        tokio::task::yield_now().await;
        control.stop(Stop::ServerStops);
        control.stop(Stop::Cancelled);
        assert_eq!(waiting.await.unwrap(), Stop::ServerStops);
        assert_eq!(control.stopped().await, Stop::ServerStops);
        assert!(control.check().is_err());
    }

    #[test]
    fn a_configuration_without_control_is_never_stopped() {
        assert!(Control::of(&ConfigOptions::new()).check().is_ok());
    }
}
