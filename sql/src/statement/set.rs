//! `SET name = value`, `SET name`, `SET`.
//!
//! Names that begin with `spotql.` or `datafusion.` are settings of the engine, and a wrong value
//! is an error. All other names are variables, kept for `SET name` and for `${name}` in scripts,
//! since scripts written for Hive and Impala set many that mean nothing here.

use datafusion::arrow::array::RecordBatch;

use crate::error::{Error, Result};
use crate::session::{Done, Session, text_rows};

pub(super) fn set(session: &Session, name: String, value: String) -> Result<Done> {
    let name = bare(&name).to_owned();
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("spotql.") || lower.starts_with("datafusion.") {
        let refused = |reason: String| Error::Setting {
            name: name.clone(),
            value: value.clone(),
            reason,
        };
        if lower.starts_with("datafusion.runtime.") || lower.starts_with("datafusion.catalog.") {
            return Err(refused(
                "this holds for everybody who uses the server and is set when it starts".to_owned(),
            ));
        }
        let state = session.context().state_ref();
        let mut state = state.write();
        state
            .config_mut()
            .options_mut()
            .set(&lower, &value)
            .map_err(|error| refused(Error::from(error).to_string()))?;
    }
    let message = format!("{name} set");
    session.set_variable(name, value);
    Ok(Done::new(message))
}

pub(super) fn show(session: &Session, name: Option<&str>) -> Result<RecordBatch> {
    let state = session.context().state();
    let entries = state.config_options().entries();
    let rows = match name.map(bare) {
        Some(name) => {
            let value = session.variable(name).or_else(|| {
                entries
                    .into_iter()
                    .find(|entry| entry.key.eq_ignore_ascii_case(name))
                    .and_then(|entry| entry.value)
            });
            vec![vec![Some(name.to_owned()), value, None]]
        }
        None => {
            let variables = session
                .variables()
                .into_iter()
                .filter(|(name, _)| !entries.iter().any(|entry| entry.key == *name))
                .map(|(name, value)| vec![Some(name), Some(value), None]);
            let mut rows: Vec<_> = variables.collect();
            let mut entries = entries;
            // Ours first, then the engine's.
            entries.sort_by(|a, b| {
                let key = |key: &str| (!key.starts_with("spotql."), key.to_owned());
                key(&a.key).cmp(&key(&b.key))
            });
            rows.extend(entries.into_iter().map(|entry| {
                vec![
                    Some(entry.key),
                    entry.value,
                    Some(entry.description.to_owned()),
                ]
            }));
            rows
        }
    };
    text_rows(&["name", "value", "description"], rows)
}

/// `var:x`, `hivevar:x` and `hiveconf:x` are `x`.
fn bare(name: &str) -> &str {
    ["hiveconf:", "hivevar:", "var:"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name)
}
