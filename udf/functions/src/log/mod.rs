//! Kinds of log: all that is particular to flows, DNS answers or web requests, a descriptor each.
//!
//! A descriptor is data: SQL expressions over the columns of a log, and names. `lda_train`, `lda_score`, `enrich`,
//! `indicators` and `unrated` read it where a call says `source => 'name'`. A new kind of log is a constant of type [`Log`]
//! and its registration ([`crate::register_with`]), and any other log can be described in the call itself, by
//! `documents => …` and `words => …`.
//!
//! An expression finds its columns whatever their case, and under any of their [`Log::synonyms`].

mod descriptor;
mod dns;
mod flow;
mod proxy;

pub(crate) use descriptor::alternatives;
pub use descriptor::{Counted, Domains, Enrichment, Log, OCCURRENCES, Rating, Sharing, Words};

/// The kinds of log that Apache Spot knew, in its columns.
pub const SHIPPED: [&Log; 3] = [&flow::FLOW, &dns::DNS, &proxy::PROXY];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_sought_under_its_own_name_first() {
        static FLOW: Log = flow::FLOW;
        let names = |column| FLOW.names_of(column);
        assert_eq!(names("srcip"), ["srcip", "sip"]);
        assert_eq!(names("tstart"), ["tstart", "treceived", "first_seen"]);
        assert_eq!(names("ibyt"), ["ibyt"]);
    }

    #[test]
    fn the_expressions_name_the_column_of_occurrences() {
        for log in SHIPPED {
            let pairs = log.words.iter().flat_map(|words| words.pairs);
            let read = pairs.clone().any(|(_, word)| word.contains(OCCURRENCES));
            assert_eq!(read, log.counted.is_some(), "{}", log.name);
        }
    }
}
