//! The subcommands of `spotql`, a file each.

pub(crate) mod backup;
pub(crate) mod demo;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod sql;

mod progress;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use spotql_sql::{AllowedPath, Concurrency, Engine, EngineOptions};

use crate::network::Internet;
use crate::output;

/// What a command ends with when it fails; the exit status tells which.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A statement failed: exit status 1.
    #[error(transparent)]
    Sql(#[from] spotql_sql::Error),
    /// A statement of a script failed: exit status 1.
    #[error(transparent)]
    Script(#[from] spotql_sql::script::Failure),
    /// The output failed: exit status 1.
    #[error(transparent)]
    Output(#[from] output::Error),
    /// The server failed: exit status 1.
    #[error(transparent)]
    Serve(#[from] spotql_server::Error),
    /// An argument cannot be used: exit status 2.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// The exit status, as cron and scripts expect it: 1 for what failed, 2 for wrong usage, 3 for a day without
    /// records.
    #[must_use]
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Sql(spotql_sql::Error::Script { .. }) => 2,
            Self::Sql(error) if error.is_no_data() => 3,
            Self::Script(failure) if failure.source.is_no_data() => 3,
            _ => 1,
        }
    }
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Folder of the warehouse; created where there is none.
    #[arg(long, global = true, env = "SPOTQL_WAREHOUSE", value_name = "DIR")]
    pub warehouse: Option<PathBuf>,
    /// Threads of a query [default: one a core]
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// Memory for all queries together, such as 4GiB or 500MB [default: 3/4 of the machine's or container's]
    #[arg(long, global = true, value_name = "SIZE", value_parser = parse_size)]
    pub memory: Option<usize>,
    /// A setting of SpotQL that each session begins with, such as spotql.statement_timeout=60; may be repeated
    #[arg(long, global = true, value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub set: Vec<(String, String)>,
    /// A folder outside the warehouse that statements may write, or with :ro only read; may be repeated. Clients of
    /// 'serve' read nothing else either
    #[arg(long, global = true, value_name = "DIR[:ro|:rw]")]
    pub allow_path: Vec<AllowedPath>,
}

impl Common {
    /// The folder given, or `default`.
    #[must_use]
    pub(crate) fn warehouse(&self, default: &str) -> PathBuf {
        self.warehouse
            .clone()
            .unwrap_or_else(|| PathBuf::from(default))
    }

    fn options(&self, warehouse: PathBuf) -> EngineOptions {
        EngineOptions {
            warehouse,
            threads: self.threads,
            memory: self.memory,
            settings: self.set.clone(),
            concurrency: Concurrency::default(),
            network: Some(Arc::new(Internet::default())),
            allowed: self.allow_path.clone(),
            served: false,
        }
    }

    async fn open(&self, warehouse: PathBuf) -> Result<Arc<Engine>, Error> {
        Ok(Engine::open(self.options(warehouse)).await?)
    }
}

/// The warehouse that `run`, `sql` and `serve` use when none is named.
pub(crate) const DEFAULT_WAREHOUSE: &str = "warehouse";

/// A text that is no size of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum SizeError {
    #[error("write a number with B, kB, MB, GB, KiB, MiB or GiB, as in 4GiB")]
    Unit,
    #[error("write a number, as in 4GiB")]
    Number,
    #[error("at least 16MiB is needed")]
    Small,
}

/// A text that is no setting with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a setting and its value, as in spotql.statement_timeout=60")]
struct SettingError;

fn parse_setting(text: &str) -> Result<(String, String), SettingError> {
    let (name, value) = text.split_once('=').ok_or(SettingError)?;
    let name = name.trim().to_ascii_lowercase();
    match name.starts_with("spotql.") {
        true => Ok((name, value.trim().to_owned())),
        false => Err(SettingError),
    }
}

/// Bytes: a number with an optional unit, decimal (kB, MB, GB) or binary (KiB, MiB, GiB).
fn parse_size(text: &str) -> Result<usize, SizeError> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(SizeError::Unit),
    };
    let number: f64 = number.parse().map_err(|_| SizeError::Number)?;
    let bytes = number * factor;
    if bytes < 16.0 * 1024.0 * 1024.0 {
        return Err(SizeError::Small);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above"
    )]
    Ok(bytes as usize)
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes_have_decimal_and_binary_units() {
        assert_eq!(parse_size("4GiB"), Ok(4 << 30));
        assert_eq!(parse_size("1.5 gb"), Ok(1_500_000_000));
        assert_eq!(parse_size("16777216"), Ok(16 << 20));
        assert!(parse_size("lots").is_err());
        assert!(parse_size("1kB").is_err());
    }
}
