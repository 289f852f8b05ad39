//! `domain_class`, `domain`, `subdomain` and `registrable_domain`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array, StringViewArray, StringViewBuilder};
use arrow::datatypes::DataType;
use spotql_values::absent::trimmed;

use spotql_words::domain::DomainInfo;
use spotql_words::name::{LowerCase, Name};

use crate::scalar::{Call, Declaration, Needs, Parameter, Takes, parameter};
use crate::settings::SpotqlOptions;

const NAME: &[Parameter] = &[parameter("name", Takes::Text, "a DNS or host name")];

pub(super) const CLASS: Declaration = Declaration {
    name: "domain_class",
    parameters: NAME,
    returns: DataType::Int32,
    reads_settings: true,
    needs: Needs::NOTHING,
    about: "How well known the domain of a name is: 2 for the user's own, 1 for one of the top domains, else 0. The \
            settings spotql.user_domains and spotql.top_domains name both. NULL for NULL",
    example: ("domain_class('www.wikipedia.org')", "1"),
    kernel: |call| {
        let classes = SpotqlOptions::of(call.config()).domain_classes()?;
        let class = |name| i32::from(classes.class(&DomainInfo::of(name)));
        let column: Int32Array = call.text(0).iter().map(|name| name.map(class)).collect();
        Ok(Arc::new(column))
    },
};

pub(super) const DOMAIN: Declaration = Declaration {
    name: "domain",
    parameters: NAME,
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "The domain of a name, without its ending: what stands before a country code, one of \
            com, org, net, int, edu, gov, mil, or both. 'None' if it has no such ending or \
            nothing before it, NULL for NULL",
    example: ("domain('mail.eu.example.com')", "example"),
    kernel: |call| Ok(part(call, |info| info.domain_text())),
};

pub(super) const SUBDOMAIN: Declaration = Declaration {
    name: "subdomain",
    about: "The part of a name before its domain, dots included. 'None' if there is none or \
            the name has no domain, NULL for NULL",
    example: ("subdomain('mail.eu.example.com')", "mail.eu"),
    kernel: |call| Ok(part(call, |info| info.subdomain_text())),
    ..DOMAIN
};

pub(super) const REGISTRABLE: Declaration = Declaration {
    name: "registrable_domain",
    about: "The part of a name that somebody can register, in lower case, by the Public Suffix List \
            with its private part: bbc.co.uk, x.info, and all of d1.cloudfront.net. Of a \
            reverse name, the label below in-addr.arpa or ip6.arpa and these. A name that is a \
            public suffix itself or a single label, and an address, are returned whole, the root \
            as '', NULL for NULL",
    example: ("registrable_domain('WWW.BBC.co.uk.')", "bbc.co.uk"),
    kernel: |call| {
        let mut lower = LowerCase::default();
        let mut domains = StringViewBuilder::with_capacity(call.rows()).with_deduplicate_strings();
        for name in call.text(0) {
            domains.append_option(name.map(|name| Name::of(lower.of(trimmed(name))).domain));
        }
        Ok(Arc::new(domains.finish()))
    },
    ..DOMAIN
};

fn part(call: &Call, part: for<'a> fn(DomainInfo<'a>) -> &'a str) -> ArrayRef {
    let names = call.text(0);
    let column: StringViewArray = names
        .iter()
        .map(|name| name.map(|name| part(DomainInfo::of(name))))
        .collect();
    debug_assert_eq!(column.len(), call.rows());
    Arc::new(column)
}
