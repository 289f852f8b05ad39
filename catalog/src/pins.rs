//! Which states of tables are read by plans of this process: their files are not deleted meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many plans hold which state: `(table, version)`.
type Counts = BTreeMap<(i64, i64), usize>;

/// The states that are held.
#[derive(Debug, Default)]
pub(crate) struct Pins(Arc<Mutex<Counts>>);

impl Pins {
    /// Holds a state until the pin is dropped.
    pub(crate) fn pin(&self, table: i64, version: i64) -> Pin {
        let key = (table, version);
        *self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(key)
            .or_default() += 1;
        Pin {
            key,
            pins: Arc::clone(&self.0),
        }
    }

    /// Whether a state of a table from before `version` is held.
    pub(crate) fn hold_before(&self, table: i64, version: i64) -> bool {
        let pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pins.range((table, i64::MIN)..(table, version))
            .next()
            .is_some()
    }
}

/// Held by a plan as long as it may read the files of one state of a table.
#[derive(Debug)]
pub(crate) struct Pin {
    key: (i64, i64),
    pins: Arc<Mutex<Counts>>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = pins.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.key);
            }
        }
    }
}
