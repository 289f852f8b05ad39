//! Network flows, in the columns of the table `flow`.

use spotql_words::text::flow_word_text;

use super::descriptor::{Domains, Enrichment, Log, Rating, Sharing, Words};

const SOURCE: &str = "canonical_address(sip)";
const DESTINATION: &str = "canonical_address(dip)";

pub(super) const FLOW: Log = Log {
    name: "flow",
    synonyms: &[
        &["treceived", "tstart", "first_seen"],
        &["sip", "srcip"],
        &["dip", "dstip"],
        &["sport", "srcport"],
        &["dport", "dstport"],
    ],
    words: &[
        Words {
            name: "spot",
            recipe: "flow",
            // The original's functions take the protocol as it is written.
            pairs: &[
                (
                    SOURCE,
                    "flow_src_word(trhour, sport, dport, canonical_protocol(proto), ibyt, ipkt)",
                ),
                (
                    DESTINATION,
                    "flow_dst_word(trhour, sport, dport, canonical_protocol(proto), ibyt, ipkt)",
                ),
            ],
            distinct: None,
            domains: Domains::Unread,
            folds: false,
        },
        Words {
            name: "v2",
            recipe: "flow v2",
            pairs: &[
                (
                    SOURCE,
                    "flow_src_word_v2(sport, dport, proto, ibyt, opkt, obyt, flag, tdur)",
                ),
                (
                    DESTINATION,
                    "flow_dst_word_v2(sport, dport, proto, ibyt, opkt, obyt, flag, tdur)",
                ),
            ],
            distinct: None,
            domains: Domains::Unread,
            folds: true,
        },
    ],
    valid: "flow_invalid(treceived, trhour, trminute, trsec, sip, dip, sport, dport, ibyt, ipkt) IS NULL",
    advice: "flow_invalid(…) says why a record cannot be used, and 'spotql run detect/flow_summary.sql' counts the \
             reasons; a record that is valid has no word where an address is absent",
    counted: None,
    meaning: flow_word_text,
    rating: Some(Rating {
        keys: &["treceived", SOURCE, DESTINATION, "sport", "dport"],
        day: &["y", "m", "d"],
        severities: &["score"],
    }),
    enrichment: &[
        Enrichment {
            name: "srcip_internal",
            values: &["CAST(is_internal(srcip) AS INT)"],
        },
        Enrichment {
            name: "dstip_internal",
            values: &["CAST(is_internal(dstip) AS INT)"],
        },
        Enrichment {
            name: "src_geoloc",
            values: &["geolocation(srcip)"],
        },
        Enrichment {
            name: "dst_geoloc",
            values: &["geolocation(dstip)"],
        },
        Enrichment {
            name: "src_domain",
            values: &["coalesce(geo_domain(srcip), geo_owner(srcip))"],
        },
        Enrichment {
            name: "dst_domain",
            values: &["coalesce(geo_domain(dstip), geo_owner(dstip))"],
        },
        Enrichment {
            name: "src_rep",
            values: &["reputation(srcip)"],
        },
        Enrichment {
            name: "dst_rep",
            values: &["reputation(dstip)"],
        },
    ],
    sharing: Some(Sharing {
        columns: &["tstart", "srcip", "dstip", "srcport", "dstport", "score"],
        found: include_str!("flow.sql"),
    }),
};
