//! The value of a setting that names domains: a file, a table, the shipped list, or the names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::common::config::{ConfigField, Visit};
use datafusion::error::Result;
use spotql_words::domain_set::{DomainSet, Label};

use super::error::Error;
use crate::files::FileAccess;

/// What a setting accepts, for its error messages.
const ACCEPTED: &str = "write 'file PATH', 'table NAME', names with commas between them, or 'none' \
                        ('shipped' for the list of top domains that comes with the program)";

/// A list of domains as a setting names it.
#[derive(Debug, Clone)]
pub struct DomainList {
    label: Label,
    text: String,
    source: Origin,
    access: FileAccess,
}

#[derive(Debug, Clone)]
enum Origin {
    /// Read already: the names themselves, a table's rows, the shipped list.
    Known(Arc<DomainSet>),
    /// Looked at whenever it is used, since lists are renewed while servers run.
    File(PathBuf),
}

impl DomainList {
    /// No domains; entries given later are kept by this label.
    pub(super) fn none(label: Label) -> Self {
        Self {
            label,
            text: "none".to_owned(),
            source: Origin::Known(Arc::default()),
            access: FileAccess::default(),
        }
    }

    /// The top domains that come with the program.
    pub(super) fn shipped() -> Self {
        Self {
            label: Label::First,
            text: "shipped".to_owned(),
            source: Origin::Known(DomainSet::shipped()),
            access: FileAccess::default(),
        }
    }

    /// Files of it, and of lists named from it, are read as a rule of paths says.
    pub(super) fn set_access(&mut self, access: FileAccess) {
        self.access = access;
    }

    pub(super) fn access(&self) -> &FileAccess {
        &self.access
    }

    /// The list that `text` names; the same label as `self`. A file is read now, so that a wrong one
    /// is refused here, and looked at again whenever it is used.
    ///
    /// # Errors
    /// For a file that is missing, unreadable or without a domain in it, and for a table: whoever
    /// knows tables reads them ([`DomainList::of_table`]).
    pub fn named(&self, text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let refused = |problem: &str| Error::DomainList {
            value: text.to_owned(),
            problem: problem.to_owned(),
            accepted: ACCEPTED,
        };
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let source = match (first.to_ascii_lowercase().as_str(), rest.trim()) {
            ("" | "none", "") => Origin::Known(Arc::default()),
            ("shipped", "") if self.label == Label::First => Origin::Known(DomainSet::shipped()),
            ("shipped", "") => {
                return Err(refused(
                    "the shipped list is one of top domains, not of your own",
                ));
            }
            ("file" | "table", "") => {
                return Err(refused("the name of the file or table is missing"));
            }
            ("file", path) => self.file(path)?,
            ("table", _) => {
                return Err(refused("tables are read by SET in a session of SpotQL"));
            }
            _ if looks_like_a_path(text) => self.file(text)?,
            _ if text.contains(char::is_whitespace) && !text.contains(',') => {
                return Err(refused("names hold no blanks"));
            }
            _ => Origin::Known(Arc::new(DomainSet::from_names(text.split(','), self.label))),
        };
        Ok(Self {
            label: self.label,
            text: text.to_owned(),
            source,
            access: self.access.clone(),
        })
    }

    fn file(&self, path: &str) -> Result<Origin, Error> {
        let path = PathBuf::from(path);
        if self.read(&path)?.is_empty() {
            return Err(Error::File(spotql_words::Error {
                path,
                problem: "there is no domain in it".to_owned(),
            }));
        }
        Ok(Origin::File(path))
    }

    /// The table that `text` names, if it names one.
    pub fn table_named(text: &str) -> Option<&str> {
        let (first, rest) = text.trim().split_once(char::is_whitespace)?;
        (first.eq_ignore_ascii_case("table") && !rest.trim().is_empty()).then(|| rest.trim())
    }

    /// The label that entries of this list are kept by.
    pub fn label(&self) -> Label {
        self.label
    }

    /// The list with the names read from table `name`; the same label as `self`.
    #[must_use]
    pub fn of_table(&self, name: &str, names: DomainSet) -> Self {
        Self {
            label: self.label,
            text: format!("table {name}"),
            source: Origin::Known(Arc::new(names)),
            access: self.access.clone(),
        }
    }

    /// The domains.
    ///
    /// # Errors
    /// If a file has gone or cannot be read.
    pub fn domains(&self) -> Result<Arc<DomainSet>, Error> {
        match &self.source {
            Origin::Known(set) => Ok(Arc::clone(set)),
            Origin::File(path) => self.read(path),
        }
    }

    fn read(&self, path: &Path) -> Result<Arc<DomainSet>, Error> {
        let opened = self
            .access
            .check(path)
            .map_err(|refusal| spotql_words::Error {
                path: path.to_owned(),
                problem: refusal.to_string(),
            })?;
        Ok(DomainSet::cached(&opened, self.label)?)
    }
}

/// Whether a text without `file` before it is meant as a file's name all the same.
fn looks_like_a_path(text: &str) -> bool {
    const ENDINGS: [&str; 6] = [".csv", ".tsv", ".txt", ".list", ".gz", ".zip"];
    let lower = text.to_ascii_lowercase();
    text.contains(['/', '\\']) || ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

/// The text that names it.
impl fmt::Display for DomainList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ConfigField for DomainList {
    fn visit<V: Visit>(&self, visitor: &mut V, key: &str, description: &'static str) {
        visitor.some(key, &self.text, description);
    }

    fn set(&mut self, _: &str, value: &str) -> Result<()> {
        *self = self.named(value)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_named_in_several_ways() {
        let none = DomainList::none(Label::Domain);
        assert!(none.named("").unwrap().domains().unwrap().is_empty());
        let two = none
            .named("intel, www.mcafee.com")
            .unwrap()
            .domains()
            .unwrap();
        assert!(two.contains("intel") && two.contains("mcafee") && two.len() == 2);
        let shouted = none.named("INTEL.COM").unwrap().domains().unwrap();
        assert!(shouted.contains("intel"));
        let top = DomainList::none(Label::First).named("shipped").unwrap();
        assert_eq!(
            top.domains().unwrap().fingerprint(),
            DomainSet::shipped().fingerprint()
        );

        let path = std::env::temp_dir().join(format!("spotql-own-{}.txt", std::process::id()));
        std::fs::write(&path, "intel.com\n").unwrap();
        for text in [
            path.display().to_string(),
            format!("file {}", path.display()),
        ] {
            let list = none.named(&text).unwrap();
            assert!(list.domains().unwrap().contains("intel"), "{text}");
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_names_no_list_is_refused_with_what_would_do() {
        let none = DomainList::none(Label::Domain);
        for text in [
            "intel mcafee",
            "table x",
            "shipped list",
            "shipped",
            "file",
            "table",
        ] {
            let error = none.named(text).unwrap_err().to_string();
            assert!(error.contains("write 'file PATH'"), "{error}");
        }
        for text in ["no/such/file", "tranco.csv", "file tranco"] {
            let error = none.named(text).unwrap_err().to_string();
            assert!(error.contains("cannot be read"), "{error}");
        }
        let empty = std::env::temp_dir().join(format!("spotql-empty-{}.txt", std::process::id()));
        std::fs::write(&empty, "# nothing\n").unwrap();
        let error = none.named(&empty.display().to_string()).unwrap_err();
        assert!(
            error.to_string().contains("there is no domain in it"),
            "{error}"
        );
        std::fs::remove_file(&empty).unwrap();
        assert_eq!(DomainList::table_named(" TABLE  a.b "), Some("a.b"));
        assert_eq!(DomainList::table_named("tables"), None);
    }
}
