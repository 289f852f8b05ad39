//! The settings of SpotQL that a session can change: `SET spotql.name = value`.
//!
//! Each is declared once, here, with its documentation and default; `SHOW ALL` and
//! `information_schema.df_settings` show the same text.

mod domain_list;
mod error;
mod quotes;

use std::any::Any;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ConfigField, ExtensionOptions};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use spotql_words::classes::DomainClasses;
use spotql_words::domain_set::{DomainSet, Label};

use crate::files::FileAccess;

pub use domain_list::DomainList;
pub use error::Error;
pub use quotes::Quotes;

/// Declares settings as fields with documentation and default.
///
/// DataFusion's own macro for this lists settings without their prefix, so that `SHOW` does not
/// find them by the name that `SET` takes.
macro_rules! settings {
    (
        $(#[doc = $about:literal])*
        $visibility:vis struct $name:ident ($prefix:literal) {
            $($(#[doc = $field_about:literal])* $field:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone)]
        $visibility struct $name {
            $($(#[doc = $field_about])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl ConfigExtension for $name {
            const PREFIX: &'static str = $prefix;
        }

        impl ExtensionOptions for $name {
            fn as_any(&self) -> &dyn Any {
                self
            }

            fn as_any_mut(&mut self) -> &mut dyn Any {
                self
            }

            fn cloned(&self) -> Box<dyn ExtensionOptions> {
                Box::new(self.clone())
            }

            fn set(&mut self, key: &str, value: &str) -> Result<()> {
                match key {
                    $(stringify!($field) => ConfigField::set(&mut self.$field, key, value),)*
                    _ => Err(DataFusionError::Configuration(format!(
                        "there is no setting {}.{key}; there are {}",
                        $prefix,
                        [$(concat!($prefix, ".", stringify!($field))),*].join(", "),
                    ))),
                }
            }

            fn entries(&self) -> Vec<ConfigEntry> {
                vec![$(ConfigEntry {
                    key: concat!($prefix, ".", stringify!($field)).to_owned(),
                    value: Some(self.$field.to_string()),
                    description: concat!($($field_about),*).trim_ascii(),
                },)*]
            }
        }
    };
}

settings! {
    /// The settings below `spotql.`; register them with
    /// `SessionConfig::with_option_extension(SpotqlOptions::default())`.
    pub struct SpotqlOptions ("spotql") {
        /// The organisation's own domains: 'intel.com, mcafee.com', 'file PATH' or 'table NAME' with
        /// one domain a line, or 'none'. Names in them get domain class 2 in DNS and proxy words,
        /// u in those of generation v2
        user_domains: DomainList = DomainList::none(Label::Domain),
        /// Well-known domains: 'file PATH' or 'table NAME' of a list (Tranco, Majestic, Alexa: one
        /// domain or one rank,domain a line), 'shipped' for the list of 10,000 that comes with
        /// SpotQL, or 'none'. Names whose domain is the first label of an entry get domain class 1
        /// in DNS and proxy words; those with the registrable domain of an entry get t in words of
        /// generation v2
        top_domains: DomainList = DomainList::shipped(),
        /// The meaning of double quotes: 'hive' for a text, as in Hive and Impala, or 'ansi' for a name, as in the SQL
        /// standard and in what BI tools write. Single quotes hold a text and back-ticks a name either way
        quotes: Quotes = Quotes::Hive,
        /// Seconds after which a statement is stopped, 0 for none; the time of a query ends with its last row
        statement_timeout: f64 = 0.0,
        /// Seconds that a write which somebody else's write was faster than is tried again for
        conflict_timeout: f64 = 30.0,
        /// Bytes of a statement's text, at most
        max_statement_bytes: usize = 16 << 20,
        /// Words, numbers, texts and signs in one statement, at most
        max_tokens: usize = 2_000_000,
        /// Operators in one chain such as a + b + ... or x OR y OR ..., at most; longer ones could exhaust the stack
        max_operators: usize = 2_000,
        /// UNION, INTERSECT and EXCEPT in one statement, at most
        max_set_operations: usize = 500,
        /// Expressions in one SELECT list, at most
        max_columns: usize = 5_000,
        /// Tables and joins in one FROM clause, at most
        max_tables: usize = 500,
        /// Steps of a query's plan before it is optimised, at most; a WITH query counts each time that it is named
        max_plan_nodes: usize = 5_000,
        /// Bytes of what one call of a function that can make much of little (repeat, lpad, range, ...) gives for a
        /// batch of rows, at most
        max_function_bytes: usize = 256 << 20,
        /// The same of a call whose arguments are all constants: its result is part of the plan
        max_constant_bytes: usize = 16 << 20,
    }
}

impl SpotqlOptions {
    /// Settings that hold back one client for the sake of the others: in a server a session can lower them, and raise them
    /// up to where the server began.
    pub const LIMITS: &[&str] = &[
        "spotql.statement_timeout",
        "spotql.conflict_timeout",
        "spotql.max_statement_bytes",
        "spotql.max_tokens",
        "spotql.max_operators",
        "spotql.max_set_operations",
        "spotql.max_columns",
        "spotql.max_tables",
        "spotql.max_plan_nodes",
        "spotql.max_function_bytes",
        "spotql.max_constant_bytes",
    ];

    /// The settings of a session; the defaults where it was made without them.
    pub fn of(config: &ConfigOptions) -> Self {
        config.extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// The settings, with files read as a rule of paths says.
    #[must_use]
    pub fn with_access(mut self, access: &FileAccess) -> Self {
        self.user_domains.set_access(access.clone());
        self.top_domains.set_access(access.clone());
        self
    }

    /// The rule of paths by which files are read.
    pub(crate) fn access(&self) -> FileAccess {
        self.top_domains.access().clone()
    }

    /// The setting of this name (with `spotql.` before it), if its value names domains.
    pub fn domain_list(&mut self, setting: &str) -> Option<&mut DomainList> {
        match setting.strip_prefix("spotql.")? {
            "user_domains" => Some(&mut self.user_domains),
            "top_domains" => Some(&mut self.top_domains),
            _ => None,
        }
    }

    /// How well known domains are by these settings.
    ///
    /// Reads the lists unless they are in memory already.
    ///
    /// # Errors
    /// If a list is missing, unreadable or no text; the error names the file.
    pub fn domain_classes(&self) -> Result<DomainClasses, Error> {
        Ok(DomainClasses::new(
            self.user_domains.domains()?,
            self.top_domains.domains()?,
        ))
    }

    /// What the domain classes of words depend on, in a form that differs when the lists do:
    /// models are compared by it.
    ///
    /// # Errors
    /// As [`SpotqlOptions::domain_classes`].
    pub fn domain_description(&self) -> Result<String, Error> {
        self.described(DomainSet::fingerprint)
    }

    /// What the name classes of words of generation v2 depend on, as
    /// [`SpotqlOptions::domain_description`] for those of the first.
    ///
    /// # Errors
    /// As [`SpotqlOptions::domain_classes`].
    pub fn registrable_description(&self) -> Result<String, Error> {
        self.described(DomainSet::registrable_fingerprint)
    }

    fn described(&self, fingerprint: fn(&DomainSet) -> u64) -> Result<String, Error> {
        let describe = |list: &DomainList| -> Result<String, Error> {
            let set = list.domains()?;
            Ok(format!("{} ({:016x})", set.len(), fingerprint(&set)))
        };
        Ok(format!(
            "own {}, top {}",
            describe(&self.user_domains)?,
            describe(&self.top_domains)?
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_set_by_name_and_described() {
        let mut config = ConfigOptions::new();
        config.extensions.insert(SpotqlOptions::default());
        config.set("spotql.user_domains", "intel").unwrap();
        assert_eq!(SpotqlOptions::of(&config).user_domains.to_string(), "intel");
        let error = config
            .set("spotql.no_such_setting", "1")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("there are spotql.user_domains, spotql.top_domains"),
            "{error}"
        );

        let described = config.entries();
        let entry = described
            .iter()
            .find(|entry| entry.key == "spotql.top_domains")
            .unwrap();
        assert!(
            entry.description.contains("'table NAME' of a list"),
            "{}",
            entry.description
        );
    }

    #[test]
    fn a_session_without_the_settings_has_the_defaults() {
        let options = SpotqlOptions::of(&ConfigOptions::new());
        assert_eq!(
            (
                options.user_domains.to_string().as_str(),
                options.top_domains.to_string().as_str()
            ),
            ("none", "shipped")
        );
        assert!(options.domain_classes().is_ok());
    }

    #[test]
    fn a_missing_list_is_refused_by_name_when_it_is_set() {
        let mut config = ConfigOptions::new();
        config.extensions.insert(SpotqlOptions::default());
        let error = config
            .set("spotql.top_domains", "no/such/list.csv")
            .unwrap_err()
            .to_string();
        assert!(error.contains("'no/such/list.csv'"), "{error}");
    }

    #[test]
    fn the_description_differs_when_the_lists_do() {
        let mut config = ConfigOptions::new();
        config.extensions.insert(SpotqlOptions::default());
        let before = SpotqlOptions::of(&config).domain_description().unwrap();
        config.set("spotql.user_domains", "intel").unwrap();
        let after = SpotqlOptions::of(&config).domain_description().unwrap();
        assert_ne!(before, after);
        let registrable = SpotqlOptions::of(&config).registrable_description();
        assert_ne!(after, registrable.unwrap());
        assert!(
            before.starts_with("own 0 (0000000000000000), top 9"),
            "{before}"
        );
    }
}
