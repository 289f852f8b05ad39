//! The reference of functions and settings, made of their declarations.
//!
//! A scalar function is described by its [`Documentation`], which `SHOW FUNCTIONS` and `information_schema.routines` show as well.
//! DataFusion has no such place for table functions, nor for a function of its own that behaves otherwise here:
//! descriptions are declared beside them. [`functions_page`] and [`settings_page`] write the pages.

mod markdown;
mod synthetic;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Documentation, ScalarUDF};

use crate::description::{Replacement, TableFunction, sql_type};
use crate::planner::QUERY_FUNCTIONS;
use crate::scalar::{ScalarFunction, Section, section};
use crate::{aggregate, canonical, enrich, event, hive, indicators, read, time, words};

pub use markdown::{functions_page, settings_page};

/// A statement that shows a function at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The statement.
    pub sql: String,
    /// The value that it gives, as text; none where its rows are not told.
    pub result: Option<String>,
}

/// An argument of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// What it is, in Markdown.
    pub about: String,
}

/// A function, as the reference describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in SQL.
    pub name: String,
    /// A call with the names of its arguments, and what it gives.
    pub signature: String,
    /// What it does, and what NULL gives.
    pub about: String,
    /// Its arguments, in their order.
    pub arguments: Vec<Argument>,
    /// The columns that a table function gives.
    pub gives: Option<&'static str>,
    /// What its result depends on beside its arguments.
    pub reads: Vec<&'static str>,
    /// Statements that are tested.
    pub examples: Vec<Example>,
}

/// Functions for one kind of work.
#[derive(Debug, Clone)]
pub struct Chapter {
    /// Its heading.
    pub title: &'static str,
    /// What its functions are for.
    pub about: &'static str,
    /// Files that the examples read: their names and what they hold.
    pub files: &'static [(&'static str, &'static str)],
    /// Statements that the examples need before them.
    pub setup: &'static [&'static str],
    /// The functions.
    pub entries: Vec<Entry>,
}

/// All functions that this crate adds to a session.
#[must_use]
pub fn chapters() -> Vec<Chapter> {
    let scalars: Vec<_> = [
        words::functions(),
        canonical::functions(),
        enrich::functions(),
        indicators::functions(),
        event::functions(),
        hive::functions(),
    ]
    .concat();
    let of = |section: Section| Chapter {
        title: section.label,
        about: section.about,
        files: section.files,
        setup: section.setup,
        entries: scalars
            .iter()
            .filter_map(|function| Some((function, function.documentation()?)))
            .filter(|(_, documentation)| documentation.doc_section.label == section.label)
            .map(|(function, documentation)| scalar(function, documentation))
            .collect(),
    };
    let mut time_chapter = of(section::TIME);
    let replaced = time::REPLACEMENTS.iter().map(replacement);
    time_chapter.entries.extend(replaced);
    vec![
        of(section::WORDS),
        of(section::NAMES),
        of(section::CONTEXT),
        of(section::INDICATORS),
        time_chapter,
        of(section::HIVE),
        Chapter {
            title: "Aggregates",
            about: "These take the place of DataFusion's functions of the same names. DataFusion's other aggregate functions \
                    are there as well.",
            files: &[],
            setup: &[],
            entries: aggregate::REPLACEMENTS.iter().map(replacement).collect(),
        },
        Chapter {
            title: "Table functions",
            about: "A table function stands in a FROM clause. The input of the first six is the name of a table, TABLE(t), \
                    or a query in parentheses. Other arguments have names: name => value. NULL is as if not given.",
            files: &read::FILES,
            setup: &[],
            entries: tables().into_iter().map(table).collect(),
        },
    ]
}

/// The table functions that take a query first.
fn tables() -> Vec<&'static TableFunction> {
    let queries = QUERY_FUNCTIONS.iter().map(|it| &it.description);
    let others = [&read::READ_LINES, &time::SERIES, &time::RANGE];
    let queries = queries.chain(others);
    queries.chain(&synthetic::FUNCTIONS).collect()
}

fn scalar(function: &ScalarUDF, documentation: &Documentation) -> Entry {
    let arguments = documentation.arguments.iter().flatten();
    let ours = function.inner().downcast_ref::<ScalarFunction>();
    let (signature, reads) = match ours {
        Some(ours) => (ours.usage(), ours.reads()),
        // Their result has one type, whatever the arguments are.
        None => {
            let returns = function.return_type(&[DataType::Null]).ok();
            let returns = returns.map(|it| format!(" -> {}", sql_type(&it)));
            let call = &documentation.syntax_example;
            (format!("{call}{}", returns.unwrap_or_default()), Vec::new())
        }
    };
    Entry {
        name: function.name().to_owned(),
        signature,
        about: documentation.description.clone(),
        arguments: arguments
            .map(|(name, about)| Argument {
                name: name.clone(),
                // The signature has the types.
                about: match (ours, about.split_once(": ")) {
                    (Some(_), Some((_, about))) => about.to_owned(),
                    _ => about.clone(),
                },
            })
            .collect(),
        gives: None,
        reads,
        examples: documentation
            .sql_example
            .iter()
            .filter_map(|it| example(it))
            .collect(),
    }
}

fn example(documented: &str) -> Option<Example> {
    let text = documented.strip_prefix("```sql\n> ")?;
    let (sql, result) = text.strip_suffix("\n```")?.split_once(";\n")?;
    Some(Example {
        sql: sql.to_owned(),
        result: Some(result.to_owned()),
    })
}

fn replacement(function: &Replacement) -> Entry {
    let (sql, result) = function.example;
    Entry {
        name: function.name.to_owned(),
        signature: function.call.to_owned(),
        about: function.about.to_owned(),
        arguments: Vec::new(),
        gives: None,
        reads: Vec::new(),
        examples: vec![Example {
            sql: sql.to_owned(),
            result: Some(result.to_owned()),
        }],
    }
}

fn table(function: &TableFunction) -> Entry {
    let arguments = function.parameters.iter().map(|it| Argument {
        name: it.name.to_owned(),
        about: match it.default {
            "" => it.about.to_owned(),
            default => format!("{} Default: {default}.", it.about),
        },
    });
    let examples = function.examples.iter().map(|sql| Example {
        sql: (*sql).to_owned(),
        result: None,
    });
    Entry {
        name: function.name.to_owned(),
        signature: function.call.to_owned(),
        about: function.about.to_owned(),
        arguments: arguments.collect(),
        gives: Some(function.gives),
        reads: Vec::new(),
        examples: examples.collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use datafusion::execution::SessionStateBuilder;

    use super::*;

    fn names() -> BTreeSet<String> {
        let chapters = chapters().into_iter();
        let entries = chapters.flat_map(|chapter| chapter.entries);
        entries.map(|entry| entry.name).collect()
    }

    #[test]
    fn every_function_that_a_session_gets_is_described() {
        let plain = SessionStateBuilder::new().with_default_features().build();
        let ours = SessionStateBuilder::new().with_default_features();
        let ours = crate::register(ours).build();
        let known = names();
        let added = ours
            .scalar_functions()
            .keys()
            .filter(|it| !plain.scalar_functions().contains_key(*it))
            .chain(
                ours.table_functions()
                    .keys()
                    .filter(|it| !plain.table_functions().contains_key(*it)),
            );
        let missing: Vec<_> = added.filter(|it| !known.contains(*it)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let replaced = aggregate::functions();
        let replaced = replaced.iter().map(|it| it.name().to_owned());
        let replaced = replaced.chain(time::functions().into_iter().map(|it| it.name().to_owned()));
        for name in replaced {
            assert!(known.contains(&name), "{name}");
        }
        for described in &known {
            let name = described.as_str();
            assert!(
                ours.scalar_functions().contains_key(name)
                    || ours.aggregate_functions().contains_key(name)
                    || ours.table_functions().contains_key(name)
                    || QUERY_FUNCTIONS.iter().any(|it| it.name() == name),
                "{name} is described and not there"
            );
        }
    }
}
