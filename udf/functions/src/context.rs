//! The sources of context that a query sees: all of them as they were when it was planned.

use std::any::Any;
use std::sync::Arc;

use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use spotql_context::geo::{self, Place};
use spotql_context::indicator::{Found, IndicatorList};
use spotql_context::network::NetworkList;
use spotql_values::address::Address;

use crate::services::{ReputationService, Verdict};

/// A source with the name that the user gave it.
#[derive(Debug)]
pub struct Named<T> {
    /// The name.
    pub name: String,
    /// The source; shared by all queries that were planned since it was loaded.
    pub source: Arc<T>,
}

/// What an indicator list is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// What it holds is bad.
    Threat,
    /// What it holds is known to be harmless, whatever other lists say.
    Allow,
}

/// All sources, each kind in the order in which they were made.
#[derive(Debug, Default)]
pub struct Context {
    /// Geo databases.
    pub geo: Vec<Named<geo::Database>>,
    /// Indicator lists.
    pub indicators: Vec<(Purpose, Named<IndicatorList>)>,
    /// Services to ask; what they have said so far is of this query alone.
    pub services: Vec<ReputationService>,
    /// Network lists, and whether their networks are the organisation's own.
    pub networks: Vec<(bool, Named<NetworkList>)>,
    /// When the query was planned, in seconds since 1970: what has expired by then does not count.
    pub now: i64,
}

/// What the lists and services say of a value.
#[derive(Debug)]
pub struct Reputation<'a> {
    /// The list that says that it is harmless.
    pub allowed: Option<(&'a str, Found<'a>)>,
    /// The threat lists by name, and what each says of it; empty if it is harmless.
    pub lists: Vec<(&'a str, Option<Found<'a>>)>,
    /// The services that are asked about such a value, and what each says; no verdict is *unverified*.
    pub services: Vec<(&'a str, Option<Verdict>)>,
}

/// The worst that is said of a value.
#[derive(Debug, PartialEq, Eq)]
pub struct Worst<'a> {
    /// The list or service that says so.
    pub by: &'a str,
    /// What it is about.
    pub text: &'a str,
    /// The indicator that fits; a service says none.
    pub indicator: Option<&'a str>,
    /// 1 low, 2 medium, 3 high.
    pub severity: u8,
}

impl<'a> Reputation<'a> {
    /// The worst that is said, if anything is; of equals, by the list that was made first, and by lists before services.
    pub fn worst(&self) -> Option<Worst<'_>> {
        let lists = self.lists.iter().filter_map(|(list, found)| {
            let found = found.as_ref()?;
            Some(Worst {
                by: list,
                text: found.text,
                indicator: Some(&found.indicator),
                severity: found.severity,
            })
        });
        let services = self.services.iter().filter_map(|(service, verdict)| {
            let verdict = verdict.as_ref().filter(|it| it.severity > 0)?;
            Some(Worst {
                by: service,
                text: &verdict.text,
                indicator: None,
                severity: verdict.severity,
            })
        });
        lists
            .chain(services)
            .reduce(|worst, next| match next.severity > worst.severity {
                true => next,
                false => worst,
            })
    }

    /// 3 high, 2 medium, 1 low, 0 nothing; -1 if nothing is said against it, and a service could not be asked.
    pub fn severity(&self) -> i64 {
        match self.worst() {
            Some(worst) => i64::from(worst.severity),
            None if self.services.iter().any(|(_, verdict)| verdict.is_none()) => -1,
            None => 0,
        }
    }
}

impl Context {
    /// What a query was given; none where the session knows nothing of context.
    pub fn of(config: &ConfigOptions) -> Arc<Self> {
        match config.extensions.get::<ContextOption>() {
            Some(option) => Arc::clone(&option.0),
            None => Arc::default(),
        }
    }

    /// What the geo databases know of an address: nothing of private ones, which some databases have in the country of
    /// whoever wrote them in.
    pub fn place(&self, address: Address) -> Place<'_> {
        if address.is_private() {
            return Place::default();
        }
        geo::place(self.geo.iter().map(|named| named.source.as_ref()), address)
    }

    /// The name of the network of an address, by the first list that has one.
    pub fn network(&self, address: Address) -> Option<&str> {
        let mut lists = self.networks.iter();
        lists.find_map(|(_, list)| list.source.name(address))
    }

    /// Whether an address is the organisation's: in a list of its own networks or, if there is none, where
    /// [`Address::is_private`] says so.
    pub fn is_internal(&self, address: Address) -> bool {
        match self.networks.iter().any(|(own, _)| *own) {
            true => self.is_own(address),
            false => address.is_private(),
        }
    }

    /// Whether an address is in a list of the organisation's own networks.
    fn is_own(&self, address: Address) -> bool {
        let mut own = self.networks.iter().filter(|(own, _)| *own);
        own.any(|(_, list)| list.source.name(address).is_some())
    }

    /// What the indicator lists say of an address, a name or a URL, and what the services have said; `None` if there is neither
    /// a list nor a service that is asked about such a value.
    pub fn reputation(&self, value: &str) -> Option<Reputation<'_>> {
        let of = |purpose: Purpose| {
            let lists = self.indicators.iter().filter(move |(it, _)| *it == purpose);
            lists.map(|(_, list)| (list.name.as_str(), list.source.find(value, self.now)))
        };
        let allowed = of(Purpose::Allow).find_map(|(list, found)| Some((list, found?)));
        let (lists, services): (Vec<_>, Vec<_>) = match allowed {
            Some(_) => Default::default(),
            None => {
                let own = |address| self.is_own(address);
                let services = self.services.iter();
                let said = services.filter_map(|it| Some((it.name(), it.verdict(value, own)?)));
                (of(Purpose::Threat).collect(), said.collect())
            }
        };
        if self.indicators.is_empty() && services.is_empty() {
            return None;
        }
        Some(Reputation {
            allowed,
            lists,
            services,
        })
    }

    /// Asks all services about these values, but for those that a list allows.
    pub(crate) async fn ask_services<'a>(&self, values: impl Iterator<Item = &'a str>) {
        let allows = |value: &str| {
            let mut lists = self.indicators.iter();
            lists.any(|(purpose, list)| {
                *purpose == Purpose::Allow && list.source.find(value, self.now).is_some()
            })
        };
        let values: Vec<&str> = values.filter(|value| !allows(value)).collect();
        let own = |address| self.is_own(address);
        let asked = self
            .services
            .iter()
            .map(|it| it.ask(values.iter().copied(), own));
        futures::future::join_all(asked).await;
    }
}

/// Carries [`Context`] to the functions of a query; not a setting that a user can see or change.
#[derive(Debug, Clone, Default)]
pub struct ContextOption(pub Arc<Context>);

impl ConfigExtension for ContextOption {
    const PREFIX: &'static str = "spotql_sources";
}

impl ExtensionOptions for ContextOption {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _: &str) -> Result<()> {
        Err(DataFusionError::Configuration(format!(
            "there is no setting {}.{key}; sources are made with CREATE GEO DATABASE, CREATE INDICATOR LIST and CREATE NETWORK LIST",
            Self::PREFIX
        )))
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spotql_context::indicator::{Indicator, IndicatorListBuilder};
    use spotql_context::network::NetworkListBuilder;
    use spotql_values::address::AddressRange;

    fn list(name: &str, value: &str, severity: u8) -> Named<IndicatorList> {
        let mut list = IndicatorListBuilder::default();
        let indicator = Indicator {
            value,
            text: "why",
            severity,
            first_seen: None,
            last_seen: None,
            valid_from: None,
            expires: None,
        };
        list.add(&indicator).unwrap();
        Named {
            name: name.to_owned(),
            source: Arc::new(list.build(name).unwrap()),
        }
    }

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn private_ranges_are_internal_until_somebody_says_what_is() {
        let mut context = Context::default();
        let internal = |context: &Context, text: &str| context.is_internal(address(text));
        for (text, expected) in [
            ("10.0.0.1", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.168.1.1", true),
            ("127.0.0.1", true),
            ("169.254.1.1", true),
            ("8.8.8.8", false),
            ("fd00::1", true),
            ("fe80::1", true),
            ("fe00::1", false),
            ("::1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(internal(&context, text), expected, "{text}");
        }
        let mut own = NetworkListBuilder::default();
        own.add(AddressRange::parse("192.0.2.0/24").unwrap(), "ours")
            .unwrap();
        let named = Named {
            name: "own".to_owned(),
            source: Arc::new(own.build()),
        };
        context.networks.push((true, named));
        assert!(internal(&context, "192.0.2.1") && !internal(&context, "10.0.0.1"));
        assert_eq!(context.network(address("192.0.2.1")), Some("ours"));
    }

    #[test]
    fn what_is_allowed_is_harmless_whatever_others_say() {
        let threat = |it| (Purpose::Threat, it);
        let mut context = Context::default();
        assert!(context.reputation("bad.example.com").is_none());
        context.indicators = vec![
            threat(list("a", "bad.example.com", 1)),
            threat(list("b", "example.com", 3)),
            threat(list("c", "192.0.2.1", 3)),
        ];
        let reputation = context.reputation("bad.example.com").unwrap();
        let severities: Vec<_> = reputation
            .lists
            .iter()
            .map(|(list, found)| (*list, found.as_ref().map(|found| found.severity)))
            .collect();
        assert_eq!(severities, [("a", Some(1)), ("b", Some(3)), ("c", None)]);
        assert_eq!(reputation.worst().unwrap().by, "b");
        let allow = list("good", "bad.example.com", 3);
        context.indicators.push((Purpose::Allow, allow));
        let reputation = context.reputation("www.bad.example.com").unwrap();
        assert_eq!(reputation.allowed.as_ref().unwrap().0, "good");
        assert!(reputation.worst().is_none());
    }
}
