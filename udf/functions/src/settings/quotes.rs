//! The setting of what double quotes hold.

use std::fmt;

use datafusion::common::config::{ConfigField, Visit};
use datafusion::error::{DataFusionError, Result};

/// What double quotes hold in SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quotes {
    /// A text, as in Hive and Impala; back-ticks hold names.
    #[default]
    Hive,
    /// A name, as in the SQL standard; so do back-ticks.
    Ansi,
}

impl fmt::Display for Quotes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hive => "hive",
            Self::Ansi => "ansi",
        })
    }
}

impl ConfigField for Quotes {
    fn visit<V: Visit>(&self, visitor: &mut V, key: &str, description: &'static str) {
        visitor.some(key, self, description);
    }

    fn set(&mut self, _: &str, value: &str) -> Result<()> {
        *self = match value.trim().to_ascii_lowercase().as_str() {
            "hive" => Self::Hive,
            "ansi" => Self::Ansi,
            _ => {
                return Err(DataFusionError::Configuration(format!(
                    "'{value}' is no kind of quotes; write 'hive' or 'ansi'"
                )));
            }
        };
        Ok(())
    }
}
