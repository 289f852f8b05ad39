//! The pages of the reference, in Markdown.

use std::fmt::{Result, Write};

use datafusion::common::config::ExtensionOptions;

use super::{Chapter, Entry, chapters};
use crate::settings::SpotqlOptions;

/// A line of a page that nobody should edit.
const GENERATED: &str = "<!-- Made of the declarations in the code. To write it anew: \
                         UPDATE_REFERENCE=1 cargo test -p spotql-tests reference -->";

/// The page of all functions.
#[must_use]
pub fn functions_page() -> String {
    let mut page = String::new();
    // Writing to a text cannot fail.
    let _ = functions(&mut page, &chapters());
    page
}

/// The page of the settings of SpotQL.
#[must_use]
pub fn settings_page() -> String {
    let mut page = String::new();
    let _ = settings(&mut page);
    page
}

fn functions(page: &mut String, chapters: &[Chapter]) -> Result {
    writeln!(
        page,
        "{GENERATED}\n\n# Functions\n\n\
         This page lists the functions that SpotQL adds to DataFusion's. `SHOW FUNCTIONS` lists them all.\n\
         A function of columns takes them by position or by name: `port_name(port => 443, proto => 'TCP')`.\n\
         The tests run every example on this page.\n\n\
         | Chapter | Functions |\n|---|---|"
    )?;
    for chapter in chapters {
        let names = chapter.entries.iter().map(|entry| {
            let anchor = anchor(&entry.name);
            format!("[`{}`](#{anchor})", entry.name)
        });
        let names: Vec<String> = names.collect();
        let (title, anchor) = (chapter.title, anchor(chapter.title));
        writeln!(page, "| [{title}](#{anchor}) | {} |", names.join(", "))?;
    }
    for chapter in chapters {
        writeln!(page, "\n## {}\n\n{}", chapter.title, chapter.about)?;
        for (name, content) in chapter.files {
            writeln!(
                page,
                "\nThe examples read the file `{name}`, which holds:\n\n```\n{content}```"
            )?;
        }
        if !chapter.setup.is_empty() {
            writeln!(
                page,
                "\nThe examples below need these statements before them:\n\n```"
            )?;
            for statement in chapter.setup {
                writeln!(page, "{statement};")?;
            }
            writeln!(page, "```")?;
        }
        for entry in &chapter.entries {
            describe(page, entry)?;
        }
    }
    Ok(())
}

fn describe(page: &mut String, entry: &Entry) -> Result {
    let about = sentence(&entry.about);
    writeln!(
        page,
        "\n### {}\n\n`{}`\n\n{about}",
        entry.name, entry.signature
    )?;
    if !entry.reads.is_empty() {
        writeln!(page, "It reads {}.", entry.reads.join(" and "))?;
    }
    if !entry.arguments.is_empty() {
        writeln!(page)?;
    }
    for argument in &entry.arguments {
        let about = sentence(&argument.about);
        writeln!(page, "* `{}`: {about}", argument.name)?;
    }
    if let Some(gives) = entry.gives {
        writeln!(page, "\nIt gives {gives}")?;
    }
    for example in &entry.examples {
        writeln!(page, "\n```\n{};", example.sql)?;
        if let Some(result) = &example.result {
            writeln!(page, "-- {result}")?;
        }
        writeln!(page, "```")?;
    }
    Ok(())
}

fn settings(page: &mut String) -> Result {
    writeln!(
        page,
        "{GENERATED}\n\n# Settings\n\n\
         `SET name = value` changes a setting for a session, and `SHOW name` shows it. The settings of DataFusion \
         (`datafusion.*`) are there as well: `SHOW ALL` lists everything."
    )?;
    for entry in SpotqlOptions::default().entries() {
        let value = entry.value.unwrap_or_default();
        let about = sentence(entry.description);
        writeln!(page, "\n## {}\n\nDefault: `{value}`\n\n{about}", entry.key)?;
    }
    Ok(())
}

/// The text with a full stop behind it.
fn sentence(text: &str) -> String {
    match text.ends_with(['.', '!', ':']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}
