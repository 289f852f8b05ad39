//! `SET name = value`, `SET name`, `SET`.
//!
//! Names that begin with `spotql.` or `datafusion.` are settings of the engine, and a wrong value
//! is an error. All other names are variables, kept for `SET name` and for `${name}` in scripts,
//! since scripts written for Hive and Impala set many that mean nothing here.

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::config::ExtensionOptions;
use datafusion::error::DataFusionError;
use futures::TryStreamExt;
use spotql_functions::settings::DomainList;
use spotql_functions::settings::SpotqlOptions;
use spotql_words::domain_set::DomainSet;

use crate::error::{Error, Result};
use crate::session::{Done, Outcome, Session, text_rows};

pub(super) async fn set(session: &Session, name: String, value: String) -> Result<Done> {
    let name = match bare(&name) {
        quotes if quotes.eq_ignore_ascii_case("quotes") => "spotql.quotes".to_owned(),
        name => name.to_owned(),
    };
    let lower = name.to_ascii_lowercase();
    if matches!(lower.as_str(), "search_path" | "schema") {
        return super::database::switch(
            session,
            &value.trim().trim_matches('`').to_ascii_lowercase(),
        )
        .await;
    }
    if matches!(
        lower.as_str(),
        "timezone" | "time_zone" | "datafusion.execution.time_zone"
    ) && !matches!(
        value.to_ascii_lowercase().as_str(),
        "utc" | "z" | "gmt" | "+00:00" | "0"
    ) {
        return Err(Error::Setting {
            name,
            value,
            reason: "times are UTC here, and only that; add an INTERVAL for another zone"
                .to_owned(),
        });
    }
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
        let read = match DomainList::table_named(&value) {
            Some(table) => domain_list(session, &lower, table)
                .await
                .map_err(|error| refused(error.to_string()))?,
            None => None,
        };
        let state = session.context().state_ref();
        let mut state = state.write();
        let options = state.config_mut().options_mut();
        if session.engine().is_served() && SpotqlOptions::LIMITS.contains(&lower.as_str()) {
            let most = SpotqlOptions::of(session.engine().base().config_options());
            within(&most, &lower, &value).map_err(refused)?;
        }
        let ours = options.extensions.get_mut::<SpotqlOptions>();
        match (read, ours.and_then(|ours| ours.domain_list(&lower))) {
            (Some(list), Some(setting)) => *setting = list,
            _ => options
                .set(&lower, &value)
                .map_err(|error| refused(Error::from(error).to_string()))?,
        }
    }
    let held = session.variables();
    let held: usize = held
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if held + name.len() + value.len() > MOST_HELD {
        return Err(Error::Setting {
            name,
            value: format!("({} bytes)", value.len()),
            reason: format!(
                "the variables of a session hold at most {MOST_HELD} bytes together; put long values in a table"
            ),
        });
    }
    let message = format!("{name} set");
    session.set_variable(name, value);
    Ok(Done::new(message))
}

/// Bytes of all of a session's variables, names and values.
const MOST_HELD: usize = 1 << 20;

/// Refuses a limit beyond the one that a server has set for all. 0 is no limit where it stands for none.
fn within(most: &SpotqlOptions, setting: &str, value: &str) -> Result<(), String> {
    let entry = most
        .entries()
        .into_iter()
        .find(|entry| entry.key == setting)
        .and_then(|entry| entry.value)
        .and_then(|most| most.parse::<f64>().ok());
    let asked = value.trim().parse::<f64>();
    let none = |limit: f64| setting == "spotql.statement_timeout" && limit == 0.0;
    match (entry, asked) {
        (Some(most), Ok(asked)) if !none(most) && (asked > most || none(asked)) => Err(format!(
            "the server allows {most} at most; whoever starts it can allow more with --set {setting}=…"
        )),
        // What is no number is refused by the setting itself.
        _ => Ok(()),
    }
}

/// The list in a table, read now, if `setting` takes one: its column `domain`, or its only text
/// column.
async fn domain_list(session: &Session, setting: &str, table: &str) -> Result<Option<DomainList>> {
    let mut options = SpotqlOptions::of(session.state().config_options());
    let Some(list) = options.domain_list(setting) else {
        return Ok(None);
    };
    let query = format!("SELECT * FROM {table}");
    // Boxed: executing a statement is what leads here.
    let Outcome::Rows(mut rows) = Box::pin(session.execute(&query)).await? else {
        return Ok(None);
    };
    let column = domain_column(&rows.schema()).ok_or_else(|| Error::Unsupported {
        what: format!("a list of domains from table {table}, which has no column 'domain' and not just one text column"),
        instead: "name the column 'domain', for instance with CREATE TABLE … AS SELECT".to_owned(),
    })?;
    let mut names = DomainSet::default();
    while let Some(batch) = rows.try_next().await? {
        let column =
            cast(batch.column(column), &DataType::Utf8View).map_err(DataFusionError::from)?;
        names.extend(column.as_string_view().iter().flatten(), list.label());
    }
    if names.is_empty() {
        return Err(Error::Unsupported {
            what: format!("a list of domains from table {table}, which holds none"),
            instead: "fill it first, or say 'none'".to_owned(),
        });
    }
    Ok(Some(list.of_table(table, names)))
}

fn domain_column(schema: &Schema) -> Option<usize> {
    let named = |field: &&std::sync::Arc<datafusion::arrow::datatypes::Field>| {
        field.name().eq_ignore_ascii_case("domain")
    };
    let text = |kind: &DataType| {
        matches!(
            kind,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    };
    let fields = schema.fields();
    fields.iter().position(|field| named(&field)).or_else(|| {
        let mut texts = (0..fields.len()).filter(|&i| text(fields[i].data_type()));
        texts.next().filter(|_| texts.next().is_none())
    })
}

pub(super) fn show(session: &Session, name: Option<&str>) -> Result<RecordBatch> {
    let state = session.state();
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
