//! Says how well known a domain is.

use std::sync::Arc;

use super::domain::DomainInfo;
use super::domain_set::DomainSet;

/// How well known domains are: the user's own, the top domains, and all others.
#[derive(Debug, Clone, Default)]
pub struct DomainClasses {
    user_domains: Arc<DomainSet>,
    top_domains: Arc<DomainSet>,
}

impl DomainClasses {
    /// Both sets hold domains as [`DomainInfo`] names them (`intel`); either may be empty.
    pub fn new(user_domains: Arc<DomainSet>, top_domains: Arc<DomainSet>) -> Self {
        Self {
            user_domains,
            top_domains,
        }
    }

    /// 2 for one of the user's own domains, 1 for a top domain, 0 for any other and for none.
    #[inline]
    pub fn class(&self, info: &DomainInfo<'_>) -> u8 {
        let domain = info.domain_text();
        if self.user_domains.contains(domain) {
            2
        } else {
            u8::from(self.top_domains.contains(domain))
        }
    }

    /// Is this registrable domain one of the user's own?
    #[inline]
    pub(super) fn is_users(&self, registrable: &str) -> bool {
        self.user_domains.contains_registrable(registrable)
    }

    /// Is this registrable domain one of the top domains?
    #[inline]
    pub(super) fn is_top(&self, registrable: &str) -> bool {
        self.top_domains.contains_registrable(registrable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain_set::Label;

    #[test]
    fn the_users_own_domain_comes_before_the_top_domains() {
        let top = Arc::new(DomainSet::from_names(
            ["google.com", "intel.com"],
            Label::First,
        ));
        let own = Arc::new(DomainSet::from_names(["intel"], Label::Domain));
        let classes = DomainClasses::new(own, Arc::clone(&top));
        assert_eq!(classes.class(&DomainInfo::of("www.intel.de")), 2);
        assert_eq!(classes.class(&DomainInfo::of("google.fr")), 1);
        assert_eq!(classes.class(&DomainInfo::of("example.com")), 0);
        assert_eq!(
            DomainClasses::new(Arc::default(), top).class(&DomainInfo::of("intel.com")),
            1
        );
    }

    #[test]
    fn the_users_own_domain_may_be_given_with_its_ending() {
        let own = Arc::new(DomainSet::from_names(["intel.com"], Label::Domain));
        let classes = DomainClasses::new(own, Arc::default());
        assert_eq!(classes.class(&DomainInfo::of("www.intel.com")), 2);
        assert_eq!(classes.class(&DomainInfo::of("com.com")), 0);
    }
}
