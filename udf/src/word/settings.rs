//! The settings of SpotQL that a session can change: `SET spotql.name = value`.
//!
//! Each is declared once, here, with its documentation and default; `SHOW ALL` and
//! `information_schema.df_settings` show the same text.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ConfigField, ExtensionOptions};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};

use super::domain::DomainClasses;
use super::error::Error;
use super::top_domains::TopDomains;

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
        /// The organisation's own domain without its ending, such as 'intel' for intel.com: names
        /// in it get domain class 2 in DNS and proxy words. Empty: none
        user_domain: String = String::new(),
        /// Path of a list of well-known domains (Tranco, Majestic, Alexa): one domain or one
        /// rank,domain a line. Names whose domain is the first label of an entry get domain class
        /// 1 in DNS and proxy words. Empty: none
        top_domains: String = String::new(),
    }
}

impl SpotqlOptions {
    /// The settings of a session; the defaults where it was made without them.
    pub fn of(config: &ConfigOptions) -> Self {
        config.extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// How well known domains are by these settings.
    ///
    /// Reads the list of top domains unless it is in memory already.
    ///
    /// # Errors
    /// If the list is missing, unreadable or no text; the error names the file and the setting.
    pub fn domain_classes(&self) -> Result<DomainClasses, Error> {
        let top_domains = match self.top_domains.as_str() {
            "" => Arc::default(),
            path => TopDomains::cached(Path::new(path))?,
        };
        Ok(DomainClasses::new(&self.user_domain, top_domains))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_set_by_name_and_described() {
        let mut config = ConfigOptions::new();
        config.extensions.insert(SpotqlOptions::default());
        config.set("spotql.user_domain", "intel").unwrap();
        assert_eq!(SpotqlOptions::of(&config).user_domain, "intel");
        let error = config
            .set("spotql.no_such_setting", "1")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("there are spotql.user_domain, spotql.top_domains"),
            "{error}"
        );

        let described = config.entries();
        let entry = described
            .iter()
            .find(|entry| entry.key == "spotql.top_domains")
            .unwrap();
        assert!(
            entry
                .description
                .contains("one domain or one rank,domain a line"),
            "{}",
            entry.description
        );
    }

    #[test]
    fn a_session_without_the_settings_has_the_defaults() {
        let options = SpotqlOptions::of(&ConfigOptions::new());
        assert_eq!(
            (options.user_domain.as_str(), options.top_domains.as_str()),
            ("", "")
        );
        assert!(options.domain_classes().is_ok());
    }

    #[test]
    fn a_missing_list_is_an_error_that_names_file_and_setting() {
        let options = SpotqlOptions {
            top_domains: "no/such/list.csv".into(),
            ..SpotqlOptions::default()
        };
        let error = options.domain_classes().unwrap_err().to_string();
        assert!(error.contains("'no/such/list.csv'") && error.contains("spotql.top_domains"));
    }
}
