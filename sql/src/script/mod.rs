//! Files of statements: splitting, variables, running.
//!
//! A script is SQL statements separated by `;`. `${name}` (also `${var:name}`, `${hivevar:name}`,
//! `${hiveconf:name}`) is replaced by the variable's value before the statement is parsed, and
//! `${name:-default}` by the default where it has none. Variables come from the caller and from
//! `SET name = value` in the script; the caller's win. Comments are left alone.
//!
//! `RUN 'script'` stands for the statements of another script, with the same variables.

mod run;
mod split;

use std::path::Path;

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use spotql_catalog::{Access, PathRule};

use crate::dialect::SpotDialect;
use crate::error::{Error, Result};

pub use run::{Failure, Run, Statement, Step};
pub use split::{Piece, split};

/// A script's text and where it came from.
#[derive(Debug, Clone)]
pub struct Script {
    /// Its path, or the name of a script that the program brings along.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The scripts that the program brings along, by their names under `sql/scripts`.
macro_rules! shipped {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../scripts/", $name))),)*]
    };
}

const SHIPPED: &[(&str, &str)] = shipped![
    "schema/flow.sql",
    "schema/dns.sql",
    "schema/proxy.sql",
    "detect/flow.sql",
    "detect/flow_leads.sql",
    "detect/flow_summary.sql",
    "detect/dns.sql",
    "detect/dns_leads.sql",
    "detect/dns_summary.sql",
    "detect/proxy.sql",
    "detect/proxy_leads.sql",
    "detect/proxy_summary.sql",
    "day.sql",
    "day/flow.sql",
    "day/dns.sql",
    "day/proxy.sql",
    "review/dns_dendro.sql",
    "review/dns_edge.sql",
    "review/dns_impact.sql",
    "review/dns_ingest_summary.sql",
    "review/dns_search.sql",
    "review/dns_storyboard.sql",
    "review/dns_threat_dendro.sql",
    "review/flow_chords.sql",
    "review/flow_edge.sql",
    "review/flow_impact.sql",
    "review/flow_ingest_summary.sql",
    "review/flow_progression.sql",
    "review/flow_search.sql",
    "review/flow_storyboard.sql",
    "review/flow_timeline.sql",
    "review/proxy_edge.sql",
    "review/proxy_impact.sql",
    "review/proxy_ingest_summary.sql",
    "review/proxy_progression.sql",
    "review/proxy_search.sql",
    "review/proxy_storyboard.sql",
    "review/proxy_timeline.sql",
    "share/indicators.sql",
    "share/publish.sql",
    "share/stix.sql",
    "hunt/dns_generated.sql",
    "hunt/flow_rhythm.sql",
    "examples/access_log.sql",
    "examples/load_dns.sql",
    "examples/load_flows.sql",
    "examples/load_proxy.sql",
    "examples/stored_model.sql",
    "demo/flow.sql",
    "demo/flow_leads.sql",
    "demo/flow_top.sql",
    "demo/flow_found.sql",
    "demo/flow_summary.sql",
    "demo/flow_attacks.sql",
    "demo/dns.sql",
    "demo/dns_leads.sql",
    "demo/dns_top.sql",
    "demo/dns_found.sql",
    "demo/dns_summary.sql",
    "demo/dns_attacks.sql",
    "demo/proxy.sql",
    "demo/proxy_leads.sql",
    "demo/proxy_top.sql",
    "demo/proxy_found.sql",
    "demo/proxy_summary.sql",
    "demo/proxy_attacks.sql",
];

/// The text of a script, without the mark that editors put before UTF-8.
fn decoded(bytes: Vec<u8>) -> std::io::Result<String> {
    let invalid = |reason: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, reason);
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(invalid("it is UTF-16; save it as UTF-8"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| invalid(&format!("{}; save it as UTF-8", error.utf8_error())))?;
    Ok(match text.strip_prefix('\u{FEFF}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

impl Script {
    /// Reads a file; where there is none of that name, takes the shipped script.
    ///
    /// # Errors
    /// When there is neither.
    pub fn load(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        match std::fs::read(path).and_then(decoded) {
            Ok(text) => Ok(Self { name, text }),
            Err(source) => Self::shipped(&name).ok_or(Error::Script { path: name, source }),
        }
    }

    /// [`Self::load`], of a script that a statement names: as far as the rule of paths lets it.
    pub(crate) fn named(path: &Path, paths: &PathRule) -> Result<Self> {
        match paths.check(path, Access::Read) {
            Ok(_) => Self::load(path),
            Err(refused) => Self::shipped(&path.display().to_string()).ok_or(refused.into()),
        }
    }

    /// A script that the program brings along, such as `detect/flow.sql`.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        SHIPPED
            .iter()
            .find(|(known, _)| Path::new(known) == Path::new(name))
            .map(|(known, text)| Self {
                name: (*known).to_owned(),
                text: (*text).to_owned(),
            })
    }

    /// The names of the scripts that the program brings along.
    pub fn shipped_names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// Splits the script into statements, without replacing variables yet.
    ///
    /// # Errors
    /// When a quote or comment does not close.
    pub fn statements(&self) -> Result<Vec<Piece<'_>>> {
        split(&self.text)
    }
}

/// The script of `RUN 'script'`; none for any other statement.
fn run_target(statement: &str) -> Result<Option<String>> {
    // A text that is none gives a better error where it is parsed.
    let Ok(tokens) = Tokenizer::new(&SpotDialect::default(), statement).tokenize() else {
        return Ok(None);
    };
    let mut tokens = tokens
        .into_iter()
        .filter(|token| !matches!(token, Token::Whitespace(_)));
    if !matches!(tokens.next(), Some(Token::Word(word)) if word.value.eq_ignore_ascii_case("run")) {
        return Ok(None);
    }
    match (tokens.next(), tokens.next()) {
        (Some(Token::SingleQuotedString(name) | Token::DoubleQuotedString(name)), None)
            if !name.is_empty() =>
        {
            Ok(Some(name))
        }
        _ => Err(Error::Syntax(
            "RUN: the name of a script in quotes is expected, as in RUN 'detect/flow.sql'"
                .to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::run_target;

    #[test]
    fn run_names_a_script_whatever_comments_there_are() {
        let target = |sql: &str| run_target(sql).unwrap();
        for sql in ["RUN 'a.sql'", "run /* x */ \"a.sql\" -- y", "RUN'a.sql'"] {
            assert_eq!(target(sql).as_deref(), Some("a.sql"), "{sql}");
        }
        assert_eq!(target("SELECT 'run'"), None);
        for sql in ["RUN", "RUN a", "RUN ''", "RUN 'a' 'b'"] {
            assert!(run_target(sql).is_err(), "{sql}");
        }
    }
}
